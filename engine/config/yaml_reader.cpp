#include "engine/config/yaml_reader.h"

#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <sstream>
#include <utility>

#include "engine/config/scalar.h"
#include "engine/config/text_check.h"
#include "engine/config/tree_builder.h"
#include "engine/core/text.h"

namespace pcnn::config_detail {
namespace {

// A line of its own that ends the document. The library takes a quoted text that is still open at the end of
// the file for a closed one; met with this line, it objects.
constexpr std::string_view kDocumentEnd = "...\n";

// The library's words for what goes wrong most often are those of its scanner.
std::string syntax_message(const std::string& message, std::string_view alias) {
  using namespace YAML::ErrorMsg;
  if (message.starts_with(UNKNOWN_ANCHOR)) return "no anchor &" + shorten(alias) + " above this alias";
  std::string reason = shorten(message);
  if (message == DOC_IN_SCALAR || message == EOF_IN_SCALAR)
    reason = "a quoted text without its closing quote";
  if (message == END_OF_SEQ_FLOW) reason = "a list goes on without , or ]";
  if (message == END_OF_MAP_FLOW) reason = "a section goes on without , or }";
  if (message == END_OF_SEQ || message == END_OF_MAP)
    reason = "text that does not belong here, is its indentation right?";
  return "not valid YAML: " + reason;
}

// The name of the alias at `mark`, should there be one.
std::string_view alias_at(std::string_view text, const YAML::Mark& mark) {
  if (mark.is_null() || static_cast<std::size_t>(mark.pos) >= text.size()) return "";
  const std::string_view rest = text.substr(static_cast<std::size_t>(mark.pos));
  if (!rest.starts_with('*')) return "";
  return rest.substr(1, rest.find_first_of(" \t\r\n,[]{}") - 1);
}

Tree read(std::string_view text, const Source& source, Origin origin) {
  if (const auto flaw = find_flaw(text))
    source.fail(origin.override_place.value_or(
                    Place{.line = flaw->line, .column = flaw->column, .file = origin.file}),
                origin.path, flaw->message);

  const std::string_view line_end = text.empty() || text.ends_with('\n') ? "" : "\n";
  std::istringstream stream(std::string(text).append(line_end).append(kDocumentEnd));
  TreeBuilder builder(source, text, std::move(origin));
  try {
    YAML::Parser parser(stream);
    // The library stops at the end of the first document, or at text it cannot make part of it, and would say
    // nothing.
    if (parser.HandleNextDocument(builder)) parser.HandleNextDocument(builder);
  } catch (const YAML::Exception& error) {
    builder.fail(error.mark, syntax_message(error.msg, alias_at(text, error.mark)));
  }
  return builder.take_root();
}

}  // namespace

Tree read_yaml(std::string_view text, const Source& source, int file) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  return read(text, source, {.file = file});
}

Tree read_yaml_value(std::string_view text, const Source& source, Place override_place, std::string path) {
  return read(text, source, {.override_place = override_place, .path = std::move(path)});
}

}  // namespace pcnn::config_detail
