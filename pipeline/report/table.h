#pragma once
// A table of texts, and its renderings. What a cell says is decided before; how it is laid out, here.

#include <string>
#include <vector>

namespace mofi {

enum class Align { kLeft, kRight };

struct Column {
  std::string name;
  Align align = Align::kRight;
};

struct Table {
  std::string title;
  std::vector<Column> columns;
  std::vector<std::vector<std::string>> rows;  ///< each as long as `columns`
  std::vector<std::string> notes;              ///< sentences under the table: what the numbers are
};

/// Aligned columns under a rule, notes wrapped to `width` letters. Ends with a line end.
std::string to_terminal(const Table& table, std::size_t width = 110);

/// A GitHub-flavoured pipe table, padded so that the source reads as well.
std::string to_markdown(const Table& table);

/// A table environment for LaTeX with booktabs, the title as its caption and the notes under it. For
/// documents in UTF-8; escapes what LaTeX would read otherwise.
std::string to_latex(const Table& table);

/// The header and the rows; title and notes have no place in CSV.
std::string to_csv(const Table& table);

}  // namespace mofi
