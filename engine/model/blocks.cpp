#include "engine/model/blocks.h"

namespace pcnn {
namespace {

struct Append {
  NetworkBuilder& builder;
  const std::string& name;
  int src;

  // 1x1 - kernel - 1x1, an activation after each, the skip added after the last one. The class joins where
  // space is looked at.
  int operator()(const ResidualBlockConfig& block) const {
    int node =
        builder.activate(builder.masked_conv(name + ".reduce", src, MaskType::kB, {1, 1}, block.filters));
    node = builder.masked_conv(name + ".spatial", node, MaskType::kB, block.kernel, block.filters);
    node = builder.activate(builder.condition(name + ".condition", node));
    node = builder.activate(
        builder.masked_conv(name + ".expand", node, MaskType::kB, {1, 1}, builder.channels(src)));
    return builder.add(name, src, node);
  }

  int operator()(const MaskedConvBlockConfig& block) const {
    const int node = builder.masked_conv(name + ".conv", src, MaskType::kB, block.kernel, block.filters);
    return builder.activate(builder.condition(name + ".condition", node));
  }
};

}  // namespace

int append_block(NetworkBuilder& builder, const std::string& name, int src, const BlockConfig& config) {
  return std::visit(Append{builder, name, src}, config.block);
}

}  // namespace pcnn
