// Differences to the baseline as a forest, across data sets and splits.

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "report/cells.h"
#include "report/figures.h"
#include "report/series.h"

namespace mofi {
namespace {

constexpr std::size_t kMostRows = 40;

struct ForestRow {
  std::string table, arm;
  const ArmComparison* comparison;
  const ArmResult* result;
  bool first = false;  ///< of its table
};

/// Tables are parted only where they are longer than a page.
std::size_t page_end(const std::vector<ForestRow>& rows, std::size_t begin) {
  const std::size_t most = std::min(begin + kMostRows, rows.size());
  if (most == rows.size()) return most;
  std::size_t end = most;
  while (end > begin && !rows[end].first) --end;
  return end > begin ? end : most;
}

}  // namespace

std::vector<Figure> forest_figures(const std::vector<const NamedAblation*>& tables,
                                   const AblationOptions& options) {
  std::vector<ForestRow> rows;
  for (const NamedAblation* named : tables) {
    const Ablation& ablation = named->ablation;
    bool first = true;
    for (std::size_t i = 0; i < ablation.results.size(); ++i) {
      if (!ablation.results[i].difference) continue;
      rows.push_back({named->name, short_label(ablation.set, ablation.set.arms[i]),
                      &ablation.comparisons[*ablation.results[i].difference], &ablation.results[i], first});
      first = false;
    }
  }
  std::vector<Figure> figures;
  for (std::size_t begin = 0, end = 0; begin < rows.size(); begin = end) {
    end = page_end(rows, begin);
    Figure figure;
    figure.name = page_name("differences", figures.size());
    figure.title =
        tables.size() > 1 ? "Differences across data sets and splits" : "Differences to the baseline";
    figure.columns = {"table",  "arm",   "line",  "difference", "low",  "high",
                      "p_holm", "clips", "songs", "seeds",      "right"};
    figure.text = "Differences to the baseline in percentage points, with intervals.";
    int line = 0;
    std::string heads;
    double low = 0, high = 0;
    std::size_t longest = 12, widest = 0;
    for (std::size_t i = begin; i < end; ++i) {
      const ForestRow& row = rows[i];
      if (tables.size() > 1 && (row.first || i == begin)) {
        heads += fmt::format("set label {} at screen 0.012, first {} left textcolor rgb '#000000'\n",
                             gnuplot_text(row.table), line++);
        longest = std::max(longest, row.table.size());
      }
      const Estimate& d = row.comparison->of.difference;
      const std::string right = fmt::format("{} ({})  p {}", percent(d.value, "+"), percent(d.interval, "+"),
                                            p_cell(row.comparison->holm));
      figure.rows.push_back({row.table, row.arm, std::to_string(line++), fmt::format("{:.2f}", 100 * d.value),
                             std::isnan(d.interval.low) ? "" : fmt::format("{:.2f}", 100 * d.interval.low),
                             std::isnan(d.interval.low) ? "" : fmt::format("{:.2f}", 100 * d.interval.high),
                             number_cell(row.comparison->holm), std::to_string(row.result->most_clips),
                             std::to_string(row.result->songs), std::to_string(row.comparison->seeds.size()),
                             right});
      for (const double value : {d.value, d.interval.low, d.interval.high})
        if (!std::isnan(value)) {
          low = std::min(low, 100 * value);
          high = std::max(high, 100 * value);
        }
      longest = std::max(longest, row.arm.size());
      widest = std::max(widest, right.size());
      figure.text += fmt::format(" {}{}{}: {}.", row.table, row.table.empty() ? "" : ", ", row.arm, right);
    }
    const double margin = 0.05 * std::max(high - low, 1.0);
    const int left = std::min(300, 20 + 7 * static_cast<int>(longest));
    const int right = 14 + static_cast<int>(6.4 * static_cast<double>(widest));
    figure.width = left + right + 280;
    figure.height = 76 + 22 * line;
    const double width = figure.width, height = figure.height;
    figure.drawing = fmt::format(
        "set lmargin at screen {:.4f}\nset rmargin at screen {:.4f}\nset tmargin at screen {:.4f}\nset "
        "bmargin at screen {:.4f}\n",
        left / width, 1 - right / width, 1 - 6 / height, 60 / height);
    figure.drawing += fmt::format(
        "set border 1\nunset grid\nset grid xtics lt 1 lw 0.5 lc rgb '#DDDDDD'\nunset key\n"
        "set xrange [{0:.4g}:{1:.4g}]\nset yrange [{2:.1f}:-0.7]\nset y2range [{2:.1f}:-0.7]\n"
        "set ytics scale 0 ()\nset y2tics scale 0 ()\nset xlabel 'difference of accuracy, percentage "
        "points'\n",
        low - margin, high + margin, line - 0.3);
    figure.drawing += "set arrow from 0, graph 0 to 0, graph 1 nohead back lc rgb '#555555' lw 1\n" + heads;
    figure.drawing +=
        "plot data using (column('difference')):(column('line')):(column('low')):(column('high')):"
        "ytic(strcol('arm')):y2tic(strcol('right')) with xerrorbars lc rgb '#0072B2' lw 1.6 pt 5 ps 0.7\n"
        "unset arrow\nunset label\n";
    figure.caption = fmt::format(
        "Accuracy less that of the baseline ({}) of the same table, with {:g} % intervals and p after Holm's "
        "adjustment over the sites of a condition{}. n:",
        options.baseline.empty() ? "none" : options.baseline.front(), options.bootstrap.level * 100,
        tables.size() > 1 ? "; nothing here compares one table with another" : "");
    for (const NamedAblation* named : tables) {
      if (std::none_of(rows.begin() + static_cast<std::ptrdiff_t>(begin),
                       rows.begin() + static_cast<std::ptrdiff_t>(end),
                       [&](const ForestRow& row) { return row.table == named->name; }))
        continue;
      const ArmResult* widest_arm = nullptr;
      for (const ArmResult& result : named->ablation.results)
        if (result.difference && (widest_arm == nullptr || result.seeds.size() > widest_arm->seeds.size()))
          widest_arm = &result;
      if (widest_arm == nullptr) continue;
      figure.caption += fmt::format("{} {}{}", figure.caption.back() == ':' ? "" : ";",
                                    named->name.empty() ? "" : named->name + " ", n_of(*widest_arm));
    }
    figure.caption += ".";
    figures.push_back(std::move(figure));
  }
  return figures;
}

}  // namespace mofi
