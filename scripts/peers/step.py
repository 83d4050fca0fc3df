"""Whole training steps of a ResNet on noise with PyTorch: the counterpart of `espalier bench step --json`."""

import argparse
import contextlib
import json
import os
import resource
import statistics
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
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--warmup", type=int, default=2)
    return parser.parse_args()


def main():
    options = arguments()
    torch.manual_seed(1)
    torch.set_num_threads(options.threads)
    model = networks.network(options.network, options.classes, options.width, options.hyper, options.form).train()
    images = torch.rand(options.batch, 3, options.input, options.input) * 3.46 - 1.73
    labels = torch.randint(options.classes, (options.batch,))
    if options.channels_last:
        model = model.to(memory_format=torch.channels_last)
        images = images.to(memory_format=torch.channels_last)
    run = torch.compile(model) if options.compile else model
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9, weight_decay=1e-4)

    def precision():
        if options.precision == "fp32":
            return contextlib.nullcontext()
        return torch.autocast("cpu", dtype=torch.bfloat16)

    def step():
        begin = time.perf_counter()
        optimizer.zero_grad(set_to_none=True)
        with precision():
            loss = functional.cross_entropy(run(images), labels)
        loss.backward()
        optimizer.step()
        return time.perf_counter() - begin

    for _ in range(options.warmup):
        step()
    seconds = [step() for _ in range(options.steps)]
    print(json.dumps({
        "torch": torch.__version__,
        "images_per_second_median": options.batch / statistics.median(seconds),
        "images_per_second_best": options.batch / min(seconds),
        "seconds_median": statistics.median(seconds),
        "peak_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9,
    }))


if __name__ == "__main__":
    main()
