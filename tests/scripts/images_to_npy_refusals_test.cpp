// What scripts/images_to_npy.py leaves out and refuses, and how it says so.

#include <iterator>
#include <utility>

#include "tests/scripts/images_to_npy.h"

namespace pcnn {
namespace {

TEST_F(ImagesToNpy, SkipsCountsAndNamesWhatIsNoPicture) {
  make(R"(
Image.fromarray(np.random.default_rng(1).integers(0, 256, (40, 40, 3), dtype=np.uint8)).save('whole.png')
whole = open('whole.png', 'rb').read()
open('cut.png', 'wb').write(whole[:len(whole) // 2])
open('cut.jpg', 'wb').write(b'\xff\xd8\xff\xe0 cut')
open('empty.png', 'wb')
open('copy.png', 'wb').write(whole)
open('notes.txt', 'w').write('text')
open('._whole.png', 'w').write('of macOS')
open('Thumbs.db', 'w').write('of Windows')
os.mkfifo('pipe.png')
Image.fromarray(np.zeros((40, 40), np.float32)).save('floats.tif')
Image.fromarray(np.full((40, 40), 200, np.int32)).save('wide.tif')
)");
  const Outcome outcome = convert("--test 0");
  ASSERT_EQ(outcome.exit_code, 0) << outcome.output;
  EXPECT_EQ(shape("train.npy"), (Extents{1, 3, 40, 40}));
  expect_contains(outcome.output, "1 picture of " + in() + ": 1 PNG\n");
  expect_contains(outcome.output, "skipped 1 file, an empty file: empty.png\n");
  expect_contains(outcome.output, "skipped 2 files, damaged: cut.jpg (");
  expect_contains(outcome.output, "skipped 1 file, no picture that Pillow reads: notes.txt\n");
  expect_contains(outcome.output, "skipped 1 file, not a regular file: pipe.png\n");
  expect_contains(outcome.output, "skipped 1 file, equal to an earlier picture: whole.png (copy.png)\n");
  expect_contains(outcome.output,
                  "skipped 1 file, floating-point values, whose range is not known: floats.tif\n");
  expect_contains(outcome.output, "skipped 1 file, 32-bit values, whose range is not known: wide.tif\n");
  EXPECT_EQ(outcome.output.find("Thumbs.db"), std::string::npos);
  EXPECT_EQ(outcome.output.find("._whole"), std::string::npos);
  ASSERT_EQ(convert("--test 0 --overwrite --keep-duplicates").exit_code, 0);
  EXPECT_EQ(shape("train.npy")[0], 2);
}

TEST_F(ImagesToNpy, LeavesOutNothingUnreadInSilence) {
  make(R"(
save('a/1.png')
save('b/2.png', first=9)
save('b/3.png', first=19)
)");
  fs::permissions(root_, fs::perms::all);
  // Root may read everything, so the script runs as nobody.
  const std::string as_nobody = python_ +
                                " -c \"import os, sys; code = open(sys.argv[1]).read(); del sys.argv[0]; "
                                "os.getuid() or os.setuid(65534); "
                                "exec(compile(code, 'script', 'exec'), {'__name__': '__main__'})\" " +
                                testing::source_directory() + "/scripts/images_to_npy.py " + in() + " " +
                                out() + " --test 0";
  fs::permissions(in() + "/b/2.png", fs::perms::none);
  const Outcome file = shell(as_nobody);
  EXPECT_EQ(file.exit_code, 0) << file.output;
  expect_contains(file.output, "skipped 1 file, no permission to read it: b/2.png\n");
  expect_contains(file.output, "train.npy: 2 x 2 x 3 uint8");
  fs::permissions(in() + "/b", fs::perms::none);
  const Outcome folder = shell(as_nobody + " --overwrite");
  EXPECT_EQ(folder.exit_code, 2) << folder.output;
  EXPECT_EQ(folder.output, "images_to_npy.py: " + in() + "/b: cannot be read: Permission denied\n");
  fs::permissions(in() + "/b", fs::perms::all);
}

TEST_F(ImagesToNpy, SaysEverythingWhateverTheTerminalAndTheNames) {
  make(R"(
save('gr\u00fcn/1.png')
save('gr\u00fcn/2.png', first=9)
open('two\nlines.png', 'w').write('text')
)");
  python_ = "LC_ALL=C PYTHONIOENCODING=ascii " + python_;
  const Outcome outcome = convert("--test 0");
  ASSERT_EQ(outcome.exit_code, 0) << outcome.output;
  expect_contains(outcome.output, "no picture that Pillow reads: two\\x0alines.png\n");
  expect_contains(outcome.output, "labels: 1 class: gr\\xfcn 2\n");
  expect_contains(outcome.output, "config:\n");
}

TEST_F(ImagesToNpy, OverwritesOnlyWhenTold) {
  make("save('1.png')\nsave('2.png', first=9)");
  ASSERT_EQ(convert().exit_code, 0);
  const std::string train = slurp(out("train.npy"));
  make("save('3.png', first=99)");
  const Outcome refused = convert();
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_EQ(refused.output,
            "images_to_npy.py: " + out() + ": train.npy, test.npy exist; --overwrite replaces them\n");
  EXPECT_EQ(slurp(out("train.npy")), train);
  EXPECT_EQ(convert("--overwrite").exit_code, 0);
  EXPECT_NE(slurp(out("train.npy")), train);
  // Nothing else stays behind.
  EXPECT_EQ(std::distance(fs::directory_iterator(out()), fs::directory_iterator()), 2);
  const std::pair<std::string, std::string> refusals[] = {{"none", ": no such folder"},
                                                          {"empty", ": no picture could be read"}};
  for (const auto& [folder, text] : refusals) {
    fs::create_directories(root_ + "/empty");
    const Outcome outcome = shell(python_ + " " + testing::source_directory() + "/scripts/images_to_npy.py " +
                                  root_ + "/" + folder + " " + root_ + "/other");
    EXPECT_EQ(outcome.exit_code, 2) << outcome.output;
    expect_contains(outcome.output, folder + text + "\n");
  }
}

TEST_F(ImagesToNpy, RefusesOptionsThatCannotHold) {
  make("Image.new('LA', (2, 2), (9, 0)).save('1.png')");
  for (const std::string number : {"inf", "nan", "1.5", "-1"}) {
    const Outcome outcome = convert("--test " + number);
    EXPECT_EQ(outcome.exit_code, 2);
    expect_contains(outcome.output, "found " + number + ", accepted: a fraction below 1, or a number");
  }
  const Outcome outcome = convert("--background '#ff000080'");
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_EQ(outcome.output,
            "images_to_npy.py: --background: found #ff000080, accepted: an opaque colour such as black or "
            "#808080\n");
}

}  // namespace
}  // namespace pcnn
