#pragma once
// Numbers as cells of tables.

#include <cstdint>
#include <string>
#include <vector>

#include "report/ablation.h"
#include "report/table.h"

namespace mofi {

/// A fraction as percent: "58.4"; with `sign` "+", "+58.4". Never "-0.0".
std::string percent(double fraction, const char* sign = "");
/// "58.4 ± 1.2"; without the spread where there is none.
std::string percent(const Spread& spread);
/// "45.2 … 61.8"
std::string percent(const Interval& interval, const char* sign = "");
/// ".034", "<.001", "1"; to two digits below .1.
std::string p_cell(double p);
/// ".31"
std::string chance_cell(double chance);
/// "216", "216–432"
std::string counted(std::int64_t fewest, std::int64_t most);
/// "1–5, 7": ascending numbers, runs of three and more shortened.
std::string ranges(const std::vector<std::int64_t>& ascending);
/// "5,000"
std::string with_thousands(std::int64_t number);
/// "1 run", "2 runs"
std::string plural(std::size_t n, const std::string& one);
/// "0.584014" for tables to compute with; empty for NaN.
std::string fraction_cell(double value);
/// "3.7e-05", to six digits; empty for NaN.
std::string number_cell(double value);
/// A cell that says nothing is empty in tables to compute with.
std::string csv_text(const std::string& cell);

/// Columns for config fields, right-aligned where they hold numbers; `cells` are their rows.
std::vector<Column> field_columns(const std::vector<std::string>& names,
                                  const std::vector<const std::vector<std::string>*>& cells);

/// A sentence for each of the first few; then how many more there are.
std::vector<std::string> first_few(std::vector<std::string> sentences, const std::string& what);

}  // namespace mofi
