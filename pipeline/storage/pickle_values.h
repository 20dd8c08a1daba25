#pragma once
// What values of a pickle stand for in Python: dictionaries, and what calls would give.

#include <optional>
#include <utility>
#include <vector>

#include "storage/pickle.h"

namespace mofi {

using PicklePairs = std::vector<std::pair<PickleIndex, PickleIndex>>;

/// Keys and values of a dict or an OrderedDict; nothing where the value is neither.
std::optional<PicklePairs> pairs_of(const Pickle& pickle, const PickleValue& value);

/// What a dictionary has under that text; null where it has nothing, or is none.
const PickleValue* member_of(const Pickle& pickle, const PickleValue& value, std::string_view key);

/// Whether the value is what calling that name ("module name") would give.
bool is_made_by(const Pickle& pickle, const PickleValue& value, std::string_view global);

}  // namespace mofi
