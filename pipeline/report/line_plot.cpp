#include "report/line_plot.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>

namespace mofi {
namespace {

constexpr int kPanelHeight = 210, kKeyLine = 19, kFoot = 64, kLeft = 76, kRight = 14;

std::size_t column_of(const Figure& figure, const std::string& name) {
  return static_cast<std::size_t>(std::find(figure.columns.begin(), figure.columns.end(), name) -
                                  figure.columns.begin());
}

/// What the numbers of these columns span.
struct Span {
  double low = std::numeric_limits<double>::infinity(), high = -low;
  void add(double value) {
    low = std::min(low, value);
    high = std::max(high, value);
  }
  void add(const Figure& figure, const std::string& column) {
    const std::size_t at = column_of(figure, column);
    if (at == figure.columns.size()) return;
    for (const auto& row : figure.rows)
      if (!row[at].empty()) add(std::atof(row[at].c_str()));
  }
  bool is_empty() const { return low > high; }
};

std::string range_of(const Figure& figure, const LinePanel& panel) {
  Span span;
  for (const char* of : {"", "_low", "_high"}) span.add(figure, panel.column + of);
  if (panel.zero_line) span.add(0);
  if (panel.level)
    for (const double value : {panel.level->low, panel.level->high})
      if (!std::isnan(value)) span.add(value);
  if (span.is_empty()) return "[*:*]";
  const double margin =
      span.high > span.low ? 0.06 * (span.high - span.low) : std::max(1e-6, std::abs(span.high) * 0.1);
  return fmt::format("[{:.6g}:{:.6g}]", span.low - margin, span.high + margin);
}

std::string objects_of(const LinePanel& panel) {
  std::string text;
  if (panel.level && !std::isnan(panel.level->low))
    text += fmt::format(
        "set object rectangle from graph 0, first {:.6g} to graph 1, first {:.6g} behind fc rgb '#E8E8E8' fs "
        "solid "
        "noborder\n",
        panel.level->low, panel.level->high);
  if (panel.level && !std::isnan(panel.level->value))
    text += fmt::format(
        "set arrow from graph 0, first {0:.6g} to graph 1, first {0:.6g} nohead back lc rgb '#555555' dt 2 "
        "lw 1.2\n",
        panel.level->value);
  if (panel.zero_line)
    text += "set arrow from graph 0, first 0 to graph 1, first 0 nohead back lc rgb '#555555' lw 1\n";
  return text;
}

std::string curves_of(const LinePlot& plot, const LinePanel& panel, bool with_key) {
  std::vector<std::string> clauses;
  const std::size_t n = plot.series.size();
  const double step = plot.intervals != IntervalsAs::kBars ? 0 : std::min(0.11, 0.6 / static_cast<double>(n));
  for (std::size_t s = 0; s < n; ++s) {
    const std::string is_it = fmt::format("strcol('series') eq {}", gnuplot_text(plot.series[s]));
    const std::string x = fmt::format("(column('{}'){:+.3f})", plot.x_column,
                                      step * (static_cast<double>(s) - (static_cast<double>(n) - 1) / 2));
    const auto value = [&](const std::string& column, const std::string& more = "") {
      return fmt::format("({}{} ? column('{}') : NaN)", is_it, more, column);
    };
    const std::string y = value(panel.column), low = value(panel.column + "_low"),
                      high = value(panel.column + "_high");
    const std::string style = series_style(s);
    const std::string title = with_key ? "title " + gnuplot_text(plot.series[s]) : "notitle";
    if (plot.intervals != IntervalsAs::kBars) {
      if (plot.intervals == IntervalsAs::kAreas)
        clauses.push_back(
            fmt::format("data using {}:{}:{} with filledcurves {} fs transparent solid 0.15 notitle", x, low,
                        high, style.substr(0, style.find(" dt"))));
      clauses.push_back(
          fmt::format("data using {}:{} with linespoints {} pointinterval -5 {}", x, y, style, title));
      continue;
    }
    clauses.push_back(fmt::format("data using {}:{}:{}:{} with yerrorbars {} ps 0 dt 1 notitle", x, y, low,
                                  high, style.substr(0, style.find(" dt"))));
    clauses.push_back(fmt::format("data using {}:{} with linespoints {} {}", x, y,
                                  series_style(s, !panel.open_unless_told), title));
    if (panel.open_unless_told)
      clauses.push_back(fmt::format("data using {}:{} with points {} notitle", x,
                                    value(panel.column, " && column('told') == 1"), series_style(s)));
  }
  if (with_key && panel.level)
    clauses.push_back("keyentry with lines lc rgb '#555555' dt 2 lw 1.2 title " +
                      gnuplot_text(plot.level_title));
  std::string text = "plot ";
  for (std::size_t i = 0; i < clauses.size(); ++i) text += (i == 0 ? "" : ", \\\n  ") + clauses[i];
  return text + "\n";
}

}  // namespace

void draw_lines(Figure& figure, const LinePlot& plot) {
  Span x;
  x.add(figure, plot.x_column);
  const bool has_level = !plot.panels.empty() && plot.panels.front().level.has_value();
  const int head = 14 + kKeyLine * static_cast<int>(plot.series.size() + (has_level ? 1 : 0));
  const int panels = static_cast<int>(plot.panels.size());
  figure.width = 600;
  figure.height = head + panels * kPanelHeight + kFoot;
  const double width = figure.width, height = figure.height;
  std::string text = fmt::format(
      "set multiplot layout {},1 margins screen {:.4f},{:.4f},{:.4f},{:.4f} spacing 0,{:.4f}\n", panels,
      kLeft / width, 1 - kRight / width, kFoot / height, 1 - head / height, panels > 1 ? 18 / height : 0);
  text += fmt::format(
      "set key at screen {:.4f}, screen {:.4f} left top vertical maxcols 1 Left reverse samplen 3 spacing "
      "1.15\n",
      kLeft / width / 2, 1 - 6 / height);
  const bool whole = plot.intervals == IntervalsAs::kBars;
  if (!x.is_empty())
    text += fmt::format("set xrange [{:.6g}:{:.6g}]\n", x.low - (whole ? 0.5 : 0.0),
                        x.high + (whole || x.low == x.high ? 0.5 : 0.0));
  if (whole && !x.is_empty()) text += fmt::format("set xtics {}\n", x.high - x.low > 16 ? 2 : 1);
  for (int p = 0; p < panels; ++p) {
    const LinePanel& panel = plot.panels[static_cast<std::size_t>(p)];
    text += fmt::format("set ylabel {} offset 0.5,0\nset yrange {}\n", gnuplot_text(panel.y_label),
                        range_of(figure, panel));
    text += objects_of(panel);
    if (p + 1 == panels)
      text += fmt::format("set format x '%g'\nset xlabel {}\n", gnuplot_text(plot.x_label));
    else
      text += "set format x ''\nunset xlabel\n";
    text += curves_of(plot, panel, p == 0);
    text += "unset object\nunset arrow\n";
    if (p == 0) text += "unset key\n";
  }
  figure.drawing = text + "unset multiplot\n";
}

}  // namespace mofi
