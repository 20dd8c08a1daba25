#pragma once
// CSV tables with a header line (RFC 4180: quotes, doubled quotes, commas and line ends inside quotes).

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace mofi {

struct CsvRow {
  int line = 0;  ///< where the row begins, from 1
  std::vector<std::string> cells;
};

struct CsvTable {
  std::string name;  ///< the file, for messages
  std::vector<std::string> columns;
  std::vector<CsvRow> rows;

  bool has(std::string_view column) const;
  /// The index of a column. Throws kData with the columns that are there.
  std::size_t column(std::string_view column) const;
  /// "FILE:LINE", for messages.
  std::string where(const CsvRow& row) const;
};

/// Every row must have as many cells as the header; empty lines are skipped; a UTF-8 byte order mark is
/// accepted.
CsvTable read_csv(const std::filesystem::path& path);
CsvTable parse_csv(std::string_view text, const std::string& name);

/// One cell, quoted when it must be.
std::string csv_cell(std::string_view text);

}  // namespace mofi
