"""Runs of one recipe with different settings, each in a folder of its own, and what came out of them."""

import json
import os
import subprocess
import sys

ESPALIER = ".build/release/espalier"


def add_arguments(parser, recipe, out):
    parser.add_argument("recipe", nargs="?", default=recipe, help=f"default {recipe}")
    parser.add_argument("--set", action="append", default=[], help="key=value of the recipe, for every run")
    parser.add_argument("--out", default=out, help=f"folder of the runs (default {out})")
    parser.add_argument("--workers", type=int, default=1, help="worker processes of each run (default 1)")
    parser.add_argument("--json", action="store_true", help="print the table as JSON")


def sets(settings):
    return [part for setting in settings for part in ("--set", setting)]


def train(name, options, settings):
    """Trains, or goes on, or does nothing if the run is finished. Returns the run's folder."""
    folder = os.path.join(options.out, name)
    print(f"{name}: {folder}", file=sys.stderr, flush=True)
    command = [ESPALIER, "train", options.recipe, "--run", folder, "--resume", "--workers", str(options.workers)]
    code = subprocess.call(command + sets(options.set + settings), stdout=sys.stderr)
    if code:
        sys.exit(f"{name}: espalier train exited with {code}; start this command again to go on")
    return folder


def search(name, options, settings):
    """The plan of the search phase alone, kept in a file so that it is not made twice."""
    os.makedirs(options.out, exist_ok=True)
    path = os.path.join(options.out, f"{name}.json")
    if not os.path.exists(path):
        command = [ESPALIER, "shrink", options.recipe, "--json"]
        made = subprocess.run(command + sets(options.set + settings), stdout=subprocess.PIPE, check=False)
        if made.returncode:
            sys.exit(f"{name}: espalier shrink exited with {made.returncode}")
        with open(path + ".part", "wb") as file:
            file.write(made.stdout)
        os.rename(path + ".part", path)
    with open(path) as file:
        return json.load(file)


def plan(folder):
    """The run's plan; None where the network is trained as it is."""
    path = os.path.join(folder, "plan.json")
    if not os.path.exists(path):
        return None
    with open(path) as file:
        return json.load(file)


def last_test(folder):
    """The last evaluation's line of the metrics."""
    found = None
    with open(os.path.join(folder, "metrics.jsonl")) as file:
        for text in file:
            try:
                line = json.loads(text)
            except json.JSONDecodeError:
                continue
            if "test_top1" in line:
                found = line
    if found is None:
        sys.exit(f"{folder}: no evaluation in its metrics")
    return found


def mean(values):
    return sum(values) / len(values)


def spread(values):
    """The standard deviation of a sample; nothing for one value."""
    if len(values) < 2:
        return None
    centre = mean(values)
    return (sum((value - centre) ** 2 for value in values) / (len(values) - 1)) ** 0.5


def print_table(rows, columns):
    """Rows of text under titles; the first column to the left, the others to the right."""
    cells = [[title for title in columns]] + [[row[title] for title in columns] for row in rows]
    widths = [max(len(line[column]) for line in cells) for column in range(len(columns))]
    for number, line in enumerate(cells):
        padded = [line[0].ljust(widths[0])] + [cell.rjust(width) for cell, width in zip(line[1:], widths[1:])]
        print("  ".join(padded).rstrip())
        if number == 0:
            print("  ".join("-" * width for width in widths))
