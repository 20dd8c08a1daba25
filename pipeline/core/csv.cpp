#include "core/csv.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "core/error.h"
#include "core/files.h"
#include "core/utf8.h"

namespace mofi {

bool CsvTable::has(std::string_view column) const {
  return std::find(columns.begin(), columns.end(), column) != columns.end();
}

std::size_t CsvTable::column(std::string_view column) const {
  const auto found = std::find(columns.begin(), columns.end(), column);
  if (found == columns.end())
    fail(ExitCode::kData, "{}: has no column '{}'; its columns, parted by commas, are {}", name, column,
         fmt::join(columns, ", "));
  return static_cast<std::size_t>(found - columns.begin());
}

std::string CsvTable::where(const CsvRow& row) const { return fmt::format("{}:{}", name, row.line); }

CsvTable parse_csv(std::string_view text, const std::string& name) {
  if (text.substr(0, 3) == "\xEF\xBB\xBF") text.remove_prefix(3);
  if (const auto at = first_byte_not_utf8(text))
    fail(ExitCode::kData, "{}:{}: expected UTF-8, found the byte {:#04x}; save the file as UTF-8", name,
         1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(*at), '\n'),
         static_cast<unsigned char>(text[*at]));
  CsvTable table{name, {}, {}};
  CsvRow row{1, {}};
  std::string cell;
  bool quoted = false, was_quoted = false;
  int line = 1;

  const auto end_row = [&] {
    const bool empty_line = row.cells.empty() && cell.empty() && !was_quoted;
    row.cells.push_back(std::move(cell));
    cell.clear();
    was_quoted = false;
    if (!empty_line) {
      if (table.columns.empty())
        table.columns = std::move(row.cells);
      else if (row.cells.size() != table.columns.size())
        fail(ExitCode::kData, "{}: has {} cells; the header has {}", table.where(row), row.cells.size(),
             table.columns.size());
      else
        table.rows.push_back(std::move(row));
    }
    row = {line + 1, {}};
  };

  for (std::size_t i = 0; i < text.size(); ++i) {
    const char letter = text[i];
    if (quoted) {
      if (letter == '"' && i + 1 < text.size() && text[i + 1] == '"') {
        cell += '"';
        ++i;
      } else if (letter == '"') {
        quoted = false;
      } else {
        line += letter == '\n' ? 1 : 0;
        cell += letter;
      }
    } else if (letter == '"' && cell.empty() && !was_quoted) {
      quoted = was_quoted = true;
    } else if (letter == '"' || (was_quoted && letter != ',' && letter != '\r' && letter != '\n')) {
      fail(ExitCode::kData, "{}:{}: has a quote inside an unquoted cell, or text after a closing quote", name,
           line);
    } else if (letter == ',') {
      row.cells.push_back(std::move(cell));
      cell.clear();
      was_quoted = false;
    } else if (letter == '\n' || letter == '\r') {
      if (letter == '\r' && i + 1 < text.size() && text[i + 1] == '\n') ++i;
      end_row();
      ++line;
    } else {
      cell += letter;
    }
  }
  if (quoted) fail(ExitCode::kData, "{}:{}: a quoted cell is never closed", name, row.line);
  if (!cell.empty() || !row.cells.empty() || was_quoted) end_row();
  if (table.columns.empty()) fail(ExitCode::kData, "{}: is empty; expected a header line", name);
  return table;
}

CsvTable read_csv(const std::filesystem::path& path) { return parse_csv(read_text(path), path.string()); }

std::string csv_cell(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
  std::string quoted = "\"";
  for (const char letter : text) quoted += letter == '"' ? std::string("\"\"") : std::string(1, letter);
  return quoted + "\"";
}

}  // namespace mofi
