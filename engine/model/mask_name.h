#pragma once

#include "engine/model/mask.h"

namespace pcnn {

// As docs/models.md calls it; "none" where there is no mask.
[[nodiscard]] constexpr const char* name_of(MaskType mask) {
  switch (mask) {
    case MaskType::kA:
      return "A";
    case MaskType::kB:
      return "B";
    case MaskType::kRowsAbove:
      return "VA";
    case MaskType::kRowsUpToOwn:
      return "VB";
    case MaskType::kNone:
      break;
  }
  return "none";
}

}  // namespace pcnn
