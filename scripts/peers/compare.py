"""Runs `espalier bench step` and step.py in turn and prints medians and ratios.

Every configuration of each side is first tried once, with few steps. Repeated, in turn with the other side's, are only
the fastest of each and what comes near it, going by the best step; --all repeats every one.
"""

import argparse
import json
import pathlib
import statistics
import sys
import time

import machine
import works

HERE = pathlib.Path(__file__).resolve().parent
ESPALIER = HERE.parent.parent / ".build" / "release" / "espalier"


def arguments():
    parser = argparse.ArgumentParser(prog="scripts/bench-peers", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(works.WORKS)}; all if none is given")
    parser.add_argument("--pairs", type=int, default=3, help="how often each side runs, once the fastest is known")
    parser.add_argument("--all", action="store_true", help="repeat every configuration, not the fastest alone")
    parser.add_argument("--eager", action="store_true", help="leave out torch.compile and two processes")
    parser.add_argument("--ours-only", action="store_true", help="leave the peer out")
    return machine.parse(parser, works.WORKS)


NEAR = 0.9  # Of the fastest configuration's speed: repeated as well.


class Comparison:
    """One work, all configurations, and what they have given so far."""

    def __init__(self, name, options):
        self.name, self.options, self.work = name, options, works.WORKS[name]
        self.deadline = time.monotonic() + 60 * options.patience
        self.configurations = [("espalier", flags) for flags in works.ours(self.work)]
        if not options.ours_only:
            self.configurations += [("torch", flags) for flags in works.theirs(self.work, options.eager)]
        self.tried, self.results = {}, {}

    def command(self, side, flags, steps):
        program = [ESPALIER, "bench", "step"] if side == "espalier" else [sys.executable, HERE / "step.py"]
        own = ["--json"] if side == "espalier" else []
        shared = [*self.work.flags.split(), "--steps", str(steps), "--threads", str(self.options.threads)]
        return [*program, *shared, *flags.split(), *own]

    def run(self, configuration, steps):
        return machine.run(self.command(*configuration, steps), self.deadline)

    def try_once(self):
        """Few steps of each configuration; what fails is left out."""
        steps = max(2, self.work.steps // 4)
        for configuration in self.configurations:
            report = self.run(configuration, steps)
            if report:
                self.tried[configuration] = report
                print(f"{self.name:18} tried once: {self.line(configuration, [report])}", flush=True)
        counts = {report["parameters"] for report in self.tried.values()}
        if len(counts) > 1:
            sys.exit(f"bench-peers: {self.name}: networks of {sorted(counts)} parameters: they are not the same")

    def chosen(self):
        """The configurations to repeat: the fastest of each side, and what comes near it."""
        if self.options.all:
            return list(self.tried)
        rates = {configuration: report["images_per_second_best"] for configuration, report in self.tried.items()}
        best = {side: max(rate for (other, _), rate in rates.items() if other == side) for side, _ in rates}
        return [configuration for configuration, rate in rates.items() if rate >= NEAR * best[configuration[0]]]

    def repeat(self):
        chosen = self.chosen()
        for _ in range(self.options.pairs):
            for configuration in chosen:
                report = self.run(configuration, self.work.steps)
                if report:
                    self.results.setdefault(configuration, []).append(report)

    @staticmethod
    def line(configuration, reports):
        disturbed = max(report["others"] for report in reports)
        note = f"  (others kept up to {disturbed:.1f} processors busy)" if disturbed >= machine.CALM else ""
        return f"{' '.join(configuration):62} {speed(reports):9.2f} images/s  {peak(reports):6.2f} GB{note}"

    def summary(self):
        """A line for each that was repeated, and the ratio of our fastest to the peer's."""
        best = {}
        for configuration, reports in self.results.items():
            print(f"{self.name:18} median of {len(reports)}: {self.line(configuration, reports)}")
            side = configuration[0]
            if side not in best or speed(reports) > speed(self.results[best[side]]):
                best[side] = configuration
        if len(best) < 2:
            return
        mine, peer = self.results[best["espalier"]], self.results[best["torch"]]
        aims = f" (aims: {self.work.speed}, {self.work.memory})" if self.work.speed else ""
        print(
            f"{self.name:18} espalier {best['espalier'][1]} / torch {best['torch'][1]}: "
            f"{speed(mine) / speed(peer):.2f} x speed, {peak(mine) / peak(peer):.2f} x memory{aims}", flush=True)

    def everything(self):
        return {
            " ".join(configuration): {"tried": report, "repeated": self.results.get(configuration, [])}
            for configuration, report in self.tried.items()}


def speed(reports):
    return statistics.median(report["images_per_second_median"] for report in reports)


def peak(reports):
    return statistics.median(report["peak_gb"] for report in reports)


def main():
    options = arguments()
    print(f"{time.strftime('%Y-%m-%d %H:%M')}, {options.threads} threads", flush=True)
    if not options.all:
        print("each configuration is tried once; the fastest of each side, and what is near it, repeated", flush=True)
    everything = {}
    for name in options.names or works.WORKS:
        comparison = Comparison(name, options)
        comparison.try_once()
        comparison.repeat()
        comparison.summary()
        everything[name] = comparison.everything()
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(everything, indent=1) + "\n")


if __name__ == "__main__":
    main()
