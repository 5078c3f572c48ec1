"""Runs what a page shows, from top to bottom, in a sandbox: commands (```sh) must end well and write the files they
name, sessions (```console) must print what is shown, numbers aside, so must Python (```pycon, and ```python without prompts),
which is run in one interpreter, and configs (```yaml) must load.

commands_test.py BIN PAGE    the page; BIN: the folder of our programs
commands_test.py BIN --help  the examples in the programs' own help
commands_test.py BIN         what holds for all pages together: links, languages of blocks, the list below
"""

import contextlib
import functools
import pathlib
import re
import sys
import tempfile
import time

try:
    import numpy  # noqa: F401
    import PIL  # noqa: F401
    import yaml
except ImportError as error:
    print(f"skipped: {error} (Debian: python3-numpy python3-pil python3-yaml)")
    sys.exit(77)

import markdown
import python_session
import sandbox

# Shown, but not run here, and why. An entry that no page shows any more is a failure.
NOT_RUN = {
    "./scripts/setup.sh && build/bin/pcnn-run configs/mnist.yaml": "installs packages, builds and trains for hours",
    "./scripts/test.sh": "runs this test",
    "./scripts/fetch_data.sh mnist": "needs the network; tests/scripts/fetch_data_test.cpp tests the script",
    "./scripts/fetch_data.sh fashion-mnist": "the same",
    "./scripts/fetch_data.sh cifar10": "the same",
    "cmake --preset asan && cmake --build --preset asan --parallel && ctest --preset asan": "builds all anew",
    "./scripts/setup.sh --onednn 3": "downloads and builds; scripts/test_onednn3.sh does it",
    "./scripts/setup.sh --onednn debian": "builds; .ci/run does it",
    "bench/scaling.sh --rounds 5": "measures for minutes",
    "cmake --install build --prefix ~/pcnn": "writes beside the sandbox; tests/install/install_test.py does it",
    "pip install .": "compiles the engine anew; .ci/run does it",
    "CMAKE_PREFIX_PATH=~/pcnn pip install . --config-settings cmake.source-dir=python":
        "needs a package index; scripts/wheel.sh does it",
    "./scripts/wheel.sh": "needs a package index; .ci/run does it",
    "cpack --config build/CPackConfig.cmake -B build/package":
        "the sandbox is no build folder; tests/install/package_test.py does it",
    "pcnn-export runs/mnist mnist.onnx": "needs onnx; tests/python/export_test.py exports every kind of network",
    "pcnn-convert --from torch state.pt --config configs/mnist.yaml --output runs/converted":
        "needs a network from elsewhere; tests/python/convert_test.py makes some",
    "pcnn-convert --from keras model.keras --config tutorial.yaml --output runs/tutorial --check images.npy outputs.npy":
        "the same",
    "./scripts/fuzz.sh 60": "builds the fuzzers and runs them for minutes",
    "./scripts/torture.sh": "builds the programs with sanitizers and ill-treats them for minutes",
}
README_LINES = 160


class Failure(Exception):
    pass


def require(condition, message):
    if not condition:
        raise Failure(message)


def named_outputs(command):
    """Files that a command says it writes."""
    return re.findall(r"(?:--output|-o|--scores|--nll-map|--trace|--field|>)[ =](\S+)", command)


def run_command(box, command):
    box.train_missing_runs(command)
    result = box.run(command)
    require(result.returncode == 0, f"`{command}` ended with {result.returncode}:\n{result.stdout}")
    for name in named_outputs(command):
        path = box.folder / name
        require(path.exists(), f"`{command}` wrote no {name}")
        require(not path.is_dir() or any(path.iterdir()), f"`{command}` left the folder {name} empty")


def without_numbers(line):
    return re.sub(r"\d[\d,]*(\.\d+)?(e[-+]?\d+)?", "N", line.rstrip())


def is_error(line):
    return re.match(r"(pcnn-\w+|[\w.]+\.(sh|py)): ", line) is not None


def same_line(shown, printed):
    return shown == printed if is_error(shown) else without_numbers(shown) == without_numbers(printed)


def matches(shown, printed):
    """Whether lines are those shown, where "..." stands for any number of them."""
    if not shown:
        return not printed
    if shown[0] == "...":
        return any(matches(shown[1:], printed[skip:]) for skip in range(len(printed) + 1))
    return bool(printed) and same_line(shown[0], printed[0]) and matches(shown[1:], printed[1:])


def run_session(box, command, shown):
    box.train_missing_runs(command)
    result = box.run(command)
    fails = any(is_error(line) for line in shown)
    require((result.returncode != 0) == fails, f"`{command}` ended with {result.returncode}:\n{result.stdout}")
    printed = [line for line in result.stdout.splitlines() if not re.search(r" [\d:]+ left$", line)]  # no progress
    require(matches(shown, printed),
            f"`{command}` printed\n{result.stdout}\nbut the page shows\n" + "\n".join(shown))


def run_python(session, text):
    printed, raised = session.run(text, "exec")
    require(not raised, f"`{text}` raised\n{printed}")


def run_prompts(session, text):
    for source, shown in python_session.examples(text):
        printed, raised = session.run(source, "single")
        is_shown = matches(shown, printed.splitlines())
        require(is_shown and raised == any(line.startswith("Traceback") for line in shown),
                f"`{source}` printed\n{printed}\nbut the page shows\n" + "\n".join(shown))


def load_config(box, text):
    """Saves the config under its own name, for the commands after it, and has pcnn-inspect read it. A fragment is a
    config too: every key has a default. A first line `# NAME.yaml` is the file it is to be saved as."""
    name = re.match(r"# (\S+\.yaml)\n", text)
    file = name[1] if name else yaml.safe_load(text).get("name", "fragment") + ".yaml"
    (box.folder / file).write_text(text + "\n")
    result = box.run(f"build/bin/pcnn-inspect {file} --no-verify")
    require(result.returncode == 0, f"config {file}: {result.stdout}")


def check_files(box, table):
    box.train_missing_runs(table.directory)
    for pattern in table.patterns:
        require(any((box.folder / table.directory).glob(pattern.rstrip("/"))),
                f"{table.directory} holds no {pattern}")


def check_part(box, part, session):
    if isinstance(part, markdown.FileTable):
        check_files(box, part)
    elif part.language == "sh":
        for command in markdown.commands(part.text):
            if command not in NOT_RUN:
                run_command(box, command)
    elif part.language == "console":
        for command, shown in markdown.sessions(part.text):
            run_session(box, command, shown)
    elif part.language == "python":
        run_python(session(), part.text)
    elif part.language == "pycon":
        run_prompts(session(), part.text)
    elif part.language == "yaml":
        load_config(box, part.text)


def needs_package(part):
    language = getattr(part, "language", "")
    return language in ("python", "pycon") or (language == "sh" and "build/python" in part.text)


def check_page(page, programs):
    """(failures, whether a part was left out)"""
    failures, left_out = [], False
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as at_end:
        box = sandbox.Sandbox(folder, programs)

        @functools.cache
        def session():
            made = python_session.Session(box)
            at_end.callback(made.close)
            return made

        for part in markdown.parts(page):
            if needs_package(part) and not any(box.package.glob("pcnn/_pcnn.*.so")):
                print(f"{page.name}:{part.line}: left out, the Python package was not built (Debian: pybind11-dev "
                      "python3-dev)")
                left_out = True
                continue
            start = time.monotonic()
            try:
                check_part(box, part, session)
            except Failure as failure:
                failures.append(f"{page.name}:{part.line}: {failure}")
            print(f"{page.name}:{part.line}: {time.monotonic() - start:.1f} s", flush=True)
    return failures, left_out


def check_help(programs):
    """The examples are the lines of the text above the usage that begin with two spaces and a program's name."""
    failures = []
    for program in sandbox.PROGRAMS:
        with tempfile.TemporaryDirectory() as folder:
            box = sandbox.Sandbox(folder, programs)
            text = box.run(f"pcnn-{program} --help").stdout
            examples = re.findall(r"^  (pcnn-\w+ .*)$", text, flags=re.MULTILINE)
            if not examples:
                failures.append(f"pcnn-{program} --help shows no example")
            for command in examples:
                try:
                    run_command(box, command)
                except Failure as failure:
                    failures.append(f"pcnn-{program} --help: {failure}")
    return failures


def check_links(page):
    for target, anchor in markdown.links(page):
        path = (page.parent / target).resolve() if target else page
        if not path.exists():
            yield f"{page.name}: links to {target}, which is not there"
        elif anchor and anchor not in markdown.headings(path):
            yield f"{page.name}: links to {target}#{anchor}, a heading that is not there"


def check_all_pages():
    failures, shown = [], set()
    for page in markdown.PAGES:
        failures += check_links(page)
        for part in markdown.parts(page):
            if isinstance(part, markdown.FileTable):
                continue
            if part.language not in markdown.LANGUAGES:
                failures.append(f"{page.name}:{part.line}: a block of '{part.language}', accepted: "
                                + ", ".join(markdown.LANGUAGES))
            if part.language == "sh":
                shown.update(markdown.commands(part.text))
    failures += [f"NOT_RUN has `{command}`, which no page shows" for command in NOT_RUN if command not in shown]
    lines = len(markdown.PAGES[0].read_text().splitlines())
    if lines > README_LINES:
        failures.append(f"README.md has {lines} lines, at most {README_LINES} are read")
    return failures


def main():
    programs = pathlib.Path(sys.argv[1]).resolve()
    left_out = False
    if len(sys.argv) < 3:
        failures = check_all_pages()
    elif sys.argv[2] == "--help":
        failures = check_help(programs)
    else:
        failures, left_out = check_page(pathlib.Path(sys.argv[2]).resolve(), programs)
    for failure in failures:
        print(failure)
    sys.exit(1 if failures else 77 if left_out else 0)


main()
