#include "storage/npy_text.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "core/aligned.h"
#include "core/hash.h"
#include "storage/artifact_text.h"

namespace mofi {
namespace {

constexpr std::uint64_t kNumbersShown = 16;     // of a row
constexpr std::uint64_t kAtATime = 1ULL << 16;  // numbers in memory while the range is found

std::vector<double> numbers_at(const NpyArray& array, std::uint64_t first, std::uint64_t count) {
  const std::uint64_t bytes = array.data.size() / array.size();
  return numbers_of({array.dtype, {count}, array.data.subspan(first * bytes, count * bytes)});
}

std::string number_text(double value) { return fmt::format("{:.6g}", value); }

/// The range, and how often each value occurs where there are a few (labels).
Facts range_facts(const NpyArray& array) {
  double lowest = std::numeric_limits<double>::infinity(), highest = -lowest;
  std::uint64_t not_finite = 0;
  std::map<double, std::uint64_t> counts;
  for (std::uint64_t at = 0; at < array.size(); at += kAtATime)
    for (const double value : numbers_at(array, at, std::min(kAtATime, array.size() - at))) {
      if (!std::isfinite(value)) {
        ++not_finite;
        continue;
      }
      lowest = std::min(lowest, value);
      highest = std::max(highest, value);
      if (counts.size() <= kNumbersShown) ++counts[value];
    }
  Facts facts;
  if (not_finite < array.size())
    facts.push_back({"range", number_text(lowest) + " to " + number_text(highest)});
  if (not_finite > 0) facts.push_back({"not finite", thousands(not_finite)});
  if (array.shape.size() == 1 && counts.size() <= kNumbersShown && !counts.empty()) {
    std::vector<std::string> parts;
    for (const auto& [value, count] : counts)
      parts.push_back(fmt::format("{} of {}", thousands(count), number_text(value)));
    facts.push_back({"values", fmt::format("{}", fmt::join(parts, ", "))});
  }
  return facts;
}

}  // namespace

std::string text_of(const NpyArray& array, std::size_t rows) {
  Facts facts = {
      {"type", array.dtype + ", little-endian, C order"},
      {"shape", shape_text(array.shape)},
      {"size", fmt::format("{}, {}", counted(array.size(), "number"), counted(array.data.size(), "byte"))},
      {"data", sha256_of_bytes(array.data) + " (SHA-256)"}};
  if (array.shape.empty()) facts.push_back({"value", number_text(numbers_of(array)[0])});
  if (array.size() > 0 && !array.shape.empty())
    for (auto& fact : range_facts(array)) facts.push_back(std::move(fact));
  std::string text = "A NumPy array\n" + aligned(facts);
  if (array.size() == 0 || array.shape.empty()) return text;
  if (array.shape.size() == 1) {  // numbers in a row
    const std::uint64_t shown =
        std::min<std::uint64_t>(array.size(), std::min<std::uint64_t>(rows, array.size()) * kNumbersShown);
    std::vector<std::string> numbers;
    if (shown > 0)
      for (const double value : numbers_at(array, 0, shown)) numbers.push_back(number_text(value));
    if (shown > 0)
      text += fmt::format("\n  {}{}\n", fmt::join(numbers, " "), shown < array.size() ? " …" : "");
    return text;
  }
  const std::uint64_t row_size = array.size() / array.shape[0], shown = std::min(row_size, kNumbersShown);
  for (std::uint64_t row = 0; row < std::min<std::uint64_t>(rows, array.shape[0]); ++row) {
    std::vector<std::string> numbers;
    for (const double value : numbers_at(array, row * row_size, shown)) numbers.push_back(number_text(value));
    text += fmt::format("{}  [{}]  {}{}\n", row == 0 ? "\n" : "", row, fmt::join(numbers, " "),
                        shown < row_size ? " …" : "");
  }
  return text;
}

}  // namespace mofi
