// What was predicted of each label, and how modes go with labels in the clips that were scored.

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "report/cells.h"
#include "report/figures.h"
#include "report/pooling.h"
#include "report/series.h"

namespace mofi {
namespace {

constexpr std::size_t kMostMatrices = 12;

std::string class_name(int of, bool quadrants) {
  return quadrants ? fmt::format("Q{}", of + 1) : std::to_string(of);
}

std::string ticks_of(int classes, bool quadrants) {
  std::string text;
  for (int of = 0; of < classes; ++of)
    text += fmt::format("{}'{}' {}", of == 0 ? "" : ", ", class_name(of, quadrants), of);
  return text;
}

/// One matrix an arm, a few a row.
Figure confusion_figure(const NamedAblation& named) {
  const Ablation& ablation = named.ablation;
  const std::vector<std::size_t> arms = arms_to_show(ablation, kMostMatrices);
  const bool quadrants = ablation.results.front().confusion.quadrants;
  Figure figure;
  figure.name = "confusion";
  figure.title = "Confusion";
  figure.columns = {"matrix", "arm", "label", "predicted", "clips", "percent"};
  figure.text = "Of the clips of each label, in %, what was predicted.";
  int classes = 0;
  std::string plots;
  constexpr int kTitle = 38, kLeft = 50;
  constexpr std::size_t kLetters = 24;  // of a line of a title
  const int most_classes = ablation.results.front().confusion.classes;
  const int size = std::max(176, 12 + 28 * most_classes), columns_of_matrices = std::max(1, 560 / size);
  const int across = std::min<int>(columns_of_matrices, static_cast<int>(arms.size()));
  const int down = (static_cast<int>(arms.size()) + across - 1) / across;
  figure.width = across * size + kLeft;
  figure.height = down * (size + kTitle) + 22;
  for (std::size_t m = 0; m < arms.size(); ++m) {
    const ConfusionMatrix& matrix = ablation.results[arms[m]].confusion;
    const std::string name = short_label(ablation.set, ablation.set.arms[arms[m]]);
    classes = matrix.classes;
    figure.text += fmt::format(" {}, right:", name);
    for (int of = 0; of < classes; ++of) {
      std::int64_t clips = 0;
      for (int predicted = 0; predicted < classes; ++predicted) clips += matrix.at(of, predicted);
      for (int predicted = 0; predicted < classes; ++predicted) {
        const double share =
            clips == 0 ? 0 : 100 * static_cast<double>(matrix.at(of, predicted)) / static_cast<double>(clips);
        figure.rows.push_back({std::to_string(m), name, std::to_string(of), std::to_string(predicted),
                               std::to_string(matrix.at(of, predicted)),
                               clips == 0 ? "" : fmt::format("{:.2f}", share)});
        if (of == predicted)
          figure.text +=
              fmt::format(" {} {:.0f}{}", class_name(of, quadrants), share, of + 1 == classes ? "." : ",");
      }
    }
    const int column = static_cast<int>(m) % across, row = static_cast<int>(m) / across;
    const double width = figure.width, height = figure.height;
    const double left = (kLeft + column * size) / width, top = 1 - (row * (size + kTitle) + kTitle) / height;
    const std::size_t cut = name.size() > kLetters ? name.rfind(' ', kLetters) : std::string::npos;
    const std::string first = name.substr(0, cut),
                      second = cut == std::string::npos ? "" : name.substr(cut + 1);
    const std::string at = fmt::format("column('matrix') == {}", m);
    plots += fmt::format(
        "set lmargin at screen {:.4f}\nset rmargin at screen {:.4f}\nset tmargin at screen {:.4f}\nset "
        "bmargin at screen "
        "{:.4f}\n",
        left, left + (size - 12) / width, top, top - (size - 26) / height);
    plots += fmt::format("set label 1 {} at graph 0.5,{} center font small\n", gnuplot_text(first),
                         second.empty() ? "1.06" : "1.14");
    plots += second.empty() ? "unset label 2\n"
                            : fmt::format("set label 2 {} at graph 0.5,1.05 center font small\n",
                                          gnuplot_text(second.substr(second.find_first_not_of(' '))));
    plots += fmt::format("set ylabel {} offset 0,0\n", column == 0 ? "'label'" : "''");
    plots +=
        fmt::format("set ytics ({})\n", column == 0 ? ticks_of(classes, quadrants) : std::string("'' 0"));
    if (m + 1 == arms.size())
      plots += fmt::format("set label 3 'predicted' at screen 0.5,{:.4f} center\n", 9.0 / height);
    plots += fmt::format(
        "plot data using ({0} ? column('predicted') : "
        "NaN):(column('label')):(0.49):(0.48):(column('percent')) with "
        "boxxyerror lc palette, \\\n"
        "  data using ({0} ? column('predicted') : NaN):(column('label')):(sprintf('%.0f', "
        "column('percent'))):(column('percent') > 55 ? 0xFFFFFF : 0x000000) with labels textcolor rgb "
        "variable\n",
        at);
  }
  figure.drawing = fmt::format(
      "set multiplot\nset border 0\nunset grid\nunset key\nunset colorbox\nset tics scale 0\n"
      "set palette defined (0 '#F7FBFF', 0.5 '#6BAED6', 1 '#08306B')\nset cbrange [0:100]\n"
      "set xrange [-0.5:{0}]\nset yrange [{0}:-0.5]\nset xtics ({1}) offset 0,0.5\n"
      "{2}unset multiplot\nunset label\n",
      classes - 0.5, ticks_of(classes, quadrants), plots);
  figure.caption =
      "Of the clips of each label (rows), in %, what was predicted (columns); all seeds and folds together";
  figure.caption += fmt::format(
      ", {} clips of {} counted once a seed",
      counted(ablation.results[arms.front()].fewest_clips, ablation.results[arms.front()].most_clips),
      plural(ablation.results[arms.front()].songs, "song"));
  if (quadrants)
    figure.caption +=
        ". Q1: high valence, high arousal; Q2: low, high; Q3: low, low; Q4: high valence, low arousal";
  if (arms.size() < ablation.set.arms.size())
    figure.caption +=
        fmt::format(". {} of {} arms, one of every condition after the other; all are in confusion.csv",
                    arms.size(), ablation.set.arms.size());
  figure.caption += ".";
  return figure;
}

/// A column a quadrant, as wide as it has clips; in it the modes, as high as they are frequent.
std::optional<Figure> mosaic(const NamedAblation& named, const RunSet& runs) {
  if (!named.ablation.results.front().confusion.quadrants) return std::nullopt;
  std::map<std::uint32_t, std::pair<int, int>> clips;  // by piece: label, mode
  for (const Run* run : named.runs) {
    const std::vector<std::string> scored = scored_splits(*run, named.ablation.scoring);
    for (const PieceOutcome& outcome : run->outcomes)
      if (std::find(scored.begin(), scored.end(), runs.names.name(outcome.split)) != scored.end()) {
        const int mode = outcome.mode <= 1 ? outcome.mode : 2;
        auto& known = clips.try_emplace(outcome.piece, outcome.label, mode).first->second;
        if (known.second == 2) known.second = mode;  // runs that were told no mode know none
      }
  }
  std::array<std::array<int, 3>, 4> count{};
  int all = 0, with_mode = 0;
  for (const auto& [piece, of] : clips) {
    ++count[static_cast<std::size_t>(of.first)][static_cast<std::size_t>(of.second)];
    ++all;
    with_mode += of.second == 2 ? 0 : 1;
  }
  if (with_mode == 0) return std::nullopt;
  static constexpr std::array<const char*, 3> kModes = {"major", "minor", "undefined"};
  static constexpr std::array<const char*, 4> kQuadrantTexts = {"Q1", "Q2", "Q3", "Q4"};
  Figure figure;
  figure.name = "mode_by_quadrant";
  figure.title = "Mode by quadrant";
  figure.columns = {"quadrant", "mode", "clips", "share", "x_low", "x_high", "y_low", "y_high", "cell"};
  figure.width = 600;
  figure.height = 360;
  figure.text = "Clips by quadrant and mode.";
  double x = 0;
  std::string ticks;
  for (std::size_t q = 0; q < 4; ++q) {
    const int total = count[q][0] + count[q][1] + count[q][2];
    if (total == 0) continue;
    const double width = 100.0 * total / all;
    double y = 0;
    figure.text += fmt::format(" Q{}, {} clips:", q + 1, total);
    for (std::size_t m = 0; m < 3; ++m) {
      const double share = 100.0 * count[q][m] / total;
      figure.text += fmt::format(" {} {:.0f} %{}", kModes[m], share, m == 2 ? "." : ",");
      if (count[q][m] == 0) continue;
      figure.rows.push_back({fmt::format("Q{}", q + 1), kModes[m], std::to_string(count[q][m]),
                             fmt::format("{:.2f}", share), fmt::format("{:.3f}", x),
                             fmt::format("{:.3f}", x + width), fmt::format("{:.3f}", y),
                             fmt::format("{:.3f}", y + share),
                             share < 6    ? ""
                             : width < 16 ? std::to_string(count[q][m])
                                          : fmt::format("{} ({:.0f} %)", count[q][m], share)});
      y += share;
    }
    ticks +=
        fmt::format("{}{} {:.3f}", ticks.empty() ? "" : ", ", gnuplot_text(kQuadrantTexts[q]), x + width / 2);
    x += width;
  }
  const auto boxes = [](const char* mode, const char* colour) {
    return fmt::format(
        "data using (strcol('mode') eq '{0}' ? (column('x_low')+column('x_high'))/2 : NaN):"
        "((column('y_low')+column('y_high'))/"
        "2):(column('x_low')+0.3):(column('x_high')-0.3):(column('y_low')):"
        "(column('y_high')) with boxxyerror fs solid 1 border lc rgb '#FFFFFF' fc rgb '{1}' title '{0}', "
        "\\\n  ",
        mode, colour);
  };
  figure.drawing = fmt::format(
      "set border 0\nunset grid\nset tics scale 0\nset xrange [0:100]\nset yrange [0:100]\nset xtics ({}) "
      "\n"
      "set ytics 0,25,100\nset ylabel 'share of the clips of a quadrant, %' offset 1,0\n"
      "set key outside top left horizontal Left reverse samplen 1.5\n"
      "plot {}{}{}data using ((column('x_low')+column('x_high'))/2):((column('y_low')+column('y_high'))/2):"
      "(strcol('cell')):(strcol('mode') eq 'minor' ? 0xFFFFFF : 0x000000) with labels font small textcolor "
      "rgb variable "
      "notitle\n",
      ticks, boxes("major", "#F2D38A"), boxes("minor", "#004B7A"), boxes("undefined", "#C8C8C8"));
  figure.caption = fmt::format(
      "How modes go with labels in the {} clips that were scored: columns are as wide as quadrants are "
      "frequent, the numbers are clips. Q1: high valence, high arousal; Q2: low, high; Q3: low, low; Q4: "
      "high valence, low arousal. The mode "
      "is the one that runs were told{}.",
      all, with_mode < all ? fmt::format("; of {} clips it is undefined", all - with_mode) : "");
  return figure;
}

}  // namespace

std::vector<Figure> figures_of_answers(const NamedAblation& named, const RunSet& runs) {
  std::vector<Figure> figures = {confusion_figure(named)};
  if (auto figure = mosaic(named, runs)) figures.push_back(std::move(*figure));
  return figures;
}

}  // namespace mofi
