#include "storage/pickle_values.h"

namespace mofi {
namespace {

using Kind = PickleValue::Kind;

}  // namespace

std::optional<PicklePairs> pairs_of(const Pickle& pickle, const PickleValue& value) {
  PicklePairs pairs;
  if (value.kind == Kind::kObject) {
    if (pickle[value.callable].text != "collections OrderedDict") return std::nullopt;
    // Python 3 sets the items afterwards; Python 2 gives a list of pairs to the constructor.
    const auto& arguments = pickle[value.arguments].items;
    if (arguments.size() > 1) return std::nullopt;
    if (arguments.size() == 1) {
      if (pickle[arguments[0]].kind != Kind::kList) return std::nullopt;
      for (const PickleIndex item : pickle[arguments[0]].items) {
        const PickleValue& pair = pickle[item];
        if ((pair.kind != Kind::kList && pair.kind != Kind::kTuple) || pair.items.size() != 2)
          return std::nullopt;
        pairs.emplace_back(pair.items[0], pair.items[1]);
      }
    }
  } else if (value.kind != Kind::kDict) {
    return std::nullopt;
  }
  for (std::size_t i = 0; i + 1 < value.items.size(); i += 2)
    pairs.emplace_back(value.items[i], value.items[i + 1]);
  return pairs;
}

const PickleValue* member_of(const Pickle& pickle, const PickleValue& value, std::string_view key) {
  const auto pairs = pairs_of(pickle, value);
  if (!pairs) return nullptr;
  for (const auto& [name, item] : *pairs)
    if (pickle[name].kind == Kind::kText && pickle[name].text == key) return &pickle[item];
  return nullptr;
}

bool is_made_by(const Pickle& pickle, const PickleValue& value, std::string_view global) {
  return value.kind == Kind::kObject && pickle[value.callable].text == global;
}

}  // namespace mofi
