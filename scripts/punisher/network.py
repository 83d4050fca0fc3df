"""Hosts with addresses of their own on one machine: network namespaces, a bridge, a cable for each."""

import os
import subprocess
import sys


def ip(*words):
    subprocess.run(["ip", *words], check=True, capture_output=True, text=True)


class Network:
    """Use as a context: it goes away at the end, whatever happened."""

    made = 0

    def __init__(self, count):
        # A namespace's cables go some time after it: never the same name twice.
        Network.made += 1
        self.tag = f"e{os.getpid() % 100000}n{Network.made}"
        self.bridge = f"{self.tag}b"
        self.hosts = [f"{self.tag}h{number}" for number in range(count)]

    def __enter__(self):
        try:
            self.build()
        except subprocess.CalledProcessError as error:
            self.__exit__()
            sys.exit(f"punish-hosts: {' '.join(error.cmd)}: {error.stderr.strip()}")
        return self

    def build(self):
        ip("link", "add", self.bridge, "type", "bridge")
        ip("link", "set", self.bridge, "up")
        for number, host in enumerate(self.hosts):
            ip("netns", "add", host)
            ip("link", "add", self.cable(number), "type", "veth", "peer", "name", "eth0", "netns", host)
            ip("link", "set", self.cable(number), "master", self.bridge, "up")
            ip("-n", host, "addr", "add", f"{self.address(number)}/24", "dev", "eth0")
            ip("-n", host, "link", "set", "eth0", "up")
            ip("-n", host, "link", "set", "lo", "up")

    def __exit__(self, *_):
        for number, host in enumerate(self.hosts):
            subprocess.run(["ip", "link", "del", self.cable(number)], capture_output=True)
            subprocess.run(["ip", "netns", "del", host], capture_output=True)
        subprocess.run(["ip", "link", "del", self.bridge], capture_output=True)

    def cable(self, number):
        return f"{self.tag}c{number}"

    def address(self, number):
        return f"10.77.0.{number + 1}"

    def command(self, number):
        """What to put before a command that is to run on a host."""
        return ["ip", "netns", "exec", self.hosts[number]]

    def cut(self, number):
        ip("link", "set", self.cable(number), "down")

    def heal(self, number):
        ip("link", "set", self.cable(number), "up")

    def limit(self, rate):
        """Both directions of every cable."""
        for number, host in enumerate(self.hosts):
            shape = ["root", "tbf", "rate", rate, "burst", "256kb", "latency", "100ms"]
            subprocess.run(["tc", "qdisc", "replace", "dev", self.cable(number), *shape], check=True)
            subprocess.run(["tc", "-n", host, "qdisc", "replace", "dev", "eth0", *shape], check=True)
