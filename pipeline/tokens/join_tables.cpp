#include "tokens/join_tables.h"

#include <algorithm>
#include <iterator>
#include <unordered_map>

#include "core/error.h"
#include "core/hash.h"
#include "core/log.h"

namespace mofi {
namespace {

/// "table 2 (emopia)": there may be two of one data set.
std::string name_of(const std::vector<TokenTable>& tables, std::size_t i) {
  return fmt::format("table {} ({})", i + 1, tables[i].dataset);
}

void check_alike(const std::vector<TokenTable>& tables) {
  const TokenTable& first = tables.front();
  for (std::size_t i = 1; i < tables.size(); ++i) {
    const TokenTable& other = tables[i];
    if (other.scheme != first.scheme || other.row_words != first.row_words)
      fail(ExitCode::kData,
           "{} has rows of {} words of the scheme {}, {} rows of {} words of the scheme {}; expected the "
           "same to "
           "join them",
           name_of(tables, 0), first.row_words, first.scheme.name, name_of(tables, i), other.row_words,
           other.scheme.name);
    if (other.options != first.options)
      log_warning("{} and {} were not made with the same options: {} and {}", name_of(tables, 0),
                  name_of(tables, i), first.options.empty() ? "unknown" : first.options,
                  other.options.empty() ? "unknown" : other.options);
  }
}

void check_ids(const std::vector<TokenTable>& tables) {
  std::unordered_map<std::string, std::size_t> table_of;
  for (std::size_t i = 0; i < tables.size(); ++i)
    for (const TokenPiece& piece : tables[i].pieces)
      if (const auto [first, is_new] = table_of.emplace(piece.id, i); !is_new)
        fail(ExitCode::kData, "piece {} is in {} and in {}; expected every piece once to join them", piece.id,
             name_of(tables, first->second), name_of(tables, i));
}

/// Where each of `names` is in `all`, to which new ones are added.
std::vector<std::size_t> places_in(std::vector<std::string>& all, const std::vector<std::string>& names) {
  std::vector<std::size_t> places;
  for (const std::string& name : names) {
    const auto found = std::ranges::find(all, name);
    places.push_back(static_cast<std::size_t>(found - all.begin()));
    if (found == all.end()) all.push_back(name);
  }
  return places;
}

/// A table with no piece yet, whose splits and classes are those of all; those of the pieces are made to fit.
TokenTable frame_of(std::vector<TokenTable>& tables) {
  TokenTable frame;
  frame.scheme = tables.front().scheme;
  frame.row_words = tables.front().row_words;
  Sha256 configs;
  std::vector<std::vector<std::size_t>> split_places, class_places;
  for (std::size_t i = 0; i < tables.size(); ++i) {
    const TokenTable& table = tables[i];
    frame.dataset += (i > 0 ? "+" : "") + table.dataset;
    frame.header.inputs[fmt::format("tokens_{}", i + 1)] = content_digest(table);
    configs.update(table.header.config_sha256);
    split_places.push_back(places_in(frame.split_names, table.split_names));
    class_places.push_back(places_in(frame.class_names, table.class_names));
  }
  frame.header.config_sha256 = configs.hex();
  const auto has_same_options = [&](const TokenTable& t) { return t.options == tables.front().options; };
  if (std::ranges::all_of(tables, has_same_options)) frame.options = tables.front().options;

  for (std::size_t i = 0; i < tables.size(); ++i) {
    for (TokenPiece& piece : tables[i].pieces) {
      std::vector<SplitPart> parts(frame.split_names.size(), SplitPart::kNone);
      for (std::size_t k = 0; k < piece.split.size(); ++k) parts[split_places[i][k]] = piece.split[k];
      piece.split = std::move(parts);
      if (piece.label >= 0)
        piece.label = static_cast<int>(class_places[i][static_cast<std::size_t>(piece.label)]);
    }
  }
  return frame;
}

template <class T>
void append(std::vector<T>& all, std::vector<T>& some) {
  all.insert(all.end(), std::move_iterator(some.begin()), std::move_iterator(some.end()));
}

}  // namespace

TokenTable joined(std::vector<TokenTable> tables) {
  if (tables.empty()) fail(ExitCode::kUsage, "there is no token table; expected one or more");
  if (tables.size() == 1) return std::move(tables.front());
  check_alike(tables);
  check_ids(tables);
  TokenTable all = frame_of(tables);
  std::size_t words = 0;
  for (const TokenTable& table : tables) words += table.words.size();
  all.words.reserve(words);
  for (TokenTable& table : tables) {
    const auto first_piece = static_cast<std::uint32_t>(all.pieces.size());
    for (std::uint32_t& piece : table.piece) piece += first_piece;
    append(all.words, table.words);
    append(all.length, table.length);
    append(all.piece, table.piece);
    append(all.pieces, table.pieces);
    table = {};  // its words are freed
  }
  all.header.content_sha256 = content_digest(all);
  return all;
}

}  // namespace mofi
