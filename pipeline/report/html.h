#pragma once
// Tables and pictures as parts of a page.

#include <string>
#include <vector>

#include "plots/figure.h"
#include "report/table.h"

namespace mofi {

/// The text with what HTML would read otherwise (& < > " ') as entities.
std::string html_text(const std::string& text);

struct HtmlTable {
  std::string caption;  ///< empty: the table's title
  std::vector<std::string>
      links;  ///< of every row, what its first cell leads to ("#runs-0-3"); empty: nowhere
  /// A column (by name) whose cells lead there as well.
  std::string linked_column;
  bool notes = true;
};

/// In a box of its own that scrolls sideways; header cells have their scope, and rows can be sorted by a
/// click where the page's script runs.
std::string to_html(const Table& table, const HtmlTable& how = {});

/// A picture of gnuplot's as part of a page: without what only a file of its own has, under ids that start
/// with `prefix`, with a title and a text for those who do not see it.
std::string inline_svg(const std::string& svg, const std::string& prefix, const Figure& figure);

}  // namespace mofi
