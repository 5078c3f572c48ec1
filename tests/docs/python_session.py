"""One Python interpreter for a page: runs its blocks one after the other, as a reader would who types them. As a program it
is that interpreter, with pcnn.train() on a small budget, as program.py gives it to pcnn-run.
"""

import contextlib
import doctest
import io
import json
import os
import pathlib
import subprocess
import sys
import traceback


class Session:
    """Of a sandbox's folder and environment, in which `pcnn` is found."""

    def __init__(self, box):
        self.process = subprocess.Popen([sys.executable, str(pathlib.Path(__file__).resolve())], cwd=box.folder,
                                        env=box.environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def close(self):
        self.process.stdin.close()
        self.process.wait()

    def run(self, source, mode):
        """(what it printed, whether it raised): of a block, "exec", or a line or statement at the prompt, "single"."""
        self.process.stdin.write(json.dumps([source, mode]) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


def examples(text):
    """(source, lines it prints) of a block with prompts."""
    for example in doctest.DocTestParser().get_examples(text):
        yield example.source, example.want.splitlines()


def train_on_a_budget(pcnn):
    import program
    from pcnn.overrides import override_list

    train = pcnn.train

    def little(config=None, overrides=None, *, resume=None, **more):
        given = override_list(overrides)
        more_of_them = program.budget(["--resume", os.fspath(resume)] if resume else [os.fspath(config), *given])
        return train(config, given + more_of_them, resume=resume, **more)

    pcnn.train = little


def main():
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what the engine prints is no reply
    import pcnn

    train_on_a_budget(pcnn)
    names = {"__name__": "__main__"}
    for line in sys.stdin:
        source, mode = json.loads(line)
        printed, raised = io.StringIO(), False
        with contextlib.redirect_stdout(printed):
            try:
                exec(compile(source, "<page>", mode), names)
            except Exception:
                raised = True
                traceback.print_exc(file=printed)
        replies.write(json.dumps([printed.getvalue(), raised]) + "\n")
        replies.flush()


if __name__ == "__main__":
    main()
