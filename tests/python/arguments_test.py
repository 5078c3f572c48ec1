"""Whatever is wrong with an argument is refused in one line that says what would be right."""

import pathlib

from support import COLUMNS, MNIST_SMALL, ROWS, Workplace, main, np, pcnn


class Arguments(Workplace):
    trained = ("binary", "classes", "colour", "codes", "vector", "maps")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.models = {name: pcnn.load(f"runs/{name}") for name in cls.trained}
        cls.x = np.zeros((2, 1, ROWS, COLUMNS), np.uint8)

    def test_paths(self):
        self.refuses("nowhere: not found, accepted: a run directory", pcnn.load, "nowhere")
        self.refuses("path: found 3, accepted: a path", pcnn.load, 3)
        self.refuses("path: found None", pcnn.load, None)
        pathlib.Path("broken.safetensors").write_bytes(b"\x08\0\0\0\0\0\0\0nonsense")
        self.refuses("broken.safetensors: byte ", pcnn.load, "broken.safetensors")
        self.refuses("binary.yaml", pcnn.load, "binary.yaml")

    def test_threads(self):
        for threads in (0, -1, 1025, 1.5, "all"):
            self.refuses("accepted: None, or an integer in 1 to 1024", pcnn.load, MNIST_SMALL, threads)

    def test_types_of_images(self):
        score = self.models["binary"].nll
        self.refuses("x: found values of type float64, accepted: integers, levels 0 to 1; of numbers from 0 to 1 they "
                     "would be (x >= 0.5)", score, self.x / 1)
        self.refuses("(x * 7).round().astype(int)", self.models["colour"].nll, np.zeros((1, 3, ROWS, COLUMNS), np.float32))
        for x in (None, "x", self.x.astype(complex), self.x.astype("M8[s]"), self.x.astype(object), {}):
            self.refuses("accepted: integers, levels 0 to 1", score, x)
        self.refuses("of which NumPy makes no array", score, [[0, 1], [1]])

    def test_shapes_of_images(self):
        for call in (self.models["binary"].nll, self.models["binary"].logits,
                     lambda x: self.models["binary"].complete(x, np.zeros((ROWS, COLUMNS), bool))):
            for shape in ((), (5,), (0, 1, 6, 5), (0, 6, 5), (2, 3, 6, 5), (1, 2, 1, 6, 5), (2, 1, 0, 5)):
                self.refuses("accepted: images x 1 x rows x columns, the first two of which may be left out", call,
                             np.zeros(shape, int))
        self.refuses("x: found an array of 2x3x6x5,", self.models["binary"].nll, np.zeros((2, 3, 6, 5), int))
        self.refuses("x: found a single value,", self.models["binary"].nll, 1)
        for shape in ((6, 5), (2, 6, 5), (4, 6, 5), (2, 1, 6, 5), (2, 6, 5, 3)):
            self.refuses("accepted: images x 3 x rows x columns, or 3 x rows x columns", self.models["colour"].nll,
                         np.zeros(shape, int))
        self.refuses("; where channels come last, np.moveaxis(x, -1, -3)", self.models["colour"].nll,
                     np.zeros((2, 6, 5, 3), int))

    def test_levels(self):
        for value, kind in ((2, np.uint8), (-1, np.int64), (65535, np.uint16), (65536, np.int32), (2**63, np.uint64)):
            x = self.x.astype(kind)
            x[1, 0, 3, 2] = value
            self.refuses(f"image 1: found the value {value}, accepted: levels, 0 to 1", self.models["binary"].nll, x)
        self.refuses("found the value 512, accepted: levels, 0 to 511", self.models["codes"].logits, self.x.astype(int) + 512)

    def test_masks(self):
        complete = self.models["binary"].complete
        self.refuses("mask: found values of type float64, accepted: integers or booleans", complete, self.x,
                     np.zeros((ROWS, COLUMNS)))
        for shape in ((), (ROWS,), (COLUMNS, ROWS), (3, ROWS, COLUMNS), (2, 2, ROWS, COLUMNS), (0, ROWS, COLUMNS)):
            self.refuses("accepted: one of 6x5 for all images, or 2x6x5", complete, self.x, np.zeros(shape, bool))

    def test_classes(self):
        model = self.models["classes"]
        self.refuses("found the class 3, accepted: 0 to 2", model.sample, 2, classes=3)
        self.refuses("classes: found -1, accepted", model.sample, 2, classes=[0, -1])
        self.refuses(f"classes: found {2**40}, accepted", model.nll, self.x, classes=2**40)
        self.refuses("found an array of 3, accepted: one number for all images, or 2, one for each", model.nll, self.x,
                     classes=[0, 1, 2])
        self.refuses("accepted: integers, one for each image", model.sample, 2, classes=1.0)
        self.refuses("accepted: integers, one for each image", model.sample, 2, classes="two")
        self.refuses("is told none", self.models["binary"].sample, 2, classes=0)
        self.refuses("is told the class", model.logits, self.x)
        self.refuses("is told the class", model.nll, self.x, per_pixel=True)

    def test_conditions(self):
        vector, maps = self.models["vector"], self.models["maps"]
        self.refuses("numbers given, and runs/binary/best.safetensors is told none", self.models["binary"].sample, 2,
                     condition=[1.0])
        self.refuses("0 numbers given of 2 images", vector.sample, 2)
        self.refuses("0 numbers given of 2 images", vector.nll, self.x)
        self.refuses("found an array of 4, accepted: 3 for all images, or 2x3", vector.sample, 2, condition=[1, 2, 3, 4])
        self.refuses("found an array of 3x3, accepted: 3 for all", vector.sample, 2, condition=np.ones((3, 3)))
        self.refuses("accepted: 2x4x9 for all images, or 5x2x4x9", maps.sample, 5, height=4, width=9,
                     condition=np.ones((5, 2, ROWS, COLUMNS)))
        self.refuses("accepted: finite numbers", vector.sample, 2, condition=[0, np.nan, 0])
        self.refuses("accepted: finite numbers", vector.sample, 2, condition=[0, 1e300, 0])
        self.refuses("accepted: numbers", vector.sample, 2, condition=["a", "b", "c"])

    def test_numbers(self):
        sample = self.models["binary"].sample
        for count in (0, -1, 2.0, "2", None, 2**31):
            self.refuses("count: found", sample, count)
        self.refuses("count: found 0, accepted: an integer in 1 to", self.models["binary"].complete, self.x,
                     self.x[0, 0], count=0)
        self.refuses("dimensions, accepted: up to", sample, 2**31 - 1)
        for seed in (-1, 2**63, 1.0, None):
            self.refuses("accepted: an integer in 0 to 2**63 - 1", sample, 1, seed=seed)
        for temperature in (-0.1, 1001, np.inf, np.nan, "hot", None):
            self.refuses("accepted: a number in 0 to 1000", sample, 1, temperature=temperature)
        for size in (0, -3, 2.5):
            self.refuses("height: found", sample, 1, height=size)
            self.refuses("width: found", sample, 1, width=size)

    def test_an_error_of_its_own_is_no_input_error(self):
        self.assertTrue(issubclass(pcnn.InputError, pcnn.Error))
        self.assertTrue(issubclass(pcnn.Error, RuntimeError))
        self.assertFalse(issubclass(pcnn.Error, ValueError))


if __name__ == "__main__":
    main()
