# Makes tests/golden/statistics_numbers.h: what scipy says of small examples (scipy 1.17.1, numpy 2.4.6).
#   python3 make_statistics_numbers.py > statistics_numbers.h
import numpy as np
from scipy import stats


def out(name, value):
    print(f"inline constexpr double {name} = {float(value)!r};")


def listed(name, kind, values):
    body = ", ".join(repr(v) for v in values)
    print(f"inline const std::vector<{kind}> {name} = {{{body}}};")


print("#pragma once\n// Made by make_statistics_numbers.py with scipy; not edited by hand.\n")
print("// clang-format off\n#include <cstdint>\n#include <vector>\n\nnamespace mofi::golden {\n")

# Differences of 15 runs (5 folds, 3 seeds), in thousandths.
thousandths = [31, -12, 8, 22, 15, 40, -5, 3, 18, 27, -20, 11, 6, 33, 9]
d = np.array(thousandths) / 1000
listed("kDifferences", "double", [t / 1000 for t in thousandths])
out("kPairedT", stats.ttest_1samp(d, 0).statistic)
out("kPairedP", stats.ttest_1samp(d, 0).pvalue)
t = d.mean() / np.sqrt((1 / len(d) + 1 / 4) * d.var(ddof=1))
out("kCorrectedT", t)
out("kCorrectedP", 2 * stats.t.sf(abs(t), len(d) - 1))

songs = [3, -1, 0, 2, 5, -2, 1, 1, 0, 4, -3, 2]
listed("kSongDifferences", "std::int64_t", songs)
exact = stats.permutation_test((np.array(songs),), np.sum, permutation_type="samples", n_resamples=np.inf)
out("kSignFlipP", exact.pvalue)

out("kMcNemarP", stats.binomtest(7, 7 + 18, 0.5).pvalue)
# Agresti, Categorical Data Analysis (2nd ed., table 10.1): approval of the prime minister, 150 and 86 changed.
out("kMcNemarApprovalP", stats.binomtest(86, 86 + 150, 0.5).pvalue)

p = [0.01, 0.04, 0.03, 0.005, 0.2, 0.04]
listed("kPValues", "double", p)
order = np.argsort(p, kind="stable")
adjusted = np.empty(len(p))
adjusted[order] = np.minimum(1, np.maximum.accumulate([(len(p) - r) * p[i] for r, i in enumerate(order)]))
listed("kHolm", "double", [float(a) for a in adjusted])

first, second = [0.61, 0.64, 0.63, 0.60, 0.66], [0.60, 0.62, 0.59, 0.63]
out("kImprovement", stats.mannwhitneyu(first, second).statistic / (len(first) * len(second)))

values = [0.51, 0.62, 0.55, 0.58, 0.71, 0.49, 0.60]
listed("kValues", "double", values)
out("kInterquartileMean", stats.trim_mean(values, 0.25))


def power(gap, df, level):
    border = stats.t.isf(level / 2, df)
    return stats.nct.sf(border, df, gap) + stats.nct.cdf(-border, df, gap)


out("kPower20Degrees", power(2.5, 20, 0.05))
out("kPower7Degrees", power(3.25, 7.5, 0.01))
low, high = 0.0, 50.0
for _ in range(80):
    middle = (low + high) / 2
    low, high = (middle, high) if power(middle, 12, 0.05) < 0.8 else (low, middle)
out("kGapOf12Degrees", high)

confidences = [0.31, 0.42, 0.97, 0.88, 0.55, 0.61, 0.42, 0.73, 0.99, 0.50, 0.35, 0.66]
right = [0, 1, 1, 1, 0, 1, 0, 1, 1, 0, 0, 1]
listed("kConfidences", "double", confidences)
listed("kRight", "int", right)
bins = np.ceil(np.array(confidences) * 15) - 1
error = sum(abs(np.sum((np.array(right) - confidences)[bins == b])) for b in range(15)) / len(right)
out("kCalibrationError", error)

# Two-way analysis of variance, 4 songs of one clip each by 3 seeds: mean squares of rows, columns and the rest.
table = np.array([[1, 1, 0], [1, 0, 1], [0, 0, 0], [1, 1, 1.0]])
rows, columns = table.mean(1, keepdims=True), table.mean(0, keepdims=True)
rest = table - rows - columns + table.mean()
out("kSongVariance", rows.var(ddof=1) / 4)
out("kSeedVariance", columns.var(ddof=1) / 3)
out("kNoiseVariance", (rest**2).sum() / (3 * 2) / (4 * 3))

print("\n}  // namespace mofi::golden")
