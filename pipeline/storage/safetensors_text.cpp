#include "storage/safetensors_text.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>

#include "core/aligned.h"
#include "core/hash.h"
#include "storage/artifact_text.h"

namespace mofi {
namespace {

constexpr std::size_t kLongestValue = 90;  // letters of metadata

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Tensors of one type and shape whose names differ in their numbers alone.
struct Family {
  std::vector<std::string> between;              ///< the name without its numbers, one piece more than these
  std::vector<std::set<std::uint64_t>> numbers;  ///< every value of each number
  const SafeTensor* first = nullptr;
  std::size_t members = 0;
};

/// A number is a whole part of a dotted name; "conv1" has none.
void split_name(const std::string& name, std::vector<std::string>& between,
                std::vector<std::uint64_t>& numbers) {
  between = {""};
  for (std::size_t at = 0; at < name.size();) {
    std::size_t end = at;
    while (end < name.size() && name[end] != '.') ++end;
    const bool is_number = end > at && end - at < 10 &&
                           std::all_of(name.begin() + static_cast<std::ptrdiff_t>(at),
                                       name.begin() + static_cast<std::ptrdiff_t>(end), is_digit);
    if (is_number) {
      numbers.push_back(std::stoull(name.substr(at, end - at)));
      between.emplace_back();
    } else {
      between.back() += name.substr(at, end - at);
    }
    if (end < name.size()) between.back() += '.';
    at = end + 1;
  }
}

/// In the order of their first members.
std::vector<Family> families_of(std::span<const SafeTensor> tensors) {
  std::vector<Family> families;
  std::map<std::tuple<std::vector<std::string>, std::string, std::vector<std::int64_t>>, std::size_t> known;
  for (const SafeTensor& tensor : tensors) {
    std::vector<std::string> between;
    std::vector<std::uint64_t> numbers;
    split_name(tensor.name, between, numbers);
    const auto [found, is_new] = known.try_emplace({between, tensor.dtype, tensor.shape}, families.size());
    if (is_new) families.push_back({between, std::vector<std::set<std::uint64_t>>(numbers.size()), &tensor});
    Family& family = families[found->second];
    for (std::size_t i = 0; i < numbers.size(); ++i) family.numbers[i].insert(numbers[i]);
    ++family.members;
  }
  return families;
}

std::string numbers_text(const std::set<std::uint64_t>& numbers) {
  if (numbers.size() == 1) return std::to_string(*numbers.begin());
  const bool is_range = *numbers.rbegin() - *numbers.begin() == numbers.size() - 1;
  if (is_range) return fmt::format("{{{}..{}}}", *numbers.begin(), *numbers.rbegin());
  return numbers.size() <= 8 ? fmt::format("{{{}}}", fmt::join(numbers, ",")) : "{…}";
}

std::string name_text(const Family& family) {
  std::string name = family.between[0];
  for (std::size_t i = 0; i < family.numbers.size(); ++i)
    name += numbers_text(family.numbers[i]) + family.between[i + 1];
  return name;
}

std::uint64_t elements(const SafeTensor& tensor) {
  std::uint64_t count = 1;
  for (const std::int64_t extent : tensor.shape) count *= static_cast<std::uint64_t>(extent);
  return count;
}

}  // namespace

std::string totals_of(std::span<const SafeTensor> tensors) {
  std::map<std::string, std::uint64_t> of_type;
  std::uint64_t total = 0;
  for (const SafeTensor& tensor : tensors) {
    of_type[tensor.dtype] += elements(tensor);
    total += elements(tensor);
  }
  std::vector<std::string> types;
  for (const auto& [type, count] : of_type) types.push_back(type + " " + thousands(count));
  return fmt::format("{} in {} ({})", counted(total, "number"), counted(tensors.size(), "tensor"),
                     fmt::join(types, ", "));
}

std::string text_of(const SafeTensorFile& file, std::size_t lines) {
  Facts facts = {{"size", fmt::format("{}, {:.1f} MB", totals_of(file.tensors),
                                      static_cast<double>(file.contents.size()) / 1e6)},
                 {"file", sha256_of_bytes(file.contents) + " (SHA-256 of its bytes)"}};
  std::string text = "Parameters in safetensors\n" + aligned(facts);
  if (!file.metadata.empty()) {
    Facts metadata;
    for (const auto& [key, value] : file.metadata) {
      std::string line = value.substr(0, value.size() <= kLongestValue ? value.size() : kLongestValue);
      std::ranges::replace(line, '\n', ' ');
      metadata.push_back({key, value.size() > kLongestValue ? line + "…" : line});
    }
    text += "\nMetadata\n" + aligned(metadata);
  }
  return text + "\n" + table_of(file.tensors, lines);
}

std::string table_of(std::span<const SafeTensor> tensors, std::size_t lines) {
  const std::vector<Family> families = families_of(tensors);
  std::vector<std::vector<std::string>> rows = {{"parameter", "type", "shape", "tensors", "numbers"}};
  for (std::size_t i = 0; i < std::min(lines, families.size()); ++i)
    rows.push_back({name_text(families[i]), families[i].first->dtype,
                    fmt::format("[{}]", fmt::join(families[i].first->shape, ", ")),
                    thousands(families[i].members),
                    thousands(families[i].members * elements(*families[i].first))});
  std::string text = aligned(rows, "lllrr");
  if (lines < families.size()) text += fmt::format("  … and {} more\n", thousands(families.size() - lines));
  return text;
}

}  // namespace mofi
