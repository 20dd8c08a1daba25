#include "training/folds.h"

#include <algorithm>
#include <map>

#include "core/error.h"
#include "core/random.h"

namespace mofi {

std::vector<int> grouped_folds(const std::vector<std::string>& groups, const std::vector<int>& labels,
                               int folds, std::uint64_t seed) {
  std::map<std::string, std::vector<std::size_t>>
      pieces_of;  // ordered by name: independent of the order of pieces
  for (std::size_t i = 0; i < groups.size(); ++i) pieces_of[groups[i]].push_back(i);
  if (pieces_of.size() < static_cast<std::size_t>(folds))
    fail(ExitCode::kData, "{} songs cannot be dealt to {} folds", pieces_of.size(), folds);
  const int classes = labels.empty() ? 1 : *std::max_element(labels.begin(), labels.end()) + 1;

  std::vector<const std::vector<std::size_t>*> order;
  for (const auto& [name, pieces] : pieces_of) order.push_back(&pieces);
  RandomStream(seed, "deal songs to folds").shuffle(std::span(order));
  std::stable_sort(order.begin(), order.end(),
                   [](const auto* a, const auto* b) { return a->size() > b->size(); });

  std::vector<std::vector<int>> count(folds, std::vector<int>(classes, 0));
  std::vector<int> total(folds, 0), fold_of(groups.size(), 0);
  for (const auto* pieces : order) {
    const auto crowding = [&](int fold) {
      int sum = 0;
      for (const std::size_t piece : *pieces) sum += labels[piece] >= 0 ? count[fold][labels[piece]] : 0;
      return std::pair(sum, total[fold]);
    };
    int chosen = 0;
    for (int fold = 1; fold < folds; ++fold)
      if (crowding(fold) < crowding(chosen)) chosen = fold;
    for (const std::size_t piece : *pieces) {
      fold_of[piece] = chosen;
      if (labels[piece] >= 0) ++count[chosen][labels[piece]];
      ++total[chosen];
    }
  }
  return fold_of;
}

}  // namespace mofi
