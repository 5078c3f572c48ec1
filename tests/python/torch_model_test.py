"""pcnn.torch_model computes in PyTorch what the engine computes, can be trained there without seeing what it is to
predict, and keeps the names of parameters.

torch_model_test.py BIN PACKAGE    see support.py
"""

import sys

import made_model
import numpy as np
import pcnn
import support
from pcnn import graph as graphs

try:
    import torch
except ImportError as error:
    print(f"skipped: {error} (PyPI: torch)")
    sys.exit(77)

from pcnn import torch_model  # noqa: E402

torch.set_num_threads(2)


def told(made):
    return {name: torch.from_numpy(value) for name, value in made.told.items()}


@made_model.for_every_case
class TorchModel(made_model.Making):
    def check(self, name):
        made = self.made(name)
        model = torch_model.load(made.path)
        self.assertEqual(set(model.state_dict()), set(made.tensors))
        levels = torch.from_numpy(made.levels)
        with torch.no_grad():
            nats, logits = model.nats(levels, **told(made)).numpy(), model(levels, **told(made)).numpy()
        expected_nats, expected = made.engine()
        np.testing.assert_allclose(nats, expected_nats, rtol=1e-5)
        self.assertLess(made_model.largest_difference(logits, expected), 1e-5)

    def test_checks_what_it_is_given(self):
        model = torch_model.load(self.made("gated_classes").path)
        image = torch.zeros(1, 1, 6, 5, dtype=torch.long)
        for words, levels, given in (("found torch.float32", image.float(), {"classes": torch.tensor([1])}),
                                     ("levels: found 0 to 2, accepted: 0 to 1", image + 2 * torch.eye(6, 5).long(),
                                      {"classes": torch.tensor([1])}),
                                     ("classes: not given", image, {}),
                                     ("vector: given, the network is told classes", image,
                                      {"classes": torch.tensor([1]), "vector": torch.zeros(1, 3)})):
            with self.assertRaisesRegex(pcnn.InputError, words):
                model(levels, **given)

    def test_never_sees_what_it_is_to_predict_after_training(self):
        for name in ("gated_colour", "attention_grey", "recurrent_colour"):
            made = self.made(name)
            model = torch_model.load(made.path).train()
            levels, given = torch.from_numpy(made.levels), told(made)
            optimiser = torch.optim.AdamW(model.parameters(), lr=1e-2)
            before = model.nats(levels, **given).mean()
            for _ in range(5):
                optimiser.zero_grad()
                loss = model.nats(levels, **given).mean()
                loss.backward()
                optimiser.step()
            self.assertLess(loss, before, name)
            with torch.no_grad():
                for parameter in made.graph["parameters"]:  # no weight behind a mask counts
                    mask = graphs.live(parameter)
                    if mask is not None:
                        model.get_parameter(parameter["name"])[torch.from_numpy(~mask)] = 7.0
                z = model.eval()(levels, **given)
                changed = levels.clone()
                changed[:, :, 3, 2] = (changed[:, :, 3, 2] + 1) % model.levels
                moved = (model(changed, **given) - z).abs().amax(dim=(0, 1)).flatten()
            first = 3 * 5 + 2
            self.assertEqual(float(moved[:first].max()), 0.0, name)
            self.assertGreater(float(moved[first + 1:].max()), 0.0, name)
            if len(levels[0]) == 1:
                self.assertEqual(float(moved[first]), 0.0, name)

    def test_takes_images_of_other_sizes(self):
        made = self.made("gated_grey")
        model = torch_model.load(made.path)
        levels = torch.from_numpy(np.random.default_rng(1).integers(0, 2, (2, 1, 9, 11)))
        self.assertEqual(tuple(model(levels).shape), (2, 1, 9, 11))

    def test_drops_values_in_training_alone(self):
        config = self.folder() / "dropping.yaml"
        config.write_text("data: {dataset: mnist}\nmodel: {dropout: 0.5, blocks: {kind: residual, filters: 4}}\n")
        torch.manual_seed(1)
        model = torch_model.build(graphs.of_config(config))
        for parameter in model.parameters():
            torch.nn.init.normal_(parameter)
        levels = torch.zeros(1, 1, 28, 28, dtype=torch.long)
        self.assertFalse(torch.equal(model.train()(levels), model(levels)))
        self.assertTrue(torch.equal(model.eval()(levels), model(levels)))


if __name__ == "__main__":
    support.main()
