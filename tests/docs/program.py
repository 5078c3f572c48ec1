"""Stands in a test's build/bin/ under the name of one of our programs and calls it with a small budget, so that
the commands of the pages train for a step or two and draw few images. An argument that a command gives itself is
left as it is, but for --count, which is cut.
"""

import json
import os
import pathlib
import sys

PROGRAMS = pathlib.Path(os.environ["PCNN_PROGRAMS"])
BUDGET = {"train.steps": 2, "data.train_images": 8, "data.validation_images": 4, "sample.count": 1}
MOST_IMAGES = 16


def steps_taken(run):
    lines = (pathlib.Path(run) / "metrics.jsonl").read_text().splitlines()
    return json.loads(lines[-1])["step"]


def budget(arguments):
    if {"--dry-run", "--schema", "--keys", "--help", "--version"} & set(arguments):
        return []
    given = {argument.partition("=")[0] for argument in arguments}
    if "--resume" in arguments:
        return [f"train.steps={steps_taken(arguments[arguments.index('--resume') + 1]) + 2}"]
    return [f"{key}={value}" for key, value in BUDGET.items() if key not in given]


def main():
    name, arguments = pathlib.Path(sys.argv[0]).name, sys.argv[1:]
    if name in ("pcnn-run", "pcnn-sweep"):
        arguments += budget(arguments)
    if name == "pcnn-sample" and "--count" in arguments:
        at = arguments.index("--count") + 1
        arguments[at] = str(min(int(arguments[at]), MOST_IMAGES))
    os.execv(PROGRAMS / name, [name, *arguments])


main()
