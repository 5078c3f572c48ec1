"""The graph of a network as the engine describes it (docs/interchange.md), and the values of its parameters."""

from __future__ import annotations

import json
import os
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import _pcnn, arguments
from .model import load as load_model

Graph = dict[str, Any]


def load(run_or_checkpoint: str | os.PathLike[str]) -> tuple[Graph, dict[str, NDArray[np.float32]]]:
    """(graph, values of parameters by name) of a run directory, whose best parameters are taken, or of a checkpoint."""
    model = load_model(run_or_checkpoint)
    return model.graph(), model.parameters()


def of_config(config: str | os.PathLike[str], overrides: list[str] | None = None,
              image: tuple[int, int, int] | None = None) -> Graph:
    """The network of a config. image: channels, rows and columns; None: those of its data set."""
    graph: Graph = json.loads(_pcnn.network_graph(arguments.path_text("config", config), overrides or [], image))
    return graph


def live(parameter: dict[str, Any]) -> NDArray[np.bool_] | None:
    """Of a parameter of the graph: whether each weight is live, in its shape; None where all are."""
    if "mask" not in parameter:
        return None
    filters, maps = parameter["shape"][:2]
    groups = parameter["mask"]["groups"]
    to = np.arange(filters)[:, None] * groups // filters
    source = np.arange(maps)[None, :] * groups // maps
    reads = {"0": source < 0, "1": source >= 0, "<": source < to, "=": source <= to, "o": source == to}
    result = np.zeros(parameter["shape"], bool)
    for row, signs in enumerate(parameter["mask"]["live"]):
        for column, sign in enumerate(signs):
            result[:, :, row, column] = reads[sign]
    return result


def needed(graph: Graph) -> list[dict[str, Any]]:
    """The nodes that the logits are computed from, in order."""
    wanted, nodes = {graph["logits"]}, []
    for node in reversed(graph["nodes"]):
        if node["name"] in wanted:
            wanted.update(node["inputs"])
            nodes.append(node)
    return nodes[::-1]
