#pragma once
// Figures drawn by gnuplot (Debian: gnuplot-nox), as SVG, PDF and PNG from one script each.

#include <filesystem>
#include <string>
#include <vector>

#include "plots/figure.h"

namespace mofi {

/// Whether there is a gnuplot in PATH.
bool can_draw();

/// Writes NAME.csv and NAME.gp of every figure into `folder`, without gnuplot, too.
void write_scripts(const std::vector<Figure>& figures, const std::filesystem::path& folder);

/// Draws every figure and puts NAME.svg, .pdf and .png into `folder`, with its data and script. The bytes
/// depend on the figures, the versions of gnuplot and cairo and the fonts alone: the date that cairo writes
/// into a PDF is taken out. Throws kMissing where there is no gnuplot, kInternal with what it says when a
/// script fails. Returns the SVG files' texts.
std::vector<std::string> draw(const std::vector<Figure>& figures, const std::filesystem::path& folder);

/// The PDF without its date of creation; nothing else in it moves.
std::string without_date(std::string pdf);

}  // namespace mofi
