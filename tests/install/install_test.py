"""Installs pcnn into a folder, moves the folder, and uses it from there: the programs, their manual pages, and a project outside
of the source tree, once found by CMake and once by pkg-config. What the project draws is what the installed pcnn-sample draws.

install_test.py BUILD SOURCE    the build folder, and the source tree
"""

import gzip
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

try:
    import numpy as np
except ImportError:
    print("skipped: python3 has no numpy (Debian: python3-numpy)")
    sys.exit(77)

BUILD, SOURCE = map(lambda name: Path(name).resolve(), sys.argv[1:3])
MODEL = SOURCE / "configs" / "trained" / "mnist_small"


def run(*command, **more):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, **more)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def check(condition, what):
    if not condition:
        sys.exit(f"failed: {what}")


def levels_of(folder, program, **more):
    printed = run(program, MODEL, 3, 7, cwd=folder, **more)
    return printed, np.fromfile(folder / "levels.u16", np.uint16)


with tempfile.TemporaryDirectory() as scratch:
    scratch = Path(scratch)
    run("cmake", "--install", BUILD, "--prefix", scratch / "first")
    prefix = scratch / "moved elsewhere"
    shutil.move(scratch / "first", prefix)
    names = {path.relative_to(prefix).as_posix() for path in prefix.rglob("*") if path.is_file()}
    for program in ("run", "sample", "eval", "inspect", "sweep"):
        check(f"bin/pcnn-{program}" in names, f"pcnn-{program} is installed")
        check(f"share/bash-completion/completions/pcnn-{program}" in names, f"pcnn-{program} is completed in bash")
        page = gzip.decompress((prefix / f"share/man/man1/pcnn-{program}.1.gz").read_bytes()).decode()
        shown = run(prefix / "bin" / f"pcnn-{program}", "--help")
        options = set(re.findall(r"^ +(?:-\w,)?(--[a-z-]+)", shown, re.MULTILINE))
        told = {name.replace("\\-", "-") for name in re.findall(r"^(?:.*, )?\\fB(\\-\\-[a-z\\-]+)\\fR", page, re.MULTILINE)}
        check(len(options) >= 5 and told == options, f"the manual page of pcnn-{program} has the options of --help, not {told ^ options}")
        check(f"\n.SH EXAMPLES\n.nf\npcnn\\-{program} " in page, f"the manual page of pcnn-{program} has examples")
        if shutil.which("man"):
            warned = subprocess.run(["man", "--warnings", "-l", prefix / f"share/man/man1/pcnn-{program}.1.gz"],
                                    capture_output=True, text=True)
            check(warned.returncode == 0 and not warned.stderr, f"man reads the page of pcnn-{program}: {warned.stderr}")
    check("include/pcnn/pcnn.h" in names, "the header is installed")
    check([name for name in names if name.endswith(".h")] == ["include/pcnn/pcnn.h"], "no other header is")
    check("share/pcnn/configs/mnist.yaml" in names, "configs are installed")
    for name in names:
        if name.endswith((".cmake", ".pc")):
            check(str(scratch) not in (prefix / name).read_text(), f"{name} names no place it was installed to")
            check(str(SOURCE) not in (prefix / name).read_text(), f"{name} names no place it was built in")

    loaded = run("ldd", prefix / "bin" / "pcnn-run")
    check("not found" not in loaded and str(BUILD) not in loaded, f"no library of the build folder is needed, found {loaded}")
    run(prefix / "bin" / "pcnn-sample", MODEL, "--count", 3, "--seed", 7, "--output", scratch / "drawn.npy")
    drawn = np.load(scratch / "drawn.npy").astype(np.uint16).ravel()

    shutil.copytree(SOURCE / "tests" / "install" / "example", scratch / "example")
    library = next(path.parent for path in prefix.rglob("pcnn.pc")).parent
    run("cmake", "-S", scratch / "example", "-B", scratch / "example" / "build", f"-DCMAKE_PREFIX_PATH={prefix}")
    run("cmake", "--build", scratch / "example" / "build")
    printed, levels = levels_of(scratch, scratch / "example" / "build" / "draws_digits")
    check(np.array_equal(levels, drawn), "the project of find_package draws what pcnn-sample draws")
    check(len(printed.split()) == 3, "it scores them")

    # pkg-config cannot carry a blank in a path.
    plain = scratch / "plain"
    prefix.rename(plain)
    environment = {**os.environ, "PKG_CONFIG_PATH": str(plain / library.relative_to(prefix) / "pkgconfig")}
    if shutil.which("pkg-config"):
        flags = run("pkg-config", "--cflags", "--libs", "pcnn", env=environment).split()
        run("g++", "-std=c++20", "-Wall", "-Wextra", "-Werror", scratch / "example" / "main.cpp", "-o", scratch / "by_pkg_config", *flags)
        shared = {**os.environ, "LD_LIBRARY_PATH": str(plain / library.relative_to(prefix))}
        again, levels = levels_of(scratch, scratch / "by_pkg_config", env=shared)
        check(again == printed and np.array_equal(levels, drawn), "the program of pkg-config draws the same")
    wrong = subprocess.run([scratch / "example" / "build" / "draws_digits", "nothing", "1", "1"], capture_output=True,
                           text=True, env={**os.environ, "LD_LIBRARY_PATH": str(plain / library.relative_to(prefix))})
    check(wrong.returncode == 2 and wrong.stderr.count("\n") == 1 and "nothing: not found" in wrong.stderr,
          f"a mistake is one line, found {wrong.stderr!r}")
