"""scripts/punish-hosts: see there."""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

import verdict
from cluster import PROGRAM, Cluster
from faults import Hang
from network import Network

WORKERS, BATCH, SHARD = 3, 64, 8


class HostCluster(Cluster):
    """Each process on a host of its own; the coordinator on the first."""

    def __init__(self, network, *arguments):
        super().__init__(*arguments)
        self.network = network
        self.endpoint = f"tcp://{network.address(0)}:7000"

    def spawn(self, host, command):
        return subprocess.Popen(self.network.command(host) + command, stdout=self.log, stderr=self.log)

    def start_coordinator(self, wanted=None):
        command = [PROGRAM, "coordinator", self.recipe, "--listen", self.endpoint, "--run", self.run, "--resume",
                   "--workers", str(wanted or self.wanted)]
        for setting in self.settings:
            command += ["--set", setting]
        self.coordinator = self.spawn(0, command)

    def start_on(self, host, coding):
        process = self.spawn(host, [PROGRAM, "worker", "--join", self.endpoint, "--threads", "1",
                                    "--timeout", str(self.timeout), "--coding", coding])
        self.workers[process.pid] = process


def started(network, recipe, sets, folder, timeout, coding="auto"):
    cluster = HostCluster(network, recipe, sets, folder, WORKERS, timeout)
    cluster.start_coordinator()
    for host in range(1, WORKERS + 1):
        cluster.start_on(host, coding)
    return cluster


def await_progress(cluster, what, patience):
    """Seconds until the next committed step."""
    moment = time.time()
    if cluster.await_step_after(moment, patience) is None:
        raise Hang(f"no step for {patience} s after: {what}")
    return cluster.await_step_after(moment, 1)["time"] - moment


def await_members(cluster, network, patience):
    deadline = time.time() + patience
    while time.time() < deadline:
        done = subprocess.run(network.command(0) + [PROGRAM, "status", cluster.endpoint], capture_output=True, text=True)
        if done.stdout.count(" member") >= WORKERS:
            return
        time.sleep(0.2)
    raise Hang(f"not all workers came back in {patience} s")


def cut_and_heal(options, folder):
    sets = [f"batch={BATCH}", f"shard={SHARD}", "epochs=1000", "evaluate.every_epochs=1000", "shrink.steps=8",
            "checkpoint.every_steps=50", f"timeout={options.timeout}"]
    with Network(WORKERS + 1) as network:
        cluster = started(network, options.recipe, sets, folder, options.timeout)
        try:
            if cluster.await_step_after(0, 60) is None:
                raise Hang("no first step in 60 s")
            print(f"{'link of':<14}{'cut for':>9}   next step after the cut")
            for host in [1, 2, 3, 0]:
                for length in [0.5, 2 * options.timeout]:
                    network.cut(host)
                    moment = time.time()
                    time.sleep(length)
                    network.heal(host)
                    await_progress(cluster, f"a cut of {length} s", options.timeout + 30)
                    first = cluster.await_step_after(moment + 0.001, 1)["time"] - moment
                    name = f"worker {host}" if host else "coordinator"
                    print(f"{name:<14}{length:>7} s{first:>10.2f} s", flush=True)
                    await_members(cluster, network, 60)
            code, _ = cluster.finish()
        finally:
            cluster.kill_all()
    wrong, steps, generations = verdict.ledger_faults(cluster.run, BATCH, BATCH // SHARD)
    wrong += [] if code in (0, 75) else [f"the coordinator exited with {code}"]
    digest = verdict.digest(cluster.run)
    reference = verdict.undisturbed(options.recipe, sets, steps, os.path.join(folder, "undisturbed"))
    print(f"{steps} steps in {generations} generations; digest {digest[:16]}…, undisturbed {reference[:16]}…")
    return wrong + ([] if digest == reference else ["another digest than the undisturbed run's"])


RECIPE = """network: {network}
batch: {batch}
shard: 8
gradient_bits: {bits}
epochs: 100
max_steps: {steps}
checkpoint:
  every_steps: 1000000
data:
  format: synthetic
  train_count: 8000
  test_count: 64
"""


def rate_limited(options, folder):
    """Time of a step against bytes for several codes of the gradients."""
    print(f"{options.network}, {WORKERS} workers of one thread, {options.rate} a host, batch {options.batch}")
    print(f"{'code':<22}{'s a step':>10}{'MB sent a step':>16}{'of fp32':>9}")
    for name, bits, coding in [("24 bits", 24, "on"), ("16 bits", 16, "on"), ("uncoded (as fp32)", 24, "off")]:
        run_folder = os.path.join(folder, name.split()[0])
        os.makedirs(run_folder)
        recipe = os.path.join(run_folder, "recipe.yaml")
        with open(recipe, "w") as file:
            file.write(RECIPE.format(network=options.network, batch=options.batch, bits=bits, steps=options.steps))
        with Network(WORKERS + 1) as network:
            network.limit(options.rate)
            cluster = started(network, recipe, [], run_folder, 30, coding)
            try:
                cluster.coordinator.wait(600)
                cluster.await_workers(30)
            finally:
                cluster.kill_all()
        steps = metrics(cluster.run)[3:]
        seconds = statistics.median(step["seconds"] for step in steps)
        sent = statistics.median(step["bytes_sent"] for step in steps)
        uncoded = statistics.median(step["bytes_uncoded"] for step in steps)
        print(f"{name:<22}{seconds:>10.3f}{sent / 1e6:>16.1f}{sent / uncoded:>9.2f}", flush=True)
    return []


def metrics(run):
    with open(os.path.join(run, "metrics.jsonl")) as file:
        return [record for record in map(json.loads, file) if "bytes_sent" in record]


def main():
    parser = argparse.ArgumentParser(prog="scripts/punish-hosts")
    parser.add_argument("--rate", help="limit every host to this, as tc writes it: 1gbit")
    parser.add_argument("--network", default="resnet18", help="with --rate")
    parser.add_argument("--batch", type=int, default=48, help="with --rate")
    parser.add_argument("--steps", type=int, default=12, help="with --rate")
    parser.add_argument("--timeout", type=float, default=3, help="seconds of silence that count as death")
    parser.add_argument("--recipe", default="cluster/recipes/quickstart.yaml")
    options = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="espalier-hosts-")
    try:
        wrong = (rate_limited if options.rate else cut_and_heal)(options, folder)
    except Hang as hang:
        wrong = [f"hang: {hang}"]
    if wrong:
        sys.exit("punish-hosts: FAILED; logs in " + folder + "\n" + "\n".join(wrong[:20]))
    shutil.rmtree(folder)
    if not options.rate:
        print("punish-hosts: same digest, exact ledger")


if __name__ == "__main__":
    main()
