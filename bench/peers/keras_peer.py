"""The reference network in Keras on TensorFlow: images per second of training, scoring or sampling.
See README.md."""

import itertools
import os
import sys

import peer

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

try:
    import keras
    import numpy as np
    import tensorflow as tf
    from keras import layers
except ImportError as error:
    peer.quit_not_installed("keras_peer.py", "Keras with TensorFlow", error)


class MaskedConv2D(layers.Conv2D):
    def __init__(self, kind, filters, size, **kwargs):
        super().__init__(filters, size, padding="same", **kwargs)
        self.mask = np.array(peer.mask(kind, size), np.float32)[:, :, None, None]

    def convolution_op(self, inputs, kernel):
        return super().convolution_op(inputs, kernel * keras.ops.cast(self.mask, kernel.dtype))


def build():
    glorot = {"kernel_initializer": "glorot_normal"}

    # Every tap of a 1x1 kernel is live under mask B, so those layers are plain convolutions.
    def pointwise(filters, **kwargs):
        return layers.Conv2D(filters, 1, **glorot, **kwargs)

    inputs = keras.Input((peer.SIDE, peer.SIDE, 1))
    x = MaskedConv2D("A", 128, 7, activation="relu", **glorot)(inputs)
    for _ in range(peer.BLOCKS):
        y = pointwise(64, activation="relu")(x)
        y = MaskedConv2D("B", 64, 3, activation="relu", **glorot)(y)
        y = pointwise(128, activation="relu")(y)
        x = layers.add([x, y])
    x = pointwise(64, activation="relu")(x)
    model = keras.Model(inputs, pointwise(1, dtype="float32")(x))
    peer.check_parameters(model.count_params())
    return model


def load():
    pixels, source = peer.images()
    data = np.frombuffer(pixels, np.uint8).astype(np.float32)
    return data.reshape(-1, peer.BATCH, peer.SIDE, peer.SIDE, 1), source


def main():
    parser = peer.parser(__doc__)
    parser.add_argument("--jit", choices=["auto", "on", "off"], default="auto",
                        help="XLA: jit_compile of Model.compile (auto, Keras's own default)")
    options = parser.parse_args()
    if options.version:
        print(f"Keras {keras.__version__} on TensorFlow {tf.__version__}")
        return
    tf.config.threading.set_intra_op_parallelism_threads(options.threads)
    tf.config.threading.set_inter_op_parallelism_threads(options.threads)
    keras.utils.set_random_seed(1)
    if options.precision == "bf16":
        keras.mixed_precision.set_global_policy("mixed_bfloat16")

    model = build()
    model.compile(
        optimizer=keras.optimizers.RMSprop(learning_rate=1e-3, rho=0.9, epsilon=1e-7),
        loss=keras.losses.BinaryCrossentropy(from_logits=True),
        jit_compile={"auto": "auto", "on": True, "off": False}[options.jit],
    )
    batches, source = load()
    batch = itertools.cycle(batches)
    canvas = np.zeros((peer.CHAINS, peer.SIDE, peer.SIDE, 1), np.float32)
    random = np.random.default_rng(1)

    def train():
        x = next(batch)
        return float(model.train_on_batch(x, x))

    def score():
        x = next(batch)
        return float(model.test_on_batch(x, x))

    def draw(row, column):
        logits = model.predict_on_batch(canvas)[:, row, column, 0]
        canvas[:, row, column, 0] = random.random(peer.CHAINS) < 1 / (1 + np.exp(-logits))

    version = f"Keras {keras.__version__} on TensorFlow {tf.__version__}"
    peer.serve(options, f"{version}, XLA {options.jit}, {options.threads} threads, {source}",
               {"train": train, "score": score, "sample": draw}[options.task], peer.BATCH)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
