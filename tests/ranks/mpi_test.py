"""Programs under mpirun: the same bits on any number of ranks, one line for a mistake, and what is left of a run of which a rank
is killed, that is interrupted, or whose disk is full.

mpi_test.py PROGRAMS    the folder of the programs
"""

import atexit
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

try:
    import numpy as np
except ImportError:
    print("skipped: python3 has no numpy (Debian: python3-numpy)")
    sys.exit(77)

PROGRAMS = Path(sys.argv[1]).resolve()
MPIRUN = shutil.which("mpirun")
VERSION = subprocess.run([PROGRAMS / "pcnn-run", "--version"], capture_output=True, text=True).stdout
if MPIRUN is None or "MPI" not in VERSION:
    print("skipped: pcnn was built without MPI, or there is no mpirun (Debian: libopenmpi-dev, openmpi-bin)")
    sys.exit(77)

# Open MPI wants to be told that root and more ranks than cores are meant; other launchers pass these by.
ENVIRONMENT = {**os.environ, "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
               "OMPI_MCA_rmaps_base_oversubscribe": "1", "OMPI_MCA_hwloc_base_binding_policy": "none",
               "OMPI_MCA_btl_vader_single_copy_mechanism": "none", "OMPI_MCA_orte_base_help_aggregate": "1"}


def mpirun(ranks, program, *words, **more):
    return subprocess.run([MPIRUN, "-n", str(ranks), PROGRAMS / program, *map(str, words)], capture_output=True, text=True,
                          env=ENVIRONMENT, timeout=300, **more)


def check(condition, what):
    if not condition:
        sys.exit(f"failed: {what}")


def good(done, what):
    check(done.returncode == 0, f"{what} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done


def tensors(path):
    """What is behind the header, which has names and times."""
    data = path.read_bytes()
    return data[8 + int.from_bytes(data[:8], "little"):]


def metrics(run):
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return [{key: value for key, value in line.items() if key not in ("seconds", "images_per_second")} for line in lines]


def same_run(one, other):
    for name in ("best.safetensors", "checkpoint.safetensors"):
        check(tensors(one / name) == tensors(other / name), f"{name} of {other.name} has the bits of {one.name}")
    check(metrics(one) == metrics(other), f"the metrics of {other.name} are those of {one.name}")


def pids_of(run):
    """Of the processes that have the word in their command line, but for mpirun."""
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                words = (process / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if words[0].endswith(b"/pcnn-run") and str(run).encode() in b" ".join(words):
                found.append(int(process.name))
    return sorted(found)


def wait_for(condition, what, seconds=120):
    until = time.monotonic() + seconds
    while not condition():
        check(time.monotonic() < until, f"{what() if callable(what) else what}, within {seconds} s")
        time.sleep(0.05)


with tempfile.TemporaryDirectory() as scratch:
    scratch = Path(scratch)
    (scratch / "data").mkdir()
    images = np.random.default_rng(1).integers(0, 2, (180, 8, 7), np.uint8)
    np.save(scratch / "data" / "train.npy", images[:150])
    np.save(scratch / "data" / "test.npy", images[150:])
    config = scratch / "small.yaml"
    config.write_text(f"""data: {{dataset: npy, directory: {scratch}/data, quantised: true, validation_images: 30}}
output: {scratch}/runs
model: {{input: {{kernel: 5, filters: 12}}, blocks: {{repeat: 2, filters: 8}}, output: {{filters: [8]}}, head: softmax, levels: 2}}
train: {{optimiser: adam, batch: 20, epochs: 2, shard_images: 2, average: {{decay: 0.9}}}}
sample: {{count: 4}}
""")
    runs = scratch / "runs"
    good(subprocess.run([PROGRAMS / "pcnn-run", config, "name=alone"], capture_output=True, text=True), "a run without mpirun")

    for ranks in (1, 2, 3, 5):
        done = good(mpirun(ranks, "pcnn-run", config, f"name=of{ranks}", "threads=1"), f"a run on {ranks} ranks")
        same_run(runs / "alone", runs / f"of{ranks}")
        check(done.stdout.count("samples, curves and parameters") == 1, f"rank 0 alone speaks, found {done.stdout}")

    # Scores and samples, of one process and of three.
    def results(name, start):
        good(start("pcnn-sample", runs / "alone", "--count", 7, "--seed", 3, "--output", scratch / f"{name}.npy"), "sampling")
        good(start("pcnn-eval", runs / "alone", "--scores", scratch / f"{name}.csv"), "scoring")
        return (scratch / f"{name}.npy").read_bytes(), (scratch / f"{name}.csv").read_text()

    alone = results("alone", lambda program, *words: subprocess.run([PROGRAMS / program, *map(str, words)], capture_output=True,
                                                                    text=True))
    for ranks in (2, 3, 5):
        check(results(f"of{ranks}", lambda *words: mpirun(ranks, *words)) == alone, f"{ranks} ranks draw and score what one does")

    # A mistake is one line, and the others end.
    wrong = mpirun(3, "pcnn-run", config, "train.batch=0", "name=wrong")
    check(wrong.returncode == 2 and wrong.stderr.count("train.batch") == 2 and not (runs / "wrong").exists(),
          f"a mistake is told once, found {wrong.returncode}, {wrong.stderr!r}")
    for words in (["--help"], ["--version"]):
        check(good(mpirun(3, "pcnn-run", *words), str(words)).stdout.count("Usage" if words == ["--help"] else "oneDNN") == 1,
              f"{words} is shown once")

    # Trials of a sweep are handed out to ranks, each a process that is no rank itself.
    sweep = ["train.learning_rate=0.001,0.003,0.01", "train.batch=10,20"]
    good(subprocess.run([PROGRAMS / "pcnn-sweep", config, *sweep, "name=sweep_alone", "threads=1"], capture_output=True, text=True),
         "a sweep without mpirun")
    good(mpirun(3, "pcnn-sweep", config, *sweep, "name=sweep_of3"), "a sweep on three ranks")
    for trial in range(1, 7):
        same_run(runs / "sweep_alone" / f"trial-{trial}", runs / "sweep_of3" / f"trial-{trial}")
    # Ranks take part as one process beside another.
    with open(scratch / "shared.out", "w") as output:
        beside = [subprocess.Popen([*launcher, PROGRAMS / "pcnn-sweep", config, *sweep, "name=sweep_shared"], env=ENVIRONMENT,
                                   stdout=output, stderr=subprocess.STDOUT) for launcher in ([MPIRUN, "-n", "3"], [])]
    check([process.wait(timeout=120) for process in beside] == [0, 0], (scratch / "shared.out").read_text())
    for trial in range(1, 7):
        same_run(runs / "sweep_alone" / f"trial-{trial}", runs / "sweep_shared" / f"trial-{trial}")
        check((runs / "sweep_shared" / "log.txt").read_text().count(f"trial {trial}  done") == 1, f"trial {trial} is trained once")
    for name, wait in (("killed", 0), ("stopped", 1)):
        with open(scratch / "sweep.out", "w") as output:
            process = subprocess.Popen([MPIRUN, "-n", "3", PROGRAMS / "pcnn-sweep", config, *sweep, f"name=sweep_{name}",
                                        "train.epochs=40"], env=ENVIRONMENT, stdout=output, stderr=subprocess.STDOUT)
        wait_for(lambda: (runs / f"sweep_{name}" / "trial-1" / "metrics.jsonl").is_file(), "a trial is under way")
        process.send_signal(signal.SIGTERM if wait else signal.SIGKILL)
        process.wait(timeout=60)
        wait_for(lambda: not pids_of(f"sweep_{name}"), "no trial is left")
        good(mpirun(2, "pcnn-sweep", config, *sweep, f"name=sweep_{name}", "train.epochs=40"), f"the {name} sweep goes on")
        check(len(list((runs / f"sweep_{name}").glob("trial-*/results.json"))) == 6, "all trials are done")

    long = ["train.epochs=null", "train.steps=3000", "train.checkpoint_every={steps: 50}", "sample.count=0", "threads=1"]

    # Where a check fails no rank is left behind.
    atexit.register(lambda: [os.kill(pid, signal.SIGKILL) for pid in pids_of(config)])

    def begin(name, *more):
        with open(scratch / f"{name}.out", "w") as output:  # a pipe that nobody reads would stop it
            process = subprocess.Popen([MPIRUN, "-n", "3", PROGRAMS / "pcnn-run", config, f"name={name}", *long, *more],
                                       env=ENVIRONMENT, stdout=output, stderr=subprocess.STDOUT)
        wait_for(lambda: process.poll() is not None or ((runs / name / "metrics.jsonl").is_file() and len(metrics(runs / name)) > 1),
                 f"{name} is under way")
        check(process.poll() is None, f"{name} runs, found {(scratch / f'{name}.out').read_text()}")
        return process

    def ends_as_alone(name, ranks):
        """Goes on to step 400 on so many ranks, and has then the bits of a run that was never stopped."""
        state = json.loads((runs / name / "metrics.jsonl").read_text().splitlines()[-1])["step"]
        steps = -(-max(400, state + 50) // 10) * 10
        good(mpirun(ranks, "pcnn-run", "--resume", runs / name, f"train.steps={steps}"), f"{name} goes on")
        good(subprocess.run([PROGRAMS / "pcnn-run", config, f"name={name}_whole", *long, f"train.steps={steps}"],
                            capture_output=True, text=True), "the run that is not stopped")
        check(tensors(runs / name / "checkpoint.safetensors") == tensors(runs / f"{name}_whole" / "checkpoint.safetensors"),
              f"{name} has the bits of the run that was not stopped")

    # A rank that is killed ends all, and the checkpoint is good.
    for which, name in ((-1, "killed_last"), (0, "killed_first")):
        process = begin(name)
        pids = pids_of(f"{config} name={name}")
        check(len(pids) == 3, f"three ranks run, found {pids}")
        os.kill(pids[which], signal.SIGKILL)
        check(process.wait(timeout=60) != 0, f"mpirun fails: {(scratch / f'{name}.out').read_text()}")
        wait_for(lambda: not pids_of(f"{config} name={name}"), "all ranks are gone")
        ends_as_alone(name, 2)

    # An interrupted run saves its state.
    for name, which in (("terminated", signal.SIGTERM), ("told", signal.SIGUSR1)):
        process = begin(name)
        process.send_signal(which)
        process.wait(timeout=60)
        said = (scratch / f"{name}.out").read_text()
        wait_for(lambda: not pids_of(f"{config} name={name}"), "all ranks are gone")
        check("is saved: go on with" in said, f"the run says that it is saved: {said}")
        ends_as_alone(name, 3)

    # A rank that does not answer is named, once; it goes on where it does.
    process = begin("slow")
    (last,) = [pid for pid in pids_of(f"{config} name=slow") if b"OMPI_COMM_WORLD_RANK=2\0" in Path(f"/proc/{pid}/environ").read_bytes()]
    os.kill(last, signal.SIGSTOP)
    said = lambda: (scratch / "slow.out").read_text()
    # The one that rank 0 waits for: it may be waiting for the one that is stopped.
    wait_for(lambda: re.search("waiting for (rank [12] on|other ranks)", said()), lambda: f"a rank is named: {said()}", 120)
    time.sleep(3)
    check(said().count("waiting for ") == 1, f"the rank is named once: {said()}")
    os.kill(last, signal.SIGCONT)
    wait_for(lambda: "answered after " in said(), lambda: f"the rank that answers again is named: {said()}", 120)
    process.send_signal(signal.SIGTERM)
    process.wait(timeout=60)
    ends_as_alone("slow", 2)

    # Ranks of one machine that are not bound share its cores, whatever the environment says; a binding counts.
    def threads(*command):
        text = subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT, timeout=60).stdout
        return int(text.split("threads to use: ")[1].split("\n")[0])

    alone = threads(PROGRAMS / "pcnn-run", "--version")
    unbound = ["env", "-u", "OMPI_COMM_WORLD_LOCAL_SIZE", PROGRAMS / "pcnn-run", "--version"]
    check(threads(MPIRUN, "--bind-to", "none", "-n", "2", *unbound) == -(-alone // 2), "two ranks share the cores")
    check(threads(MPIRUN, "--bind-to", "none", "-n", str(alone), *unbound) == 1, "as many ranks as cores have one each")
    core = str(min(os.sched_getaffinity(0)))
    others = ",".join(str(cpu) for cpu in sorted(os.sched_getaffinity(0))[1:]) or core
    check(threads(MPIRUN, "-n", "1", "taskset", "-c", others, *unbound, ":", "-n", "1", "taskset", "-c", core, *unbound)
          == max(1, alone - 1), "ranks that are bound have the cores they are bound to")

    # Ranks that would round otherwise are refused before anything is made.
    unequal = subprocess.run([MPIRUN, "-q", "-n", "1", PROGRAMS / "pcnn-run", config, "name=unequal", ":", "-n", "1", "-x",
                              "DNNL_MAX_CPU_ISA=SSE41", PROGRAMS / "pcnn-run"], capture_output=True, text=True, env=ENVIRONMENT,
                             timeout=60)
    check(unequal.returncode == 2 and "rank 1 on" in unequal.stderr and "one kind" in unequal.stderr and not (runs / "unequal").exists(),
          f"unequal ranks are refused, found {unequal.returncode}, {unequal.stderr!r}")

    # A disk that is full on rank 0: a limit of file sizes does the same to it.
    process = begin("full")
    (first,) = [pid for pid in pids_of("name=full") if b"OMPI_COMM_WORLD_RANK=0\0" in Path(f"/proc/{pid}/environ").read_bytes()]
    resource.prlimit(first, resource.RLIMIT_FSIZE, (3000, 3000))
    process.wait(timeout=60)
    said = (scratch / "full.out").read_text()
    check(process.returncode == 2 and said.count("go on with `") == 1 and "File too large" in said,
          f"what cannot be written is one line, found {process.returncode}, {said!r}")
    ends_as_alone("full", 2)
    check(not pids_of(scratch), "no rank is left")
