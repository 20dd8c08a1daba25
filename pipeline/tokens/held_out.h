#pragma once
// Which rows of a table pre-training learns from, and which are held out to see how well it does.

#include <cstdint>
#include <vector>

#include "tokens/token_table.h"

namespace mofi {

struct HeldOutOptions {
  double share = 0.05;           ///< of the rows that are held out
  bool by_row = false;           ///< MIDI-BERT's way: rows, so that parts of a song are on both sides
  bool keep_downstream = false;  ///< MIDI-BERT's way: also pieces that a later task is tested on
  std::uint64_t seed = 1;
};

struct HeldOutRows {
  std::vector<std::size_t> train, held_out;  ///< rows of the table, ascending
  std::size_t left_out_pieces = 0;           ///< downstream, so on neither side
};

/// Songs (groups) go to the held-out side, in an order that the seed decides, until it has its share of the
/// rows; with `by_row`, the last rows of a list that the seed shuffles are held out.
///
/// A piece is downstream where any published split of the table has it in part valid or test, or has it in no
/// part while its song is in valid or test there: such a split is for scores on songs that nobody has seen.
/// Other clips of a song that the split itself trains on are kept.
///
/// The order of pieces in the table decides nothing, unless `by_row`. Throws kUsage for a share that is not
/// between 0 and 1, kData when a side would have no row.
HeldOutRows hold_out(const TokenTable& tokens, const HeldOutOptions& options);

}  // namespace mofi
