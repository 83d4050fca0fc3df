"""Whether a punished run is the undisturbed one: digest, ledger, processes."""

import json
import os
import subprocess

from cluster import PROGRAM


def newest_checkpoint(run):
    folder = os.path.join(run, "checkpoints")
    return os.path.join(folder, sorted(name for name in os.listdir(folder) if name.startswith("step-"))[-1])


def digest(run):
    path = newest_checkpoint(run)
    return subprocess.run([PROGRAM, "digest", path], check=True, capture_output=True, text=True).stdout.strip()


def undisturbed(recipe, settings, steps, run):
    """The same steps by one worker that nobody disturbs."""
    command = [PROGRAM, "train", recipe, "--workers", "1", "--run", run, "--set", f"max_steps={steps}"]
    for setting in settings:
        command += ["--set", setting]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return digest(run)


def ledger_faults(run, batch, shards):
    """What is wrong in the ledger: steps skipped or twice, samples or shards missing or twice."""
    with open(os.path.join(run, "ledger.jsonl")) as file:
        records = [json.loads(line) for line in file]
    steps = [record for record in records if "samples" in record]
    faults = []
    if [record["step"] for record in steps] != list(range(1, len(steps) + 1)):
        faults.append("steps are skipped or there twice")
    for record in steps:
        if record["first_sample"] != (record["step"] - 1) * batch or record["samples"] != batch:
            faults.append(f"step {record['step']}: samples {record['first_sample']} and {record['samples']} more")
        computed = sorted(shard for share in record["workers"].values() for shard in share)
        if computed and computed != list(range(shards)):
            faults.append(f"step {record['step']}: shards {computed}")
    generations = [record["generation"] for record in steps]
    return faults, len(steps), len(set(generations))


def left_behind(pids):
    return [pid for pid in pids if os.path.exists(f"/proc/{pid}")]
