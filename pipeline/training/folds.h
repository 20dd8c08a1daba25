#pragma once
// k folds that never part a song.

#include <cstdint>
#include <string>
#include <vector>

namespace mofi {

/// The fold, 0..folds-1, of every piece. Pieces of a group share a fold; groups are dealt largest first, in
/// an order that the seed decides among equals, each to the fold where the counts of its classes are furthest
/// behind. Throws kData when there are fewer groups than folds.
std::vector<int> grouped_folds(const std::vector<std::string>& groups, const std::vector<int>& labels,
                               int folds, std::uint64_t seed);

}  // namespace mofi
