#include "tokens/word_baselines.h"

#include <algorithm>
#include <cstdint>
#include <optional>

#include "core/error.h"

namespace mofi {
namespace {

/// How often ids occur in contexts, and the most frequent one of each context.
class Counts {
 public:
  Counts(std::size_t contexts, std::size_t ids) : ids_(ids), counts_(contexts * ids) {}

  void add(std::size_t context, std::size_t id) { ++counts_[context * ids_ + id]; }

  /// Call once, after the last add().
  void rank() {
    best_.assign(counts_.size() / ids_, std::nullopt);
    for (std::size_t context = 0; context < best_.size(); ++context) {
      const auto begin = counts_.begin() + static_cast<std::ptrdiff_t>(context * ids_);
      const auto best = std::max_element(begin, begin + static_cast<std::ptrdiff_t>(ids_));
      if (*best > 0) best_[context] = static_cast<std::uint8_t>(best - begin);
    }
  }
  /// Nothing in a context that was never seen.
  std::optional<std::uint8_t> best(std::size_t context) const { return best_[context]; }

 private:
  std::size_t ids_;
  std::vector<std::uint64_t> counts_;
  std::vector<std::optional<std::uint8_t>> best_;
};

/// The ids of one column in the words of a row that are used.
std::vector<std::uint8_t> ids_of(const TokenTable& tokens, std::size_t row, std::size_t column,
                                 int max_words) {
  const auto words = tokens.row(row);
  std::vector<std::uint8_t> ids(static_cast<std::size_t>(std::min<int>(tokens.length[row], max_words)));
  for (std::size_t i = 0; i < ids.size(); ++i) ids[i] = words[i * tokens.columns() + column];
  return ids;
}

struct Guesses {
  std::uint8_t unigram, copy, bigram, neighbours;
};

class ColumnGuesser {
 public:
  explicit ColumnGuesser(std::size_t size)
      : size_(size), all_(1, size), after_(size, size), between_(size * size, size) {}

  void add(std::span<const std::uint8_t> ids) {
    for (std::size_t i = 0; i < ids.size(); ++i) {
      all_.add(0, ids[i]);
      if (i > 0) after_.add(ids[i - 1], ids[i]);
      if (i > 0 && i + 1 < ids.size()) between_.add(pair(ids[i - 1], ids[i + 1]), ids[i]);
    }
  }
  void rank() {
    for (Counts* counts : {&all_, &after_, &between_}) counts->rank();
  }
  Guesses guess(std::span<const std::uint8_t> ids, std::size_t at) const {
    const std::uint8_t unigram = *all_.best(0);
    if (at == 0) return {unigram, unigram, unigram, unigram};
    const std::uint8_t before = ids[at - 1], bigram = after_.best(before).value_or(unigram);
    if (at + 1 == ids.size()) return {unigram, before, bigram, bigram};
    return {unigram, before, bigram, between_.best(pair(before, ids[at + 1])).value_or(bigram)};
  }

 private:
  std::size_t pair(std::uint8_t before, std::uint8_t after) const { return before * size_ + after; }

  std::size_t size_;
  Counts all_, after_, between_;
};

/// The positions of a row to score: those given, or all.
std::vector<int> positions_of(std::size_t i, std::size_t row, std::size_t words,
                              std::span<const std::vector<int>> positions) {
  if (positions.empty()) {
    std::vector<int> all(words);
    for (std::size_t at = 0; at < words; ++at) all[at] = static_cast<int>(at);
    return all;
  }
  for (const int at : positions[i])
    if (at < 0 || static_cast<std::size_t>(at) >= words)
      fail(ExitCode::kInternal, "position {} of row {} is to be scored; expected one of its {} words", at,
           row, words);
  return positions[i];
}

}  // namespace

std::vector<ColumnBaselines> word_baselines(const TokenTable& tokens, std::span<const std::size_t> fitted,
                                            std::span<const std::size_t> scored, int max_words,
                                            std::span<const std::vector<int>> positions) {
  if (max_words < 1)
    fail(ExitCode::kUsage, "baselines of rows of at most {} words; expected 1 or more", max_words);
  if (fitted.empty())
    fail(ExitCode::kData, "there is no row to count words in for the baselines; expected one or more");
  if (!positions.empty() && positions.size() != scored.size())
    fail(ExitCode::kInternal, "positions of {} rows are to be scored; expected those of {}", positions.size(),
         scored.size());

  std::vector<ColumnBaselines> result;
  for (std::size_t c = 0; c < tokens.columns(); ++c) {
    const TokenColumn& column = tokens.scheme.columns[c];
    ColumnGuesser guesser(static_cast<std::size_t>(column.size));
    for (const std::size_t row : fitted) guesser.add(ids_of(tokens, row, c, max_words));
    guesser.rank();

    std::uint64_t words = 0, unigram = 0, copy = 0, bigram = 0, neighbours = 0;
    for (std::size_t i = 0; i < scored.size(); ++i) {
      const std::vector<std::uint8_t> ids = ids_of(tokens, scored[i], c, max_words);
      for (const int position : positions_of(i, scored[i], ids.size(), positions)) {
        const auto at = static_cast<std::size_t>(position);
        const Guesses guess = guesser.guess(ids, at);
        ++words;
        unigram += guess.unigram == ids[at] ? 1 : 0;
        copy += guess.copy == ids[at] ? 1 : 0;
        bigram += guess.bigram == ids[at] ? 1 : 0;
        neighbours += guess.neighbours == ids[at] ? 1 : 0;
      }
    }
    if (words == 0) fail(ExitCode::kData, "there is no word to score baselines on; expected one or more");
    const auto share = [&](std::uint64_t right) {
      return static_cast<double>(right) / static_cast<double>(words);
    };
    result.push_back({column.name, share(unigram), share(copy), share(bigram), share(neighbours)});
  }
  return result;
}

}  // namespace mofi
