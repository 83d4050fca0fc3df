"""Whole training steps on noise with PyTorch: the counterpart of `espalier bench step --json`.

With --processes 2 the batch is cut in two and gradients are averaged by DistributedDataParallel over gloo; the peak
of memory is then the sum over the processes.
"""

import argparse
import contextlib
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time

import torch
from torch.nn import functional

import networks


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("network", choices=networks.NAMES)
    parser.add_argument("--input", type=int, default=224)
    parser.add_argument("--classes", type=int, default=1000)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--width", type=float, default=1)
    parser.add_argument("--hyper", type=int, default=0, help="embedding of the hypernetworks; 0: a plain network")
    parser.add_argument("--form", choices=["matmul", "sum"], default="matmul", help="of the hypernetworks' last layer")
    parser.add_argument("--precision", choices=["fp32", "bf16"], default="fp32")
    parser.add_argument("--channels-last", action="store_true")
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="of all processes together")
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--warmup", type=int, default=2)
    parser.add_argument("--rank", type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument("--rendezvous", help=argparse.SUPPRESS)
    return parser.parse_args()


def autocast(precision):
    if precision == "fp32":
        return contextlib.nullcontext()
    return torch.autocast("cpu", dtype=torch.bfloat16)


def prepare(options):
    """The model to run, its parameters, images and labels."""
    torch.manual_seed(1 + options.rank)
    torch.set_num_threads(max(1, options.threads // options.processes))
    batch = options.batch // options.processes
    model = networks.network(
        options.network, options.input, options.classes, options.width, options.hyper, options.form).train()
    images = torch.rand(batch, 3, options.input, options.input) * 3.46 - 1.73
    labels = torch.randint(options.classes, (batch,))
    if options.channels_last:
        model = model.to(memory_format=torch.channels_last)
        images = images.to(memory_format=torch.channels_last)
    parameters = list(model.parameters())
    if options.processes > 1:
        os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
        torch.distributed.init_process_group(
            "gloo", init_method=options.rendezvous, rank=options.rank, world_size=options.processes)
        model = torch.nn.parallel.DistributedDataParallel(model, gradient_as_bucket_view=True)
    return (torch.compile(model) if options.compile else model), parameters, images, labels


def measure(options):
    run, parameters, images, labels = prepare(options)
    optimizer = torch.optim.SGD(parameters, lr=0.01, momentum=0.9, weight_decay=1e-4)

    def step():
        begin = time.perf_counter()
        optimizer.zero_grad(set_to_none=True)
        with autocast(options.precision):
            loss = functional.cross_entropy(run(images), labels)
        loss.backward()
        optimizer.step()
        return time.perf_counter() - begin

    for _ in range(options.warmup):
        step()
    seconds = [step() for _ in range(options.steps)]
    if options.processes > 1:
        torch.distributed.destroy_process_group()
    return {
        "torch": torch.__version__,
        "parameters": sum(parameter.numel() for parameter in parameters),
        "precision": options.precision,
        "images_per_second_median": options.batch / statistics.median(seconds),
        "images_per_second_best": options.batch / min(seconds),
        "seconds_median": statistics.median(seconds),
        "peak_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9,
    }


def measure_together(options):
    """This process is rank 0 and starts the others."""
    with tempfile.TemporaryDirectory() as folder:
        options.rendezvous = f"file://{folder}/rendezvous"
        command = [sys.executable, __file__, *sys.argv[1:], "--rendezvous", options.rendezvous]
        others = [
            subprocess.Popen([*command, "--rank", str(rank)], stdout=subprocess.PIPE, text=True)
            for rank in range(1, options.processes)]
        try:
            report = measure(options)
            for other in others:
                report["peak_gb"] += json.loads(other.communicate()[0])["peak_gb"]
        finally:
            for other in others:
                other.kill()
                other.wait()
    return report


def main():
    options = arguments()
    if options.batch % options.processes:
        sys.exit(f"--batch is {options.batch}; it must be a multiple of --processes {options.processes}")
    alone = options.processes == 1 or options.rank > 0
    print(json.dumps(measure(options) if alone else measure_together(options)))


if __name__ == "__main__":
    main()
