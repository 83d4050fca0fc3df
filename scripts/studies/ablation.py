"""scripts/ablation: see there."""

import argparse
import json
import sys

import study

FLOORS = [(0.1, 0.4), (0.1, 0.45), (0.2, 0.4), (0.2, 0.45)]


def arguments():
    parser = argparse.ArgumentParser(prog="scripts/ablation")
    study.add_arguments(parser, "cluster/recipes/short/mobilenetv1-tiny-imagenet.yaml", "runs/ablation")
    parser.add_argument("--search-only", action="store_true", help="make the plans, train nothing")
    return parser.parse_args()


def outcome(rho, tau, options):
    name = f"rho{rho}-tau{tau}"
    settings = [f"shrink.rho={rho}", f"shrink.tau={tau}"]
    error = None
    if options.search_only:
        plan = study.search(name, options, settings)
    else:
        folder = study.train(name, options, settings)
        plan, error = study.plan(folder), 1 - study.last_test(folder)["test_top1"]
    return {"rho": rho, "tau": tau, "top1_error": error, "is_within_budget": plan["isReached"],
            "flops": plan["pruned"]["flops"]["published"], "parameters": plan["pruned"]["parameters"]["published"]}


def verdict(results):
    """What the paper says of this table, held against ours. Returns lines, and whether all of it is so."""
    parameters = {(r["rho"], r["tau"]): r["parameters"] for r in results}
    flops = [r["flops"] for r in results]
    claims = [
        (f"FLOPs fixed: within {100 * (max(flops) / min(flops) - 1):.1f} % of each other",
         max(flops) < 1.02 * min(flops)),
        ("parameters grow with rho", all(parameters[0.2, tau] > parameters[0.1, tau] for tau in (0.4, 0.45))),
        ("parameters grow with tau", all(parameters[rho, 0.45] > parameters[rho, 0.4] for rho in (0.1, 0.2))),
    ]
    return [f"{text}: {'yes' if holds else 'no'}" for text, holds in claims], all(holds for _, holds in claims)


def main():
    options = arguments()
    results = [outcome(rho, tau, options) for rho, tau in FLOORS]
    lines, holds = verdict(results)
    if options.json:
        json.dump({"rows": results, "claims": lines}, sys.stdout, indent=1)
        print()
    else:
        rows = [{"rho": f"{r['rho']}", "tau": f"{r['tau']}",
                 "top-1 error": "" if r["top1_error"] is None else f"{100 * r['top1_error']:.2f} %",
                 "FLOPs": f"{r['flops'] / 1e9:.4f} G", "parameters": f"{r['parameters'] / 1e6:.3f} M"}
                for r in results]
        study.print_table(rows, list(rows[0]))
        print("\n".join(lines))
    sys.exit(0 if holds else 1)


main()
