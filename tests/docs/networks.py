"""Small networks with every head, block, activation and condition, as `model` sections of configs, for tests."""

import numpy as np

ROWS, COLUMNS = 6, 5
LABELS = np.array([2, 0, 1, 2])  # of four images


def model(head, channels, activation, slope=None, **more):
    filters = 6
    section = {
        "activation": activation,
        "input": {"kernel": [5, 3], "filters": filters},
        "blocks": [
            {"kind": "residual", "repeat": 2, "kernel": [3, 5], "filters": 3},
            {"kind": "masked_conv", "repeat": 1, "kernel": 3, "filters": 9},
        ],
        "output": {"filters": [6, 3]},
        "head": head,
        **more,
    }
    if slope is not None:
        section["slope"] = slope
    return channels, section


GATED = [
    {"kind": "gated", "repeat": 2, "kernel": 3, "filters": 6, "skip": True},
    {"kind": "masked_conv", "repeat": 1, "kernel": 3, "filters": 6, "dilation": 2},
    {"kind": "gated", "repeat": 1, "kernel": [5, 3], "filters": 9, "dilation": [1, 2]},
]

ATTENTION = [
    {"kind": "attention", "repeat": 1, "heads": 3, "key": 2, "value": 5},
    {"kind": "gated", "repeat": 1, "kernel": 3, "filters": 6},
    {"kind": "attention", "repeat": 2, "heads": 6, "key": 4, "value": 1},
]

# The widths of the first two convolutions of a residual block differ.
REDUCED = [
    {"kind": "residual", "repeat": 2, "kernel": 3, "filters": 3, "reduce": 9},
    {"kind": "masked_conv", "repeat": 1, "kernel": 3, "filters": 6},
]

RECURRENT = [
    {"kind": "row_lstm", "repeat": 1, "kernel": 5, "filters": 6},
    {"kind": "gated", "repeat": 1, "kernel": 3, "filters": 6},
    {"kind": "diagonal_lstm", "repeat": 2, "filters": 3},
]

CASES = {
    "bernoulli_grey": model("bernoulli", 1, "relu"),
    "bernoulli_colour": model("bernoulli", 3, "leaky_relu", 0.2),
    "bernoulli_classes": model("bernoulli", 1, "elu", 0.5, condition={"classes": 3}),
    "gated_classes": model("bernoulli", 1, "relu", condition={"classes": 4}, blocks=GATED),
    "softmax_classes": model("softmax", 3, "leaky_relu", 0.1, levels=8, condition={"classes": 5}),
    "bernoulli_vectors": model("bernoulli", 1, "elu", 0.5, condition={"vector": 3}),
    "gated_vectors": model("softmax", 3, "relu", levels=4, condition={"vector": 2}, blocks=GATED),
    "bernoulli_maps": model("bernoulli", 1, "elu", 0.5, condition={"map": {"channels": 2, "kernel": 3}}),
    "gated_maps": model("softmax", 3, "relu", levels=4, condition={"map": {"channels": 1, "kernel": [3, 5]}}, blocks=GATED),
    "softmax_grey": model("softmax", 1, "elu", 0.7, levels=256),
    "softmax_colour": model("softmax", 3, "tanh", levels=8),
    "mixture_grey": model("logistic_mixture", 1, "sigmoid", levels=256, mixtures=3),
    "mixture_colour": model("logistic_mixture", 3, "relu", levels=256, mixtures=4),
    "forecast_grey": model("logistic_mixture", 1, "elu", 1.0, levels=256, mixtures=3, forecast={"kernel": 5}),
    "forecast_colour": model("logistic_mixture", 3, "relu", levels=256, mixtures=2, forecast={"kernel": [3, 5]}),
    "forecast_embedded": model("logistic_mixture", 2, "tanh", levels=16, mixtures=2, forecast={"kernel": 3},
                               blocks=GATED[:1], input={"kernel": 3, "filters": 6, "embedding": 3}),
    "gated_grey": model("bernoulli", 1, "elu", 1.0, blocks=GATED),
    "gated_colour": model("softmax", 3, "relu", levels=4, blocks=GATED),
    "recurrent_grey": model("bernoulli", 1, "relu", condition={"classes": 3}, blocks=RECURRENT),
    "recurrent_colour": model("softmax", 3, "elu", 1.0, levels=4, condition={"vector": 2}, blocks=RECURRENT),
    "recurrent_mixture": model("logistic_mixture", 3, "tanh", levels=256, mixtures=2, blocks=RECURRENT),
    "gated_mixture": model("logistic_mixture", 3, "tanh", levels=256, mixtures=2, blocks=GATED[:1]),
    "embedded_grey": model("softmax", 1, "relu", levels=16, input={"kernel": 3, "filters": 6, "embedding": 5}),
    "embedded_colour": model("softmax", 3, "elu", 1.0, levels=4, blocks=GATED,
                             input={"kernel": 3, "filters": 6, "embedding": 2}),
    "attention_grey": model("bernoulli", 1, "elu", 1.0, blocks=ATTENTION),
    "attention_colour": model("softmax", 3, "relu", levels=4, blocks=ATTENTION),
    "attention_classes": model("softmax", 1, "tanh", levels=16, condition={"classes": 3}, blocks=ATTENTION,
                               input={"kernel": 3, "filters": 6, "embedding": 4}),
    "attention_maps": model("logistic_mixture", 3, "relu", levels=256, mixtures=2,
                            condition={"map": {"channels": 1, "kernel": 3}}, blocks=ATTENTION),
    "reduced_grey": model("bernoulli", 1, "relu", blocks=REDUCED),
    "linear_input": model("softmax", 1, "elu", 1.0, levels=256, blocks=GATED, output={"filters": []},
                          input={"kernel": 3, "filters": 6, "activation": False}),
    "linear_input_colour": model("softmax", 3, "elu", 1.0, levels=4, condition={"classes": 3},
                                 blocks=REDUCED + GATED, input={"kernel": 3, "filters": 6, "activation": False}),
    "mixture_fine": model("logistic_mixture", 1, "elu", 1.0, levels=1000, mixtures=2),
}
