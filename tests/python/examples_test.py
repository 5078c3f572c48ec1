"""The scripts of python/examples/ run as they are, on little data, and draw what they say."""

import os
import subprocess
import sys

from support import PACKAGE, ROOT, Workplace, main, np, pcnn

try:
    import matplotlib.image
    import tqdm  # noqa: F401
except ImportError as error:
    print(f"skipped: {error} (Debian: python3-matplotlib python3-tqdm)")
    sys.exit(77)


class Examples(Workplace):
    def run_example(self, name, *arguments):
        done = subprocess.run([sys.executable, str(ROOT / "python" / "examples" / name), *arguments],
                              env={**os.environ, "PYTHONPATH": str(PACKAGE)}, capture_output=True, text=True, timeout=300)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done

    def test_digits_plots_a_training_and_its_model(self):
        for config in ("binary", "classes"):
            done = self.run_example("digits.py", f"{config}.yaml", "train.epochs=2")
            self.assertIn("epoch 2", done.stdout)
            self.assertIn(f"runs/{config}: 0.", done.stdout)
            picture = matplotlib.image.imread("digits.png")
            self.assertEqual(picture.shape[:2], (780, 1200))
            self.assertGreater(np.unique(picture[..., :3].reshape(-1, 3), axis=0).shape[0], 20)

    def test_progress_shows_a_bar(self):
        done = self.run_example("progress.py", "binary.yaml", "7")
        self.assertIn("7/7", done.stderr)
        self.assertIn("nats_per_dim=0.", done.stderr)
        self.assertIn("runs/progress: ", done.stdout)

    def test_codes_trains_a_prior_and_decodes_what_it_draws(self):
        images = np.random.default_rng(1).integers(0, 2, (300, 3, 2)).repeat(8, 1).repeat(8, 2) * 255
        np.save("images.npy", images.astype(np.uint8))
        done = self.run_example("codes.py", "images.npy", "40")
        self.assertIn("6x4 codes per image", done.stdout)
        picture = (matplotlib.image.imread("codes.png")[..., 0] * 255).round()
        rows = picture.reshape(4, 24, 16, 16)
        np.testing.assert_array_equal(rows[1], rows[0])  # two patches need two codes
        self.assertTrue(np.isin(rows[2:], (0, 255)).all())
        self.assertEqual(pcnn.load(next(self.folder.glob("codes_example/prior_*"))).shape, (1, 6, 4))


if __name__ == "__main__":
    main()
