#include "report/published.h"

#include <fmt/core.h>

namespace mofi {
namespace {

struct PublishedValues {
  std::vector<PublishedValue> values;
};

template <class Field>
void describe(Field& field, PublishedValues& c) {
  field("values", c.values, {.help = "published values"});
}

}  // namespace

std::vector<PublishedValue> read_published(const std::filesystem::path& file) {
  const auto values = read_config<PublishedValues>(load_config(file)).values;
  for (const PublishedValue& value : values) parse_settings(value.arm);  // refuses what is none
  return values;
}

std::string published_cell(const PublishedValue& value) {
  std::string text = fmt::format("{:.1f}", 100 * value.accuracy);
  if (value.f1 > 0) text += fmt::format(" ({:.1f})", 100 * value.f1);
  return text;
}

bool is_of(const PublishedValue& value, const Arm& arm) {
  return !value.arm.empty() && arm.runs.front()->dataset == value.dataset &&
         has_settings(arm, parse_settings(value.arm));
}

}  // namespace mofi
