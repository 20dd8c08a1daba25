#pragma once
// A figure: numbers as CSV and a gnuplot script that draws them. Both are files of their own, so that a user
// can draw it anew in another style. What is drawn is decided by whoever makes the figure; fonts, formats,
// colours and markers are the same in all, and are here.
//
// Series are told apart by marker and line as well as by colour (Okabe and Ito's, which the colour-blind tell
// apart), so that a figure reads in grey, too.

#include <string>
#include <vector>

namespace mofi {

struct Figure {
  std::string name;     ///< of its files, without an ending: "accuracy_by_site"
  std::string title;    ///< a few words
  std::string caption;  ///< what is shown, and of how many
  std::string text;     ///< what it shows, for those who do not see it
  std::vector<std::string> columns;
  std::vector<std::vector<std::string>> rows;  ///< the data, each as long as `columns`
  std::string drawing;                         ///< gnuplot's commands; `data` is the name of the CSV
  int width = 640, height = 400;               ///< CSS pixels; 96 of them are an inch
};

/// The data file. In texts quotes are ’, backslashes / and line ends blanks, for gnuplot's reader does not
/// take them.
std::string data_of(const Figure& figure);

/// The whole script. In the folder of its data, `gnuplot NAME.gp` draws NAME.svg, NAME.pdf and NAME.png.
std::string script_of(const Figure& figure);

/// A text as gnuplot's scripts have it, '…', in which nothing is special; changed as the data are.
std::string gnuplot_text(const std::string& text);

/// How series number `index` is drawn: "lc rgb '#0072B2' dt 1 lw 1.6 pt 7 ps 0.8". After six, markers and
/// lines come back.
std::string series_style(std::size_t index, bool filled = true);
inline constexpr std::size_t kSeriesStyles = 6;

}  // namespace mofi
