#pragma once
// Curves with intervals, in panels one above the other that share their x axis.

#include <optional>
#include <string>
#include <vector>

#include "plots/figure.h"

namespace mofi {

/// What no curve passes through, drawn across a panel: a line within its interval.
struct Level {
  double low = 0, value = 0, high = 0;
};

struct LinePanel {
  std::string column;   ///< of the data; its interval is in COLUMN_low and COLUMN_high
  std::string y_label;  ///< with its unit
  std::optional<Level> level;
  bool zero_line = false;
  /// Markers are open, but for those of rows whose column "told" is 1.
  bool open_unless_told = false;
};

/// Areas are for curves of many points that do not lie on each other.
enum class IntervalsAs { kBars, kAreas, kNothing };

struct LinePlot {
  std::string x_column, x_label;
  std::string level_title;          ///< in the key, where a panel has one
  std::vector<std::string> series;  ///< values of the column "series", at most kSeriesStyles
  std::vector<LinePanel> panels;
  IntervalsAs intervals = IntervalsAs::kBars;
};

/// Sets the drawing and the size of `figure` from the plot and the figure's rows.
void draw_lines(Figure& figure, const LinePlot& plot);

}  // namespace mofi
