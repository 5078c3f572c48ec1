"""Trained models in Python give what the programs give, to the last bit."""

import pathlib

from support import COLUMNS, MNIST_SMALL, ROWS, Workplace, drawn_by_program, main, np, pcnn, scored_by_program, strokes


class Models(Workplace):
    trained = ("binary", "classes", "colour", "codes", "vector", "maps")

    def test_describes_itself(self):
        model = pcnn.load("runs/colour")
        self.assertEqual((model.shape, model.levels, model.classes, model.condition_shape, model.dtype),
                         ((3, ROWS, COLUMNS), 8, 0, (), np.uint8))
        self.assertEqual(model.path, "runs/colour/best.safetensors")
        self.assertIn("name: colour", model.config)
        self.assertEqual(repr(model), f"<pcnn.Model 'runs/colour/best.safetensors': 3x{ROWS}x{COLUMNS} images, 8 levels>")
        self.assertIn("3 classes", repr(pcnn.load("runs/classes")))
        self.assertEqual(pcnn.load("runs/classes").classes, 3)
        self.assertEqual(pcnn.load("runs/codes").dtype, np.uint16)
        self.assertEqual(pcnn.load("runs/vector").condition_shape, (3,))
        self.assertEqual(pcnn.load(pathlib.Path("runs/maps/best.safetensors")).condition_shape, (2, ROWS, COLUMNS))

    def test_draws_what_pcnn_sample_draws(self):
        small = pcnn.load(MNIST_SMALL)
        self.same(small.sample(), drawn_by_program(MNIST_SMALL, "--count", 25))
        for name in ("colour", "codes"):
            self.same(pcnn.load(f"runs/{name}", threads=1).sample(7, seed=2**63 - 1, temperature=0.7),
                      drawn_by_program(f"runs/{name}", "--count", 7, "--seed", 2**63 - 1, "--temperature", 0.7))
        self.same(pcnn.load("runs/binary").sample(3, height=4, width=9),
                  drawn_by_program("runs/binary", "--count", 3, "--height", 4, "--width", 9))

    def test_draws_under_classes_and_numbers(self):
        classes = pcnn.load("runs/classes")
        self.same(classes.sample(7), drawn_by_program("runs/classes", "--count", 7))
        self.same(classes.sample(4, classes=2), drawn_by_program("runs/classes", "--count", 4, "--class", 2))
        self.same(classes.sample(4, classes=[2, 2, 0, 0]),
                  drawn_by_program("runs/classes", "--count", 4, "--class", "2,0"))
        for name, directory in (("vector", "codes"), ("maps", "maps")):
            rows = np.load(f"data/{directory}/test_condition.npy")
            drawn = drawn_by_program(f"runs/{name}", "--count", len(rows), "--condition",
                                     f"data/{directory}/test_condition.npy")
            model = pcnn.load(f"runs/{name}")
            self.same(model.sample(len(rows), condition=rows), drawn)
            self.same(model.sample(3, condition=rows[0]), model.sample(3, condition=rows[[0, 0, 0]]))

    def test_probabilities_are_those_of_the_trace(self):
        for name in ("binary", "codes"):
            drawn_by_program(f"runs/{name}", "--count", 2, "--trace", f"{name}_trace.npy")
            images, probabilities = pcnn.load(f"runs/{name}").sample(2, probabilities=True)
            self.same(images, pcnn.load(f"runs/{name}").sample(2))
            self.same(probabilities, np.load(f"{name}_trace.npy"))

    def test_completes_as_pcnn_sample_does(self):
        model = pcnn.load(MNIST_SMALL)
        x = model.sample(2, seed=5)
        mask = np.zeros((28, 28), bool)
        mask[:14] = True
        np.save("x.npy", x)
        np.save("mask.npy", mask)
        drawn = drawn_by_program(MNIST_SMALL, "--complete", "x.npy", "--mask", "mask.npy", "--count", 3, "--seed", 9)
        completed = model.complete(x, mask, count=3, seed=9)
        self.same(completed, drawn)
        np.testing.assert_array_equal(completed.reshape(2, 3, 1, 28, 28)[:, :, :, :14],
                                      np.broadcast_to(x[:, np.newaxis, :, :14], (2, 3, 1, 14, 28)))
        each = np.stack([mask, ~mask])
        self.same(model.complete(x, each)[0], model.complete(x[:1], mask)[0])
        images, probabilities = model.complete(x, each.astype(np.int64)[:, np.newaxis], probabilities=True)
        self.same(images, model.complete(x, each))
        self.assertEqual(probabilities.shape, images.shape)

    def test_completes_under_classes_and_numbers(self):
        model = pcnn.load("runs/classes")
        x = np.zeros((2, ROWS, COLUMNS), int)
        np.save("x.npy", x)
        np.save("mask.npy", x[0])
        self.same(model.complete(x, x[0], count=3),
                  drawn_by_program("runs/classes", "--complete", "x.npy", "--mask", "mask.npy", "--count", 3))
        self.same(model.complete(x, x[0], count=3, classes=[1, 2]), model.sample(6, classes=[1, 1, 1, 2, 2, 2]))
        rows = np.load("data/codes/test_condition.npy")[:2]
        np.save("rows.npy", rows)
        self.same(pcnn.load("runs/vector").complete(x, x[0], condition=rows),
                  drawn_by_program("runs/vector", "--complete", "x.npy", "--mask", "mask.npy", "--count", 1,
                                   "--condition", "rows.npy"))

    def test_scores_as_pcnn_eval_does(self):
        rng = np.random.default_rng(2)
        model = pcnn.load(MNIST_SMALL)
        x = model.sample(5)
        self.same(model.nll(x), scored_by_program(MNIST_SMALL, x * np.uint8(255)))
        codes = np.load("data/codes/test.npy")
        self.same(pcnn.load("runs/codes", threads=1).nll(codes), scored_by_program("runs/codes", codes))
        binary = strokes(rng, 9)
        self.same(pcnn.load("runs/binary").nll(binary >= 128), scored_by_program("runs/binary", binary))
        self.same(pcnn.load("runs/classes").nll(binary >= 128), scored_by_program("runs/classes", binary))
        rows = "data/codes/test_condition.npy"
        self.same(pcnn.load("runs/vector").nll(codes, condition=np.load(rows)),
                  scored_by_program("runs/vector", codes, "--condition", rows))

    def test_scores_by_pixel_and_logits_add_up(self):
        model = pcnn.load("runs/binary")
        x = strokes(np.random.default_rng(3), 4)[:, 0] >= 128
        nats, maps, logits = model.nll(x), model.nll(x, per_pixel=True), model.logits(x)
        self.assertEqual((nats.dtype, maps.dtype, logits.dtype), (np.float64, np.float32, np.float32))
        self.assertEqual((maps.shape, logits.shape), ((4, ROWS, COLUMNS), (4, 1, ROWS, COLUMNS)))
        np.testing.assert_allclose(maps.sum((1, 2)), nats, rtol=1e-5)  # sums of 30 floats
        of_logits = np.log1p(np.exp(np.where(x, -logits[:, 0], logits[:, 0]).astype(float)))
        np.testing.assert_allclose(of_logits.sum((1, 2)), nats, rtol=1e-5)
        colour = pcnn.load("runs/colour")
        x = colour.sample(2)
        self.assertEqual(colour.nll(x, per_pixel=True).shape, (2, ROWS, COLUMNS))
        self.assertEqual(colour.logits(x).shape, (2, 3 * 8, ROWS, COLUMNS))

    def test_scores_what_it_draws_as_likely_as_it_drew_it(self):
        model = pcnn.load("runs/colour")
        x, probabilities = model.sample(3, probabilities=True)
        drawn_with = np.take_along_axis(probabilities, x[..., np.newaxis].astype(int), -1)[..., 0]
        # The sampler and the scorer add in other orders.
        np.testing.assert_allclose(-np.log(drawn_with.astype(float)).sum((1, 2, 3)), model.nll(x), rtol=1e-4)

    def test_takes_images_in_every_layout_and_type_of_integers(self):
        model, colour = pcnn.load("runs/binary"), pcnn.load("runs/colour")
        x = model.sample(3)
        nats = model.nll(x)
        for array in (x[:, 0], x.tolist(), x.astype(bool), x.astype(np.int64), x.astype(">u2"), x.astype(np.uint64),
                      np.asfortranarray(x), np.repeat(x, 2, -1)[..., ::2]):
            self.same(model.nll(array), nats)
        self.same(model.nll(x[0]), nats[:1])
        self.same(model.nll(x[0, 0]), nats[:1])
        x = colour.sample(2)
        self.same(colour.nll(x[1]), colour.nll(x)[1:])

    def test_takes_images_of_other_sizes(self):
        model = pcnn.load("runs/binary")
        x = model.sample(2, height=9, width=4)
        self.assertEqual(model.nll(x, per_pixel=True).shape, (2, 9, 4))
        self.assertEqual(model.logits(x).shape, (2, 1, 9, 4))
        maps = pcnn.load("runs/maps")
        rows = np.ones((2, 7, 8), np.float32)
        drawn = maps.sample(2, height=7, width=8, condition=rows)
        self.assertEqual(drawn.shape, (2, 1, 7, 8))
        self.assertEqual(maps.nll(drawn, condition=rows).shape, (2,))

    def test_sees_earlier_pixels_alone(self):
        field = pcnn.load("runs/binary").receptive_field()
        self.assertEqual(field.shape[1], 2)
        offsets = set(map(tuple, field.tolist()))
        self.assertIn((-1, 0), offsets)
        self.assertTrue(all(down < 0 or (down == 0 and right < 0) for down, right in offsets))


if __name__ == "__main__":
    main()
