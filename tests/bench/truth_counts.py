#!/usr/bin/env python3
"""Of repeated sweeps of configs/truth.yaml: how often the mode was found to help. usage: truth_counts.py RESULTS

Each world's tables/comparisons.csv has what `mofi aggregate` says of the mode, against no injection and against the
controls. Found: p (Holm) below .05 and the mode ahead; "lost" the same and behind.
"""
import csv
import math
import pathlib
import statistics
import sys

LEVEL, POWER = 0.05, 0.8
NORMAL = statistics.NormalDist()
WORLDS = {"0.9": "telling: .9", "0.6": "faint: .6", "0.5": "silent: .5"}


def wilson(found, n):
    """95 % interval of a share (Wilson)."""
    z = NORMAL.inv_cdf(0.975)
    centre = (found + z * z / 2) / (n + z * z)
    half = z / (n + z * z) * math.sqrt(found * (n - found) / n + z * z / 4)
    return max(0.0, centre - half), min(1.0, centre + half)


def main():
    results = pathlib.Path(sys.argv[1])
    found = {}  # (world, against): rows
    for file in sorted(results.glob("*/tables/comparisons.csv")):
        world = next(name for share, name in WORLDS.items() if f"agreement{share}" in file.parts[-3])
        for row in csv.DictReader(open(file, newline="")):
            if row["injection.condition"] == "mode":
                found.setdefault((world, row["against"].split("=")[-1]), []).append(row)
    print("| the mode is that of the valence | against | sweeps | mean difference | found, % | 95 % | stated power, % "
          "| lost, % | interval holds the mean, % |")
    print("|:--|:--|--:|--:|--:|--:|--:|--:|--:|")
    for world in WORLDS.values():
        for against in ("none", "constant", "shuffled"):
            rows = found.get((world, against), [])
            if not rows:
                continue
            difference = [float(row["difference"]) for row in rows]
            seen = [float(row["p_holm"]) < LEVEL for row in rows]
            ahead = sum(s and d > 0 for s, d in zip(seen, difference))
            behind = sum(s and d < 0 for s, d in zip(seen, difference))
            mean = statistics.mean(difference)
            # "Seen from" is what is found with 80 %: so many standard errors.
            errors = [float(row["seen_from"]) / (NORMAL.inv_cdf(1 - LEVEL / 2) + NORMAL.inv_cdf(POWER)) for row in rows]
            power = statistics.mean(NORMAL.cdf(mean / e - NORMAL.inv_cdf(1 - LEVEL / 2)) if e > 0 else 1 for e in errors)
            held = sum(float(row["difference_low"]) <= mean <= float(row["difference_high"]) for row in rows)
            low, high = wilson(ahead, len(rows))
            print(f"| {world} | {against} | {len(rows)} | {100 * mean:+.1f} | {100 * ahead / len(rows):.0f} "
                  f"| {100 * low:.0f} … {100 * high:.0f} | {100 * power:.0f} | {100 * behind / len(rows):.0f} "
                  f"| {100 * held / len(rows):.0f} |")


if __name__ == "__main__":
    main()
