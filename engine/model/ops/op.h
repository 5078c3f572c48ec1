#pragma once

// The ops a network may be made of: a closed list. Each has a file of its own here, with its answers to what
// answers.h asks; how it is computed is said in compile/.

#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "engine/model/ops/activation.h"
#include "engine/model/ops/add.h"
#include "engine/model/ops/attention.h"
#include "engine/model/ops/concatenation.h"
#include "engine/model/ops/condition.h"
#include "engine/model/ops/dropout.h"
#include "engine/model/ops/embedding.h"
#include "engine/model/ops/gate.h"
#include "engine/model/ops/given_maps.h"
#include "engine/model/ops/image.h"
#include "engine/model/ops/lstm.h"
#include "engine/model/ops/masked_conv.h"
#include "engine/model/ops/positions.h"

namespace pcnn {

using Op = std::variant<ImageOp, MaskedConvOp, ActivationOp, AddOp, GateOp, EmbeddingOp, ConditionOp,
                        DropoutOp, GivenMapsOp, ConcatenationOp, LstmOp, AttentionOp, PositionsOp>;

// What the op answers, whichever it is; see answers.h.
[[nodiscard]] std::vector<Reads> reads(const Op& op);
void renumber(Op& op, std::span<const int> nodes);
[[nodiscard]] Sight own_sight(const Op& op);
[[nodiscard]] std::vector<Tap> own_taps(const Op& op);
[[nodiscard]] std::vector<ParameterScale> parameters(const Op& op, int channels);
[[nodiscard]] double input_gain(const Op& op);
[[nodiscard]] int summands(const Op& op);
[[nodiscard]] std::string title(const Op& op);
[[nodiscard]] std::string formula(const Op& op, std::span<const std::string> inputs);
[[nodiscard]] std::optional<LayerSummary> summary(const Op& op, const Network& network, int node);

// The nodes it reads; none where it is what the caller gives, the image or maps, or positions.
[[nodiscard]] std::vector<int> inputs(const Op& op);

}  // namespace pcnn
