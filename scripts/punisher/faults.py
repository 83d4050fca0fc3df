"""What is done to a cluster, and how long it takes to recover."""

import os
import random
import signal
import time


class Hang(Exception):
    pass


class Punisher:
    """Delivers faults one after another; `recoveries` has seconds by kind of fault."""

    # How often each is drawn, beside the others.
    WEIGHTS = {"kill": 50, "stop": 12, "terminate": 12, "kill coordinator": 12, "kill two": 8, "kill all": 2}

    def __init__(self, cluster, seed, aim):
        self.cluster, self.random, self.aim = cluster, random.Random(seed), aim
        self.recoveries = {}
        self.counts = {}
        self.patience = cluster.timeout + 30

    def deliver(self):
        """One fault, and the wait for the next committed step."""
        self.replenish()
        kind = self.random.choices(list(self.WEIGHTS), list(self.WEIGHTS.values()))[0]
        if self.aim == "checkpoint":
            self.await_writing()
            kind = self.random.choice(["kill", "kill coordinator", "kill saver", "terminate"])
        getattr(self, kind.replace(" ", "_"))()
        self.counts[kind] = self.counts.get(kind, 0) + 1

    def replenish(self):
        """Keeps the number of workers up; waits until most of them are members."""
        deadline = time.time() + self.patience
        least = min(self.cluster.wanted, self.random.choice([1, 2, self.cluster.wanted]))
        while True:
            self.cluster.reap()
            while len(self.cluster.workers) < self.cluster.wanted:
                self.cluster.start_worker()
            if len(self.cluster.members()) >= least:
                break
            if time.time() > deadline:
                raise Hang(f"fewer than {least} members for {self.patience} s")
            time.sleep(0.05)
        time.sleep(self.random.expovariate(4))

    def await_writing(self):
        """Until a checkpoint is being written, or a while."""
        deadline = time.time() + 10
        folder = os.path.join(self.cluster.run, "checkpoints")
        while time.time() < deadline:
            if os.path.isdir(folder) and any(name.startswith(".unfinished-") for name in os.listdir(folder)):
                return
            time.sleep(0.001)

    def measure(self, kind, since):
        """From a fault to the next committed step, beyond the length of a normal one."""
        record = self.cluster.await_step_after(since, self.patience)
        if record is None:
            raise Hang(f"no step was committed for {self.patience} s after: {kind}")
        lengths = sorted(later["time"] - earlier["time"]
                         for earlier, later in zip(self.cluster.steps()[-60:], self.cluster.steps()[-59:]))
        normal = lengths[len(lengths) // 2] if lengths else 0
        self.recoveries.setdefault(kind, []).append(max(0, record["time"] - since - normal))

    def victims(self, count):
        members = self.cluster.members() or list(self.cluster.workers)
        return self.random.sample(members, min(count, len(members)))

    def kill(self):
        self.kill_workers("kill", self.victims(1))

    def kill_saver(self):
        self.kill_workers("kill saver", self.cluster.members()[:1])

    def kill_two(self):
        self.kill_workers("kill two", self.victims(2))

    def kill_all(self):
        self.kill_workers("kill all", list(self.cluster.workers), replace=True)

    def kill_workers(self, kind, victims, replace=False):
        moment = time.time()
        for pid in victims:
            self.cluster.signal_worker(pid, signal.SIGKILL)
        if replace or len(victims) == len(self.cluster.workers):
            self.cluster.reap()
            self.cluster.start_worker()
        self.measure(kind, moment)

    def stop(self):
        pid = self.victims(1)[0]
        moment = time.time()
        self.cluster.signal_worker(pid, signal.SIGSTOP)
        self.measure("stop", moment)
        # Wakes before or after the others have given it up.
        time.sleep(self.random.choice([0, 0, self.cluster.timeout]))
        self.cluster.signal_worker(pid, signal.SIGCONT)

    def terminate(self):
        moment = time.time()
        for pid in self.victims(1):
            self.cluster.signal_worker(pid, signal.SIGTERM)
        if len(self.cluster.workers) == 1:
            self.cluster.start_worker()
        self.measure("terminate", moment)

    def kill_coordinator(self):
        self.cluster.coordinator.send_signal(signal.SIGKILL)
        self.cluster.coordinator.wait()
        time.sleep(self.random.choice([0, 0.3, 1]))
        if self.random.random() < 0.3 and len(self.cluster.workers) > 1:
            self.cluster.signal_worker(self.random.choice(list(self.cluster.workers)), signal.SIGKILL)
        self.cluster.reap()
        moment = time.time()
        self.cluster.start_coordinator(wanted=len(self.cluster.workers))
        self.measure("kill coordinator", moment)
