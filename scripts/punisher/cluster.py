"""The processes of one run: a coordinator and workers that join it over TCP on loopback."""

import json
import os
import signal
import socket
import subprocess
import time

PROGRAM = os.path.abspath(".build/release/espalier")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Cluster:
    """Starts processes, remembers them, and never leaves one behind."""

    def __init__(self, recipe, settings, folder, workers, timeout):
        self.recipe, self.settings, self.folder, self.wanted = recipe, settings, folder, workers
        self.timeout = timeout
        self.endpoint = f"tcp://127.0.0.1:{free_port()}"
        self.run = os.path.join(folder, "run")
        self.log_path = os.path.join(folder, "log.txt")
        self.log = open(self.log_path, "ab")
        self.coordinator = None
        self.workers = {}
        self.stopped = set()
        self.exits = []

    def start_coordinator(self, wanted=None):
        command = [PROGRAM, "coordinator", self.recipe, "--listen", self.endpoint, "--run", self.run,
                   "--workers", str(wanted or self.wanted), "--resume"]
        for setting in self.settings:
            command += ["--set", setting]
        self.coordinator = subprocess.Popen(command, stdout=self.log, stderr=self.log)

    def start_worker(self):
        command = [PROGRAM, "worker", "--join", self.endpoint, "--threads", "1", "--timeout", str(self.timeout)]
        process = subprocess.Popen(command, stdout=self.log, stderr=self.log)
        self.workers[process.pid] = process
        return process.pid

    def signal_worker(self, pid, number):
        self.workers[pid].send_signal(number)
        if number == signal.SIGSTOP:
            self.stopped.add(pid)
        elif number == signal.SIGCONT:
            self.stopped.discard(pid)

    def reap(self):
        """Forgets processes that have ended. Returns (process, exit code) of those."""
        ended = [(pid, process.returncode) for pid, process in self.workers.items() if process.poll() is not None]
        for pid, _ in ended:
            del self.workers[pid]
            self.stopped.discard(pid)
        self.exits += ended
        return ended

    def status(self):
        """What the coordinator says; None if it does not answer."""
        done = subprocess.run([PROGRAM, "status", self.endpoint, "--json"], capture_output=True, text=True)
        return json.loads(done.stdout) if done.returncode == 0 else None

    def members(self):
        """Processes of the present members, the one with the lowest number first."""
        status = self.status() or {"workers": []}
        return [worker["process"] for worker in sorted(status["workers"], key=lambda worker: worker["number"])
                if worker["standing"] == "member" and worker["process"] in self.workers]

    def steps(self):
        """Committed steps: the ledger's lines, without those of digests and without a half-written last one."""
        try:
            with open(os.path.join(self.run, "ledger.jsonl")) as file:
                lines = file.read().split("\n")[:-1]
        except FileNotFoundError:
            return []
        records = [json.loads(line) for line in lines]
        return [record for record in records if "samples" in record]

    def await_step_after(self, moment, patience):
        """The first step committed after `moment`; None if none came in time."""
        deadline = time.time() + patience
        while time.time() < deadline:
            for record in self.steps()[-200:]:
                if record["time"] > moment:
                    return record
            time.sleep(0.02)
        return None

    def finish(self, patience=60):
        """Tells the coordinator to stop with a checkpoint. Returns its exit code and those of the workers."""
        for pid in list(self.stopped):
            self.signal_worker(pid, signal.SIGCONT)
        self.coordinator.send_signal(signal.SIGTERM)
        return self.coordinator.wait(patience), self.await_workers(patience)

    def await_workers(self, patience):
        deadline = time.time() + patience
        while self.workers and time.time() < deadline:
            self.reap()
            time.sleep(0.05)
        return dict(self.exits)

    def kill_all(self):
        for process in [self.coordinator, *self.workers.values()]:
            if process and process.poll() is None:
                process.kill()
                process.wait()
        self.log.close()
