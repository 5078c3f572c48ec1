#include "engine/core/terminal.h"

#include <unistd.h>

#include <cstdlib>

namespace pcnn {

bool wants_colour(int fd) {
  const char* const no_colour = std::getenv("NO_COLOR");
  const char* const terminal = std::getenv("TERM");
  const bool is_refused = no_colour && *no_colour != '\0';
  return !is_refused && terminal && std::string_view(terminal) != "dumb" && isatty(fd) != 0;
}

std::string coloured(std::string_view text, Colour colour, bool wanted) {
  if (!wanted) return std::string(text);
  return "\033[" + std::to_string(static_cast<int>(colour)) + "m" + std::string(text) + "\033[0m";
}

}  // namespace pcnn
