"""Stands in a test's build/bin/ under the name of one of our programs and calls it with a small budget, so that
the commands of the pages train for a step or two, draw few images and make few trials, and only small networks are
verified to be causal. An argument that a command gives itself is left as it is, but for counts, which are cut.
"""

import json
import os
import pathlib
import sys

PROGRAMS = pathlib.Path(os.environ["PCNN_PROGRAMS"])
BUDGET = {"train.steps": 2, "data.train_images": 8, "data.validation_images": 4, "sample.count": 1}
MOST_IMAGES, FEWEST_TRIALS, MOST_TRIALS = 16, 3, 5
LARGE = {"configs/mnist.yaml", "runs/mnist"}


def steps_taken(run):
    lines = (pathlib.Path(run) / "metrics.jsonl").read_text().splitlines()
    return json.loads(lines[-1])["step"]


def budget(arguments):
    if {"--schema", "--keys", "--help", "--version"} & set(arguments):
        return []
    given = {argument.partition("=")[0] for argument in arguments}
    if "--resume" in arguments:
        return [f"train.steps={steps_taken(arguments[arguments.index('--resume') + 1]) + 2}"]
    wanted = [key for key in BUDGET if key.startswith("data.") or "--dry-run" not in arguments]
    return [f"{key}={BUDGET[key]}" for key in wanted if key not in given]


def cut_trials(arguments):
    """A random search makes the fewest trials, or the most where the command asks for a number."""
    asked = [argument for argument in arguments if argument.startswith("sweep.trials=")]
    configs = [pathlib.Path(argument) for argument in arguments if argument.endswith(".yaml")]
    if asked:
        arguments[arguments.index(asked[0])] = f"sweep.trials={MOST_TRIALS}"
    elif configs and "method: random" in configs[0].read_text():
        arguments.append(f"sweep.trials={FEWEST_TRIALS}")


def main():
    name, arguments = pathlib.Path(sys.argv[0]).name, sys.argv[1:]
    if name in ("pcnn-run", "pcnn-sweep"):
        arguments += budget(arguments)
    if name == "pcnn-sweep" and "--help" not in arguments:
        cut_trials(arguments)
    if name == "pcnn-sample" and "--count" in arguments:
        at = arguments.index("--count") + 1
        arguments[at] = str(min(int(arguments[at]), MOST_IMAGES))
    if name == "pcnn-inspect" and LARGE & set(arguments):
        arguments.append("--no-verify")
    os.execv(PROGRAMS / name, [name, *arguments])


if __name__ == "__main__":
    main()
