"""Runs a measurement in its own process and watches what else the machine does meanwhile."""

import json
import os
import resource
import subprocess
import sys
import time

CALM = 0.08  # Processors that others may keep busy.
SECONDS_MAX = 1200  # Of one run.


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


def wait_for_calm(deadline):
    while time.monotonic() < deadline:
        watch = Watch()
        time.sleep(2)
        if watch.others() < CALM:
            return


def attempt(command):
    """The report on standard output; None, and one line why, if there is none."""
    try:
        finished = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS_MAX)
        if finished.returncode == 0:
            return json.loads(finished.stdout)
        lines = [line for line in finished.stderr.splitlines() if line.strip()]
        problem = lines[-1] if lines else f"exit code {finished.returncode}"
    except subprocess.TimeoutExpired:
        problem = f"no result after {SECONDS_MAX} s"
    except json.JSONDecodeError:
        problem = "printed no report"
    print(f"left out: {' '.join(map(str, command))}: {problem}", file=sys.stderr, flush=True)
    return None


def run(command, deadline=0.0):
    """The report, with `others`: the processors that others kept busy meanwhile.

    Until the deadline (of time.monotonic) it waits for calm first, and repeats a run that was disturbed.
    """
    while True:
        wait_for_calm(deadline)
        watch = Watch()
        report = attempt(command)
        others = watch.others()
        if report is None:
            return None
        if others < CALM or time.monotonic() >= deadline:
            return {**report, "others": others}


def parse(parser, known):
    """The arguments, with those that every comparison has; `names` must be of `known`."""
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="of each run")
    parser.add_argument(
        "--patience", type=float, default=0, metavar="MINUTES",
        help="a work: on a machine that others use, wait for calm before a run, and repeat a run that was disturbed")
    parser.add_argument("--json", metavar="FILE", help="write all that was measured there")
    options = parser.parse_args()
    for name in options.names:
        if name not in known:
            parser.error(f"{name} is none of {', '.join(known)}")
    return options
