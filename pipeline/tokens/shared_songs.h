#pragma once
// Songs that a split does not keep apart: what is scored on them is known already.

#include <cstddef>

#include "tokens/token_table.h"

namespace mofi {

struct SharedSongs {
  std::size_t any = 0;  ///< in more than one part
  std::size_t train_valid = 0, train_test = 0, valid_test = 0;
};

/// Of TokenTable::split_names[split].
SharedSongs shared_songs(const TokenTable& table, std::size_t split);

}  // namespace mofi
