#include "tonality/mode_text.h"

#include <fmt/core.h>

#include <algorithm>
#include <numeric>

#include "core/aligned.h"
#include "storage/artifact_text.h"

namespace mofi {
namespace {

constexpr float kNarrowMargin = 0.02F;  // below this another weighting or profile often says the other mode

std::string share(std::size_t part, std::size_t whole) {
  return fmt::format("{} ({:.1f} %)", thousands(part),
                     whole == 0 ? 0.0 : 100 * static_cast<double>(part) / static_cast<double>(whole));
}

/// How often each key is found: for each mode a line of tonics, as that mode spells them, and one of counts.
std::string keys_text(const ModeTable& table) {
  std::vector<std::vector<std::string>> lines;
  for (const std::uint8_t mode : {kMajor, kMinor}) {
    std::vector<std::string> tonics = {mode == kMajor ? "major" : "minor"}, counts = {""};
    for (int tonic = 0; tonic < 12; ++tonic) {
      const std::string name = name_of(Key{tonic, mode});
      tonics.push_back(name.substr(0, name.find(' ')));
      counts.push_back(std::to_string(std::ranges::count_if(
          table.pieces, [&](const PieceMode& piece) { return piece.tonic == tonic && piece.mode == mode; })));
    }
    lines.push_back(std::move(tonics));
    lines.push_back(std::move(counts));
  }
  return aligned(lines, "lrrrrrrrrrrrr");
}

/// The three keys that fit best, with their correlations.
std::string best_keys(const PieceMode& piece) {
  std::array<int, 24> keys{};
  std::iota(keys.begin(), keys.end(), 0);
  std::ranges::stable_sort(keys, [&](int a, int b) {
    return piece.correlation[static_cast<std::size_t>(a)] > piece.correlation[static_cast<std::size_t>(b)];
  });
  std::string text;
  for (int i = 0; i < 3; ++i)
    text += fmt::format("{}{} {:.3f}", i > 0 ? ", " : "",
                        name_of(Key{keys[i] % 12, keys[i] < 12 ? kMajor : kMinor}),
                        piece.correlation[static_cast<std::size_t>(keys[i])]);
  return text;
}

}  // namespace

std::string text_of(const ModeTable& table, std::size_t rows) {
  std::size_t major = 0, minor = 0, narrow = 0;
  std::vector<float> margins;
  for (const PieceMode& piece : table.pieces) {
    major += piece.mode == kMajor ? 1 : 0;
    minor += piece.mode == kMinor ? 1 : 0;
    if (piece.mode == kUndefinedMode) continue;
    margins.push_back(piece.margin);
    narrow += piece.margin < kNarrowMargin ? 1 : 0;
  }
  std::ranges::sort(margins);
  const std::size_t all = table.pieces.size();
  const bool of_segments = table.unit == "segment";

  Facts facts = header_facts(table.header);
  facts.push_back(
      {"size", of_segments ? counted(all, "segment") + ", the rows of tokens made by " + table.token_options
                           : counted(all, "piece")});
  facts.push_back({"modes", fmt::format("major {}, minor {}, undefined {}", share(major, all),
                                        share(minor, all), share(all - major - minor, all))});
  if (!margins.empty())
    facts.push_back({"margins", fmt::format("median {:.3f}, {} below {}", margins[margins.size() / 2],
                                            share(narrow, margins.size()), kNarrowMargin)});
  std::string text = fmt::format("Keys and modes of {}s by the profile {}, pitch classes weighted by {}\n",
                                 table.unit, table.key_profile, table.weighting) +
                     aligned(facts) + "\n" + keys_text(table);
  if (rows == 0 || all == 0) return text;

  std::vector<std::vector<std::string>> lines = {{"piece", "key", "margin", "correlation of the best keys"}};
  for (std::size_t i = 0; i < std::min(rows, all); ++i) {
    const PieceMode& piece = table.pieces[i];
    const bool is_undefined = piece.mode == kUndefinedMode;
    lines.push_back(
        {of_segments ? fmt::format("{}, segment {}", piece.piece_id, piece.segment) : piece.piece_id,
         name_of(Key{piece.tonic, piece.mode}), is_undefined ? "" : fmt::format("{:.3f}", piece.margin),
         is_undefined ? "" : best_keys(piece)});
  }
  text += "\n" + aligned(lines, "llrl");
  if (rows < all) text += fmt::format("  … and {} more\n", thousands(all - rows));
  return text + "\nThe margin is how much better the best key fits than the best of the other mode.\n";
}

}  // namespace mofi
