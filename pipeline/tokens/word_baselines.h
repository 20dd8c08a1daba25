#pragma once
// What a model of masked words has to beat: guesses of an id from counts of ids, or of the words beside it.

#include <span>
#include <string>
#include <vector>

#include "tokens/token_table.h"

namespace mofi {

/// Accuracies of a column, 0 to 1, each of one guess:
///   unigram     the id that is most frequent
///   copy        the id of the word before; the unigram for the first word of a row
///   bigram      the most frequent one after the id of the word before; the unigram for the first word, and
///               after an id that was never followed
///   neighbours  the most frequent one between the ids of the words on both sides; the bigram where one is
///               missing, or the two were never seen so
/// What is as frequent as the lowest id is the lowest id.
struct ColumnBaselines {
  std::string column;
  double unigram = 0, copy = 0, bigram = 0, neighbours = 0;
};

/// Counts ids in the first `max_words` words of the rows `fitted`, and guesses those of the rows `scored`:
/// every word, or, so that a model can be compared on the words that were masked for it, only those at
/// positions[i] of scored[i]. The guesses see the true words beside, which a model does not where they are
/// masked, too. Throws kUsage for max_words below 1, kData when there is no word to count or to guess, and
/// kInternal for positions that do not fit the rows.
std::vector<ColumnBaselines> word_baselines(const TokenTable& tokens, std::span<const std::size_t> fitted,
                                            std::span<const std::size_t> scored, int max_words,
                                            std::span<const std::vector<int>> positions = {});

}  // namespace mofi
