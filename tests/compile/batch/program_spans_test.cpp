// The front doors of program.h refuse what is not theirs before anything is read or written, in release
// builds too.

#include <gtest/gtest.h>

#include "engine/compile/batch/program.h"
#include "engine/core/error.h"
#include "engine/model/network_builder.h"
#include "tests/support/networks.h"

namespace pcnn {
namespace {

struct Door {
  const Network network = testing::small_network(5, 4);
  const std::vector<float> parameters = std::vector<float>(network.parameter_count(), 0.5f);
  const Program program{network, 2, Purpose::kTraining};
  PackedWeights packed = program.new_packed_weights();
  Workspace workspace{program, packed};
  std::vector<float> images = std::vector<float>(network.shape(0, 2).size(), 1.0f);
  std::vector<float> logits = std::vector<float>(network.shape(network.logits, 2).size());
  std::vector<float> gradients = std::vector<float>(network.parameter_count());

  Door() {
    program.pack(parameters, packed);
    program.forward(workspace, images, logits);
  }
};

template <typename Call>
std::string message_of(const Call& call) {
  try {
    call();
  } catch (const ComputeError& error) {
    return error.what();
  }
  return "nothing was refused";
}

TEST(ProgramSpans, ForwardRefusesImagesOfAnotherBatch) {
  Door door;
  const std::vector<float> before = door.logits;
  for (const int images : {0, 1, 3}) {
    const std::vector<float> others(door.network.shape(0, images).size(), 7.0f);
    EXPECT_EQ(message_of([&] { door.program.forward(door.workspace, others, door.logits); }),
              "images: " + std::to_string(20 * images) + " values given, right are 40 (2x1x5x4)");
  }
  door.program.forward(door.workspace, door.images, door.logits);
  EXPECT_EQ(door.logits, before);
}

TEST(ProgramSpans, ForwardRefusesLogitsOfAnotherSize) {
  Door door;
  std::vector<float> more(door.logits.size() + 1, -3.0f);
  EXPECT_EQ(message_of([&] { door.program.forward(door.workspace, door.images, more); }),
            "logits: 41 values given, right are 40 (2x1x5x4)");
  EXPECT_EQ(more, std::vector<float>(more.size(), -3.0f));
}

TEST(ProgramSpans, BackwardRefusesGradientsOfAnotherSize) {
  Door door;
  std::vector<float> more(door.gradients.size() + 1);
  const std::string count = std::to_string(door.gradients.size());
  EXPECT_EQ(message_of([&] { door.program.backward(door.workspace, door.logits, more); }),
            "gradients: " + std::to_string(more.size()) + " values given, right are " + count +
                " (the network's parameters)");
  EXPECT_EQ(message_of([&] {
              door.program.backward(door.workspace, std::span(door.logits).first(39), door.gradients);
            }),
            "gradients of the logits: 39 values given, right are 40 (2x1x5x4)");
}

TEST(ProgramSpans, BackwardRefusesAProgramForScoring) {
  Door door;
  const Program scoring(door.network, 2, Purpose::kInference);
  PackedWeights packed = scoring.new_packed_weights();
  scoring.pack(door.parameters, packed);
  Workspace workspace(scoring, packed);
  scoring.forward(workspace, door.images, door.logits);
  EXPECT_EQ(message_of([&] { scoring.backward(workspace, door.logits, door.gradients); }),
            "a backward pass of a program for inference: right is one for training");
}

TEST(ProgramSpans, PackRefusesAnotherNumberOfParameters) {
  Door door;
  const std::span<const float> fewer = std::span(door.parameters).first(door.parameters.size() - 1);
  const std::string expected = "parameters to pack: " + std::to_string(fewer.size()) +
                               " values given, right are " + std::to_string(door.parameters.size()) +
                               " (the network's parameters)";
  EXPECT_EQ(message_of([&] { door.program.pack(fewer, door.packed); }), expected);
  EXPECT_EQ(message_of([&] { door.program.pack_biases(fewer, door.packed); }), expected);
  const std::size_t count = door.program.packed_kernel_count();
  EXPECT_EQ(message_of([&] { door.program.pack_kernel(count, door.parameters, door.packed); }),
            "packed kernel: number " + std::to_string(count) + " given, there are " + std::to_string(count) +
                ", from 0");
}

TEST(ProgramSpans, WhatBelongsToAnotherProgramIsRefused) {
  Door door, other;
  EXPECT_EQ(message_of([&] { door.program.pack(door.parameters, other.packed); }),
            "packed weights of another program given: right is this program's own");
  EXPECT_EQ(message_of([&] { Workspace(door.program, other.packed); }),
            "packed weights of another program given to a workspace: right are those of its own program");
  const std::string expected = "workspace of another program given: right is this program's own";
  EXPECT_EQ(message_of([&] { door.program.forward(other.workspace, door.images, door.logits); }), expected);
  EXPECT_EQ(message_of([&] { door.program.backward(other.workspace, door.logits, door.gradients); }),
            expected);
}

TEST(ProgramSpans, RepeatRefusesStepsThatAreNotThere) {
  Door door;
  door.program.backward(door.workspace, door.logits, door.gradients);
  Implementation last = door.program.implementations().back();
  door.program.repeat(last, door.workspace, door.gradients);
  last.end_step += 1000;
  EXPECT_NE(message_of([&] {
              door.program.repeat(last, door.workspace, door.gradients);
            }).find("end of the steps to repeat: number "),
            std::string::npos);
  std::vector<float> none;
  EXPECT_NE(message_of([&] {
              door.program.repeat(door.program.implementations().back(), door.workspace, none);
            }).find("gradients: 0 values given"),
            std::string::npos);
}

TEST(ProgramSpans, ForwardRefusesClassesThatAreNotThoseOfItsImages) {
  Door door;
  const std::vector<int> two{0, 1};
  EXPECT_EQ(
      message_of([&] { door.program.forward(door.workspace, door.images, door.logits, {.classes = two}); }),
      "classes: 2 values given, right are 0 (the network has no condition)");

  NetworkBuilder builder(1, 5, 4, Activation::kTanh, 0.0f, 1, {.classes = 3});
  const int features =
      builder.condition("condition", builder.masked_conv("input", 0, MaskType::kA, {3, 3}, 2));
  const Network network =
      std::move(builder).finish(builder.masked_conv("logits", features, MaskType::kB, {1, 1}, 1));
  const Program program(network, 2, Purpose::kInference);
  PackedWeights packed = program.new_packed_weights();
  program.pack(std::vector<float>(network.parameter_count(), 0.5f), packed);
  Workspace workspace(program, packed);
  const auto forward = [&](const std::vector<int>& classes) {
    return message_of([&] { program.forward(workspace, door.images, door.logits, {.classes = classes}); });
  };
  EXPECT_EQ(forward({}), "classes: 0 values given, right are 2 (one for each image)");
  EXPECT_EQ(forward({0, 3}), "class of an image: 3 given, right are 0 to 2");
  EXPECT_EQ(forward({-1, 0}), "class of an image: -1 given, right are 0 to 2");
  EXPECT_EQ(forward({2, 0}), "nothing was refused");
}

TEST(ProgramSpans, NoProgramComputesLessThanOneImage) {
  const Network network = testing::small_network(5, 4);
  for (const int images : {0, -3})
    EXPECT_EQ(message_of([&] { Program(network, images, Purpose::kInference); }),
              "the network cannot be compiled for " + std::to_string(images) +
                  " images at a time: right is 1 or more");
}

}  // namespace
}  // namespace pcnn
