"""Times pcnn beside other frameworks, round by round, and prints one Markdown table. See README.md.
Run through compare.sh; the PYTHON environment variable chooses the interpreter of the peers."""

import argparse
import json
import os
import platform
import re
import signal
import statistics
import subprocess
import sys
from pathlib import Path

import peer

HERE = Path(__file__).resolve().parent
BENCH = Path(os.environ.get("PCNN_BENCH") or HERE.parents[1] / "build" / "bin" / "pcnn-bench")
SCRIPTS = {"pytorch": "pytorch_peer.py", "keras": "keras_peer.py"}
REFERENCE_TASKS = ("train", "score", "sample")
LSTM_TASKS = {"row_lstm": "rows", "diagonal_lstm": "diagonal"}  # as pcnn-bench names them
LSTM_SCRIPTS = {"pytorch": "pytorch_lstm.py"}
TASKS = (*REFERENCE_TASKS, *LSTM_TASKS)
PRECISIONS = ("f32", "bf16")


class MeasurementError(Exception):
    """A measurement that went wrong; the message is one line."""


class SkippedError(Exception):
    """A measurement that pcnn-bench itself skips on this machine, with its reason."""


def pcnn_name(task, precision, threads):
    if task == "sample":
        return f"Sample/{precision}/images:{peer.CHAINS}/threads:{threads}/real_time"
    if task in LSTM_TASKS:
        return f"TrainLstm/{LSTM_TASKS[task]}/{precision}/threads:{threads}/real_time"
    return f"{'TrainStep' if task == 'train' else 'Score'}/{precision}/threads:{threads}/real_time"


def run(*command, stderr=None):
    return subprocess.run(command, check=False, stdout=subprocess.PIPE, stderr=stderr, text=True)


def pcnn_names():
    return set(run(BENCH, "--benchmark_list_tests=true").stdout.split())


def pcnn_version():
    try:
        return run(BENCH.with_name("pcnn-run"), "--version").stdout.split("\n")[0] or "pcnn, version unknown"
    except OSError:
        return "pcnn, version unknown"


def measure_pcnn(name):
    done = run(BENCH, "--benchmark_format=json", "--benchmark_min_time=2",
               f"--benchmark_filter=^{name}$")
    try:
        [result] = json.loads(done.stdout)["benchmarks"]
    except (ValueError, KeyError):
        raise MeasurementError(f"pcnn-bench gave no single result for {name} (exit status {done.returncode})")
    if result.get("error_occurred") or result.get("skipped"):
        raise SkippedError(result.get("error_message") or result.get("skip_message") or "no reason given")
    if not result.get("items_per_second"):
        raise MeasurementError(f"pcnn-bench reports no items_per_second for {name}")
    return result["items_per_second"]


class Peer:
    """A peer's process: started and warmed up once, then one answer for each line it is sent."""

    def __init__(self, script, arguments):
        # A session of its own: an interrupt reaches the driver alone, which then stops the peer.
        self.process = subprocess.Popen([sys.executable, HERE / script, *arguments], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True, start_new_session=True)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind:
            self.kill()
        try:
            self.process.stdin.close()  # the end of its input ends it
        except BrokenPipeError:
            pass
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.kill()
            self.process.wait()
        self.process.stdout.close()

    def kill(self):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)

    def answer(self):
        line = self.process.stdout.readline().strip()
        if not line:
            raise MeasurementError(f"the peer ended with exit status {self.process.wait()}")
        return line

    def measure(self):
        try:
            self.process.stdin.write("\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # answer() says how it ended
        answer = self.answer()
        try:
            return float(answer)
        except ValueError:
            raise MeasurementError(f"unexpected answer of the peer: {answer}")


def compare(name, script, arguments, rounds, progress):
    """Pairs of pcnn's and the peer's images per second; every second round takes the peer first."""
    pairs = []
    with Peer(script, arguments) as process:
        progress(process.answer().removeprefix("ready "))
        for index in range(rounds):
            if index % 2 == 0:
                ours = measure_pcnn(name)
                theirs = process.measure()
            else:
                theirs = process.measure()
                ours = measure_pcnn(name)
            pairs.append((ours, theirs))
            progress(f"round {index + 1} of {rounds}: pcnn {short(ours)}, peer {short(theirs)} images/s")
    return pairs


def short(value):
    """Three digits, or the whole part where that is longer."""
    return f"{value:.0f}" if value >= 100 else f"{value:#.3g}".rstrip(".")


def row(task, precision, framework, pairs):
    ours, theirs = (statistics.median(values) for values in zip(*pairs))
    ratios = [a / b for a, b in pairs]
    return (f"| {task} | {precision} | {framework} | {short(ours)} | {short(theirs)} "
            f"| {short(statistics.median(ratios))} | {short(min(ratios))}..{short(max(ratios))} |")


def cpu_model():
    try:
        found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    except OSError:
        found = None
    return found[1] if found else platform.processor() or platform.machine()


def installed(frameworks):
    """Versions of those that can be imported, and one line for each of the others."""
    versions, missing = {}, []
    for framework in frameworks:
        done = run(sys.executable, HERE / SCRIPTS[framework], "--version", stderr=subprocess.PIPE)
        if done.returncode == 0:
            versions[framework] = done.stdout.strip()
        elif done.returncode == peer.NOT_INSTALLED:
            missing.append(f"skipped {framework}: {done.stderr.strip()}")
        else:
            sys.exit(f"compare: {SCRIPTS[framework]} --version failed:\n{done.stderr.strip()}")
    return versions, missing


def listed(known):
    def parse(text):
        chosen = text.split(",")
        for word in chosen:
            if word not in known:
                raise argparse.ArgumentTypeError(f"unknown '{word}' (known: {', '.join(known)})")
        return list(dict.fromkeys(chosen))

    return parse


def parse_options():
    parser = argparse.ArgumentParser(prog="compare.sh", description="pcnn beside other frameworks.")
    parser.add_argument("--tasks", type=listed(TASKS), default=list(REFERENCE_TASKS),
                        help=f"of {','.join(TASKS)}; default: {','.join(REFERENCE_TASKS)}")
    parser.add_argument("--precisions", type=listed(PRECISIONS), default=["f32"],
                        help="f32,bf16; default: f32")
    parser.add_argument("--peers", type=listed(SCRIPTS), default=list(SCRIPTS),
                        help="default: pytorch,keras")
    parser.add_argument("--threads", type=peer.positive(int), default=None,
                        help="of each side; default: all that pcnn-bench knows")
    parser.add_argument("--rounds", type=peer.positive(int), default=os.environ.get("ROUNDS", "5"),
                        help="per row; default: the environment variable ROUNDS, or 5")
    parser.add_argument("--seconds", type=peer.positive(float), default=4.0,
                        help="least duration of a peer's round, but of sample; default: 4")
    parser.add_argument("--pixels", type=peer.positive(int), default=16,
                        help="of 784, timed per sampling round of a peer; default: 16")
    parser.add_argument("--compile", action="store_true", help="PyTorch with torch.compile")
    return parser.parse_args()


def main():
    options = parse_options()
    if not os.access(BENCH, os.X_OK) or BENCH.is_dir():
        sys.exit(f"compare: no {os.path.relpath(BENCH)}; build it with ./scripts/setup.sh --no-data")

    known = pcnn_names()
    if options.threads is None:  # as many as pcnn finds cores and quota for
        options.threads = max((int(n) for n in re.findall(r"/threads:(\d+)/", "\n".join(known))), default=1)
    versions, notes = installed(options.peers)
    print(f"CPU: {cpu_model()}; {options.threads} threads on {peer.usable_cores()} usable cores")
    print(f"Versions: {'; '.join([pcnn_version(), *versions.values()])}")
    print("Images per second, medians of "
          f"{options.rounds} alternating rounds; ratio: pcnn / peer, above 1 where pcnn is faster.")
    if "sample" in options.tasks:
        print(f"Sampling: {peer.CHAINS} images; the peers' figure is scaled from {options.pixels} of "
              f"{peer.SIDE * peer.SIDE} pixels.")
    for note in notes:
        print(note)
    if not versions:
        sys.exit("compare: none of the peers is installed; see bench/peers/README.md")

    print("\n| task | precision | peer | pcnn images/s | peer images/s | ratio | lowest..highest |")
    print("|---|---|---|---|---|---|---|", flush=True)
    rows, failures, notes = 0, 0, []
    for task in options.tasks:
        for precision in options.precisions:
            name = pcnn_name(task, precision, options.threads)
            if name not in known:
                notes.append(f"skipped {task} {precision}: pcnn-bench has no such benchmark"
                             + (f" ({name})" if name else ""))
                continue
            scripts = LSTM_SCRIPTS if task in LSTM_TASKS else SCRIPTS
            for framework in versions:
                if framework not in scripts:
                    notes.append(f"skipped {task} {precision} {framework}: no such peer")
                    continue
                arguments = ["--task", task, "--precision", precision, "--threads", str(options.threads),
                             "--seconds", str(options.seconds), "--pixels", str(options.pixels)]
                if options.compile and framework == "pytorch":
                    arguments.append("--compile")

                def progress(text, label=f"{task} {precision} {framework}"):
                    print(f"{label}: {text}", file=sys.stderr, flush=True)

                try:
                    pairs = compare(name, scripts[framework], arguments, options.rounds, progress)
                except SkippedError as error:
                    notes.append(f"skipped {task} {precision} {framework}: pcnn-bench: {error}")
                    continue
                except MeasurementError as error:
                    notes.append(f"failed {task} {precision} {framework}: {error}")
                    failures += 1
                    continue
                print(row(task, precision, framework, pairs), flush=True)
                rows += 1
    if notes:
        print("", *notes, sep="\n")
    sys.exit(1 if failures or not rows else 0)


def stop(number, _):
    sys.exit(128 + number)


if __name__ == "__main__":
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)
    main()
