// Networks for programs in other languages, and parameters from them.

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <array>
#include <cmath>
#include <filesystem>
#include <map>

#include "engine/api/pcnn.h"
#include "engine/core/error.h"
#include "engine/data/dataset.h"
#include "engine/io/file.h"
#include "engine/io/file_ending.h"
#include "engine/model/checkpoint.h"
#include "engine/model/graph.h"
#include "engine/model/network_builder.h"
#include "engine/run/result_file.h"
#include "engine/run/run_config.h"
#include "engine/run/run_directory.h"
#include "engine/run/trained_model.h"

namespace pcnn::api {
namespace {

namespace fs = std::filesystem;

struct FromConfig {
  RunConfig config;
  std::string yaml;  // every key with its value in effect
  Network network;
};

FromConfig network_of(const std::string& config, const std::vector<std::string>& overrides,
                      const ImageShape& image) {
  const ConfigDocument document = ConfigDocument::from_file(config, overrides);
  FromConfig from{.config = read_run_config(document, fs::path(config).stem().string())};
  from.yaml = document.resolved_yaml();
  const Shape shape = image.height > 0 ? Shape{1, image.channels, image.height, image.width}
                                       : dataset_shape(from.config.data);
  from.network = build_network(from.config.model, shape.c, shape.h, shape.w);
  return from;
}

std::string shape_text(const std::vector<int>& shape) {
  return fmt::format("{}", fmt::join(shape, "x"));
}

// In the network's order. Throws ConfigError where one is missing, or of another shape, or of no layer.
std::vector<float> parameters_of(const Network& network, std::span<const Array> arrays,
                                 const std::string& config) {
  std::map<std::string, const Array*> by_name;
  for (const Array& array : arrays)
    if (!by_name.emplace(array.name, &array).second)
      throw ConfigError(fmt::format("{}: given twice, accepted: each parameter once", array.name));
  std::vector<float> values;
  for (const pcnn::Parameter& parameter : network.parameters) {
    const auto found = by_name.find(parameter.name);
    if (found == by_name.end())
      throw ConfigError(
          fmt::format("{}: not given, {} needs {}", parameter.name, config, shape_text(parameter.shape)));
    const Array& array = *found->second;
    if (array.shape != parameter.shape || array.values.size() != parameter.size)
      throw ConfigError(fmt::format("{}: found {}, {} needs {}", parameter.name, shape_text(array.shape),
                                    config, shape_text(parameter.shape)));
    for (const float value : array.values)
      if (!(std::abs(value) <= kLargestParameter))  // nor is NaN
        throw ConfigError(fmt::format("{}: found {}, accepted: -{} to {}", parameter.name, value,
                                      kLargestParameter, kLargestParameter));
    values.insert(values.end(), array.values.begin(), array.values.end());
    by_name.erase(found);
  }
  if (!by_name.empty())
    throw ConfigError(
        fmt::format("{}: given, the network of {} has no such parameter", by_name.begin()->first, config));
  return values;
}

// A folder that becomes `path` once all is in it, or is gone.
class Unfinished {
 public:
  explicit Unfinished(std::string path)
      : path_(std::move(path)), place_(fmt::format("{}.part{}", path_, ::getpid())) {
    std::error_code error;
    if (!fs::create_directory(place_, error))
      throw FileError(place_, error ? "cannot be made: " + error.message() : "exists already");
  }
  ~Unfinished() {
    std::error_code error;
    if (!whole_) fs::remove_all(place_, error);
  }
  Unfinished(const Unfinished&) = delete;
  Unfinished& operator=(const Unfinished&) = delete;

  [[nodiscard]] const std::string& place() const { return place_; }
  void take_name() {
    rename_durably(place_, path_);
    whole_ = true;
  }

 private:
  std::string path_, place_;
  bool whole_ = false;
};

}  // namespace

std::string network_graph(const std::string& config, const std::vector<std::string>& overrides,
                          ImageShape image) {
  const FromConfig from = network_of(config, overrides, image);
  return pcnn::network_graph(from.network, from.config.model.head);
}

Written write_model(const std::string& path, const std::string& config,
                    const std::vector<std::string>& overrides, ImageShape image,
                    std::span<const Array> parameters) {
  const FromConfig from = network_of(config, overrides, image);
  const std::vector<float> given = parameters_of(from.network, parameters, config);
  std::vector<float> values = given;
  zero_dead_weights(from.network, values);
  Written written;
  for (const pcnn::Parameter& parameter : from.network.parameters) {
    std::int64_t zeroed = 0;
    for (std::size_t i = parameter.offset; i < parameter.offset + parameter.size; ++i)
      zeroed += given[i] != 0.0f && values[i] == 0.0f;
    if (zeroed > 0) written.zeroed.emplace_back(parameter.name, zeroed);
  }

  const std::array<NamedBuffer, 1> buffers{{{"", values}}};
  const std::map<std::string, std::string> metadata{{"config", from.yaml}};
  if (has_ending(path, ".safetensors")) {
    check_result_file(path, false);
    write_checkpoint(path, from.network, buffers, metadata);
    written.path = path;
    return written;
  }
  if (file_exists(path)) throw ConfigError(path + ": exists already; choose another name");
  Unfinished directory(path);
  const RunDirectory run = RunDirectory::at(directory.place());
  write_checkpoint(run.best(), from.network, buffers, metadata);
  write_file_atomic(run.config(), from.yaml);
  directory.take_name();
  written.path = RunDirectory::at(path).best();
  return written;
}

}  // namespace pcnn::api
