// What scripts/images_to_npy.py writes.

#include <algorithm>
#include <sstream>

#include "engine/data/npy_source.h"
#include "tests/run/program.h"
#include "tests/scripts/images_to_npy.h"

namespace pcnn {
namespace {

TEST_F(ImagesToNpy, KeepsGreysAsTheyAreInTheOrderOfTheirNumbers) {
  make(R"(
for i in (10, 9, 1): save(f'{i}.png', first=i)
)");
  const Outcome outcome = convert("--test 0");
  EXPECT_EQ(outcome.exit_code, 0) << outcome.output;
  expect_contains(outcome.output, "3 pictures of " + in() + ": 3 PNG\n");
  expect_contains(outcome.output, "train.npy: 3 x 2 x 3 uint8, pixels 0 to 255\n");
  expect_contains(outcome.output, "config:\n  data:\n    dataset: npy\n    directory: " + out() + "\n");
  EXPECT_EQ(shape("train.npy"), (Extents{3, 2, 3}));
  EXPECT_EQ(values("train.npy"), (Values{1, 2, 3, 4, 5, 6, 9, 10, 11, 12, 13, 14, 10, 11, 12, 13, 14, 15}));
  EXPECT_FALSE(fs::exists(out("test.npy")));
  EXPECT_FALSE(fs::exists(out("train_labels.npy")));
}

TEST_F(ImagesToNpy, ReadsEveryModeOfPictures) {
  make(R"(
red_green = Image.new('P', (2, 1)); red_green.putpalette([255, 0, 0, 0, 255, 0]); red_green.putdata([0, 1])
red_green.save('1-palette.png')
Image.fromarray(np.array([[0, 257 * 100 + 1]], np.uint16)).save('2-deep.png')
rgba = Image.new('RGBA', (2, 1)); rgba.putdata([(1, 2, 3, 0), (10, 20, 30, 255)]); rgba.save('3-alpha.png')
opaque = Image.new('RGBA', (2, 1)); opaque.putdata([(1, 2, 3, 255), (10, 20, 30, 255)]); opaque.save('4-opaque.png')
frames = [Image.new('L', (2, 1), level) for level in (40, 80)]
frames[0].save('5-animated.gif', save_all=True, append_images=frames[1:])
upright = Image.new('L', (1, 2)); upright.putdata([11, 22])
exif = Image.Exif(); exif[0x112] = 6; upright.save('6-turned.png', exif=exif)
bits = Image.new('1', (2, 1)); bits.putdata([0, 255]); bits.save('7-bits.png')
Image.new('CMYK', (2, 1), (0, 0, 0, 0)).save('8-cmyk.tif')
Image.new('L', (2, 1), 9).save('9.bmp')
)");
  const Outcome outcome = convert("--test 0");
  ASSERT_EQ(outcome.exit_code, 0) << outcome.output;
  ASSERT_EQ(shape("train.npy"), (Extents{9, 3, 1, 2})) << outcome.output;
  const Values expected{255, 0,   0,   255, 0,   0,    // palette: red, green
                        0,   100, 0,   100, 0,   100,  // 16 bits
                        255, 10,  255, 20,  255, 30,   // transparent over white
                        1,   10,  2,   20,  3,   30,   // opaque
                        40,  40,  40,  40,  40,  40,   // the first frame
                        22,  11,  22,  11,  22,  11,   // a quarter turn
                        0,   255, 0,   255, 0,   255, 255, 255, 255, 255, 255, 255, 9, 9, 9, 9, 9, 9};
  EXPECT_EQ(values("train.npy"), expected);
  for (const char* line : {"1 of 16 bits", "1 with transparency, laid over white",
                           "1 animated: their first frames", "1 turned as their EXIF says", "1 of CMYK"})
    expect_contains(outcome.output, std::string("  ") + line + "\n");
  // Over another colour, as greys.
  ASSERT_EQ(convert("--test 0 --overwrite --grey --background black").exit_code, 0);
  EXPECT_EQ(shape("train.npy"), (Extents{9, 1, 2}));
  EXPECT_EQ(values("train.npy")[4], 0);
  EXPECT_EQ(values("train.npy")[0], 76) << "0.299 of red";
}

TEST_F(ImagesToNpy, FitsPicturesOfAllSizesWhereASizeIsGiven) {
  make(R"(
left_black = Image.fromarray(np.repeat(np.repeat([[0, 255, 255, 0]], 20, 1), 40, 0).astype(np.uint8))
left_black.save('1.png')
save('2.png', 9, 7)
)");
  const Outcome refused = convert();
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_EQ(refused.output,
            "images_to_npy.py: the pictures are of 2 sizes, most of them (1 of 2) 40x80; accepted: one size, "
            "or --size N "
            "or --size HxW (rows x columns)\n");
  EXPECT_FALSE(fs::exists(out("train.npy")));
  const auto first_row = [&](const std::string& fit) {
    EXPECT_EQ(convert("--test 0 --overwrite --background black --size 8x8 --fit " + fit).exit_code, 0);
    EXPECT_EQ(shape("train.npy"), (Extents{2, 8, 8}));
    const Values all = values("train.npy");
    return std::pair(Values(all.begin(), all.begin() + 8), Values(all.begin() + 24, all.begin() + 32));
  };
  for (const int value : first_row("crop").first) EXPECT_GT(value, 230) << "the middle, which is white";
  EXPECT_EQ(first_row("pad").first, Values(8, 0)) << "a border";
  EXPECT_EQ(first_row("pad").second[4], 255);
  const Values stretched = first_row("stretch").first;
  EXPECT_LT(stretched[0], 30);
  EXPECT_GT(stretched[3], 225);
  EXPECT_LT(stretched[7], 30);
}

TEST_F(ImagesToNpy, WritesLevelsThatQuantisedDataReads) {
  make(R"(
Image.fromarray(np.arange(256, dtype=np.uint8).reshape(16, 16)).save('1.png')
Image.fromarray((np.arange(256).reshape(16, 16) * 257).astype(np.uint16)).save('2.png')
)");
  for (const int levels : {2, 5, 256}) {
    const Outcome outcome =
        convert("--test 0 --overwrite --keep-duplicates --levels " + std::to_string(levels));
    ASSERT_EQ(outcome.exit_code, 0) << outcome.output;
    expect_contains(outcome.output, "    quantised: true\n");
    expect_contains(outcome.output,
                    levels == 2 ? "    head: bernoulli\n" : "    levels: " + std::to_string(levels) + "\n");
    DataConfig config{.dataset = DatasetKind::kNpy, .directory = out(), .quantised = true, .levels = levels};
    const ImageSet images = NpySource(config).read(Part::kTrain);
    EXPECT_EQ(images.values, levels);
    for (int image = 0; image < 2; ++image)
      for (int value = 0; value < 256; ++value)
        EXPECT_EQ(images.image(image)[static_cast<std::size_t>(value)], value * levels / 256) << levels;
  }
  // Of 16 bits, more levels than 256.
  ASSERT_EQ(convert("--test 0 --overwrite --levels 65536").exit_code, 0);
  const Values deep = values("train.npy");
  for (std::size_t value = 0; value < 256; ++value) EXPECT_EQ(deep[256 + value], 257 * value);
  expect_contains(convert("--levels 1 --overwrite").output, "accepted: an integer in [2, 65536]");
}

TEST_F(ImagesToNpy, DrawsTheTestPicturesAndLabelsFolders) {
  make(R"(
for name, first in (('sea lion', 0), ('cat', 100), ('owl', 200)):
    for i in range(10): save(f'{name}/deeper/{i}.png', first=first + i)
)");
  const Outcome outcome = convert("--test 0.2 --seed 3");
  ASSERT_EQ(outcome.exit_code, 0) << outcome.output;
  expect_contains(outcome.output, "labels: 3 classes: cat 10, owl 10, sea lion 10\n");
  expect_contains(outcome.output, "    labels: true\n");
  EXPECT_EQ(slurp(out("labels.txt")), "cat\nowl\nsea lion\n");
  Values all;
  for (const std::string part : {"train", "test"}) {
    const Values images = values(part + ".npy"), labels = values(part + "_labels.npy");
    ASSERT_EQ(labels.size(), part == "train" ? 24u : 6u);
    for (std::size_t i = 0; i < labels.size(); ++i) {
      const int first = images[6 * i];
      EXPECT_EQ(labels[i], first >= 200 ? 1 : first >= 100 ? 0 : 2);
      all.push_back(images[6 * i]);
    }
  }
  std::ranges::sort(all);
  Values expected;
  for (int i = 0; i < 30; ++i) expected.push_back(static_cast<std::uint16_t>(i / 10 * 100 + i % 10));
  EXPECT_EQ(all, expected) << "every picture once";
  // One seed is one split.
  const std::string test = slurp(out("test.npy"));
  ASSERT_EQ(convert("--test 0.2 --seed 3 --overwrite").exit_code, 0);
  EXPECT_EQ(slurp(out("test.npy")), test);
  ASSERT_EQ(convert("--test 6 --seed 4 --overwrite").exit_code, 0);
  EXPECT_EQ(slurp(out("test.npy")).size(), test.size());
  EXPECT_NE(slurp(out("test.npy")), test);
  expect_contains(convert("--test 30 --overwrite").output,
                  "--test: found 30, accepted: less than all of 30 pictures");

  DataConfig config{.dataset = DatasetKind::kNpy, .directory = out(), .labels = true};
  EXPECT_EQ(NpySource(config).read(Part::kTest).label_names,
            (std::vector<std::string>{"cat", "owl", "sea lion"}));
  // Without classes the labels of before do not stay.
  make("save('outside.png', first=77)");
  const Outcome mixed = convert("--test 0.2 --overwrite");
  expect_contains(mixed.output, "no labels: 1 of the pictures lie outside the sub-folders\n");
  EXPECT_FALSE(fs::exists(out("train_labels.npy")));
  EXPECT_FALSE(fs::exists(out("labels.txt")));
}

TEST_F(ImagesToNpy, KeepsFoldersTrainAndTestApart) {
  make(R"(
for i in range(5): save(f'train/{"ab"[i % 2]}/{i}.png', first=i)
for i in range(3): save(f'test/{"bc"[i % 2]}/{i}.png', first=100 + i)
save('validation/0.png', first=200)
)");
  const Outcome outcome = convert();
  ASSERT_EQ(outcome.exit_code, 0) << outcome.output;
  EXPECT_EQ(shape("train.npy"), (Extents{5, 2, 3}));
  EXPECT_EQ(shape("test.npy"), (Extents{3, 2, 3}));
  EXPECT_EQ(values("train_labels.npy"), (Values{0, 0, 0, 1, 1}));
  EXPECT_EQ(values("test_labels.npy"), (Values{1, 1, 2}));
  expect_contains(outcome.output, "skipped 1 file, beside the folders train and test: validation/0.png\n");
  expect_contains(convert("--overwrite --test 0.5").output, "has folders train and test, which stay apart");
}

// An order is the same wherever it is made: names that differ in leading zeros only must not follow the order
// in which the system lists them.
TEST_F(ImagesToNpy, OrdersNamesOfAllKinds) {
  make(R"(
names = ['2', '\u00b2', '02', '002', '\u0663', '0002']
for i, name in enumerate(names):
    os.makedirs(name)
    grey(2, 3, 10 * i).save(name + '/1.png')
)");
  const Outcome outcome = convert("--test 0");
  ASSERT_EQ(outcome.exit_code, 0) << outcome.output;
  EXPECT_EQ(slurp(out("labels.txt")), "0002\n002\n02\n2\n\u00b2\n\u0663\n");
  const Values images = values("train.npy");
  for (std::size_t i = 0; const int first : {50, 30, 20, 0, 10, 40}) EXPECT_EQ(images[6 * i++], first);
}

// What it prints is a config: a run is trained by it, and scored with the classes.
TEST_F(ImagesToNpy, EndsWithAConfigThatTrains) {
  make(R"(
for name, first in (('dark', 0), ('light', 128)):
    for i in range(12): save(f'{name}/{i}.jpg' if i % 2 else f'{name}/{i}.webp', 12, 9, first + 2 * i)
)");
  const Outcome outcome = convert("--size 6x5 --levels 4 --grey --keep-duplicates");
  ASSERT_EQ(outcome.exit_code, 0) << outcome.output;
  std::istringstream lines(outcome.output.substr(outcome.output.find("config:\n") + 8));
  std::ofstream config(root_ + "/printed.yaml");
  config << "name: printed\noutput: " << root_ << "/runs\n";
  for (std::string line; std::getline(lines, line);) config << line.substr(2) << '\n';
  config.close();
  const std::string log = root_ + "/log", run = root_ + "/runs/printed";
  ASSERT_EQ(run_program("pcnn-run",
                        {root_ + "/printed.yaml", "data.validation_images=3", "data.allow_test_in_train=true",
                         "train.epochs=1", "train.batch=4", "model.input.filters=4", "model.blocks=[]"},
                        log),
            0)
      << slurp(log);
  ASSERT_EQ(run_program("pcnn-eval", {run, "--scores", root_ + "/scores.csv"}, log), 0) << slurp(log);
  std::istringstream scores(slurp(root_ + "/scores.csv"));
  int rows = -1;
  for (std::string line; std::getline(scores, line);) ++rows;
  EXPECT_EQ(rows, 2) << "a tenth of 24 pictures";
}

}  // namespace
}  // namespace pcnn
