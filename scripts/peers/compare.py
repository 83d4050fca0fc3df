"""Runs `espalier bench step` and step.py in turn, several times, and prints medians and ratios."""

import argparse
import itertools
import json
import os
import pathlib
import resource
import statistics
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
ESPALIER = HERE.parent.parent / ".build" / "release" / "espalier"

# What both sides are told, and how many steps make a median.
WORKS = {
    "resnet20": ("resnet20 --input 32 --classes 10 --batch 64", 20),
    "resnet56": ("resnet56 --input 32 --classes 10 --batch 64", 10),
    "resnet50": ("resnet50 --input 224 --classes 1000 --batch 16", 4),
    "search-resnet20": ("resnet20 --input 32 --classes 10 --batch 64 --hyper 8", 20),
    "search-resnet50": ("resnet50 --input 224 --classes 1000 --batch 8 --width 2 --hyper 2", 2),
}


def arguments():
    parser = argparse.ArgumentParser(prog="scripts/bench-peers", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(WORKS)}; all if none is given")
    parser.add_argument("--pairs", type=int, default=3, help="how often each side runs")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--compile", action="store_true", help="also run the peer under torch.compile")
    parser.add_argument("--ours-only", action="store_true", help="leave the peer out")
    parser.add_argument(
        "--patience", type=float, default=0, metavar="MINUTES",
        help="on a machine that others use: wait for calm before a run, and repeat a run that was disturbed")
    parser.add_argument("--json", action="store_true", help="print all that was measured")
    options = parser.parse_args()
    for name in options.names:
        if name not in WORKS:
            parser.error(f"{name} is none of {', '.join(WORKS)}")
    return options


def peer_configurations(work, compiled):
    """All ways to run the peer, of which the fastest counts."""
    forms = ["--form matmul", "--form sum"] if "--hyper" in work else [""]
    layouts = ["", "--channels-last"]
    modes = ["", "--compile"] if compiled else [""]
    for parts in itertools.product(forms, layouts, modes):
        yield " ".join(part for part in parts if part)


def busy_seconds():
    """What all processors have done so far, the hypervisor's stealing included."""
    with open("/proc/stat") as file:
        user, nice, system, _, _, interrupt, soft, steal = map(int, file.readline().split()[1:9])
    return (user + nice + system + interrupt + soft + steal) / os.sysconf("SC_CLK_TCK")


class Watch:
    """How many processors others kept busy since it was made."""

    def __init__(self):
        self.begin = self.now()

    @staticmethod
    def now():
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        return busy_seconds() - children.ru_utime - children.ru_stime, time.monotonic()

    def others(self):
        (others, clock), (before, start) = self.now(), self.begin
        return max(others - before, 0) / max(clock - start, 1e-3)


CALM = 0.08  # Processors that others may keep busy.


def wait_for_calm(deadline):
    while time.monotonic() < deadline:
        watch = Watch()
        time.sleep(2)
        if watch.others() < CALM:
            return


def run(command, deadline):
    """The side's report, with `others`: the processors that others kept busy meanwhile."""
    while True:
        wait_for_calm(deadline)
        watch = Watch()
        finished = subprocess.run(command, capture_output=True, text=True)
        others = watch.others()
        if finished.returncode != 0:
            last = (finished.stderr.strip().splitlines() or ["no message"])[-1]
            print(f"bench-peers: {' '.join(map(str, command))}: {last}", file=sys.stderr)
            return None
        if others < CALM or time.monotonic() >= deadline:
            return {**json.loads(finished.stdout), "others": others}


def measure(name, options):
    work, steps = WORKS[name]
    shared = work.split() + ["--steps", str(steps), "--threads", str(options.threads)]
    sides = {"espalier": [ESPALIER, "bench", "step", *shared, "--json"]}
    if not options.ours_only:
        for flags in peer_configurations(work, options.compile):
            sides[f"torch {flags or 'eager'}"] = [sys.executable, HERE / "step.py", *shared, *flags.split()]
    results = {side: [] for side in sides}
    deadline = time.monotonic() + 60 * options.patience
    for _ in range(options.pairs):
        for side, command in sides.items():
            outcome = run(command, deadline)
            if outcome:
                results[side].append(outcome)
    return results


def median(results, key):
    return statistics.median(result[key] for result in results)


def summary(name, results):
    """One line a side, and the ratio to the peer's fastest configuration."""
    rates = {side: median(runs, "images_per_second_median") for side, runs in results.items() if runs}
    for side, rate in rates.items():
        disturbed = max(result["others"] for result in results[side])
        note = f"  (others kept up to {disturbed:.1f} processors busy)" if disturbed >= CALM else ""
        print(f"{name:16} {side:36} {rate:9.2f} images/s  {median(results[side], 'peak_gb'):6.2f} GB{note}")
    peers = {side: rate for side, rate in rates.items() if side != "espalier"}
    if "espalier" not in rates or not peers:
        return
    best = max(peers, key=peers.get)
    memory = median(results["espalier"], "peak_gb") / median(results[best], "peak_gb")
    print(f"{name:16} espalier / {best}: {rates['espalier'] / rates[best]:.2f} x speed, {memory:.2f} x memory")


def main():
    options = arguments()
    print(f"{time.strftime('%Y-%m-%d %H:%M')}, {options.threads} threads", flush=True)
    everything = {}
    for name in options.names or WORKS:
        everything[name] = measure(name, options)
        summary(name, everything[name])
        sys.stdout.flush()
    if options.json:
        print(json.dumps(everything, indent=1))


if __name__ == "__main__":
    main()
