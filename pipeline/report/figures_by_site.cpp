// Curves and a heat map over injection sites; curves over the states that probes read.

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>

#include "report/cells.h"
#include "report/figures.h"
#include "report/halves.h"
#include "report/line_plot.h"
#include "report/series.h"

namespace mofi {
namespace {

constexpr double kUndefined = std::numeric_limits<double>::quiet_NaN();
constexpr Estimate kNothing{kUndefined, {kUndefined, kUndefined}};
constexpr const char* kSiteLabel = "injection site (0: after the embedding, k: after layer k)";

/// Percent to two digits; empty where there is nothing.
std::string hundredths(double fraction) {
  return std::isnan(fraction) ? "" : fmt::format("{:.2f}", 100 * fraction);
}

void add_estimate(std::vector<std::string>& row, const Estimate& estimate) {
  for (const double value : {estimate.value, estimate.interval.low, estimate.interval.high})
    row.push_back(hundredths(value));
}

void add_columns(std::vector<std::string>& columns, const std::string& name) {
  for (const char* of : {"", "_low", "_high"}) columns.push_back(name + of);
}

std::optional<Level> level_of(const std::optional<Estimate>& estimate) {
  if (!estimate) return std::nullopt;
  return Level{100 * estimate->interval.low, 100 * estimate->value, 100 * estimate->interval.high};
}

Estimate accuracy_of(const ArmResult& result) { return {result.accuracy.mean, result.accuracy_interval}; }

/// Series that stand in one figure: of one baseline, and no more than there are styles.
std::vector<std::vector<ArmSeries>> pages_of(std::vector<ArmSeries> series) {
  std::map<std::optional<std::size_t>, std::vector<ArmSeries>> by_baseline;
  for (ArmSeries& one : series) by_baseline[one.baseline].push_back(std::move(one));
  std::vector<std::vector<ArmSeries>> pages;
  for (auto& [baseline, members] : by_baseline)
    for (std::size_t i = 0; i < members.size(); ++i) {
      if (i % kSeriesStyles == 0) pages.emplace_back();
      pages.back().push_back(std::move(members[i]));
    }
  return pages;
}

std::string level_text(const AblationOptions& options) {
  return fmt::format("{:g} %", options.bootstrap.level * 100);
}

std::string described(const ArmSeries& series, const Ablation& ablation) {
  std::string text;
  for (const auto& [x, arm] : series.points) {
    const ArmResult& result = ablation.results[arm];
    text += fmt::format("{}{:g}: {} ({})", text.empty() ? "" : ", ", x, percent(result.accuracy.mean),
                        percent(result.accuracy_interval));
  }
  return text;
}

Figure accuracy_figure(const NamedAblation& named, const RunSet& runs, const AblationOptions& options,
                       const std::vector<ArmSeries>& page) {
  const Ablation& ablation = named.ablation;
  const auto half = [&](std::size_t arm, Half of) {
    return half_accuracy(ablation.set.arms[arm], of, runs.names, ablation.scoring, options.bootstrap);
  };
  const bool halves = ablation.results.front().confusion.quadrants;
  Figure figure;
  figure.title = "Accuracy by injection site";
  figure.columns = {"series", "site"};
  add_columns(figure.columns, "accuracy");
  if (halves)
    for (const char* of : {"valence", "arousal"}) add_columns(figure.columns, of);
  const auto add_row = [&](const std::string& name, const std::string& x, std::size_t arm) {
    std::vector<std::string> row = {name, x};
    add_estimate(row, accuracy_of(ablation.results[arm]));
    if (halves)
      for (const Half of : {Half::kValence, Half::kArousal})
        add_estimate(row, half(arm, of).value_or(kNothing));
    figure.rows.push_back(std::move(row));
  };
  LinePlot plot{"site", kSiteLabel, "", {}, {{"accuracy", "accuracy, %", {}}}};
  if (halves) {
    plot.panels.push_back({"valence", "valence right, %", {}});
    plot.panels.push_back({"arousal", "arousal right, %", {}});
  }
  for (const ArmSeries& series : page) {
    plot.series.push_back(series.name);
    for (const auto& [x, arm] : series.points) add_row(series.name, fmt::format("{:g}", x), arm);
  }
  figure.text = "Accuracy in % by injection site, with intervals.";
  if (const auto baseline = page.front().baseline) {
    const std::string name = short_label(ablation.set, ablation.set.arms[*baseline]);
    plot.level_title = fmt::format("{}, with its {} interval", name, level_text(options));
    add_row(name, "", *baseline);
    plot.panels[0].level = level_of(accuracy_of(ablation.results[*baseline]));
    if (halves) {
      plot.panels[1].level = level_of(half(*baseline, Half::kValence));
      plot.panels[2].level = level_of(half(*baseline, Half::kArousal));
    }
    figure.text += fmt::format(" {}: {} ({}).", name, percent(ablation.results[*baseline].accuracy.mean),
                               percent(ablation.results[*baseline].accuracy_interval));
  }
  for (const ArmSeries& series : page)
    figure.text += fmt::format(" {}, site {}.", series.name, described(series, ablation));
  figure.caption = fmt::format(
      "Accuracy{} by injection site. Bars{}: {} intervals for other songs and seeds; overlapping bars do not "
      "say that "
      "two arms are alike, for arms are compared in pairs (next figure). {}.",
      halves ? ", and how often valence and arousal alone are right," : "",
      page.front().baseline ? " and the band" : "", level_text(options), counts_of(ablation, page));
  draw_lines(figure, plot);
  return figure;
}

std::optional<Figure> difference_figure(const NamedAblation& named, const RunSet& runs,
                                        const AblationOptions& options, const std::vector<ArmSeries>& page) {
  const Ablation& ablation = named.ablation;
  if (!page.front().baseline) return std::nullopt;
  const std::size_t reference = *page.front().baseline;
  const bool halves = ablation.results.front().confusion.quadrants;
  Figure figure;
  figure.title = "Difference by injection site";
  figure.columns = {"series", "site"};
  add_columns(figure.columns, "difference");
  if (halves)
    for (const char* of : {"valence", "arousal"}) add_columns(figure.columns, of);
  figure.columns.insert(figure.columns.end(), {"p_holm", "told"});
  LinePlot plot{"site", kSiteLabel, "", {}, {{"difference", "accuracy, points", {}, true, true}}};
  if (halves) {
    plot.panels.push_back({"valence", "valence right, points", {}, true, false});
    plot.panels.push_back({"arousal", "arousal right, points", {}, true, false});
  }
  const double alpha = 1 - options.bootstrap.level;
  figure.text = fmt::format("Difference to {} in percentage points, with intervals.",
                            short_label(ablation.set, ablation.set.arms[reference]));
  for (const ArmSeries& series : page) {
    plot.series.push_back(series.name);
    figure.text += fmt::format(" {}, site", series.name);
    for (const auto& [x, arm] : series.points) {
      const ArmComparison& c = ablation.comparisons[*ablation.results[arm].difference];
      std::vector<std::string> row = {series.name, fmt::format("{:g}", x)};
      add_estimate(row, c.of.difference);
      if (halves)
        for (const Half of : {Half::kValence, Half::kArousal}) {
          const auto estimate = half_difference(ablation.set.arms[arm], ablation.set.arms[reference], of,
                                                runs.names, ablation.scoring, options.bootstrap);
          add_estimate(row, estimate.value_or(kNothing));
        }
      row.push_back(number_cell(c.holm));
      row.push_back(c.holm < alpha ? "1" : "0");
      figure.rows.push_back(std::move(row));
      figure.text +=
          fmt::format(" {:g}: {} ({}){}", x, percent(c.of.difference.value, "+"),
                      percent(c.of.difference.interval, "+"), arm == series.points.back().second ? "." : ",");
    }
  }
  figure.caption = fmt::format(
      "Accuracy{} less that of {}, in percentage points, paired: same seeds, songs and clips. Bars: {} "
      "intervals, not corrected for how many there are. Filled markers of accuracy: p below {:g} after "
      "Holm's adjustment over the sites of a condition; open: not. {}.",
      halves ? ", valence and arousal" : "", short_label(ablation.set, ablation.set.arms[reference]),
      level_text(options), alpha, counts_of(ablation, page));
  draw_lines(figure, plot);
  return figure;
}

/// The colours go from white to dark blue, in even steps of lightness.
std::optional<Figure> heat_map(const NamedAblation& named, const AblationOptions& options,
                               const std::vector<ArmSeries>& page) {
  const Ablation& ablation = named.ablation;
  std::set<double> sites;
  std::size_t cells = 0;
  double low = 1, high = 0;
  for (const ArmSeries& series : page)
    for (const auto& [x, arm] : series.points) {
      sites.insert(x);
      ++cells;
      low = std::min(low, ablation.results[arm].accuracy.mean);
      high = std::max(high, ablation.results[arm].accuracy.mean);
    }
  if (page.size() < 2 || sites.size() < 2 || cells < 3) return std::nullopt;
  const std::vector<double> columns(sites.begin(), sites.end());
  Figure figure;
  figure.title = "Accuracy by site and condition";
  figure.columns = {"series",       "row",           "site", "column",  "accuracy",
                    "accuracy_low", "accuracy_high", "cell", "interval"};
  std::string rows;
  for (std::size_t s = 0; s < page.size(); ++s) {
    rows += fmt::format("{}{} {}", s == 0 ? "" : ", ", gnuplot_text(page[s].name), s);
    for (const auto& [x, arm] : page[s].points) {
      const ArmResult& result = ablation.results[arm];
      std::vector<std::string> row = {
          page[s].name, std::to_string(s), fmt::format("{:g}", x),
          std::to_string(std::lower_bound(columns.begin(), columns.end(), x) - columns.begin())};
      add_estimate(row, accuracy_of(result));
      row.push_back(percent(result.accuracy.mean));
      row.push_back(std::isnan(result.accuracy_interval.low)
                        ? ""
                        : fmt::format("{:.0f}–{:.0f}", 100 * result.accuracy_interval.low,
                                      100 * result.accuracy_interval.high));
      figure.rows.push_back(std::move(row));
    }
    figure.text += fmt::format("{}{}, site {}.", figure.text.empty() ? "Accuracy in %: " : " ", page[s].name,
                               described(page[s], ablation));
  }
  std::string ticks;
  for (std::size_t i = 0; i < columns.size(); ++i)
    ticks += fmt::format("{}'{:g}' {}", i == 0 ? "" : ", ", columns[i], i);
  const bool intervals = columns.size() <= 8;
  std::size_t longest = 0;
  for (const ArmSeries& series : page) longest = std::max(longest, series.name.size());
  const int left = std::min(260, 24 + 7 * static_cast<int>(longest));
  figure.width = std::max(420, left + 30 + static_cast<int>(columns.size()) * (intervals ? 78 : 44));
  figure.height = 76 + 46 * static_cast<int>(page.size());
  figure.drawing = fmt::format(
      "set lmargin at screen {:.4f}\nset rmargin at screen {:.4f}\nset tmargin at screen {:.4f}\nset bmargin "
      "at screen "
      "{:.4f}\n"
      "set border 0\nunset grid\nunset key\nunset colorbox\nset tics scale 0\n"
      "set palette defined (0 '#F7FBFF', 0.5 '#6BAED6', 1 '#08306B')\nset cbrange [{:.4f}:{:.4f}]\n"
      "set xrange [-0.5:{}]\nset yrange [{}:-0.5]\nset xtics ({})\nset ytics ({})\nset xlabel {}\n"
      "plot data using (column('column')):(column('row')):(0.48):(0.47):(column('accuracy')) with boxxyerror "
      "lc palette, "
      "\\\n"
      "  data using (column('column')):(column('row')):(strcol('cell')):(column('accuracy') > {:.4f} ? "
      "0xFFFFFF : 0x000000) "
      "with labels offset 0,{} textcolor rgb variable",
      static_cast<double>(left) / figure.width, 1 - 12.0 / figure.width, 1 - 8.0 / figure.height,
      62.0 / figure.height, 100 * low, high > low ? 100 * high : 100 * low + 1,
      static_cast<double>(columns.size()) - 0.5, static_cast<double>(page.size()) - 0.5, ticks, rows,
      gnuplot_text("injection site"), 100 * (low + 0.55 * (high - low)), intervals ? "0.45" : "0");
  if (intervals)
    figure.drawing += fmt::format(
        ", \\\n  data using (column('column')):(column('row')):(strcol('interval')):(column('accuracy') > "
        "{:.4f} ? "
        "0xFFFFFF : 0x000000) with labels offset 0,-0.55 font small textcolor rgb variable",
        100 * (low + 0.55 * (high - low)));
  figure.drawing += "\n";
  figure.caption = fmt::format(
      "Accuracy in % by site and condition{}. Shades go from the lowest to the highest number; a darker cell "
      "is no "
      "better one unless a test says so. {}.",
      intervals ? fmt::format(", with {} intervals", level_text(options))
                : "; intervals are in the figures above",
      counts_of(ablation, page));
  return figure;
}

}  // namespace

std::vector<Figure> figures_by_site(const NamedAblation& named, const RunSet& runs,
                                    const AblationOptions& options) {
  std::vector<Figure> accuracies, differences, maps;
  for (const auto& page : pages_of(series_along(named.ablation, kSiteField))) {
    const auto add = [](std::vector<Figure>& to, std::optional<Figure> figure, const char* name) {
      if (!figure) return;
      figure->name = page_name(name, to.size());
      to.push_back(std::move(*figure));
    };
    add(accuracies, accuracy_figure(named, runs, options, page), "accuracy_by_site");
    add(differences, difference_figure(named, runs, options, page), "difference_by_site");
    add(maps, heat_map(named, options, page), "site_by_condition");
  }
  for (auto* more : {&differences, &maps})
    for (Figure& figure : *more) accuracies.push_back(std::move(figure));
  return accuracies;
}

std::vector<Figure> figures_by_state(const std::vector<const NamedAblation*>& tables,
                                     const AblationOptions& options) {
  struct Curve {
    const NamedAblation* table;
    ArmSeries series;
  };
  std::vector<Curve> curves;
  for (const NamedAblation* named : tables)
    for (ArmSeries& series : series_along(named->ablation, kStateField)) {
      if (series.points.size() < 2) continue;
      if (tables.size() > 1) series.name = named->name + " " + series.name;
      const auto same = std::find_if(curves.begin(), curves.end(), [&](const Curve& curve) {
        return curve.table == named && curve.series.name == series.name;
      });
      if (same == curves.end()) {
        curves.push_back({named, std::move(series)});
      } else {  // the state that the others are compared with has no baseline itself
        same->series.points.insert(same->series.points.end(), series.points.begin(), series.points.end());
        std::sort(same->series.points.begin(), same->series.points.end());
      }
    }
  std::vector<Figure> figures;
  for (std::size_t first = 0; first < curves.size(); first += kSeriesStyles) {
    const std::vector<Curve> page(
        curves.begin() + static_cast<std::ptrdiff_t>(first),
        curves.begin() + static_cast<std::ptrdiff_t>(std::min(first + kSeriesStyles, curves.size())));
    Figure figure;
    figure.name = page_name("probing", figures.size());
    figure.title = "What a frozen backbone knows, by state";
    figure.columns = {"series", "state"};
    add_columns(figure.columns, "accuracy");
    LinePlot plot{"state",
                  "state that the probe reads (0: after the embedding, k: after layer k)",
                  "",
                  {},
                  {{"accuracy", "accuracy of the probe, %", {}}}};
    figure.text = "Accuracy of probes in % by state, with intervals.";
    figure.caption = fmt::format("Accuracy of probes by the state that they read; bars: {} intervals.",
                                 level_text(options));
    for (const Curve& curve : page) {
      plot.series.push_back(curve.series.name);
      for (const auto& [x, arm] : curve.series.points) {
        std::vector<std::string> row = {curve.series.name, fmt::format("{:g}", x)};
        add_estimate(row, accuracy_of(curve.table->ablation.results[arm]));
        figure.rows.push_back(std::move(row));
      }
      figure.text +=
          fmt::format(" {}, state {}.", curve.series.name, described(curve.series, curve.table->ablation));
    }
    figure.caption += fmt::format(" {}.", counts_of(page.front().table->ablation, {page.front().series}));
    draw_lines(figure, plot);
    figures.push_back(std::move(figure));
  }
  return figures;
}

}  // namespace mofi
