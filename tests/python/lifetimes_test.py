"""What lives how long, in which thread and in which process; and what is copied."""

import copy
import gc
import multiprocessing
import os
import pickle
import subprocess
import sys
import threading
import weakref

from support import MNIST_SMALL, PACKAGE, Workplace, longest_pause_of_another_thread, main, np, pcnn


class Lifetimes(Workplace):
    def test_views_of_parameters_are_read_only_and_keep_the_model(self):
        model = pcnn.load(MNIST_SMALL)
        inner = weakref.ref(model._model)
        weights = model.parameters()
        copies = {name: array.copy() for name, array in weights.items()}
        self.assertEqual(weights["input.weight"].shape, (48, 1, 7, 7))
        self.assertFalse(weights["input.weight"].flags.owndata)
        with self.assertRaises(ValueError):
            weights["input.weight"][0] = 0
        with self.assertRaises(ValueError):
            weights["input.weight"].flags.writeable = True
        self.assertEqual(weights["input.weight"].ctypes.data, model.parameters()["input.weight"].ctypes.data)
        del model
        gc.collect()
        self.assertIsNotNone(inner())
        for name, array in copies.items():
            self.same(weights[name], array)
        array = weights["logits.bias"]
        del weights
        gc.collect()
        self.assertIsNotNone(inner())
        del array
        gc.collect()
        self.assertIsNone(inner())

    def test_results_are_the_engine_s_own_memory(self):
        model = pcnn.load(MNIST_SMALL)
        x = model.sample(2)
        for result in (model.nll(x), model.nll(x, per_pixel=True), model.logits(x), model.receptive_field(),
                       model.sample(2, probabilities=True)[1]):
            self.assertFalse(result.flags.owndata)
            self.assertTrue(result.flags.writeable and result.flags.c_contiguous)

    def test_arguments_are_left_as_they_are_and_not_copied(self):
        x = pcnn.load(MNIST_SMALL).sample(2).astype(np.uint16)
        from pcnn import arguments
        model = pcnn.load(MNIST_SMALL)
        self.assertIs(arguments.images(model._model, x), x)
        x.flags.writeable = False
        model.nll(x)
        model.complete(x, np.zeros((28, 28), bool))

    def test_models_are_not_pickled_or_copied(self):
        model = pcnn.load(MNIST_SMALL)
        for call in (pickle.dumps, copy.copy, copy.deepcopy, lambda it: pickle.dumps(it, 0)):
            with self.assertRaisesRegex(TypeError, r"hand on its path, and pcnn.load\('.*mnist_small/best.safetensors'\)"):
                call(model)

    def test_events_are_pickled(self):
        epoch = pcnn.Epoch(1, 2, 0.5, 0.25, 10.0, 3.0)
        self.assertEqual(pickle.loads(pickle.dumps(epoch)), epoch)

    def test_several_threads_share_a_model(self):
        model = pcnn.load(MNIST_SMALL)
        expected, results = [model.sample(2, seed=seed) for seed in range(4)], [None] * 4

        def draw(seed):
            results[seed] = model.sample(2, seed=seed)

        threads = [threading.Thread(target=draw, args=(seed,)) for seed in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for left, right in zip(results, expected):
            self.same(left, right)

    def test_other_threads_go_on_while_a_model_computes(self):
        model = pcnn.load(MNIST_SMALL)
        longest, all_of_it = longest_pause_of_another_thread(lambda: model.sample(400))
        self.assertLess(longest, all_of_it / 2)


class Processes(Workplace):
    @staticmethod
    def script(text):
        return subprocess.run([sys.executable, "-c", "import multiprocessing, os, sys, pcnn\n" + text],
                              env={**os.environ, "PYTHONPATH": str(PACKAGE)}, capture_output=True, text=True, timeout=60)

    def test_a_forked_process_is_refused_and_ends_well(self):
        done = self.script(f"""
model = pcnn.load({str(MNIST_SMALL)!r})
model.sample(2)
sys.stdout.flush()
child = os.fork()
if child == 0:
    for call in (model.sample, lambda: pcnn.load(model.path), lambda: pcnn.train("binary.yaml")):
        try:
            call()
        except pcnn.Error as error:
            print(type(error).__name__, error)
    del model
    sys.exit(3)
print("child", os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), model.sample(1).shape)
""")
        lines = done.stdout.splitlines()
        self.assertEqual(lines[0], "Error this process was forked from one that had used pcnn, whose threads are not in "
                         "it, accepted: a process of its own, as multiprocessing's \"spawn\" starts it", done.stderr)
        self.assertEqual(lines[1:], [lines[0]] * 2 + ["child 3 (1, 1, 28, 28)"])

    def test_a_process_forked_before_use_computes(self):
        done = self.script(f"""
child = os.fork()
if child == 0:
    print(pcnn.load({str(MNIST_SMALL)!r}).sample(2).shape, flush=True)
    sys.exit(0)
print("child", os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
print(pcnn.load({str(MNIST_SMALL)!r}).sample(2).shape)
""")
        self.assertEqual(done.stdout.splitlines(), ["(2, 1, 28, 28)", "child 0", "(2, 1, 28, 28)"], done.stderr)

    def test_spawned_processes_compute(self):
        model = pcnn.load(MNIST_SMALL, threads=1)
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            drawn = pool.apply(draw_in_another_process, (model.path,))
        self.same(drawn, model.sample(2, seed=4))


def draw_in_another_process(path):
    return pcnn.load(path).sample(2, seed=4)


if __name__ == "__main__":
    main()
