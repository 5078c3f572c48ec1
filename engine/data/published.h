#pragma once

// The data sets that are published under a name: where they lie, and what fetches them. scripts/data_sets.sh
// says where from.

#include <string>
#include <string_view>
#include <vector>

#include "engine/data/data_config.h"

namespace pcnn {

struct PublishedDataset {
  std::string_view name;  // in data.dataset and for scripts/fetch_data.sh
  std::string_view title;
  std::string_view directory;  // the default of data.directory
};

// None, a null pointer, for kinds of the user's own files. What it points to lives as long as the program.
[[nodiscard]] const PublishedDataset* published_dataset(DatasetKind dataset);

// The folders in which a file is looked for, in order: the given one; after that of Debian's package also the
// one into which scripts/fetch_data.sh puts the data set where the package is not installed.
[[nodiscard]] std::vector<std::string> folders_of(DatasetKind dataset, const std::string& directory);

// What to do where a file is missing: "run scripts/fetch_data.sh mnist, or set data.directory". The command
// names the directory unless it is the default one. Requires a published data set.
[[nodiscard]] std::string remedy_for_missing(DatasetKind dataset, const std::string& directory);

}  // namespace pcnn
