#include "engine/model/blocks.h"

namespace pcnn {
namespace {

struct Append {
  NetworkBuilder& builder;
  const std::string& name;
  Features src;

  // 1x1 - kernel - 1x1, an activation after each, the skip added after the last one. The class joins where
  // space is looked at, and dropout follows.
  Features operator()(const ResidualBlockConfig& block) const {
    int node = builder.activate(builder.masked_conv(name + ".reduce", src.node, MaskType::kB, {1, 1},
                                                    block.reduce > 0 ? block.reduce : block.filters));
    node = builder.masked_conv(name + ".spatial", node, MaskType::kB, block.kernel, block.filters,
                               block.dilation);
    node = builder.dropout(builder.activate(builder.condition(name + ".condition", node)));
    node = builder.activate(
        builder.masked_conv(name + ".expand", node, MaskType::kB, {1, 1}, builder.channels(src.node)));
    return with_node(builder.add(name, src.node, node));
  }

  Features operator()(const MaskedConvBlockConfig& block) const {
    const int node = builder.masked_conv(name + ".conv", src.node, MaskType::kB, block.kernel, block.filters,
                                         block.dilation);
    return with_node(builder.dropout(builder.activate(builder.condition(name + ".condition", node))));
  }

  //     rows above -> gate -> vertical -+--------------------------------------> rows above
  //                                     1x1
  //                                      |
  //     src -> horizontal -------------- + -> gate -+-> 1x1 -> + -> node
  //      |                                          |          |
  //      |                                          +-> 1x1 ---|--> + -> skips
  //      +-----------------------------------------------------+
  //
  // Source: van den Oord et al., "Conditional Image Generation with PixelCNN Decoders", NeurIPS 2016, figure
  // 2. The vertical stack is gated where it is read, so that no gate is computed that nothing reads. The
  // class joins both stacks before their gates, as in equation 4; dropout, which they do not have, follows
  // the horizontal gate.
  Features operator()(const GatedBlockConfig& block) const {
    const int both = 2 * block.filters;  // halves of a gate
    const int rows = src.rows_above < 0 ? src.image : src.rows_above;
    const int above = src.rows_above < 0 || !src.rows_above_gated ? rows : gate(name + ".vertical", rows);
    const int vertical =
        builder.conv(name + ".vertical", above, Sight::kAbove, block.kernel, both, block.dilation);
    const int joined = builder.conv(name + ".join", vertical, Sight::kBefore, {1, 1}, both);
    const int horizontal = builder.conv(name + ".horizontal", src.node, Sight::kBefore,
                                        {1, block.kernel.width}, both, {1, block.dilation.width});
    const int gated =
        builder.dropout(gate(name + ".horizontal", builder.add(name + ".sum", horizontal, joined)));
    const int channels = builder.channels(src.node);
    Features result = src;
    result.rows_above = vertical;
    result.rows_above_gated = true;
    result.node =
        builder.add(name, src.node, builder.conv(name + ".out", gated, Sight::kBefore, {1, 1}, channels));
    if (block.skip) {
      const int maps = src.skip_maps > 0 ? src.skip_maps : channels;
      const int skip = builder.conv(name + ".skip", gated, Sight::kBefore, {1, 1}, maps);
      result.skips = src.skips < 0 ? skip : builder.add(name + ".skips", src.skips, skip);
    }
    return result;
  }

  //     src, image, position -> 1x1 (mask B) -> keys, values -+
  //     src, position        -> 1x1 ---------> queries ------ attention -> 1x1 -> + src
  //
  // Keys and values see their own pixel: it is looked at from later ones only, which may know it. Source:
  // Chen et al., "PixelSNAIL: An Improved Autoregressive Generative Model", ICML 2018. Dropout, which is not
  // there, follows the attention, and the condition joins behind its 1x1.
  Features operator()(const AttentionBlockConfig& block) const {
    const auto conv = [&](const char* maps, int of, int channels) {
      return builder.masked_conv(name + maps, of, MaskType::kB, {1, 1}, channels);
    };
    const int positions = builder.positions();
    const int content = builder.concatenate(
        name + ".content", builder.concatenate(name + ".seen", src.node, src.image), positions);
    const int key = conv(".key", content, block.heads * block.key),
              value = conv(".value", content, block.heads * block.value);
    const int query =
        conv(".query", builder.concatenate(name + ".place", src.node, positions), block.heads * block.key);
    const int found = builder.dropout(builder.attention(name + ".attention", query, key, value, block.heads));
    const int out = conv(".out", found, builder.channels(src.node));
    return with_node(builder.add(name, src.node, builder.condition(name + ".condition", out)));
  }

  // Source: van den Oord, Kalchbrenner, Kavukcuoglu, "Pixel Recurrent Neural Networks", ICML 2016,
  // section 3.1 and figure 5. The class joins the gates; dropout follows the states.
  Features operator()(const RowLstmBlockConfig& block) const {
    const int gates = gates_of(".input", {1, block.columns}, block.filters);
    return with_states(builder.lstm(name + ".state", gates, LstmPath::kRows, block.columns));
  }

  // Section 3.2: what comes from the left edge, and what comes from the right one, a row further down.
  Features operator()(const DiagonalLstmBlockConfig& block) const {
    const int forth = builder.lstm(name + ".state", gates_of(".input", {1, 1}, block.filters),
                                   LstmPath::kDiagonal),
              back = builder.lstm(name + ".state_back", gates_of(".input_back", {1, 1}, block.filters),
                                  LstmPath::kDiagonalBack);
    return with_states(builder.add(name + ".states", forth, back));
  }

  [[nodiscard]] int gates_of(const char* input, Kernel kernel, int filters) const {
    return builder.condition(name + input + ".condition",
                             builder.conv(name + input, src.node, Sight::kBefore, kernel, 4 * filters));
  }

  [[nodiscard]] Features with_states(int states) const {
    const int out = builder.conv(name + ".out", builder.dropout(states), Sight::kBefore, {1, 1},
                                 builder.channels(src.node));
    return with_node(builder.add(name, src.node, out));
  }

  [[nodiscard]] int gate(const std::string& stack, int src_of_gate) const {
    return builder.gate(stack + ".gate", builder.condition(stack + ".condition", src_of_gate));
  }

  [[nodiscard]] Features with_node(int node) const {
    Features result = src;
    result.node = node;
    return result;
  }
};

}  // namespace

Features append_block(NetworkBuilder& builder, const std::string& name, const Features& src,
                      const BlockConfig& config) {
  return std::visit(Append{builder, name, src}, config.block);
}

}  // namespace pcnn
