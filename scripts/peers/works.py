"""What is compared, and in which configurations each side may run it."""

import dataclasses
import itertools


@dataclasses.dataclass(frozen=True)
class Work:
    """Something that both sides are told to do."""

    flags: str
    steps: int  # That make a median.
    precisions: tuple = ("fp32",)  # Of several each side's fastest counts.
    speed: float = 0  # Our images/s over the peer's: what is aimed at; 0: nothing.
    memory: float = 0  # Our peak over the peer's, likewise.
    divides: bool = True  # Whether two processes are worth trying, and fit in memory.


CIFAR = "--input 32 --classes 10 --batch 64"
TINY = "--input 64 --classes 200"
IMAGENET = "--input 224 --classes 1000"
BOTH = ("fp32", "bf16")

WORKS = {
    "resnet20": Work(f"resnet20 {CIFAR}", 20, speed=1.3, memory=0.6),
    "resnet20-bf16": Work(f"resnet20 {CIFAR}", 20, ("bf16",), speed=1.3, memory=0.6),
    "resnet56": Work(f"resnet56 {CIFAR}", 10, speed=1.3, memory=0.6),
    "resnet56-bf16": Work(f"resnet56 {CIFAR}", 10, ("bf16",), speed=1.3, memory=0.6),
    "resnet50": Work(f"resnet50 {IMAGENET} --batch 16", 4, speed=1.25, memory=0.6),
    "resnet50-bf16": Work(f"resnet50 {IMAGENET} --batch 16", 4, ("bf16",), speed=1.25, memory=0.6),
    "mobilenetv2": Work(f"mobilenetv2 {TINY} --batch 64", 8, BOTH, speed=1.7, memory=0.6),
    "search-resnet20": Work(f"resnet20 {CIFAR} --hyper 8", 20),
    "search-resnet50": Work(
        f"resnet50 {IMAGENET} --batch 8 --width 2 --hyper 2", 2, BOTH, speed=3.5, memory=0.75, divides=False),
    "search-mobilenetv2": Work(
        f"mobilenetv2 {TINY} --batch 32 --width 2 --hyper 8", 3, BOTH, speed=4, memory=0.6),
}


def ours(work):
    """The flags of each of our configurations."""
    return [f"--precision {precision}" for precision in work.precisions]


def theirs(work, only_eager=False):
    """The flags of each of the peer's configurations: eager, compiled, or two processes; contiguous or channels
    last; and the hypernetwork's last layer as a matrix product or as a sum."""
    modes = ["", "--compile"]
    if work.divides:
        modes.append("--processes 2")
    if only_eager:
        modes = [""]
    forms = ["--form matmul", "--form sum"] if "--hyper" in work.flags else [""]
    choices = itertools.product(work.precisions, modes, forms, ["", "--channels-last"])
    return [" ".join(filter(None, [f"--precision {first}", *rest])) for first, *rest in choices]
