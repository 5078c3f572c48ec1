#include "engine/run/run_parts.h"

#include <utility>

#include "engine/data/labels.h"
#include "engine/run/resumable.h"
#include "engine/run/run_lock.h"
#include "engine/run/run_start.h"
#include "engine/run/start_check.h"
#include "engine/train/given_of.h"

namespace pcnn {
namespace {

// What is refused at once, before any data is read.
RunDirectory checked_directory(const RunConfig& config, const std::string& resume) {
  if (resume.empty()) {
    check_new_run(config.directory());
    return RunDirectory::at(config.directory());
  }
  RunDirectory directory = RunDirectory::open(resume);
  RunLock::check_free(directory.path());
  return directory;
}

}  // namespace

RunParts make_parts(const RunConfig& config, const ConfigDocument& document, Precision precision,
                    const std::string& resume) {
  RunDirectory directory = checked_directory(config, resume);
  std::vector<std::pair<std::string, std::string>> values = document.values_in_effect();
  RunConfig noted = config;
  if (!resume.empty())
    if (std::string note = check_unchanged(values, directory); !note.empty())
      noted.notes.push_back(std::move(note));
  Dataset data = load_dataset(config.data);
  Network network = checked_network(config, {1, data.train.channels, data.train.height, data.train.width},
                                    data.validation.count);
  for (const ImageSet* images : {&data.train, &data.validation, &data.test}) require_given(network, *images);
  if (network.condition.classes > 0)
    if (std::string note = note_on_classes_without(data.train, network.condition.classes); !note.empty())
      noted.notes.push_back(std::move(note));
  Fingerprints sums{fingerprint(data.train, beside(network)), fingerprint(data.validation, beside(network)),
                    fingerprint(data.test, beside(network))};
  std::unique_ptr<const OutputHead> head = make_output_head(config.model.head, network.image_channels);
  std::optional<StartParameters> start;
  if (resume.empty() && !config.train.start_from.empty())
    start = start_parameters(config.train.start_from, network);
  return {.config = std::move(noted),
          .resolved_yaml = document.resolved_yaml(),
          .values = std::move(values),
          .data = std::move(data),
          .fingerprints = std::move(sums),
          .coding = make_pixel_coding(config.data),
          .network = std::move(network),
          .head = std::move(head),
          .precision = precision,
          .start = std::move(start),
          .directory = std::move(directory),
          .resumes = !resume.empty()};
}

}  // namespace pcnn
