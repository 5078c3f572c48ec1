"""Training in Python gives what pcnn-run gives, calls back, and ends in order however it ends."""

import os
import pathlib
import shutil
import signal
import subprocess
import sys
import traceback

from support import PACKAGE, Workplace, longest_pause_of_another_thread, main, np, pcnn, program, tensors


class Trainings(Workplace):
    def setUp(self):
        shutil.rmtree("runs", ignore_errors=True)

    def trained_by_program(self, name, *overrides):
        """The files of a run of pcnn-run, under runs/."""
        program("run", f"{name}.yaml", *overrides, "--quiet")
        return self.files(f"runs/{name}")

    @staticmethod
    def files(run):
        run = pathlib.Path(run)
        return ((run / "best.safetensors").read_bytes(), tensors(run / "checkpoint.safetensors"),
                [path.read_bytes() for path in sorted(run.glob("samples/epoch-*.png"))])

    def test_trains_to_the_bits_of_pcnn_run(self):
        expected = self.trained_by_program("binary", "train.learning_rate=0.003", "model.blocks.repeat=2")
        shutil.rmtree("runs")
        run = pcnn.train("binary.yaml", {"train.learning_rate": 0.003, "model.blocks.repeat": 2, "threads": 1})
        self.assertEqual(tensors("runs/binary/best.safetensors"), tensors(run.directory / "best.safetensors"))
        self.assertEqual(self.files(run)[1:], expected[1:])
        shutil.rmtree("runs")
        run = pcnn.train("binary.yaml", ["train.learning_rate=0.003", "model.blocks.repeat=2"])
        self.assertEqual(self.files(run), expected)
        self.assertEqual((run.directory, run.completed), (pathlib.Path("runs/binary"), True))

    def test_goes_on_to_the_same_bits(self):
        expected = self.trained_by_program("classes")
        shutil.rmtree("runs")
        run = pcnn.train("classes.yaml", callback=lambda step: step.step < 7, every_step=True)
        self.assertEqual((run.completed, run.test_nats_per_dim, len(run.epochs)), (False, None, 1))
        run = pcnn.train(resume=run, callback=lambda epoch: epoch.epoch < 2)
        self.assertEqual((run.completed, [epoch.epoch for epoch in run.epochs]), (False, [2]))
        run = pcnn.train(resume="runs/classes")
        self.assertTrue(run.completed)
        self.assertEqual(self.files(run), expected)

    def test_calls_back_after_epochs_and_steps(self):
        events = []
        run = pcnn.train("binary.yaml", callback=events.append, every_step=True)
        steps = [event for event in events if isinstance(event, pcnn.Step)]
        epochs = [event for event in events if isinstance(event, pcnn.Epoch)]
        self.assertEqual([step.step for step in steps], list(range(1, 16)))
        self.assertEqual([epoch.epoch for epoch in epochs], [1, 2, 3])
        self.assertEqual(tuple(epochs), run.epochs)
        self.assertEqual(events[5], epochs[0])  # behind the steps of its epoch
        self.assertEqual((steps[-1].epoch, steps[-1].images, epochs[-1].step), (3, 117, 15))
        self.assertAlmostEqual(steps[-1].learning_rate, 0.001)
        self.assertEqual(steps[-1].train_nats_per_dim, epochs[-1].train_nats_per_dim)
        with self.assertRaises(AttributeError):
            steps[0].step = 2
        self.assertRegex(str(epochs[0]), r"^epoch 1  \d+ images/s  train 0\.\d{4}  validation 0\.\d{4} nats/dim$")
        self.assertRegex(str(steps[0]), r"^step 1  epoch 1  \d+ images/s  train 0\.\d{4} nats/dim$")
        epochs.clear()
        pcnn.train("binary.yaml", {"name": "again"}, callback=epochs.append)
        self.assertEqual([type(event) for event in epochs], [pcnn.Epoch] * 3)

    def test_the_run_has_a_model_and_a_score(self):
        run = pcnn.train("binary.yaml", {"train.epochs": 1})
        x = (np.fromfile("data/idx/t10k-images-idx3-ubyte", np.uint8)[16:].reshape(9, 6, 5) >= 128)
        self.assertAlmostEqual(run.model().nll(x).mean() / 30, run.test_nats_per_dim, places=12)
        self.same(run.model(threads=1).nll(x), pcnn.load(run).nll(x))
        self.assertEqual(repr(run),
                         f"<pcnn.Run 'runs/binary': {run.test_nats_per_dim:.4f} nats/dim on the test split>")

    def test_false_alone_stops_it(self):
        for number, answer in enumerate((None, 0, "", [], True)):
            self.assertTrue(pcnn.train("binary.yaml", {"name": f"n{number}"}, callback=lambda _: answer).completed)
        for number, answer in enumerate((False, np.bool_(False))):
            self.assertFalse(pcnn.train("binary.yaml", {"name": f"f{number}"}, callback=lambda _: answer).completed)

    def test_what_a_callback_raises_comes_out_with_its_traceback(self):
        def fails(event):
            if isinstance(event, pcnn.Epoch):
                raise KeyError("enough")

        try:
            pcnn.train("binary.yaml", callback=fails, every_step=True)
            self.fail("nothing came out")
        except KeyError as error:
            self.assertEqual(error.args, ("enough",))
            self.assertIn("fails", [frame.name for frame in traceback.extract_tb(error.__traceback__)])
        self.assertIn("step 5 is saved", pathlib.Path("runs/binary/results.json").read_text())
        self.assertTrue(pcnn.train(resume="runs/binary").completed)

    def test_a_callback_may_use_models(self):
        first = pcnn.train("binary.yaml", {"name": "first"}).model()
        drawn = []
        pcnn.train("binary.yaml", {"name": "second"}, callback=lambda _: drawn.append(first.sample(2)))
        self.same(drawn[-1], first.sample(2))

    def test_a_callback_computes_as_python_does_elsewhere(self):
        products, half = [], 0.5
        pcnn.train("binary.yaml", callback=lambda _: products.append(sys.float_info.min * half))
        self.assertEqual(products, [sys.float_info.min * half] * 3)
        self.assertNotEqual(products[0], 0.0)

    def test_other_threads_go_on_meanwhile(self):
        # Few steps, so that most of the time is spent within one, and not in what calls back.
        longest, all_of_it = longest_pause_of_another_thread(
            lambda: pcnn.train("binary.yaml", {"train.steps": 2, "train.batch": 39, "model.blocks.repeat": 4,
                                               "model.input.filters": 256, "model.blocks.filters": 128}))
        self.assertLess(longest, all_of_it / 4)

    def test_one_trains_at_a_time(self):
        said = []

        def trains(_):
            try:
                pcnn.train("binary.yaml", {"name": "inner"})
            except pcnn.Error as error:
                said.append(str(error))
            return False

        pcnn.train("binary.yaml", callback=trains)
        self.assertIn("another training runs in this process", said[0])

    def test_refuses_mistakes_in_one_line(self):
        self.refuses("no config, accepted", pcnn.train)
        self.refuses("accepted: one of the two", pcnn.train, "binary.yaml", resume="runs/binary")
        self.refuses("nothing.yaml", pcnn.train, "nothing.yaml")
        self.refuses("runs/nothing", pcnn.train, resume="runs/nothing")
        self.refuses("config: found 3, accepted: a path", pcnn.train, 3)
        self.refuses("callback: found 3, accepted: a function", pcnn.train, "binary.yaml", callback=3)
        self.refuses("did you mean train.batch?", pcnn.train, "binary.yaml", {"train.bacth": 1})
        self.refuses("accepted: an integer", pcnn.train, "binary.yaml", {"train.epochs": "1"})
        self.refuses("did you mean adam?", pcnn.train, "binary.yaml", {"train.optimiser": "adamm"})
        self.refuses("accepted: a dict", pcnn.train, "binary.yaml", "train.epochs=1")
        self.refuses("accepted: texts", pcnn.train, "binary.yaml", [1])
        self.refuses("the key 3", pcnn.train, "binary.yaml", {3: 1})
        self.refuses("train.epochs: found {1}", pcnn.train, "binary.yaml", {"train.epochs": {1}})
        self.assertFalse(pathlib.Path("runs").exists())

    def test_takes_overrides_as_python_has_them(self):
        values = {
            "name": "true", "output": pathlib.Path("runs/a # b"), "train.clip_norm": None, "data.labels": False,
            "train.epochs": np.int64(1), "train.learning_rate": np.float32(0.5), "train.epsilon": 1e-20,
            "model.output.filters": (6, 8), "model.input": {"kernel": [3, 5], "filters": 6},
            "model.blocks": [{"kind": "masked_conv", "kernel": 3, "filters": 6}, {"kind": "gated", "filters": 4}],
        }
        config = pcnn.train("binary.yaml", values).model().config
        for line in ('name: "true"', 'output: "runs/a # b"', "clip_norm: null", "epochs: 1", "learning_rate: 0.5",
                     "epsilon: 1.0e-20", "filters: [6, 8]", "kernel: [3, 5]", "kind: masked_conv", "kind: gated"):
            self.assertIn(line, config)


class Signals(Workplace):
    """Of a script of its own, which says when it trains."""

    SCRIPT = """
import signal, sys, pcnn
signals = [int(number) for number in sys.argv[1:]]
def callback(step):
    if step.step == 3:
        for number in signals: signal.raise_signal(number)
%s
"""
    TRAIN = 'pcnn.train("binary.yaml", {"train.epochs": 40}, callback=callback, every_step=True)'

    def setUp(self):
        shutil.rmtree("runs", ignore_errors=True)

    def script(self, text, *signals):
        return subprocess.run([sys.executable, "-c", self.SCRIPT % text, *map(str, map(int, signals))],
                              env={**os.environ, "PYTHONPATH": str(PACKAGE)}, capture_output=True, text=True, timeout=120)

    def is_saved(self):
        self.assertIn("step 3 is saved", pathlib.Path("runs/binary/results.json").read_text())
        run = pcnn.train(resume="runs/binary", callback=lambda _: False)
        self.assertEqual(run.epochs[0].epoch, 1)

    def test_ctrl_c_saves_the_run_and_raises_keyboard_interrupt(self):
        done = self.script(f"""
try:
    {self.TRAIN}
except KeyboardInterrupt as interrupt:
    print(interrupt)
    print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)
""", signal.SIGINT)
        self.assertEqual(done.stdout.splitlines(),
                         ["the run is saved, pcnn.train(resume='runs/binary') goes on with it", "True"], done.stderr)
        self.is_saved()

    def test_ctrl_c_in_a_training_of_another_thread_is_the_main_thread_s(self):
        done = self.script(f"""
import threading
ended = []
thread = threading.Thread(target=lambda: ended.append({self.TRAIN}))
try:
    thread.start()
    thread.join()
except KeyboardInterrupt:
    print("interrupted")
thread.join()
print(ended)
""", signal.SIGINT)
        self.assertEqual(done.stdout.splitlines(), ["interrupted", "[<pcnn.Run 'runs/binary': not completed>]"], done.stderr)
        self.is_saved()

    def test_sigterm_ends_the_process_once_the_run_is_saved(self):
        done = self.script(self.TRAIN, signal.SIGTERM)
        self.assertEqual(done.returncode, -signal.SIGTERM, done.stderr)
        self.is_saved()

    def test_a_handler_of_the_process_s_own_is_called_once_the_run_is_saved(self):
        done = self.script(f"""
signal.signal(signal.SIGTERM, lambda *_: print("handled"))
print({self.TRAIN}.completed)
""", signal.SIGTERM)
        self.assertEqual(done.stdout.splitlines(), ["handled", "False"], done.stderr)
        self.is_saved()

    def test_a_second_ctrl_c_ends_the_process_at_once(self):
        done = self.script(self.TRAIN, signal.SIGINT, signal.SIGINT)
        self.assertEqual(done.returncode, 128 + signal.SIGINT, done.stderr)

    def test_other_signals_are_handled_meanwhile(self):
        done = self.script(f"""
signal.signal(signal.SIGUSR1, lambda *_: sys.exit("told to leave"))
{self.TRAIN}
""", signal.SIGUSR1)
        self.assertIn("told to leave", done.stderr)
        self.assertTrue(pathlib.Path("runs/binary/results.json").exists())


if __name__ == "__main__":
    main()
