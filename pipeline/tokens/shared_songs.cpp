#include "tokens/shared_songs.h"

#include <map>
#include <set>

namespace mofi {

SharedSongs shared_songs(const TokenTable& table, std::size_t split) {
  std::map<std::string, std::set<SplitPart>> parts_of;
  for (const TokenPiece& piece : table.pieces)
    if (piece.split[split] != SplitPart::kNone) parts_of[piece.group].insert(piece.split[split]);
  SharedSongs shared;
  for (const auto& [song, parts] : parts_of) {
    const bool train = parts.contains(SplitPart::kTrain), valid = parts.contains(SplitPart::kValid),
               test = parts.contains(SplitPart::kTest);
    shared.any += parts.size() > 1 ? 1 : 0;
    shared.train_valid += train && valid ? 1 : 0;
    shared.train_test += train && test ? 1 : 0;
    shared.valid_test += valid && test ? 1 : 0;
  }
  return shared;
}

}  // namespace mofi
