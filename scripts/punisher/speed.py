"""scripts/bench-cluster: see there."""

import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time

from cluster import PROGRAM, Cluster

RECIPE = """network: {network}
batch: {batch}
shard: {shard}
precision: {precision}
epochs: 100
max_steps: {steps}
checkpoint:
  every_steps: 1000000
evaluate:
  every_epochs: 100
data:
  format: synthetic
  train_count: 8000
  test_count: 64
"""


def recipe(folder, network, batch, shard, steps, precision="fp32"):
    path = os.path.join(folder, "recipe.yaml")
    with open(path, "w") as file:
        file.write(RECIPE.format(network=network, batch=batch, shard=shard, steps=steps, precision=precision))
    return path


def speed(run, batch, skip):
    """Images a second by the median step."""
    with open(os.path.join(run, "metrics.jsonl")) as file:
        steps = [record for record in map(json.loads, file) if "bytes_sent" in record][skip:]
    return batch / statistics.median(step["seconds"] for step in steps)


def train(folder, path, workers, threads, batch):
    run = os.path.join(folder, f"run-{workers}x{threads}")
    shutil.rmtree(run, ignore_errors=True)
    subprocess.run([PROGRAM, "train", path, "--workers", str(workers), "--threads", str(threads), "--run", run],
                   check=True, capture_output=True)
    return speed(run, batch, 8)


def peer(precision):
    """PyTorch, two processes of one thread, gradients averaged by gloo."""
    python = os.environ.get("ESPALIER_PEER_PYTHON")
    if not python:
        return None
    done = subprocess.run([python, "scripts/peers/step.py", "resnet56", "--input", "32", "--classes", "10", "--batch",
                           "128", "--processes", "2", "--threads", "2", "--channels-last", "--precision", precision],
                          check=True, capture_output=True, text=True)
    return json.loads(done.stdout.strip().split("\n")[-1])["images_per_second_median"]


def compare_threads(folder, pairs=3):
    print("ResNet-56, batch 128, images/s: medians of", pairs)
    print(f"{'':<10}{'1 x 2 threads':>15}{'2 x 1 thread':>15}{'ratio':>8}{'PyTorch, gloo':>16}{'ratio':>8}")
    for precision in ["fp32", "bf16"]:
        path = recipe(folder, "resnet56", 128, 32, 40, precision)
        one, two, gloo = [], [], []
        for _ in range(pairs):
            one.append(train(folder, path, 1, 2, 128))
            two.append(train(folder, path, 2, 1, 128))
            gloo.append(peer(precision))
        one, two = statistics.median(one), statistics.median(two)
        line = f"{precision:<10}{one:>15.0f}{two:>15.0f}{two / one:>8.2f}"
        if gloo[0]:
            line += f"{statistics.median(gloo):>16.0f}{two / statistics.median(gloo):>8.2f}"
        print(line, flush=True)


class Quarter:
    """Lets a process run a quarter of the time."""

    def __init__(self, process):
        self.process, self.ends = process, threading.Event()
        self.thread = threading.Thread(target=self.limit)

    def limit(self):
        while not self.ends.is_set() and self.process.poll() is None:
            self.process.send_signal(signal.SIGSTOP)
            time.sleep(0.03)
            self.process.send_signal(signal.SIGCONT)
            time.sleep(0.01)

    def __enter__(self):
        self.thread.start()

    def __exit__(self, *_):
        self.ends.set()
        self.thread.join()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)


def together(folder, name, path, batch, whole, quarter):
    """Images a second of a whole processor, of a quarter of one, or of both."""
    cluster = Cluster(path, [], os.path.join(folder, name), int(whole) + int(quarter), 30)
    try:
        cluster.start_coordinator()
        if whole:
            cluster.start_worker()
        if quarter:
            slow = cluster.workers[cluster.start_worker()]
            with Quarter(slow):
                cluster.coordinator.wait()
        cluster.coordinator.wait()
        cluster.await_workers(20)
        return speed(cluster.run, batch, 8)
    finally:
        cluster.kill_all()


def compare_unlike(folder):
    path = recipe(folder, "resnet20", 256, 16, 40)
    speeds = []
    for name, whole, quarter in [("whole", True, False), ("quarter", False, True), ("both", True, True)]:
        os.makedirs(os.path.join(folder, name))
        speeds.append(together(folder, name, path, 256, whole, quarter))
    whole, quarter, both = speeds
    print("ResNet-20, batch 256 in shards of 16, images/s: a processor "
          f"{whole:.0f}, a quarter of one {quarter:.0f}, both together {both:.0f}: {both / (whole + quarter):.2f} of the sum")


def main():
    wanted = sys.argv[1:] or ["threads", "unlike"]
    if not set(wanted) <= {"threads", "unlike"}:
        sys.exit("bench-cluster: the works are threads and unlike")
    folder = tempfile.mkdtemp(prefix="espalier-bench-")
    try:
        if "threads" in wanted:
            compare_threads(folder)
        if "unlike" in wanted:
            compare_unlike(folder)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
