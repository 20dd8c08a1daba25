// What runs recorded after every epoch (result.json, history).

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "report/cells.h"
#include "report/figures.h"
#include "report/line_plot.h"
#include "report/series.h"

namespace mofi {
namespace {

/// What is drawn, with what it is called; losses are in nats, for they are natural logarithms.
struct Curve {
  const char *field, *y_label;
  double scale;
};
constexpr Curve kCurves[] = {{"loss", "training loss, nats", 1},
                             {"valid.loss", "validation loss, nats", 1},
                             {"valid.accuracy", "validation accuracy, %", 100},
                             {"accuracy", "training accuracy, %", 100}};
constexpr std::size_t kMostPanels = 3, kMostArms = 4, kMostAreas = 3;

struct Values {
  double sum = 0, low = 0, high = 0;
  int n = 0;
  void add(double value) {
    low = n == 0 ? value : std::min(low, value);
    high = n == 0 ? value : std::max(high, value);
    sum += value;
    ++n;
  }
};

}  // namespace

std::vector<Figure> learning_figures(const NamedAblation& named) {
  const Ablation& ablation = named.ablation;
  std::vector<Curve> curves;
  for (const Curve& curve : kCurves)
    if (std::any_of(named.runs.begin(), named.runs.end(), [&](const Run* run) {
          const auto found = run->history.find(curve.field);
          return found != run->history.end() && found->second.size() > 1;
        }))
      curves.push_back(curve);
  if (curves.empty()) return {};
  if (curves.size() > kMostPanels) curves.resize(kMostPanels);

  Figure figure;
  figure.name = "learning";
  figure.title = "Learning curves";
  figure.columns = {"series", "epoch", "runs"};
  LinePlot plot{"epoch", "epoch", "", {}, {}, IntervalsAs::kNothing};
  for (std::size_t c = 0; c < curves.size(); ++c) {
    std::string column = curves[c].field;
    std::replace(column.begin(), column.end(), '.', '_');
    for (const char* of : {"", "_low", "_high"}) figure.columns.push_back(column + of);
    plot.panels.push_back({column, curves[c].y_label, {}, false});
  }
  figure.text = "What runs recorded after every epoch: mean over runs, lowest and highest.";
  std::size_t with_history = 0;
  for (const std::size_t arm : arms_to_show(ablation, ablation.set.arms.size())) {
    std::map<std::size_t, std::vector<Values>> by_epoch;
    for (const Run* run : ablation.set.arms[arm].runs)
      for (std::size_t c = 0; c < curves.size(); ++c) {
        const auto found = run->history.find(curves[c].field);
        if (found == run->history.end()) continue;
        for (std::size_t e = 0; e < found->second.size(); ++e) {
          if (std::isnan(found->second[e])) continue;
          auto& values = by_epoch[e + 1];
          values.resize(curves.size());
          values[c].add(curves[c].scale * found->second[e]);
        }
      }
    if (by_epoch.empty() || ++with_history > kMostArms) continue;
    const std::string name = short_label(ablation.set, ablation.set.arms[arm]);
    plot.series.push_back(name);
    for (const auto& [epoch, values] : by_epoch) {
      int runs = 0;
      for (const Values& value : values) runs = std::max(runs, value.n);
      std::vector<std::string> row = {name, std::to_string(epoch), std::to_string(runs)};
      for (const Values& value : values)
        for (const double number : {value.sum / value.n, value.low, value.high})
          row.push_back(value.n == 0 ? "" : fmt::format("{:.5g}", number));
      figure.rows.push_back(std::move(row));
    }
    const auto& last = by_epoch.rbegin()->second.front();
    if (last.n > 0)
      figure.text += fmt::format(" {}: {} {:.3g} after {} epochs.", name, curves.front().y_label,
                                 last.sum / last.n, by_epoch.rbegin()->first);
  }
  if (plot.series.empty()) return {};
  std::size_t fewest = named.runs.size(), most = 0;
  for (const Arm& arm : ablation.set.arms) {
    fewest = std::min(fewest, arm.runs.size());
    most = std::max(most, arm.runs.size());
  }
  const bool areas = plot.series.size() <= kMostAreas;
  if (areas) plot.intervals = IntervalsAs::kAreas;
  figure.caption =
      fmt::format("Mean over the runs of an arm ({} each){}.{}",
                  counted(static_cast<std::int64_t>(fewest), static_cast<std::int64_t>(most)),
                  areas ? ", with the lowest and highest of them as an area: the spread of runs, no interval"
                        : "; the lowest and highest of them are in the data",
                  with_history > plot.series.size()
                      ? fmt::format(" {} of {} arms, one of every condition after the other.",
                                    plot.series.size(), with_history)
                      : "");
  draw_lines(figure, plot);
  return {figure};
}

}  // namespace mofi
