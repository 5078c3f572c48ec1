#pragma once

#include <initializer_list>
#include <string_view>

namespace pcnn {

class ConfigNode;

// Whether a key has an effect, which is `used`. One that is given and has none is an error, "has no effect
// while REASON", unless one of the keys `governors` of its section, on the command line, took its effect
// away.
[[nodiscard]] bool applies(const ConfigNode& section, std::string_view key, bool used,
                           std::string_view reason, std::initializer_list<std::string_view> governors);

}  // namespace pcnn
