"""scripts/punish: see there."""

import argparse
import os
import shutil
import sys
import tempfile
import time

import verdict
from cluster import Cluster
from faults import Hang, Punisher

BATCH, SHARD = 64, 8


def arguments():
    parser = argparse.ArgumentParser(prog="scripts/punish")
    parser.add_argument("--events", type=int, default=None, help="faults to deliver (default 200)")
    parser.add_argument("--seconds", type=float, default=None, help="or for how long")
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--timeout", type=float, default=2, help="seconds of silence that count as death")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--aim", choices=["anything", "prune", "checkpoint"], default="anything")
    parser.add_argument("--recipe", default="cluster/recipes/quickstart.yaml")
    parser.add_argument("--set", action="append", default=[], help="key=value of the recipe")
    parser.add_argument("--keep", help="a folder for runs and logs, kept")
    return parser.parse_args()


def settings(options, checkpoint_steps):
    return [f"batch={BATCH}", f"shard={SHARD}", "epochs=1000", "shrink.steps=8", "evaluate.every_epochs=1000",
            f"checkpoint.every_steps={checkpoint_steps}", f"timeout={options.timeout}", *options.set]


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def print_recoveries(recoveries):
    print(f"{'fault':<18}{'times':>6}{'median':>9}{'p90':>9}{'p99':>9}{'longest':>9}   seconds beyond a normal step")
    for kind, values in sorted(recoveries.items()):
        shown = "".join(f"{percentile(values, share):9.3f}" for share in (0.5, 0.9, 0.99, 1))
        print(f"{kind:<18}{len(values):>6}{shown}")


def judge(cluster, options, sets, folder, expected=None):
    """Ends the run, and compares it with the undisturbed one. Returns what is wrong."""
    seen = list(cluster.workers) + [cluster.coordinator.pid]
    code, exits = cluster.finish()
    faults = [] if code in (0, 75) else [f"the coordinator exited with {code}"]
    faults += [f"worker {pid} exited with {code}" for pid, code in exits.items() if code not in (0, -9)]
    faults += [f"process {pid} is left behind" for pid in verdict.left_behind(seen)]
    wrong, steps, generations = verdict.ledger_faults(cluster.run, BATCH, BATCH // SHARD)
    digest = verdict.digest(cluster.run)
    reference = expected(steps) if expected else verdict.undisturbed(
        options.recipe, sets, steps, os.path.join(folder, f"undisturbed-{steps}"))
    if digest != reference:
        wrong.append(f"digest {digest} is not {reference}, that of the undisturbed run")
    print(f"{steps} steps in {generations} generations; digest {digest[:16]}…, undisturbed {reference[:16]}…")
    return faults + wrong


def punish_run(options, folder):
    sets = settings(options, checkpoint_steps=2 if options.aim == "checkpoint" else 50)
    cluster = Cluster(options.recipe, sets, folder, options.workers, options.timeout)
    punisher = Punisher(cluster, options.seed, options.aim)
    end = time.time() + (options.seconds or float("inf"))
    wanted = options.events or (200 if options.seconds is None else float("inf"))
    try:
        cluster.start_coordinator()
        for _ in range(options.workers):
            cluster.start_worker()
        if cluster.await_step_after(0, 60) is None:
            raise Hang("no first step in 60 s")
        while sum(punisher.counts.values()) < wanted and time.time() < end:
            punisher.deliver()
            if sum(punisher.counts.values()) % 20 == 0:
                print(f"  {sum(punisher.counts.values())} faults, step {cluster.steps()[-1]['step']}", flush=True)
        print_recoveries(punisher.recoveries)
        return judge(cluster, options, sets, folder)
    finally:
        cluster.kill_all()


def punish_prune(options, folder):
    """Short runs, each with a death around the prune."""
    sets = [*settings(options, 1000), "shrink.steps=2", "max_steps=6"]
    reference = verdict.undisturbed(options.recipe, sets, 6, os.path.join(folder, "undisturbed"))
    wrong, recoveries = [], {}
    for number in range(options.events or 40):
        round_folder = os.path.join(folder, f"round-{number}")
        os.makedirs(round_folder)
        cluster = Cluster(options.recipe, sets, round_folder, min(options.workers, 3), options.timeout)
        punisher = Punisher(cluster, options.seed + number, "prune")
        try:
            cluster.start_coordinator()
            for _ in range(cluster.wanted):
                cluster.start_worker()
            while len(cluster.steps()) < 2:
                if cluster.coordinator.poll() is not None:
                    raise Hang("the coordinator ended before the prune")
                time.sleep(0.002)
            time.sleep(punisher.random.random() * 0.15)
            punisher.random.choice([punisher.kill, punisher.kill_two, punisher.kill_coordinator, punisher.stop])()
            cluster.coordinator.wait(60)
            wrong += judge_short(cluster, reference)
            for kind, values in punisher.recoveries.items():
                recoveries.setdefault(kind, []).extend(values)
        finally:
            cluster.kill_all()
    print_recoveries(recoveries)
    return wrong


def judge_short(cluster, reference):
    for pid in list(cluster.stopped):
        cluster.signal_worker(pid, 18)
    cluster.await_workers(30)
    faults = [] if cluster.coordinator.returncode == 0 else [f"exit {cluster.coordinator.returncode}"]
    faults += [f"process {pid} is left behind" for pid in verdict.left_behind(list(cluster.workers))]
    wrong, _, _ = verdict.ledger_faults(cluster.run, BATCH, BATCH // SHARD)
    if verdict.digest(cluster.run) != reference:
        wrong.append("another digest than the undisturbed run's")
    return [f"{cluster.folder}: {fault}" for fault in faults + wrong]


def main():
    options = arguments()
    folder = options.keep or tempfile.mkdtemp(prefix="espalier-punish-")
    os.makedirs(folder, exist_ok=True)
    try:
        wrong = (punish_prune if options.aim == "prune" else punish_run)(options, folder)
    except Hang as hang:
        wrong = [f"hang: {hang}"]
    if wrong:
        print("punish: FAILED; logs in " + folder)
        print("\n".join(wrong[:20]))
        sys.exit(1)
    if not options.keep:
        shutil.rmtree(folder)
    print("punish: same digest, exact ledger, nothing left behind")


if __name__ == "__main__":
    main()
