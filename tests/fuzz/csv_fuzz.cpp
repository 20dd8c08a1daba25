// The CSV reader: what it accepts is a rectangle, and reads back as itself when csv_cell writes it.

#include "core/csv.h"
#include "hostile_input.h"

namespace mofi {
namespace {

// A cell is a std::string (32 bytes) for as little as one comma; a vector of them may be half empty.
constexpr MemoryBound kBound{.bytes_per_input_byte = 128};

/// A line of one empty cell must be quoted, or it would be an empty line, which is no row.
void write_row(std::string& text, const std::vector<std::string>& cells) {
  for (std::size_t i = 0; i < cells.size(); ++i) text += (i > 0 ? "," : "") + csv_cell(cells[i]);
  if (cells.size() == 1 && cells[0].empty()) text += "\"\"";
  text += "\n";
}

void check(std::string_view text, const CsvTable& table) {
  require(!table.columns.empty(), "a table has columns");
  require(table.column(table.columns.back()) < table.columns.size(), "a column that is there is found");
  int line_before = 0;
  for (const CsvRow& row : table.rows) {
    require(row.cells.size() == table.columns.size(), "every row has as many cells as the header");
    require(row.line > line_before, "rows begin on lines of their own, in order");
    line_before = row.line;
  }
  require(table.rows.size() < text.size(), "a row takes at least two bytes");

  std::string written = "\xEF\xBB\xBF";  // or a header that begins with these bytes would lose them
  write_row(written, table.columns);
  for (const CsvRow& row : table.rows) write_row(written, row.cells);
  const CsvTable again = parse_csv(written, "written");
  require(again.columns == table.columns && again.rows.size() == table.rows.size(), "a table reads back");
  for (std::size_t i = 0; i < table.rows.size(); ++i)
    require(again.rows[i].cells == table.rows[i].cells, "cells read back as they were");

  const CsvTable with_line_end = parse_csv(std::string(text) + "\n", "with a line end");
  require(with_line_end.rows.size() == table.rows.size(), "a line end after the last row changes nothing");
}

}  // namespace
}  // namespace mofi

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mofi;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  CsvTable table;
  if (accepts(std::as_bytes(std::span(data, size)), ExitCode::kData, kBound,
              [&] { table = parse_csv(text, "input"); }))
    check(text, table);
  return 0;
}
