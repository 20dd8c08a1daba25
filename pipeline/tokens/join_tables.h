#pragma once
// Several token tables as one, for pre-training on more than one corpus.

#include <vector>

#include "tokens/token_table.h"

namespace mofi {

/// The pieces of all tables, one table after the other.
///   ids      must differ; nothing is put before them
///   groups   are kept: the same name in two tables is the same song
///   splits   of all tables; a piece is in no part of a split that its table does not have
///   classes  of all tables, in the order of their first table; labels follow
///   options  only if all agree, else there are none, with a warning
/// One table is returned as it is. Throws kUsage for none, kData, naming two tables, for tables of different
/// schemes or row lengths, and for a piece that is in two.
TokenTable joined(std::vector<TokenTable> tables);

}  // namespace mofi
