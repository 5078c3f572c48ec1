#!/usr/bin/env python3
"""Trains on two hosts of its own making: network namespaces, between which every packet takes a millisecond at 1 Gbit/s. Says
whether the parameters have the bits of one process, and how long a step takes beside what ranks_model.py expects. As root.

  bench/two_hosts.py [--delay 1] [--gbits 1] [--steps 40] CONFIG [key=value ...]
"""

import argparse
import collections
import ctypes
import fcntl
import json
import os
import select
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HOSTS = {"pcnn_a": "10.77.0.1", "pcnn_b": "10.77.0.2"}
MTU = 60000


def run(*words):
    subprocess.run(words, check=True)


def open_tun(namespace):
    """A network device of the namespace whose packets this process carries."""
    libc = ctypes.CDLL(None, use_errno=True)
    here = os.open("/proc/self/ns/net", os.O_RDONLY)
    there = os.open(f"/var/run/netns/{namespace}", os.O_RDONLY)
    try:
        if libc.setns(there, 0) != 0:
            raise OSError(ctypes.get_errno(), f"setns {namespace}")
        tun = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(tun, 0x400454CA, struct.pack("16sH22x", b"pcnn0", 0x1001))  # TUNSETIFF: IFF_TUN | IFF_NO_PI
    finally:
        libc.setns(here, 0)
    return tun


def carry(tuns, delay, bytes_per_second):
    """Until it is ended: each packet waits for those before it to be sent, and then for the delay."""
    queues = {tun: collections.deque() for tun in tuns}
    free = dict.fromkeys(tuns, 0.0)
    other = {tuns[0]: tuns[1], tuns[1]: tuns[0]}
    while True:
        now = time.monotonic()
        due = [queue[0][0] for queue in queues.values() if queue]
        select.select(tuns, [], [], max(0.0, min(due) - now) if due else None)
        now = time.monotonic()
        for tun in tuns:
            try:
                while True:
                    packet = os.read(tun, 65536)
                    free[tun] = max(free[tun], now) + len(packet) / bytes_per_second
                    queues[tun].append((free[tun] + delay, packet))
            except BlockingIOError:
                pass
            while queues[tun] and queues[tun][0][0] <= now:
                os.write(other[tun], queues[tun].popleft()[1])


def parameters_of(run_directory):
    data = (run_directory / "checkpoint.safetensors").read_bytes()
    return data[8 + int.from_bytes(data[:8], "little"):]


def seconds_of_a_step(run_directory):
    """The median over windows of the run's metrics."""
    lines = [json.loads(line) for line in (run_directory / "metrics.jsonl").read_text().splitlines()]
    speeds = [line["images_per_second"] for line in lines if "images_per_second" in line]
    return statistics.median(speeds)


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--delay", type=float, default=1.0, help="ms, one way")
    options.add_argument("--gbits", type=float, default=1.0)
    options.add_argument("--steps", type=int, default=40)
    options.add_argument("config")
    options.add_argument("overrides", nargs="*")
    given = options.parse_args()
    if os.geteuid() != 0:
        sys.exit("two_hosts.py: not root: network namespaces take root")
    program = str(ROOT / "build" / "bin" / "pcnn-run")
    carrier = 0
    with tempfile.TemporaryDirectory() as scratch:
        scratch = Path(scratch)
        words = [given.config, *given.overrides, f"output={scratch}", "train.epochs=null", f"train.steps={given.steps}",
                 "train.report_every=5", "sample.count=0", "threads=1"]
        try:
            for host in HOSTS:
                run("ip", "netns", "add", host)
            tuns = [open_tun(host) for host in HOSTS]
            for host, address in HOSTS.items():
                for device in ("pcnn0", "lo"):
                    run("ip", "-n", host, "link", "set", device, "up")
                run("ip", "-n", host, "link", "set", "pcnn0", "mtu", str(MTU))
                run("ip", "-n", host, "address", "add", f"{address}/24", "dev", "pcnn0")
            carrier = os.fork()
            if carrier == 0:
                carry(tuns, given.delay / 1e3, given.gbits * 1e9 / 8)
            # In place of ssh.
            agent = scratch / "agent"
            agent.write_text('#!/bin/sh\nshift\nexec ip netns exec pcnn_b sh -c "$*"\n')
            agent.chmod(0o755)
            ping = subprocess.run(["ip", "netns", "exec", "pcnn_a", "ping", "-c", "5", "-q", HOSTS["pcnn_b"]], capture_output=True,
                                  text=True).stdout
            print(ping.strip().splitlines()[-1] if ping else "no ping")
            run("ip", "netns", "exec", "pcnn_a", "mpirun", "--allow-run-as-root", "-H", ",".join(f"{a}:1" for a in HOSTS.values()),
                "--bind-to", "none", "--mca", "plm_rsh_agent", str(agent), "--mca", "oob_tcp_if_include", "10.77.0.0/24",
                "--mca", "btl", "tcp,self", "--mca", "btl_tcp_if_include", "10.77.0.0/24", program, "-q", *words, "name=two")
        finally:
            if carrier:
                os.kill(carrier, 15)
                os.waitpid(carrier, 0)
            for host in HOSTS:
                subprocess.run(["ip", "netns", "del", host], check=False)
        run(program, "-q", *words, "name=one")
        same = parameters_of(scratch / "one") == parameters_of(scratch / "two")
        print(f"parameters after {given.steps} steps: {'the same bits' if same else 'DIFFERENT'}")
        for name, hosts in (("one", "one host, one thread"), ("two", "two hosts, one thread each")):
            print(f"{hosts}: {seconds_of_a_step(scratch / name):.1f} images/s")
        sys.exit(0 if same else 1)


if __name__ == "__main__":
    main()
