// Files that are not what they should be, shown to whatever reads them: pipes and devices, headers that
// promise more than there is memory for, names and values that would fill a screen. Each is refused in one
// line, at once.

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <zlib.h>

#include <chrono>
#include <cstdlib>

#include "engine/io/file.h"
#include "engine/io/npy.h"
#include "engine/io/png.h"
#include "engine/io/safetensors.h"
#include "engine/run/eval_run.h"
#include "engine/run/inspect_run.h"
#include "engine/run/sample_run.h"
#include "engine/run/trained_model.h"
#include "tests/run/program.h"
#include "tests/run/tiny_run.h"

namespace pcnn {
namespace {

namespace fs = std::filesystem;

std::string big_endian(std::uint32_t value) {
  std::string bytes;
  for (const int shift : {24, 16, 8, 0}) bytes += static_cast<char>(value >> shift & 255);
  return bytes;
}

std::string png_chunk(const std::string& body) {
  const auto sum = ::crc32(0, reinterpret_cast<const Bytef*>(body.data()), static_cast<uInt>(body.size()));
  return big_endian(static_cast<std::uint32_t>(body.size() - 4)) + body +
         big_endian(static_cast<std::uint32_t>(sum));
}

// A grey PNG that claims these sides and has no pixel: whoever looks for one finds it damaged.
std::string png_of_sides(std::uint32_t width, std::uint32_t height) {
  const std::string header = "IHDR" + big_endian(width) + big_endian(height) + std::string("\x08\0\0\0\0", 5);
  return "\x89PNG\r\n\x1a\n" + png_chunk(header) + png_chunk("IDAT" + std::string(100'000, '\0')) +
         png_chunk("IEND");
}

// Zeros, packed.
void write_gzip(const std::string& path, const std::string& start, std::size_t zeros) {
  const gzFile file = ::gzopen(path.c_str(), "wb1");
  ::gzwrite(file, start.data(), static_cast<unsigned>(start.size()));
  const std::string part(std::size_t{1} << 20, '\0');
  for (; zeros > 0; zeros -= std::min(zeros, part.size()))
    ::gzwrite(file, part.data(), static_cast<unsigned>(std::min(zeros, part.size())));
  ::gzclose(file);
}

class HostileFiles : public TinyRun {
 protected:
  void SetUp() override {
    TinyRun::SetUp();
    run({.config = config(), .overrides = {"train.epochs=1"}});
  }
  [[nodiscard]] std::string file(const std::string& name) const { return root_ + "/" + name; }
  [[nodiscard]] std::string pipe(const std::string& name) const {
    EXPECT_EQ(::mkfifo(file(name).c_str(), 0600), 0);
    return file(name);
  }
  [[nodiscard]] std::string sample_message(SampleOptions options) const {
    options.output = file("out.png");
    return error_of([&] { sample(options); });
  }
  [[nodiscard]] std::string eval_message(const std::string& images) const {
    return error_of([&] { (void)evaluate({.model = directory(), .images = images}); });
  }
  // The outputs of a program that may use so much memory.
  [[nodiscard]] std::string said(const std::string& program, const std::string& arguments,
                                 int megabytes) const {
    const std::string command = "ulimit -v " + std::to_string(megabytes * 1024) + "; " +
                                (programs() / program).string() + " " + arguments + " > " + file("said") +
                                " 2>&1";
    const int status = std::system(command.c_str());
    EXPECT_EQ(WEXITSTATUS(status), 2) << slurp(file("said"));
    return slurp(file("said"));
  }
};

TEST_F(HostileFiles, PipesAndDevicesAreReadByNoProgram) {
  const std::string fifo = pipe("fifo.png"), array = pipe("fifo.npy"), model = pipe("fifo.safetensors"),
                    yaml = pipe("fifo.yaml");
  write_png(file("mask.png"), {.width = kWidth,
                               .height = kHeight,
                               .channels = 1,
                               .pixels = std::vector<std::uint8_t>(kHeight * kWidth, 255)});
  const auto refused = [](const std::string& message, const std::string& path, const std::string& kind) {
    EXPECT_NE(message.find(path + ": cannot be read: it is " + kind + ", accepted: a regular file"),
              std::string::npos)
        << message;
  };
  for (const auto& [path, kind] : {std::pair{fifo, "a pipe"}, {array, "a pipe"}}) {
    refused(eval_message(path), path, kind);
    refused(sample_message({.model = directory(), .complete = path, .mask = file("mask.png")}), path, kind);
    refused(sample_message({.model = directory(), .complete = file("mask.png"), .mask = path}), path, kind);
  }
  for (const auto& [path, kind] :
       {std::pair{model, "a pipe"}, {std::string("/dev/zero"), "a device or a socket"}}) {
    refused(sample_message({.model = path}), path, kind);
    refused(error_of([&] { (void)evaluate({.model = path}); }), path, kind);
    refused(message_of({.config = config(), .overrides = {"name=b", "train.start_from=" + path}}), path,
            kind);
    refused(message_of({.config = path}), path, kind);
  }
  refused(error_of([&] { inspect({.network = model}); }), model, "a pipe");
  refused(error_of([&] { inspect({.network = yaml}); }), yaml, "a pipe");
  std::ofstream(file("includes.yaml")) << "include: fifo.yaml\n";
  refused(message_of({.config = file("includes.yaml")}), yaml, "a pipe");
  std::ofstream(file("includes.yaml")) << "include: /dev/zero\n";
  refused(message_of({.config = file("includes.yaml")}), "/dev/zero", "a device or a socket");
  refused(message_of({.config = file("data")}), file("data"), "a directory");

  // Among the files of a run.
  for (const char* name : {"config.yaml", "metrics.jsonl", "checkpoint.safetensors"}) {
    const std::string path = directory() + "/" + name;
    fs::rename(path, path + ".good");
    ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
    refused(message_of({.resume = directory(), .overrides = {"train.epochs=2"}}), path, "a pipe");
    fs::remove(path);
    fs::rename(path + ".good", path);
  }
  fs::rename(file("data/train-images-idx3-ubyte"), file("train"));
  ASSERT_EQ(::mkfifo(file("data/train-images-idx3-ubyte").c_str(), 0600), 0);
  refused(message_of({.config = config(), .overrides = {"name=c"}}), file("data/train-images-idx3-ubyte"),
          "a pipe");
}

TEST_F(HostileFiles, PicturesAreRefusedByTheSidesInTheirHeader) {
  fs::create_directories(file("folder"));
  write_file_atomic(file("bomb.png"), png_of_sides(40'000, 40'000));
  write_file_atomic(file("folder/b.png"), png_of_sides(16'384, 16'384));
  write_png(file("folder/a.png"), {.width = kWidth,
                                   .height = kHeight,
                                   .channels = 1,
                                   .pixels = std::vector<std::uint8_t>(kHeight * kWidth, 255)});
  const std::string sides =
      ": 40000x40000, accepted: at least one image, 1 to 4 channels, sides of 1 to 16384";
  EXPECT_NE(eval_message(file("bomb.png")).find(file("bomb.png") + sides), std::string::npos);
  for (const std::string& complete : {file("bomb.png"), file("folder/a.png")})
    EXPECT_NE(sample_message({.model = directory(), .complete = complete, .mask = file("bomb.png")})
                  .find(file("bomb.png") + sides),
              std::string::npos);
  EXPECT_NE(eval_message(file("folder")).find("b.png: 16384x16384 grey, but the first, a.png, is 6x5 grey"),
            std::string::npos)
      << eval_message(file("folder"));
}

TEST_F(HostileFiles, PromisesOfGigabytesAreRefusedBeforeAByteOfThem) {
  const std::string path = file("data/train-images-idx3-ubyte");
  // So few bytes hold no 2 GiB, packed or not.
  const std::string header = big_endian(0x803) + big_endian(0x7fffffff / 30) + big_endian(6) + big_endian(5);
  write_file_atomic(path, header);
  const std::string plain = message_of({.config = config(), .overrides = {"name=b"}});
  EXPECT_NE(plain.find("byte 16: ends early: its header promises 71582788 images of 6x5"), std::string::npos)
      << plain;
  fs::remove(path);
  write_gzip(path + ".gz", header, 1000);
  const std::string packed = message_of({.config = config(), .overrides = {"name=b"}});
  EXPECT_NE(packed.find("ends early: its header promises 71582788 images of 6x5"), std::string::npos)
      << packed;
  // Nor does MNIST have such images, whatever is in the file.
  const std::string other = message_of(
      {.config = config(), .overrides = {"name=b", "data.dataset=mnist", "data.directory=" + file("data")}});
  EXPECT_NE(other.find("found images of 6x5, MNIST has 28x28"), std::string::npos) << other;
}

TEST_F(HostileFiles, AreRefusedWhereTheyNeedMoreMemoryThanThereIs) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "sanitizers need more address space than any limit";
#endif
  constexpr int kMegabytes = 700;
  // 400 MB of zeros in 400 kB: 800 MB of pixels.
  const std::string header = big_endian(0x803) + big_endian(400) + big_endian(1000) + big_endian(1000);
  write_gzip(file("data/train-images-idx3-ubyte.gz"), header, 400'000'000);
  fs::remove(file("data/train-images-idx3-ubyte"));
  const std::string idx = said("pcnn-run", config() + " name=b", kMegabytes);
  EXPECT_NE(idx.find("400 images of 1000x1000 take 800 MB of memory, accepted: up to 734 MB"),
            std::string::npos)
      << idx;

  // Sparse: the file takes no room.
  write_npy(file("big.npy"), {1, 1}, std::vector<std::uint8_t>{0});
  std::string array = slurp(file("big.npy"));
  const std::size_t shape = array.find("(1, 1), }");
  array.replace(shape, 24, "(1000000, 40, 25), }    ");
  std::ofstream(file("big.npy"), std::ios::binary) << array.substr(0, 128);
  fs::resize_file(file("big.npy"), 128 + 1'000'000'000);
  const std::string npy = said("pcnn-eval", directory() + " --images " + file("big.npy"), kMegabytes);
  EXPECT_NE(npy.find("an array of shape (1000000, 40, 25) takes 5.0 GB of memory, accepted: up to 734 MB"),
            std::string::npos)
      << npy;

  std::ofstream(file("big.safetensors"), std::ios::binary) << "x";
  fs::resize_file(file("big.safetensors"), 2'000'000'000);
  const std::string model = said("pcnn-eval", file("big.safetensors"), kMegabytes);
  EXPECT_NE(model.find("the file takes 2.0 GB of memory"), std::string::npos) << model;

  const std::string samples =
      said("pcnn-sample", directory() + " --count 100 --height 4000 --width 4000 --output " + file("s.npy"),
           kMegabytes);
  EXPECT_NE(samples.find("drawing 100 images of 4000x4000 takes 9.6 GB of memory"), std::string::npos)
      << samples;
  EXPECT_FALSE(fs::exists(file("s.npy")));

  write_file_atomic(file("large.png"), png_of_sides(16'384, 16'384));
  const std::string complete = said("pcnn-sample",
                                    directory() + " --complete " + file("large.png") + " --mask " +
                                        file("large.png") + " --output " + file("s.png"),
                                    kMegabytes * 2 / 3);
  EXPECT_NE(complete.find("large.png: 16384 x 16384 pixels take"), std::string::npos) << complete;
}

TEST_F(HostileFiles, PicturesThatCannotBeWrittenAreRefusedBeforeTheyAreDrawn) {
  const std::string message =
      message_of({.config = config(),
                  .overrides = {"name=b", "sample.count=10000", "sample.columns=1", "sample.scale=64"}});
  EXPECT_NE(message.find("sample: 10000 images make a picture of"), std::string::npos) << message;
  EXPECT_NE(message.find("accepted: up to 1000000 a side and 1 GiB in all; take a smaller sample.scale"),
            std::string::npos)
      << message;
}

// A model in the format that has no checksum, with these parameters for the first tensor.
class HostileModels : public HostileFiles {
 protected:
  [[nodiscard]] std::string forged(const std::function<void(SafetensorsFile&)>& forge) const {
    SafetensorsFile model = read_safetensors(directory() + "/best.safetensors");
    model.metadata["format"] = "pcnn 1";
    model.metadata.erase("checksum");
    forge(model);
    std::vector<TensorRef> tensors;
    for (const auto& [name, tensor] : model.tensors) tensors.push_back({name, tensor.shape, tensor.values});
    write_safetensors(file("forged.safetensors"), model.metadata, tensors);
    return file("forged.safetensors");
  }
  // What each program that reads a model says of it.
  [[nodiscard]] std::vector<std::string> answers(const std::string& path) const {
    return {sample_message({.model = path}), error_of([&] { (void)evaluate({.model = path}); }),
            error_of([&] { inspect({.network = path}); })};
  }
};

TEST_F(HostileModels, GetOneAnswerFromAllPrograms) {
  for (const float value : {1e30f, -2e6f, INFINITY, NAN}) {
    const std::string path =
        forged([&](SafetensorsFile& model) { model.tensors["input.bias"].values[2] = value; });
    for (const std::string& answer : answers(path)) {
      EXPECT_EQ(answer.find(path + ": byte 0: input.bias, element 2: found "), 0u) << answer;
      EXPECT_NE(answer.find("accepted: -1000000 to 1000000"), std::string::npos) << answer;
    }
    EXPECT_NE(message_of({.config = config(), .overrides = {"name=b", "train.start_from=" + path}})
                  .find("input.bias, element 2: found "),
              std::string::npos);
  }
  // Finite and in range, and what comes of it is neither.
  const std::string path = forged([](SafetensorsFile& model) {
    for (auto& [name, tensor] : model.tensors) std::ranges::fill(tensor.values, 1e6f);
  });
  for (const std::string& answer :
       {sample_message({.model = path}), error_of([&] { (void)evaluate({.model = path}); })})
    EXPECT_NE(
        answer.find("came out as numbers that are not finite: its parameters are too large to compute with"),
        std::string::npos)
        << answer;
}

TEST_F(HostileModels, OfAnImpossibleImageAreRefused) {
  for (const char* image : {"1x65536x65536", "1x16385x6", "5x6x5", "1x0x5", "1x6", "999999999999x6x5", "x"}) {
    const std::string path = forged([&](SafetensorsFile& model) { model.metadata["image"] = image; });
    for (const std::string& answer : answers(path))
      EXPECT_EQ(
          answer.find(path + ": byte 0: image size '" + image + "', accepted: channels x rows x columns"), 0u)
          << answer;
  }
}

TEST_F(HostileModels, WithoutAChecksumAreSaidToBe) {
  const std::string path = forged([](SafetensorsFile&) {});
  ::testing::internal::CaptureStdout();
  sample({.model = path, .output = file("a.npy"), .count = 1});
  const Evaluation evaluation = evaluate({.model = path});
  inspect({.network = path});
  run({.config = config(), .overrides = {"name=b", "train.epochs=1", "train.start_from=" + path}});
  const std::string output = ::testing::internal::GetCapturedStdout();
  const std::string note = path + ": has no checksum";
  int times = 0;
  for (std::size_t at = output.find(note); at != std::string::npos; at = output.find(note, at + 1)) ++times;
  EXPECT_EQ(times, 3) << output;
  EXPECT_EQ(
      std::ranges::count_if(evaluation.notes, [&](const std::string& text) { return text.find(note) == 0; }),
      1);
}

TEST_F(HostileModels, NeverFillAScreenWithWhatTheyHold) {
  const std::string long_text(300'000, 'x');
  const std::string path = file("long.safetensors");
  const auto refusal_of_header = [&](const std::string& header) {
    std::string bytes;
    for (int i = 0; i < 8; ++i) bytes += static_cast<char>(header.size() >> (8 * i) & 255);
    std::ofstream(path, std::ios::binary) << bytes + header;
    return error_of([&] { (void)load_trained_model(path); });
  };
  std::string many = "1";
  for (int i = 0; i < 100'000; ++i) many += ",1";
  for (const std::string& header :
       {R"({"w":{"dtype":")" + long_text + R"(","shape":[],"data_offsets":[0,0]}})",
        R"({")" + long_text + R"(":{"dtype":"F32","shape":[1],"data_offsets":[0,0]}})",
        R"({"w":{"dtype":"F32","shape":[)" + many + R"(],"data_offsets":[0,0]}})",
        R"({"w":{"dtype":[")" + long_text + R"("],"shape":[],"data_offsets":[0,0]}})",
        R"({"__metadata__":{"format":")" + long_text + R"("}})",
        R"({")" + long_text + R"(":1,")" + long_text + R"(":1})"}) {
    const std::string message = refusal_of_header(header);
    EXPECT_EQ(message.find(path), 0u) << message;
    EXPECT_LT(message.size(), path.size() + 300) << message;
  }
  for (const auto& [key, accepted] : {std::pair{"image", "accepted: "}, {"config", "config"}}) {
    const std::string forged_path =
        forged([&, key = key](SafetensorsFile& model) { model.metadata[key] = long_text; });
    for (const std::string& answer : answers(forged_path)) {
      EXPECT_NE(answer.find(accepted), std::string::npos) << answer;
      EXPECT_LT(answer.size(), forged_path.size() + 400) << answer;
    }
  }
  const std::string other = forged([&](SafetensorsFile& model) {
    model.tensors[long_text + std::string("\0\x1b[2J", 5)] = {{1}, {0.0f}};
  });
  for (const std::string& answer : answers(other)) {
    EXPECT_NE(answer.find("is of no layer of the network"), std::string::npos) << answer;
    EXPECT_LT(answer.size(), other.size() + 300) << answer;
  }
}

TEST_F(HostileFiles, NamesThatEndInTheirMiddleAreRefused) {
  std::ofstream(file("nul.yaml")) << slurp(config()) << "\n";
  const std::string text = slurp(config());
  for (const auto& [key, value] : {std::pair{"name: tiny", "name: \"a\\0b\""}}) {
    std::string changed = text;
    changed.replace(changed.find(key), std::string(key).size(), value);
    write_file_atomic(file("nul.yaml"), changed);
    for (const bool dry : {true, false})
      EXPECT_NE(message_of({.config = file("nul.yaml"), .dry_run = dry})
                    .find("name: found \"a\\x00b\", accepted: text without NUL"),
                std::string::npos);
  }
  write_file_atomic(file("nul.yaml"), std::string_view("include: \"tiny.yaml\\0x\"\n"));
  EXPECT_NE(
      message_of({.config = file("nul.yaml"), .dry_run = true}).find("include: found \"tiny.yaml\\x00x\""),
      std::string::npos);
}

}  // namespace
}  // namespace pcnn
