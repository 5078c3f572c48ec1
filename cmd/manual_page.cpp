#include "cmd/manual_page.h"

#include <algorithm>
#include <cctype>
#include <sstream>
#include <vector>

namespace pcnn {
namespace {

// As it is to be read: nothing of it is a macro or an escape, and a hyphen can be copied into a shell.
std::string escaped(const std::string& text) {
  std::string out;
  for (const char letter : text) {
    if (letter == '\\')
      out += "\\e";
    else if (letter == '-')
      out += "\\-";
    else if ((letter == '.' || letter == '\'') && (out.empty() || out.back() == '\n'))
      out += std::string("\\&") + letter;
    else
      out += letter;
  }
  return out;
}

std::string bold(const std::string& text) {
  return "\\fB" + escaped(text) + "\\fR";
}
std::string italic(const std::string& text) {
  return "\\fI" + escaped(text) + "\\fR";
}

std::string capitals(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](unsigned char letter) { return static_cast<char>(std::toupper(letter)); });
  return text;
}

// The description of a program: prose, and the indented lines, which are examples.
struct About {
  std::string prose;
  std::vector<std::string> examples;
};

About about(const CLI::App& app) {
  About parts;
  std::istringstream lines(app.get_description());
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("  "))
      parts.examples.push_back(line.substr(line.find_first_not_of(' ')));
    else
      parts.prose += (parts.prose.empty() ? "" : " ") + line;
  }
  return parts;
}

// What `whatis` lists: the first sentence, or what of it comes before a colon.
std::string in_a_line(const std::string& prose) {
  std::string line = prose.substr(0, std::min(prose.find(':'), prose.find('.')));
  if (!line.empty()) line[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(line[0])));
  return line;
}

// "-n, --count INT", or the name of what is given without one.
std::string heading(const CLI::Option& option) {
  std::string names;
  for (const std::string& name : option.get_snames()) names += (names.empty() ? "" : ", ") + bold("-" + name);
  for (const std::string& name : option.get_lnames())
    names += (names.empty() ? "" : ", ") + bold("--" + name);
  if (option.get_positional()) return italic(option.get_name());
  const std::string type = option.get_type_name();  // "INT:INT in [1 - 64]", "TEXT:{auto,f32}"
  return type.empty() ? names : names + " " + italic(type.substr(0, type.find(':')));
}

// A sentence about what is accepted, where the option limits it.
std::string accepted(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  const std::size_t colon = type.find(':'), from = type.find_first_of("[{");
  if (colon == std::string::npos || from == std::string::npos || from < colon) return "";
  std::string values = type.substr(from + 1, type.size() - from - 2), out;
  for (const char letter : values) out += letter == ',' ? std::string(", ") : std::string(1, letter);
  if (const std::size_t to = out.find(" - "); to != std::string::npos) out.replace(to, 3, " to ");
  return "Accepted: " + out + ".";
}

std::string entry(const CLI::Option& option) {
  std::string text = ".TP\n" + heading(option) + "\n" + escaped(option.get_description());
  if (option.get_required()) text += " (required)";
  text += ".\n";
  if (const std::string values = accepted(option); !values.empty()) text += escaped(values) + "\n";
  for (const CLI::Option* other : option.get_excludes())
    text += "Not beside " + bold("--" + other->get_lnames().front()) + ".\n";
  return text;
}

}  // namespace

std::string manual_page(const CLI::App& app, const std::string& of) {
  const auto [prose, examples] = about(app);
  std::string given;  // without an option's name
  std::string arguments, options;
  for (const CLI::Option* option : app.get_options()) {
    if (!option->get_positional()) {
      options += entry(*option);
      continue;
    }
    const bool many = option->get_expected_max() > 1;
    given += " " + std::string(option->get_required() ? "" : "[") + italic(option->get_name()) +
             (many ? " ..." : "") + (option->get_required() ? "" : "]");
    arguments += entry(*option);
  }
  std::string page = ".TH " + capitals(app.get_name()) + " 1 \"\" \"pcnn " + of + "\" \"User Commands\"\n";
  page += ".SH NAME\n" + app.get_name() + " \\- " + escaped(in_a_line(prose)) + "\n";
  page += ".SH SYNOPSIS\n" + bold(app.get_name()) + " [options]" + given + "\n";
  page += ".SH DESCRIPTION\n" + escaped(prose) + "\n";
  if (!examples.empty()) {
    page += ".SH EXAMPLES\n.nf\n";
    for (const std::string& example : examples) page += escaped(example) + "\n";
    page += ".fi\n";
  }
  if (!arguments.empty()) page += ".SH ARGUMENTS\n" + arguments;
  page += ".SH OPTIONS\n" + options;
  if (prose.find("Exit codes:") == std::string::npos)
    page +=
        ".SH EXIT STATUS\n0 where all went well, 2 for a mistake in what was given, which one line on "
        "standard "
        "error names, 1 for a failure of the program, and 128 and a signal's number where that ended it.\n";
  page += ".SH ENVIRONMENT\n.TP\n" + bold("NO_COLOR") + "\nWhere it is set, nothing is printed in colour.\n";
  page += ".SH SEE ALSO\n";
  std::string others;
  for (const char* other : {"pcnn-eval", "pcnn-inspect", "pcnn-run", "pcnn-sample", "pcnn-sweep"})
    if (other != app.get_name()) others += (others.empty() ? "" : ", ") + bold(other) + "(1)";
  return page + others + "\n";
}

}  // namespace pcnn
