"""Plans for the networks that pruned.py times, as files for espalier bench step --plan."""

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


class BySize:
    """Plans of which as small a share of the activations stays as of the FLOPs; numbers of channels are odd."""

    ROUNDS = 12  # Of a bisection.

    def __init__(self, espalier, name, pixels, lengths, folder):
        self.espalier, self.name, self.folder = espalier, name, folder
        self.pixels, self.lengths = pixels, lengths

    def plan(self, keep):
        """By bisection twice: how much large images lose beyond small ones, and how much all lose."""
        least, most, found = 0.0, 1.0, None
        for _ in range(self.ROUNDS):
            steepness = (least + most) / 2
            found = self.of_flops(keep, steepness)
            if found is None:
                return None
            if self.activations(found) > keep:
                least = steepness
            else:
                most = steepness
        return found

    def of_flops(self, keep, steepness):
        least, most, found = 0.0, 2.0, None
        for _ in range(self.ROUNDS):
            found = self.cut((least + most) / 2, steepness)
            if found is None:
                return None
            if found["pruned"]["flops"]["conv_linear"] > keep * found["baseline"]["flops"]["conv_linear"]:
                most = (least + most) / 2
            else:
                least = (least + most) / 2
        return found

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

    def activations(self, plan):
        """The share of the convolutions' outputs that stays."""
        rows = [row for row in plan["layers"] if row["name"] in self.pixels]
        return sum(row["channels"] * self.pixels[row["name"]] for row in rows) / sum(
            row["of"] * self.pixels[row["name"]] for row in rows)
