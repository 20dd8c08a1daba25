#include "tokens/held_out.h"

#include <algorithm>
#include <map>
#include <set>

#include "core/error.h"
#include "core/random.h"

namespace mofi {
namespace {

bool is_scored(SplitPart part) { return part == SplitPart::kValid || part == SplitPart::kTest; }

/// Whether each piece is one that a later task is scored on.
std::vector<bool> downstream_pieces(const TokenTable& tokens) {
  std::vector<bool> is_downstream(tokens.pieces.size());
  for (std::size_t k = 0; k < tokens.split_names.size(); ++k) {
    std::set<std::string> scored_songs;
    for (const TokenPiece& piece : tokens.pieces)
      if (is_scored(piece.split[k])) scored_songs.insert(piece.group);
    for (std::size_t p = 0; p < tokens.pieces.size(); ++p) {
      const TokenPiece& piece = tokens.pieces[p];
      if (is_scored(piece.split[k]) ||
          (piece.split[k] == SplitPart::kNone && scored_songs.contains(piece.group)))
        is_downstream[p] = true;
    }
  }
  return is_downstream;
}

/// The rows of each song, songs in a random order that does not depend on the table's.
std::vector<std::vector<std::size_t>> shuffled_songs(const TokenTable& tokens,
                                                     const std::vector<std::size_t>& rows,
                                                     std::uint64_t seed) {
  std::map<std::string, std::vector<std::size_t>> rows_of;
  for (const std::size_t row : rows) rows_of[tokens.pieces[tokens.piece[row]].group].push_back(row);
  std::vector<std::vector<std::size_t>> songs;
  for (auto& [song, its_rows] : rows_of) songs.push_back(std::move(its_rows));
  RandomStream(seed, "hold out songs").shuffle(std::span(songs));
  return songs;
}

}  // namespace

HeldOutRows hold_out(const TokenTable& tokens, const HeldOutOptions& options) {
  if (!(options.share > 0 && options.share < 1))
    fail(ExitCode::kUsage, "the share of held-out rows is {}; expected more than 0 and less than 1",
         options.share);
  HeldOutRows result;
  std::vector<bool> is_left_out(tokens.pieces.size());
  if (!options.keep_downstream) is_left_out = downstream_pieces(tokens);
  result.left_out_pieces = static_cast<std::size_t>(std::ranges::count(is_left_out, true));
  std::vector<std::size_t> rows;
  for (std::size_t row = 0; row < tokens.rows(); ++row)
    if (!is_left_out[tokens.piece[row]]) rows.push_back(row);

  if (options.by_row) {
    RandomStream(options.seed, "hold out rows").shuffle(std::span(rows));
    const auto train = static_cast<std::size_t>((1 - options.share) * static_cast<double>(rows.size()));
    result.train.assign(rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(train));
    result.held_out.assign(rows.begin() + static_cast<std::ptrdiff_t>(train), rows.end());
  } else {
    const double wanted = options.share * static_cast<double>(rows.size());
    for (const auto& song : shuffled_songs(tokens, rows, options.seed)) {
      const bool is_held_out = static_cast<double>(result.held_out.size()) < wanted;
      auto& side = is_held_out ? result.held_out : result.train;
      side.insert(side.end(), song.begin(), song.end());
    }
  }
  if (result.train.empty() || result.held_out.empty())
    fail(ExitCode::kData,
         "{}: of {} rows {} would be trained on and {} held out (share {}, {}; {} of {} pieces are left out "
         "as "
         "a later task's); expected one or more on each side",
         tokens.dataset, tokens.rows(), result.train.size(), result.held_out.size(), options.share,
         options.by_row ? "by row" : "by song", result.left_out_pieces, tokens.pieces.size());
  std::ranges::sort(result.train);
  std::ranges::sort(result.held_out);
  return result;
}

}  // namespace mofi
