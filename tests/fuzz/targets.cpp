#include "tests/fuzz/targets.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "engine/core/error.h"
#include "engine/data/idx.h"
#include "engine/data/npy_images.h"
#include "engine/io/npy.h"
#include "engine/io/png.h"
#include "engine/io/safetensors.h"
#include "engine/model/checkpoint.h"
#include "engine/run/run_config.h"
#include "engine/sweep/sweep_config.h"

namespace pcnn::fuzz {
namespace {

// The bytes as a file in memory: our readers take paths.
class MemoryFile {
 public:
  explicit MemoryFile(std::span<const std::byte> bytes) : fd_(::memfd_create("fuzz", MFD_CLOEXEC)) {
    if (fd_ < 0 || ::write(fd_, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size()))
      std::abort();
  }
  ~MemoryFile() { ::close(fd_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  [[nodiscard]] std::string path() const { return "/proc/self/fd/" + std::to_string(fd_); }

 private:
  int fd_;
};

// Refusals are one line.
template <typename Action>
void attempt(Action&& action) {
  try {
    action();
  } catch (const Error& error) {
    if (std::string_view(error.what()).find('\n') != std::string_view::npos) std::abort();
  }
}

template <typename Value>
void read_values(const NpyArray& array) {
  attempt([&] { (void)array.values<Value>(); });
}

}  // namespace

void config(std::span<const std::byte> bytes) {
  const std::string_view yaml(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  attempt([&] {
    const ConfigDocument document = ConfigDocument::from_string(yaml, "fuzz.yaml");
    attempt([&] { (void)read_sweep_config(document.root().section("sweep")); });
  });
  attempt([&] {
    const ConfigDocument document = ConfigDocument::from_string(yaml, "fuzz.yaml");
    (void)read_run_config(document, "fuzz");
    // What is in effect loads back to itself.
    const std::string resolved = document.resolved_yaml();
    const ConfigDocument again = ConfigDocument::from_string(resolved, "resolved.yaml");
    try {
      (void)read_run_config(again, "fuzz");
    } catch (const Error&) {
      std::abort();
    }
    if (again.resolved_yaml() != resolved) std::abort();
  });
  // The first line as an override.
  attempt([&] {
    const std::string override_text(yaml.substr(0, yaml.find('\n')));
    (void)ConfigDocument::from_string("train: {batch: 3}\n", "fuzz.yaml", {&override_text, 1});
  });
}

void idx(std::span<const std::byte> bytes) {
  const MemoryFile file(bytes);
  attempt([&] { (void)read_idx_shape(file.path()); });
  attempt([&] { (void)read_idx_images(file.path()); });
  attempt([&] { (void)read_idx_labels(file.path(), 3); });
}

void npy(std::span<const std::byte> bytes) {
  attempt([&] {
    const NpyArray array = parse_npy("fuzz.npy", {bytes.begin(), bytes.end()});
    read_values<std::uint8_t>(array);
    read_values<std::uint16_t>(array);
    read_values<float>(array);
    attempt([&] { (void)array.levels({.most = 255, .scale = 255.0}); });
    for (const int channels : {0, 1, 3})
      attempt([&] {
        const NpyLayout layout = channels == 0 ? npy_layout("fuzz.npy", array.shape(), {})
                                               : npy_layout_for(channels, "fuzz.npy", array.shape(), {});
        (void)images_of_npy("fuzz.npy", array, layout, {});
      });
  });
  const MemoryFile file(bytes);
  attempt([&] { (void)read_npy_header(file.path()); });
}

void png(std::span<const std::byte> bytes) {
  const MemoryFile file(bytes);
  attempt([&] { (void)read_png(file.path()); });
}

void safetensors(std::span<const std::byte> bytes) {
  const MemoryFile file(bytes);
  attempt([&] { (void)read_safetensors(file.path()); });
  attempt([&] {
    const Checkpoint checkpoint = Checkpoint::read(file.path());
    (void)checkpoint.image_shape();
    (void)read_run_config(ConfigDocument::from_string(checkpoint.metadata("config"), "fuzz.yaml"), "fuzz");
  });
}

}  // namespace pcnn::fuzz
