"""scripts/compare-methods: see there."""

import argparse
import json
import sys

import study

METHODS = ["baseline", "lw-dna", "dhp", "magnitude", "uniform", "random"]


def arguments():
    parser = argparse.ArgumentParser(prog="scripts/compare-methods")
    study.add_arguments(parser, "cluster/recipes/resnet20-cifar10.yaml", "runs/compare-methods")
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=METHODS)
    parser.add_argument("--seeds", nargs="+", type=int, default=[1], help="a run of each method for each (default 1)")
    parser.add_argument("--dhp", nargs="+", metavar="KEY=VALUE", default=["strength=0.01", "check_every=20"],
                        help="keys of shrink for dhp alone (default strength=0.01 check_every=20)")
    return parser.parse_args()


def settings(method, seed, recipe_sets, dhp):
    """The plain network has no shrink section that keys could be set in."""
    own = [f"seed={seed}", "shrink=none" if method == "baseline" else f"shrink.method={method}"]
    own += [f"shrink.{setting}" for setting in dhp if method == "dhp"]
    return [setting for setting in recipe_sets if method != "baseline" or not setting.startswith("shrink.")] + own


def result(method, folder):
    plan = study.plan(folder)
    test = study.last_test(folder)
    cost = plan["pruned"] if plan else None
    return {
        "method": method, "folder": folder, "top1_error": 1 - test["test_top1"], "test_images": test["test_images"],
        "step": test["step"], "search_steps": plan.get("step", 0) if plan else 0,
        "flops": cost["flops"]["conv_linear"] if cost else None,
        "parameters": cost["parameters"]["conv_linear"] if cost else None,
        "baseline": {key: plan["baseline"][key]["conv_linear"] for key in ("flops", "parameters")} if plan else None,
        "is_within_budget": plan["isReached"] if plan else None,
    }


def fill_baseline(results):
    """The plain network's cost is in the others' plans."""
    known = next((r["baseline"] for r in results if r["baseline"]), None)
    for r in results:
        if r["flops"] is None and known:
            r["flops"], r["parameters"], r["baseline"] = known["flops"], known["parameters"], known


def row(method, results):
    def share(key):
        if results[0][key] is None:
            return "", ""
        shares = [r[key] / r["baseline"][key] for r in results]
        return f"{study.mean([r[key] for r in results]) / 1e6:.3f} M", f"{100 * study.mean(shares):.1f} %"
    flops, parameters = share("flops"), share("parameters")
    errors = [100 * r["top1_error"] for r in results]
    deviation = study.spread(errors)
    return {
        "method": method, "FLOPs": flops[0], "of baseline": flops[1], "parameters": parameters[0],
        "of baseline ": parameters[1], "search steps": f"{study.mean([r['search_steps'] for r in results]):.0f}",
        "top-1 error": f"{study.mean(errors):.2f} %",
        "over seeds": "" if deviation is None else f"± {deviation:.2f} of {len(errors)}",
    }


def main():
    options = arguments()
    common, options.set = options.set, []
    results = []
    for seed in options.seeds:
        for method in options.methods:
            folder = study.train(f"{method}-seed{seed}", options, settings(method, seed, common, options.dhp))
            results.append(result(method, folder))
    fill_baseline(results)
    if options.json:
        json.dump(results, sys.stdout, indent=1)
        return print()
    rows = [row(method, [r for r in results if r["method"] == method]) for method in options.methods]
    study.print_table(rows, list(rows[0]))
    missed = sorted({r["method"] for r in results if r["is_within_budget"] is False})
    if missed:
        print(f"budget not met by: {', '.join(missed)}")


main()
