"""ResNets and MobileNetV2 in PyTorch, plain or with weights made by hypernetworks: Espalier's own networks.

The same layers and strides as in Espalier's ModelZoo for the same input, to the last parameter: 1x1 projections where
shapes change, a biased stem in the plain ResNets for CIFAR, batch norm after every convolution.
"""

import math

import torch
from torch import nn
from torch.nn import functional


class HyperConvolution(nn.Module):
    """A convolution whose weight is made from two latent vectors:

    u = (z_in * z_out + b0) * w1 + b1, W = w2 u + b2, with an embedding of m elements for each (output, input) pair.
    """

    def __init__(self, z_in, z_out, kernel, stride, groups, embedding, form):
        super().__init__()
        inputs, outputs, taps = z_in.numel(), z_out.numel(), kernel * kernel
        self.z_in, self.z_out = z_in, z_out
        self.kernel, self.stride, self.groups, self.form = kernel, stride, groups, form
        bound = math.sqrt(3 / (embedding * inputs * taps))
        self.w1 = nn.Parameter(torch.empty(outputs, inputs, embedding).uniform_(-math.sqrt(3), math.sqrt(3)))
        self.w2 = nn.Parameter(torch.empty(outputs, inputs, taps, embedding).uniform_(-bound, bound))
        self.b0 = nn.Parameter(torch.zeros(outputs, inputs))
        self.b1 = nn.Parameter(torch.zeros(outputs, inputs, embedding))
        self.b2 = nn.Parameter(torch.zeros(outputs, inputs, taps))

    def weight(self):
        pairs = torch.addcmul(self.b0, self.z_out.unsqueeze(1), self.z_in.unsqueeze(0))
        embedded = torch.addcmul(self.b1, pairs.unsqueeze(-1), self.w1)
        if self.form == "matmul":
            taps = torch.matmul(self.w2, embedded.unsqueeze(-1)).squeeze(-1)
        else:
            taps = (self.w2 * embedded.unsqueeze(-2)).sum(-1)
        outputs, inputs = pairs.shape
        return (taps + self.b2).view(outputs, inputs, self.kernel, self.kernel)

    def forward(self, x):
        return functional.conv2d(
            x, self.weight(), stride=self.stride, padding=self.kernel // 2, groups=self.groups)


class Wiring:
    """Makes layers: plain ones, or hypernetworks that share the latent vectors of added outputs."""

    def __init__(self, embedding=0, form="matmul"):
        self.embedding, self.form = embedding, form
        self.latents = {}

    def latent(self, name, length):
        if name not in self.latents:
            self.latents[name] = nn.Parameter(torch.randn(length))
        return self.latents[name]

    def convolution(self, source, target, kernel, stride=1, bias=False):
        """`source` and `target` are (name of the latent vector, channels)."""
        if self.embedding:
            made = HyperConvolution(
                self.latent(*source), self.latent(*target), kernel, stride, 1, self.embedding, self.form)
        else:
            made = nn.Conv2d(source[1], target[1], kernel, stride, kernel // 2, bias=bias)
        return nn.Sequential(made, nn.BatchNorm2d(target[1]))

    def depthwise(self, place, stride):
        """Keeps the channels' vector; its input side has a vector of one element of its own."""
        channels = place[1]
        if self.embedding:
            own = nn.Parameter(torch.randn(1))
            made = HyperConvolution(own, self.latent(*place), 3, stride, channels, self.embedding, self.form)
        else:
            made = nn.Conv2d(channels, channels, 3, stride, 1, groups=channels, bias=False)
        return nn.Sequential(made, nn.BatchNorm2d(channels))


class Block(nn.Module):
    """A residual block, its output followed by ReLU."""

    def __init__(self, wiring, name, source, target, stride, bottleneck):
        super().__init__()
        inner = target[1] // 4 if bottleneck else target[1]
        first, second = (f"{name}.a", inner), (f"{name}.b", inner)
        if bottleneck:
            self.body = nn.Sequential(
                wiring.convolution(source, first, 1), nn.ReLU(inplace=True),
                wiring.convolution(first, second, 3, stride), nn.ReLU(inplace=True),
                wiring.convolution(second, target, 1))
        else:
            self.body = nn.Sequential(
                wiring.convolution(source, first, 3, stride), nn.ReLU(inplace=True),
                wiring.convolution(first, target, 3))
        same = stride == 1 and source[1] == target[1]
        self.short = nn.Identity() if same else wiring.convolution(source, target, 1, stride)

    def forward(self, x):
        return functional.relu(self.body(x) + self.short(x), inplace=True)


class InvertedBlock(nn.Module):
    """Expand, filter each channel, project; an addition where the shape stays."""

    def __init__(self, wiring, name, source, target, stride, expansion):
        super().__init__()
        layers, inner = [], source
        if expansion > 1:
            inner = (f"{name}.inner", source[1] * expansion)
            layers += [wiring.convolution(source, inner, 1), nn.ReLU6(inplace=True)]
        layers += [wiring.depthwise(inner, stride), nn.ReLU6(inplace=True), wiring.convolution(inner, target, 1)]
        self.body = nn.Sequential(*layers)
        self.adds = stride == 1 and source[1] == target[1]

    def forward(self, x):
        return x + self.body(x) if self.adds else self.body(x)


class Network(nn.Module):
    def __init__(self, layers, channels, classes):
        super().__init__()
        self.features = nn.Sequential(*layers)
        self.head = nn.Linear(channels, classes)

    def forward(self, x):
        return self.head(self.features(x).mean((2, 3)))


def resnet(stem, stages, bottleneck, channels, classes, wiring):
    expansion = 4 if bottleneck else 1
    shares = not bottleneck  # With basic blocks the stem's output is added to the first stage's.
    place = ("stage0" if shares else "stem", channels)
    image = ("image", 3)
    if stem == "imagenet":
        layers = [wiring.convolution(image, place, 7, 2), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, 1)]
    else:
        layers = [wiring.convolution(image, place, 3, bias=True), nn.ReLU(inplace=True)]
    for stage, blocks in enumerate(stages):
        target = (f"stage{stage}", (channels << stage) * expansion)
        for block in range(blocks):
            stride = 2 if stage > 0 and block == 0 else 1
            layers.append(Block(wiring, f"{stage}.{block}", place, target, stride, bottleneck))
            place = target
    return Network(layers, place[1], classes)


# Expansion, channels, blocks, stride of the first.
INVERTED = [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)]


def mobilenetv2(side, classes, width, wiring):
    """Small images are reduced less: see MobileNetV2.swift."""
    place = ("stem", round(32 * width))
    layers = [wiring.convolution(("image", 3), place, 3, 1 if side < 64 else 2), nn.ReLU6(inplace=True)]
    for stage, (expansion, channels, blocks, stride) in enumerate(INVERTED):
        if stage == 1 and side < 96:
            stride = 1
        target = (f"stage{stage}", round(channels * width))
        for block in range(blocks):
            first = stride if block == 0 else 1
            layers.append(InvertedBlock(wiring, f"{stage}.{block}", place, target, first, expansion))
            place = target
    last = ("last", round(1280 * width))
    layers += [wiring.convolution(place, last, 1), nn.ReLU6(inplace=True)]
    return Network(layers, last[1], classes)


CIFAR = {"resnet20": 3, "resnet56": 9, "resnet110": 18}
IMAGENET = {
    "resnet18": ([2, 2, 2, 2], False), "resnet34": ([3, 4, 6, 3], False), "resnet50": ([3, 4, 6, 3], True),
    "resnet101": ([3, 4, 23, 3], True),
}
NAMES = sorted({**CIFAR, **IMAGENET, "mobilenetv2": None})


def network(name, side, classes, width=1.0, embedding=0, form="matmul"):
    wiring = Wiring(embedding, form)
    if name == "mobilenetv2":
        return mobilenetv2(side, classes, width, wiring)
    if name in CIFAR:
        return resnet("cifar", [CIFAR[name]] * 3, False, round(16 * width), classes, wiring)
    stages, bottleneck = IMAGENET[name]
    return resnet("imagenet", stages, bottleneck, round(64 * width), classes, wiring)
