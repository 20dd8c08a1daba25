// Time lines of reductions and rates over ranks, from files that lie beside the runs.

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "core/csv.h"
#include "core/error.h"
#include "core/files.h"
#include "report/figures.h"
#include "report/flat_config.h"
#include "report/line_plot.h"

namespace mofi {
namespace {

namespace fs = std::filesystem;

/// The first steps make pages and kernels.
constexpr std::size_t kSkippedSteps = 5, kShownSteps = 2;
constexpr int kMostRanks = 8;

struct Span {
  int rank = 0;
  std::string track, name;
  double begin_s = 0, end_s = 0;
  double bytes = 0;
};

/// Of Chrome's trace JSON, as distributed/trace.h writes it.
std::vector<Span> read_trace(const fs::path& file) {
  const Json json = Json::parse(read_text(file), nullptr, false);
  try {
    std::map<std::pair<int, int>, std::string> tracks;
    std::vector<Span> spans;
    for (const Json& event : json.at("traceEvents"))
      if (event.at("name") == "thread_name")
        tracks[{event.at("pid"), event.at("tid")}] = event.at("args").at("name");
    for (const Json& event : json.at("traceEvents")) {
      if (event.at("ph") != "X") continue;
      const double begin = event.at("ts").get<double>() / 1e6;
      spans.push_back({event.at("pid"), tracks.at({event.at("pid"), event.at("tid")}), event.at("name"),
                       begin, begin + event.at("dur").get<double>() / 1e6,
                       event.contains("args") ? event["args"].value("bytes", 0.0) : 0.0});
    }
    return spans;
  } catch (const std::exception&) {
    fail(ExitCode::kData,
         "{}: is no trace of training; expected what training.trace=FILE writes, a JSON object with "
         "traceEvents",
         file.filename().string());
  }
}

bool is_step(const Span& span) { return span.name.starts_with("step "); }

std::optional<Figure> time_line(const fs::path& file) {
  const std::vector<Span> spans = read_trace(file);
  std::vector<std::pair<double, double>> steps;  // of the first rank
  int ranks = 0;
  for (const Span& span : spans) {
    ranks = std::max(ranks, span.rank + 1);
    if (span.rank == 0 && is_step(span)) steps.emplace_back(span.begin_s, span.end_s);
  }
  if (steps.empty()) return std::nullopt;
  std::sort(steps.begin(), steps.end());
  const std::size_t first = std::min(kSkippedSteps, steps.size() - 1);
  const std::size_t last = std::min(first + kShownSteps, steps.size()) - 1;
  const double begin = steps[first].first, end = steps[last].second;

  struct Kind {
    const char *name, *colour;
  };
  static constexpr Kind kKinds[] = {
      {"forward", "#9AD0F5"}, {"backward", "#0072B2"}, {"reduction", "#D55E00"}, {"other", "#BBBBBB"}};
  const auto kind_of = [](const Span& span) -> std::string {
    if (span.track == "reductions") return "reduction";
    return span.name == "forward" || span.name == "backward" ? span.name : "other";
  };
  Figure figure;
  figure.name = "time_line_" + file.stem().string();
  figure.title = fmt::format("Time line of reductions, {}", file.filename().string());
  figure.columns = {"rank", "track", "row", "name", "kind", "begin_ms", "end_ms", "bytes"};
  double reduced = 0, hidden = 0, last_bucket = 0;
  std::set<std::string> kinds;
  std::set<int> rows;
  for (const Span& span : spans) {
    if (span.rank >= kMostRanks || is_step(span) || span.end_s < begin || span.begin_s > end) continue;
    const int row = 2 * span.rank + (span.track == "reductions" ? 1 : 0);
    figure.rows.push_back({std::to_string(span.rank), span.track, std::to_string(row), span.name,
                           kind_of(span),
                           fmt::format("{:.3f}", 1e3 * (std::max(span.begin_s, begin) - begin)),
                           fmt::format("{:.3f}", 1e3 * (std::min(span.end_s, end) - begin)),
                           fmt::format("{:.0f}", span.bytes)});
    kinds.insert(kind_of(span));
    rows.insert(row);
  }
  // Hidden is what was reduced before the last bucket of its step began: gradients were still computed then.
  for (const Span& step : spans) {
    if (!is_step(step) || step.begin_s < begin - 1e-3 || step.end_s > end + 1e-3) continue;
    last_bucket = 0;
    for (const Span& span : spans)
      if (span.rank == step.rank && span.track == "reductions" && span.begin_s >= step.begin_s &&
          span.begin_s < step.end_s)
        last_bucket = std::max(last_bucket, span.begin_s);
    for (const Span& span : spans)
      if (span.rank == step.rank && span.track == "reductions" && span.begin_s >= step.begin_s &&
          span.begin_s < step.end_s) {
        reduced += span.end_s - span.begin_s;
        hidden += std::max(0.0, std::min(span.end_s, last_bucket) - span.begin_s);
      }
  }
  if (figure.rows.empty()) return std::nullopt;
  const int shown = std::min(ranks, kMostRanks), count = 2 * shown;
  std::string ticks, plots;
  for (int row = 0; row < count; ++row)
    if (rows.contains(row))
      ticks += fmt::format("{}'rank {}{}' {}", ticks.empty() ? "" : ", ", row / 2,
                           row % 2 == 0 ? "" : ", reductions", row);
  for (const Kind& kind : kKinds)
    if (kinds.contains(kind.name))
      plots += fmt::format(
          "{}data using (strcol('kind') eq '{}' ? (column('begin_ms')+column('end_ms'))/2 : "
          "NaN):(column('row')):"
          "(column('begin_ms')):(column('end_ms')):(column('row')-0.38):(column('row')+0.38) with boxxyerror "
          "fs solid 1 "
          "border lc rgb '#FFFFFF' fc rgb '{}' title '{}'",
          plots.empty() ? "" : ", \\\n  ", kind.name, kind.colour, kind.name);
  figure.width = 700;
  figure.height = 90 + 26 * static_cast<int>(rows.size());
  figure.drawing = fmt::format(
      "set border 1\nunset grid\nset grid xtics\nset xrange [0:{:.4f}]\nset yrange [{}:-0.6]\nset ytics "
      "scale 0 ({})\n"
      "set xlabel 'time, ms'\nset key outside top left horizontal Left reverse samplen 1.5\nplot {}\n",
      1e3 * (end - begin), count - 0.4, ticks, plots);
  figure.caption = fmt::format(
      "Steps {} to {} of {} ranks{}.{}", first + 1, last + 1, ranks,
      ranks > shown ? fmt::format(", the first {}", shown) : "",
      reduced > 0 ? fmt::format(" Of the time of reductions in these steps {:.0f} % lies before the "
                                "last bucket begins, while gradients are still computed.",
                                100 * hidden / reduced)
                  : " There are no reductions.");
  figure.text = figure.title + ". " + figure.caption;
  return figure;
}

/// 1, 2 and 5 times powers of ten in a range, as gnuplot's list of tics.
std::string round_numbers(double low, double high) {
  std::string numbers;
  for (double power = std::pow(10, std::floor(std::log10(low))); power <= high; power *= 10)
    for (const double digit : {1, 2, 5})
      if (digit * power >= low && digit * power <= high)
        numbers += fmt::format("{}{:g}", numbers.empty() ? "" : ", ", digit * power);
  return numbers;
}

std::optional<Figure> scaling(const fs::path& file) {
  const CsvTable table = read_csv(file);
  const std::size_t series = table.column("series"), ranks = table.column("ranks"),
                    rate = table.column("rate"), unit = table.column("unit");
  if (table.rows.empty()) return std::nullopt;
  Figure figure;
  figure.name = "scaling";
  figure.title = "Rate over ranks";
  figure.columns = {"series", "ranks", "rate", "ideal", "unit"};
  std::vector<std::string> names;
  std::map<std::string, std::pair<double, double>> alone;  // fewest ranks and their rate
  const auto number = [&](const CsvRow& row, std::size_t column) {
    char* end = nullptr;
    const double value = std::strtod(row.cells[column].c_str(), &end);
    if (row.cells[column].empty() || *end != 0 || !(value > 0))
      fail(ExitCode::kData, "{}: column {} is '{}'; expected a number above 0", table.where(row),
           table.columns[column], row.cells[column]);
    return value;
  };
  for (const CsvRow& row : table.rows) {
    const std::string& name = row.cells[series];
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    auto& fewest = alone.try_emplace(name, number(row, ranks), number(row, rate)).first->second;
    if (number(row, ranks) < fewest.first) fewest = {number(row, ranks), number(row, rate)};
  }
  figure.text = "Rates over ranks.";
  for (const CsvRow& row : table.rows) {
    const auto& [few, base] = alone.at(row.cells[series]);
    const double ideal = base * number(row, ranks) / few;
    figure.rows.push_back({row.cells[series], row.cells[ranks], row.cells[rate], fmt::format("{:.6g}", ideal),
                           row.cells[unit]});
    figure.text +=
        fmt::format(" {}, {} ranks: {} {}, {:.0f} % of ideal.", row.cells[series], row.cells[ranks],
                    row.cells[rate], row.cells[unit], 100 * number(row, rate) / ideal);
  }
  std::string plots;
  for (std::size_t s = 0; s < std::min(names.size(), kSeriesStyles); ++s) {
    const std::string is_it = "strcol('series') eq " + gnuplot_text(names[s]);
    plots += fmt::format(
        "{}data using ({}?column('ranks'):NaN):(column('ideal')) with lines lc rgb '#999999' dt 3 lw 1 {}, "
        "\\\n"
        "  data using ({}?column('ranks'):NaN):(column('rate')) with linespoints {} title {}",
        s == 0 ? "" : ", \\\n  ", is_it,
        s == 0 ? "title 'as many times the rate of the fewest ranks'" : "notitle", is_it, series_style(s),
        gnuplot_text(names[s]));
  }
  figure.width = 600;
  figure.height = 360;
  double low = alone.begin()->second.second, high = low;
  std::set<double> counts;
  for (const CsvRow& row : table.rows) {
    const auto& [few, base] = alone.at(row.cells[series]);
    counts.insert(number(row, ranks));
    for (const double value : {number(row, rate), base * number(row, ranks) / few}) {
      low = std::min(low, value);
      high = std::max(high, value);
    }
  }
  std::string rank_ticks;
  for (const double count : counts)
    rank_ticks += fmt::format("{}{:g}", rank_ticks.empty() ? "" : ", ", count);
  figure.drawing = fmt::format(
      "set logscale x 2\nset logscale y 10\nset format xy '%g'\nset xtics ({})\nset ytics ({})\nset xlabel "
      "'ranks'\n"
      "set ylabel {}\nset xrange [{:.6g}:{:.6g}]\nset yrange [{:.6g}:{:.6g}]\nset key left top Left "
      "reverse\nplot {}\n",
      rank_ticks, round_numbers(low / 1.2, high * 1.6), gnuplot_text(table.rows.front().cells[unit]),
      *counts.begin() / 1.15, *counts.rbegin() * 1.15, low / 1.2, high * 1.6, plots);
  figure.caption = "Both axes are logarithmic; the dotted lines are what no loss at all would give.";
  return figure;
}

}  // namespace

std::vector<Figure> figures_of_ranks(const fs::path& results_dir) {
  std::vector<fs::path> traces;
  for (const auto& entry : fs::directory_iterator(results_dir)) {
    const std::string name = entry.path().filename().string();
    if (entry.is_regular_file() && name.starts_with("trace") && name.ends_with(".json"))
      traces.push_back(entry.path());
  }
  std::sort(traces.begin(), traces.end());
  std::vector<Figure> figures;
  for (const fs::path& trace : traces)
    if (auto figure = time_line(trace)) figures.push_back(std::move(*figure));
  if (fs::exists(results_dir / "scaling.csv"))
    if (auto figure = scaling(results_dir / "scaling.csv")) figures.push_back(std::move(*figure));
  return figures;
}

}  // namespace mofi
