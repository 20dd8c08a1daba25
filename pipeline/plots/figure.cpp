#include "plots/figure.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "core/csv.h"

namespace mofi {
namespace {

/// Quotes as printers have them: gnuplot reads a doubled one wrongly where it begins a text.
std::string plain(const std::string& text) {
  std::string result;
  for (const char letter : text) {
    if (letter == '"' || letter == '\'')
      result += "’";
    else if (letter == '\\')
      result += '/';  // its data reader takes them for escapes
    else
      result += static_cast<unsigned char>(letter) < ' ' ? ' ' : letter;
  }
  return result;
}

std::string line_of(const std::vector<std::string>& cells) {
  std::vector<std::string> texts;
  for (const std::string& cell : cells) texts.push_back(csv_cell(plain(cell)));
  return fmt::format("{}\n", fmt::join(texts, ","));
}

/// Sizes in the units of each format: pixels of the screen, inches, and pixels of twice the density.
std::string terminals(const Figure& figure) {
  return fmt::format(
      "  small = format eq 'svg' ? ',10' : ',7.5'\n"
      "  if (format eq 'svg') {{ set terminal svg noenhanced size {0},{1} font 'DejaVu Sans,12' }}\n"
      "  if (format eq 'pdf') {{ set terminal pdfcairo noenhanced size {2:.3f}in,{3:.3f}in font 'DejaVu "
      "Sans,9' "
      "fontscale 1 }}\n"
      "  if (format eq 'png') {{ set terminal pngcairo noenhanced size {4},{5} font 'DejaVu Sans,9' "
      "fontscale 2 "
      "linewidth 2 pointscale 2 }}\n",
      figure.width, figure.height, figure.width / 96.0, figure.height / 96.0, 2 * figure.width,
      2 * figure.height);
}

constexpr const char* kStyle =
    "set datafile separator comma\n"
    "set encoding utf8\n"
    "set border 3 lc rgb '#444444'\n"
    "set tics nomirror out scale 0.5 textcolor rgb '#222222'\n"
    "set grid ytics lt 1 lw 0.5 lc rgb '#DDDDDD'\n"
    "set style fill solid 1 noborder\n"
    "set bars 0\n";

}  // namespace

std::string data_of(const Figure& figure) {
  std::string text = line_of(figure.columns);
  for (const auto& row : figure.rows) text += line_of(row);
  return text;
}

std::string script_of(const Figure& figure) {
  std::string text = fmt::format(
      "# {0}\n# Draws {1}.svg, {1}.pdf and {1}.png from {1}.csv, in this folder: gnuplot {1}.gp\n"
      "# 'mofi report' writes this file anew; for a style of your own, keep a copy under another name.\n"
      "reset session\ndata = '{1}.csv'\n{2}"
      "do for [format in 'svg pdf png'] {{\n{3}  set output '{1}.'.format\n",
      plain(figure.title), figure.name, kStyle, terminals(figure));
  for (std::size_t begin = 0; begin < figure.drawing.size();) {
    const std::size_t end = std::min(figure.drawing.find('\n', begin), figure.drawing.size());
    text += "  " + figure.drawing.substr(begin, end - begin) + "\n";
    begin = end + 1;
  }
  return text + "}\nset output\n";
}

std::string gnuplot_text(const std::string& text) { return "'" + plain(text) + "'"; }

std::string series_style(std::size_t index, bool filled) {
  struct Style {
    const char* colour;
    int line, filled, open;
    double size;
  };
  static constexpr std::array<Style, kSeriesStyles> kStyles = {{{"#0072B2", 1, 7, 6, 0.8},
                                                                {"#D55E00", 2, 5, 4, 0.75},
                                                                {"#009E73", 4, 9, 8, 0.9},
                                                                {"#CC79A7", 3, 13, 12, 0.95},
                                                                {"#E69F00", 5, 11, 10, 0.9},
                                                                {"#000000", 1, 15, 14, 0.85}}};
  const Style& style = kStyles[index % kSeriesStyles];
  return fmt::format("lc rgb '{}' dt {} lw 1.6 pt {} ps {}", style.colour, style.line,
                     filled ? style.filled : style.open, style.size);
}

}  // namespace mofi
