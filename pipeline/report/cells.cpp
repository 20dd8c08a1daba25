#include "report/cells.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

namespace mofi {

std::string percent(double fraction, const char* sign) {
  if (std::isnan(fraction)) return kNoValue;
  double value = std::round(fraction * 1000) / 10;
  if (value == 0) value = 0;  // minus zero
  return *sign == '+' ? fmt::format("{:+.1f}", value) : fmt::format("{:.1f}", value);
}

std::string percent(const Spread& spread) {
  if (std::isnan(spread.sd)) return percent(spread.mean);
  return percent(spread.mean) + " ± " + percent(spread.sd);
}

std::string percent(const Interval& interval, const char* sign) {
  if (std::isnan(interval.low)) return kNoValue;
  return percent(interval.low, sign) + " … " + percent(interval.high, sign);
}

std::string p_cell(double p) {
  if (std::isnan(p)) return kNoValue;
  if (p < 0.0005) return "<.001";
  const std::string text = p < 0.0995 ? fmt::format("{:.3f}", p) : fmt::format("{:.2f}", p);
  return text.starts_with("0") ? text.substr(1) : "1";
}

std::string chance_cell(double chance) {
  return std::isnan(chance) ? kNoValue : fmt::format("{:.2f}", chance);
}

std::string counted(std::int64_t fewest, std::int64_t most) {
  return fewest == most ? std::to_string(most) : fmt::format("{}–{}", fewest, most);
}

std::string ranges(const std::vector<std::int64_t>& ascending) {
  std::string text;
  for (std::size_t first = 0; first < ascending.size();) {
    std::size_t last = first;
    while (last + 1 < ascending.size() && ascending[last + 1] == ascending[last] + 1) ++last;
    if (last - first < 2) last = first;
    text += (text.empty() ? "" : ", ") + std::to_string(ascending[first]);
    if (last > first) text += "–" + std::to_string(ascending[last]);
    first = last + 1;
  }
  return text;
}

std::string with_thousands(std::int64_t number) {
  std::string digits = std::to_string(number);
  for (int at = static_cast<int>(digits.size()) - 3; at > 0; at -= 3)
    digits.insert(static_cast<std::size_t>(at), ",");
  return digits;
}

std::string plural(std::size_t n, const std::string& one) {
  return fmt::format("{} {}{}", n, one, n == 1 ? "" : "s");
}

std::string fraction_cell(double value) {
  if (std::isnan(value)) return "";
  return fmt::format("{:.6f}", value == 0 ? 0.0 : value);
}

std::string number_cell(double value) { return std::isnan(value) ? "" : fmt::format("{:.6g}", value); }

std::string csv_text(const std::string& cell) { return cell == kNoValue ? "" : cell; }

std::vector<Column> field_columns(const std::vector<std::string>& names,
                                  const std::vector<const std::vector<std::string>*>& cells) {
  std::vector<Column> columns;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const bool numbers = std::all_of(cells.begin(), cells.end(), [i](const std::vector<std::string>* row) {
      return (*row)[i] == kNoValue || (*row)[i].find_first_not_of("0123456789.-+e") == std::string::npos;
    });
    columns.push_back({names[i], numbers ? Align::kRight : Align::kLeft});
  }
  return columns;
}

std::vector<std::string> first_few(std::vector<std::string> sentences, const std::string& what) {
  constexpr std::size_t kFew = 8;
  if (sentences.size() <= kFew) return sentences;
  const std::size_t more = sentences.size() - kFew;
  sentences.resize(kFew);
  sentences.push_back(fmt::format("… and {} more {}.", more, what));
  return sentences;
}

}  // namespace mofi
