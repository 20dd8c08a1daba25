#pragma once
// Features in words.

#include <string>

#include "features/feature_table.h"

namespace mofi {

/// One line a feature: its mean, spread and range over the pieces, its unit and formula.
std::string summary_of(const FeatureTable& table);

/// All there is to say, with the values of the first `rows` pieces.
std::string text_of(const FeatureTable& table, std::size_t rows);

}  // namespace mofi
