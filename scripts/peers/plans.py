"""Plans for the networks that pruned.py times, as espalier bench step --plan takes them."""

import json

import machine

SETTINGS = """
network: {name}
batch: 32
epochs: 1
data: {{format: synthetic, train_count: 640, test_count: 32}}
optimizer: {{learning_rate: 0.1}}
shrink: {shrink}
"""


def shrunk(espalier, name, shrink, folder):
    """What espalier shrink prints for the shrink settings, without widening; None if it fails."""
    recipe = folder / f"{name}.yaml"
    recipe.write_text(SETTINGS.format(name=name, shrink=json.dumps({"width": 1, **shrink})))
    return machine.attempt([espalier, "shrink", recipe, "--json"])


def searched(espalier, name, keep, folder):
    """LW-DNA's own, after 20 steps."""
    settings = {"method": "lw-dna", "steps": 20, "rho": 0.2, "budget": {"ratio": keep}}
    return shrunk(espalier, name, settings, folder)


def by_size(espalier, name, flags, keep, folder):
    """One that cuts layers the more the larger their images are; None if what it is made of fails."""
    network, *flags = flags.split()
    described = machine.attempt([espalier, "describe", network, *flags[: flags.index("--batch")], "--json"])
    whole = shrunk(espalier, name, {"method": "uniform", "budget": {"ratio": 1}}, folder)
    if described is None or whole is None:
        return None
    pixels = {row["name"]: row["out_height"] * row["out_width"] for row in described["layers"]}
    # The images and what is one number for all channels are never pruned.
    lengths = {vector["name"]: vector["length"] for vector in whole["vectors"] if vector["name"] in pixels}
    return BySize(espalier, name, pixels, lengths, folder).plan(keep)


ROUNDS = 12  # Of a bisection.


def bisected(least, most, make, is_high):
    """What `make` gives where `is_high` begins to hold for it, between two numbers; None if it fails."""
    found = None
    for _ in range(ROUNDS):
        middle = (least + most) / 2
        found = make(middle)
        if found is None:
            return None
        if is_high(found):
            most = middle
        else:
            least = middle
    return found


class BySize:
    """Plans of which as small a share of the activations stays as of the FLOPs; numbers of channels are odd."""

    def __init__(self, espalier, name, pixels, lengths, folder):
        self.espalier, self.name, self.folder = espalier, name, folder
        self.pixels, self.lengths = pixels, lengths

    def plan(self, keep):
        """Large images lose so much beyond small ones that their activations shrink enough."""
        return bisected(
            0, 1, lambda steepness: self.of_flops(keep, steepness), lambda plan: self.activations(plan) <= keep)

    def of_flops(self, keep, steepness):
        """All lose so much that a share of the FLOPs stays."""
        return bisected(0, 2, lambda share: self.cut(share, steepness), lambda plan: self.flops(plan) > keep)

    def cut(self, share, steepness):
        """Of a vector a share that falls with a power of its images' pixels."""
        smallest = min(self.pixels[name] for name in self.lengths)
        vectors = []
        for name, length in self.lengths.items():
            kept = share * (self.pixels[name] / smallest) ** -steepness * length
            vectors.append({"name": name, "channels": min(max(int(kept) // 2 * 2 + 1, 1), length)})
        file = self.folder / f"{self.name}-vectors.json"
        file.write_text(json.dumps({"network": self.name, "vectors": vectors}))
        return shrunk(self.espalier, self.name, {"method": "plan", "plan": str(file)}, self.folder)

    @staticmethod
    def flops(plan):
        return plan["pruned"]["flops"]["conv_linear"] / plan["baseline"]["flops"]["conv_linear"]

    def activations(self, plan):
        """The share of the convolutions' outputs that stays."""
        rows = [row for row in plan["layers"] if row["name"] in self.pixels]
        return sum(row["channels"] * self.pixels[row["name"]] for row in rows) / sum(
            row["of"] * self.pixels[row["name"]] for row in rows)
