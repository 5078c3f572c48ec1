"""A network's graph says all that its arithmetic needs: computed from it node by node in NumPy, images of every kind of
network get the engine's logits.

graph_test.py BIN PACKAGE    see support.py
"""

import made_model
import numpy as np
import pcnn
import reference_model as reference
import support
from pcnn import graph as graphs


def values_of(graph, level):
    head = graph["head"]
    return head["first_value"] + (head["last_value"] - head["first_value"]) / (head["levels"] - 1) * level


def compute(graph, tensors, level, given):
    """Logits of one image of these levels, [channel][row][column]."""
    groups, results = graph["groups"], {}
    parameters = {p["name"]: p for p in graph["parameters"]}

    def live(name):
        mask = graphs.live(parameters[name])
        return tensors[name] if mask is None else tensors[name] * mask

    def conv(node, x):
        return reference.masked_conv(x, live(node["weight"]), tensors[node["bias"]], "none", groups, node["dilation"])

    def embedding(node, x):
        each = node["channels"] // len(level)
        return np.stack([tensors[node["table"]][level[m // each], m] for m in range(node["channels"])])

    def lstm(node, x):
        path = {"rows": "rows", "diagonal": "forth", "diagonal_back": "back"}[node["path"]]
        states = reference.lstm(x, tensors[node["weight"]], groups, path)
        return reference.moved_down(states) if node["down"] else states

    kinds = {
        "image": lambda node: values_of(graph, level),
        "given_maps": lambda node: given,
        "masked_conv": conv,
        "activation": lambda node, x: reference.activation(node["function"], node.get("slope"))(x),
        "add": lambda node, a, b: a + b,
        "gate": lambda node, x: reference.gate(x, groups),
        "embedding": embedding,
        "class_vector": lambda node, x: x + tensors[node["table"]][given][:, None, None],
        "number_vector": lambda node, x: x + (given @ tensors[node["table"]])[:, None, None],
        "concatenation": lambda node, a, b: reference.side_by_side(groups, a, b),
        "positions": lambda node: reference.positions(groups, *level.shape[1:]),
        "attention": lambda node, q, k, v: reference.attention(q, k, v, node["heads"]),
        "lstm": lstm,
    }
    for node in graphs.needed(graph):
        results[node["name"]] = kinds[node["kind"]](node, *(results[name] for name in node["inputs"]))
        assert len(results[node["name"]]) == node["channels"], node
    return results[graph["logits"]]


@made_model.for_every_case
class Graph(made_model.Making):
    def check(self, name):
        made = self.made(name)
        tensors = {key: value.astype(np.float64) for key, value in made.tensors.items()}
        told = next(iter(made.told.values()), [None] * len(made.levels))
        found = np.stack([compute(made.graph, tensors, *image) for image in zip(made.levels, told)])
        self.assertLess(made_model.largest_difference(made.engine()[1], found), 1e-5)

    def test_is_of_networks_that_are_drawn_from_as_they_score(self):
        for name in ("reduced_grey", "linear_input", "linear_input_colour"):
            made = self.made(name)
            model = pcnn.load(made.path, threads=2)
            told = {"classes": [1] * 3} if made.told else {}
            x, p = model.sample(3, seed=5, probabilities=True, **told)
            of_drawn = np.where(x, p, 1.0 - p) if p.ndim == 4 else np.take_along_axis(p, x[..., None].astype(int), 4)
            nats = -np.log(of_drawn.astype(np.float64)).reshape(3, -1).sum(1)
            np.testing.assert_allclose(nats, model.nll(x, **told), rtol=1e-5)

    def test_is_that_of_the_model_and_of_its_config(self):
        made = self.made("gated_classes")
        self.assertEqual(graphs.load(made.path)[0], made.graph)
        self.assertEqual(made.graph, support.json.loads(support.program("inspect", made.path, "--graph", "-")))


if __name__ == "__main__":
    support.main()
