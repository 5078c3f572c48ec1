#include "engine/config/config_file.h"

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>
#include <vector>

#include "engine/config/layers.h"
#include "engine/config/scalar.h"
#include "engine/config/yaml_reader.h"
#include "engine/core/error.h"
#include "engine/core/regular_file.h"
#include "engine/core/text.h"

namespace pcnn::config_detail {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostFiles = 64;  // included, one counted as often as it is
constexpr std::size_t kMostOpen = 8;    // that include one another

// A name and where it is written.
struct Named {
  std::string name;
  Place place;
};

// Takes the key out of the map.
std::vector<Named> take_includes(Tree& root, const Source& source) {
  const Entry* entry = root.find(kIncludeKey);
  if (entry == nullptr) return {};
  const Tree value = entry->value;
  root.entries.erase(root.entries.begin() + (entry - root.entries.data()));
  if (value.kind == Tree::Kind::kNull) return {};
  std::vector<Named> names;
  for (const Tree& item : value.kind == Tree::Kind::kList ? value.items : std::vector<Tree>{value}) {
    if (item.kind != Tree::Kind::kScalar || item.text.empty() || item.text.find('\0') != std::string::npos)
      source.fail(item.place, kIncludeKey, refusal(item, kAcceptedInclude));
    names.push_back({item.text, item.place});
  }
  return names;
}

class Includes {
 public:
  explicit Includes(Source& source) : source_(source) {}

  // Lays `own`, the tree of the file `path`, over those it includes.
  void follow(Tree& own, const std::string& path, int file) {
    std::error_code error;
    open_.push_back({path, fs::weakly_canonical(path, error)});
    const std::vector<Named> names = take_includes(own, source_);
    if (!names.empty()) {
      Tree all(Tree::Kind::kMap, own.place);
      for (const Named& named : names) lay_over(all, load(named, path));
      lay_over(all, std::move(own));
      own = std::move(all);
    }
    if (file > 0) source_.included[static_cast<std::size_t>(file) - 1].layer = layers_++;
    open_.pop_back();
  }

 private:
  struct Open {
    std::string name;
    fs::path path;
  };

  Tree load(const Named& named, const std::string& includer) {
    const std::string path = (fs::path(includer).parent_path() / named.name).lexically_normal().string();
    check(named, path);
    source_.included.push_back({.name = path});
    const int file = static_cast<int>(source_.included.size());
    std::string text;
    try {
      text = read_config_text(path);
    } catch (const ConfigError& error) {
      source_.fail(named.place, kIncludeKey, error.what());
    }
    Tree tree = read_yaml(text, source_, file);
    check_root(tree, source_);
    if (tree.kind == Tree::Kind::kNull) tree = Tree(Tree::Kind::kMap, tree.place);
    follow(tree, path, file);
    return tree;
  }

  void check(const Named& named, const std::string& path) const {
    std::error_code error;
    const fs::path canonical = fs::weakly_canonical(path, error);
    std::string chain;
    for (const Open& open : open_) {
      if (chain.empty() && open.path != canonical) continue;
      chain += open.name + " -> ";
    }
    if (!chain.empty()) source_.fail(named.place, kIncludeKey, "a file includes itself: " + chain + path);
    if (open_.size() > kMostOpen)
      source_.fail(named.place, kIncludeKey,
                   "more than " + std::to_string(kMostOpen) + " files that include one another");
    if (source_.included.size() >= kMostFiles)
      source_.fail(named.place, kIncludeKey, "more than " + std::to_string(kMostFiles) + " files in all");
  }

  Source& source_;
  std::vector<Open> open_;
  int layers_ = 0;
};

}  // namespace

void fail_unreadable(const std::string& name, const std::string& why) {
  throw ConfigError(escape_controls(name + ": cannot be read: " + why));
}

std::string read_config_text(const std::string& path) try {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(::fdopen(open_regular_file(path), "rb"),
                                                             std::fclose);
  // One byte above the limit is enough to see it passed.
  std::string text(kMostBytes + 1, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file.get()));
  if (std::ferror(file.get())) fail_unreadable(path, std::generic_category().message(errno));
  if (text.size() > kMostBytes) fail_unreadable(path, "larger than 1 MiB");
  return text;
} catch (const FileError& error) {
  throw ConfigError(error.what());
}

void check_root(const Tree& root, const Source& source) {
  if (root.kind != Tree::Kind::kMap && root.kind != Tree::Kind::kNull)
    source.fail(root.place, "", refusal(root, "`key: value` lines"));
}

void follow_includes(Tree& root, Source& source) {
  if (root.find(kIncludeKey) == nullptr) return;
  Includes(source).follow(root, source.name, 0);
}

}  // namespace pcnn::config_detail
