#include "engine/config/applies.h"

#include <string>

#include "engine/config/config.h"

namespace pcnn {

bool applies(const ConfigNode& section, std::string_view key, bool used, std::string_view reason,
             std::initializer_list<std::string_view> governors) {
  if (used) return true;
  for (const std::string_view governor : governors) section.governs(governor, {key});
  if (section.has(key)) section.fail(key, "has no effect while " + std::string(reason));
  return false;
}

}  // namespace pcnn
