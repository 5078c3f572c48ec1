#include "engine/run/trained_model.h"

#include <fmt/format.h>

#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "engine/core/error.h"
#include "engine/io/file.h"
#include "engine/model/checkpoint.h"
#include "engine/model/network_builder.h"
#include "engine/run/run_directory.h"

namespace pcnn {
namespace {

namespace fs = std::filesystem;

std::string checkpoint_of(const std::string& run_or_checkpoint) {
  std::error_code error;
  if (!fs::is_directory(run_or_checkpoint, error)) {
    if (file_exists(run_or_checkpoint)) return run_or_checkpoint;
    throw ConfigError(run_or_checkpoint +
                      ": not found, accepted: a run directory (runs/NAME) or a checkpoint file");
  }
  const RunDirectory run = RunDirectory::at(run_or_checkpoint);
  for (const std::string& file : {run.best(), run.checkpoint()})
    if (file_exists(file)) return file;
  throw ConfigError(run_or_checkpoint +
                    ": no best.safetensors or checkpoint.safetensors in it, so not a run of pcnn");
}

Checkpoint read_checkpoint(const std::string& run_or_checkpoint, const std::string& path) {
  try {
    return Checkpoint::read(path);
  } catch (const FormatError& error) {
    const RunDirectory run = RunDirectory::at(run_or_checkpoint);
    if (path == run_or_checkpoint || path == run.checkpoint() || !file_exists(run.checkpoint())) throw;
    throw ConfigError(fmt::format("{}; {} has the last parameters", error.what(), run.checkpoint()));
  }
}

// A network with such a number in it may well draw plausible images.
void check_parameters(const TrainedModel& model) {
  for (const Parameter& parameter : model.network.parameters)
    for (std::size_t i = 0; i < parameter.size; ++i) {
      const float value = model.parameters[parameter.offset + i];
      if (!(std::abs(value) <= kLargestParameter))  // nor is NaN
        throw FormatError(
            model.path, 0,
            fmt::format("{}, element {}: found {}, accepted: -{} to {}, which nothing trained with "
                        "success comes near",
                        parameter.name, i, value, kLargestParameter, kLargestParameter));
    }
}

// The training state is for those who go on training; here one that cannot be read says nothing.
std::string train_images_of(const Checkpoint& checkpoint) {
  if (!checkpoint.has_metadata("training_state")) return {};
  const nlohmann::json state = nlohmann::json::parse(checkpoint.metadata("training_state"), nullptr, false);
  if (!state.is_object()) return {};
  const auto data = state.find("data");
  return data != state.end() && data->is_string() ? data->get<std::string>() : std::string{};
}

}  // namespace

TrainedModel load_trained_model(const std::string& run_or_checkpoint) {
  TrainedModel model;
  model.path = checkpoint_of(run_or_checkpoint);
  const Checkpoint checkpoint = read_checkpoint(run_or_checkpoint, model.path);
  model.resolved_yaml = checkpoint.metadata("config");
  model.config =
      read_run_config(ConfigDocument::from_string(model.resolved_yaml, model.path + " (config)"), "model");
  const Shape image = checkpoint.image_shape();
  model.network = build_network(model.config.model, image.c, image.h, image.w);
  model.head = make_output_head(model.config.model.head, image.c);
  model.parameters.resize(model.network.parameter_count());
  checkpoint.copy(model.network, checkpoint.contains(model.network, "average") ? "average" : "",
                  model.parameters);
  check_parameters(model);
  model.note = checkpoint.note();
  model.train_images = train_images_of(checkpoint);
  return model;
}

void refuse_too_large(const TrainedModel& model, const std::string& what) {
  throw FormatError(
      model.path, 0,
      what + " came out as numbers that are not finite: its parameters are too large to compute with");
}

Network resized(Network network, int height, int width) {
  network.image_height = height;
  network.image_width = width;
  return network;
}

}  // namespace pcnn
