"""Times steps of whole and of pruned networks in turn: the share of the time against the share of the FLOPs.

The pruned networks have odd numbers of channels: by random plans (espalier bench step --keep), by LW-DNA's own
after 20 steps of search on the synthetic set, without widening, or by plans that cut layers of large images more. What
is aimed at is a share of the time of at most 1.15 times the share of the FLOPs. Passes over activations go by those,
whose share is mostly higher: cutting all channels by half leaves a quarter of the FLOPs and half of the activations. Of
the plans by size it is the same.
"""

import argparse
import itertools
import json
import pathlib
import statistics
import tempfile
import time

import machine
import plans

ESPALIER = pathlib.Path(__file__).resolve().parent.parent.parent / ".build" / "release" / "espalier"

# What is timed, and how many steps make a median.
WORKS = {
    "resnet50": ("resnet50 --input 224 --classes 1000 --batch 16", 4),
    "mobilenetv2": ("mobilenetv2 --input 64 --classes 200 --batch 64", 8),
    "resnet20": ("resnet20 --input 32 --classes 10 --batch 64", 20),
}
RATIO_MAX = 1.15


def arguments():
    parser = argparse.ArgumentParser(prog="scripts/bench-pruned", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"of {', '.join(WORKS)}; the first two if none is given")
    parser.add_argument("--keep", type=float, nargs="+", default=[0.75, 0.5, 0.25], help="shares of the FLOPs")
    kinds = ["random", "lw-dna", "by-size"]
    parser.add_argument("--plans", choices=kinds, nargs="+", default=kinds)
    parser.add_argument("--precision", choices=["fp32", "bf16"], nargs="+", default=["fp32"])
    parser.add_argument("--rounds", type=int, default=3, help="how often each runs")
    return machine.parse(parser, WORKS)


def pruning(name, keep, kind, folder):
    """The flags of bench step that prune a network to a share of its FLOPs; None if no plan is found."""
    if keep == 1:
        return []
    if kind == "random":
        return ["--keep", str(keep)]
    file = folder / f"{name}-{keep}-{kind}.json"
    if not file.exists():
        if kind == "lw-dna":
            plan = plans.searched(ESPALIER, name, keep, folder)
        else:
            plan = plans.by_size(ESPALIER, name, WORKS[name][0], keep, folder)
        if plan is None:
            return None
        file.write_text(json.dumps(plan))
    return ["--plan", file]


def measure(name, precision, kind, options, folder):
    """The reports by share kept; 1 is the whole network."""
    flags, steps = WORKS[name]
    command = [
        ESPALIER, "bench", "step", *flags.split(), "--precision", precision, "--threads", str(options.threads),
        "--steps", str(steps), "--json"]
    deadline = time.monotonic() + 60 * options.patience
    reports = {}
    for _ in range(options.rounds):
        for keep in [1, *options.keep]:
            flags = pruning(name, keep, kind, folder)
            report = None if flags is None else machine.run([*command, *flags], deadline)
            if report:
                reports.setdefault(keep, []).append(report)
    return reports


def seconds(reports):
    return statistics.median(report["seconds_median"] for report in reports)


def summary(name, precision, kind, reports):
    if 1 not in reports:
        return
    whole = seconds(reports[1])
    for keep, some in reports.items():
        flops, activations, share = some[0]["flops_share"], some[0]["activations_share"], seconds(some) / whole
        judged = "within" if share <= RATIO_MAX * flops else "above"
        verdict = f"  {share / flops:.2f} x, {judged} {RATIO_MAX}" if keep != 1 else ""
        disturbed = max(report["others"] for report in some)
        note = f"  (others kept up to {disturbed:.1f} processors busy)" if disturbed >= machine.CALM else ""
        print(
            f"{name:12} {precision}  {kind:7}  {1e3 * seconds(some):8.1f} ms  {100 * share:5.1f} % of the time  "
            f"{100 * flops:5.1f} % of the FLOPs  {100 * activations:5.1f} % of the activations{verdict}{note}",
            flush=True)


def main():
    options = arguments()
    now = time.strftime("%Y-%m-%d %H:%M")
    print(f"{now}, {options.threads} threads, medians of {options.rounds} rounds", flush=True)
    everything = {}
    works = itertools.product(options.names or list(WORKS)[:2], options.precision, options.plans)
    with tempfile.TemporaryDirectory() as folder:
        for name, precision, kind in works:
            reports = measure(name, precision, kind, options, pathlib.Path(folder))
            summary(name, precision, kind, reports)
            everything[f"{name} {precision} {kind}"] = reports
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(everything, indent=1) + "\n")


if __name__ == "__main__":
    main()
