#include "training/dataset.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <unordered_map>

#include "core/error.h"
#include "core/random.h"
#include "training/folds.h"

namespace mofi {
namespace {

using Condition = std::array<float, kModeConditionWidth>;

constexpr Condition kNoInformation = {0.5F, 0.5F};  // the mean of the two one-hot vectors

std::vector<SplitPart> parts_of_pieces(const TokenTable& tokens, const DataConfig& data) {
  std::vector<SplitPart> parts;
  if (data.split == "folds") {
    std::vector<std::string> groups;
    std::vector<int> labels;
    for (const TokenPiece& piece : tokens.pieces) {
      groups.push_back(piece.group);
      labels.push_back(piece.label);
    }
    for (const int fold : grouped_folds(groups, labels, data.folds, data.fold_seed))
      parts.push_back(fold == data.fold ? SplitPart::kTest : SplitPart::kTrain);
    return parts;
  }
  const auto named = std::find(tokens.split_names.begin(), tokens.split_names.end(), data.split);
  if (named == tokens.split_names.end())
    fail(ExitCode::kUsage, "data.split is '{}'; these tokens have {}{}folds", data.split,
         fmt::join(tokens.split_names, ", "), tokens.split_names.empty() ? "" : " and ");
  const auto column = static_cast<std::size_t>(named - tokens.split_names.begin());
  for (const TokenPiece& piece : tokens.pieces) parts.push_back(piece.split.at(column));
  return parts;
}

/// What has a mode of its own, pieces or rows, and which of them each row belongs to.
struct ModeUnits {
  std::vector<std::uint8_t> mode;
  std::vector<std::uint32_t> of_row;
};

/// Which row of its piece every row is.
std::vector<std::uint32_t> segments_of_rows(const TokenTable& tokens) {
  std::vector<std::uint32_t> segments(tokens.rows(), 0);
  for (std::size_t r = 1; r < segments.size(); ++r)
    if (tokens.piece[r] == tokens.piece[r - 1]) segments[r] = segments[r - 1] + 1;
  return segments;
}

/// The mode of a piece, or of one of its rows.
std::uint8_t joined_mode(const std::unordered_map<std::string, const PieceMode*>& by_key,
                         const TokenPiece& piece, std::uint32_t segment) {
  const auto found = by_key.find(fmt::format("{}/{}", segment, piece.id));
  if (found == by_key.end())
    fail(ExitCode::kData, "the mode file has no piece {}{}; make it from the same corpus as the tokens",
         piece.id, segment > 0 ? fmt::format(", segment {}", segment) : "");
  if (found->second->midi_sha256 != piece.midi_sha256)
    fail(ExitCode::kData, "tokens and modes of {} were made from different MIDI files; make both again",
         piece.id);
  return found->second->mode;
}

ModeUnits join_modes(const TokenTable& tokens, const ModeTable* modes) {
  if (modes == nullptr)
    return {std::vector<std::uint8_t>(tokens.pieces.size(), kUndefinedMode), tokens.piece};
  std::unordered_map<std::string, const PieceMode*> by_key;
  for (const PieceMode& mode : modes->pieces)
    by_key[fmt::format("{}/{}", mode.segment, mode.piece_id)] = &mode;
  ModeUnits units;
  if (modes->unit == "piece") {
    for (const TokenPiece& piece : tokens.pieces) units.mode.push_back(joined_mode(by_key, piece, 0));
    units.of_row = tokens.piece;
    return units;
  }
  if (modes->token_options != tokens.options)
    fail(ExitCode::kData,
         "the modes are of the segments that {} makes, the tokens were made by {}; make both again",
         modes->token_options, tokens.options.empty() ? "an import" : tokens.options);
  const std::vector<std::uint32_t> segments = segments_of_rows(tokens);
  for (std::size_t r = 0; r < tokens.rows(); ++r) {
    units.mode.push_back(joined_mode(by_key, tokens.pieces[tokens.piece[r]], segments[r]));
    units.of_row.push_back(static_cast<std::uint32_t>(r));
  }
  return units;
}

/// Per piece the mode that all its rows share, else undefined.
std::vector<std::uint8_t> modes_of_pieces(const TokenTable& tokens, const ModeUnits& units) {
  std::vector<std::uint8_t> modes(tokens.pieces.size(), kUndefinedMode);
  for (std::size_t r = 0; r < tokens.rows(); ++r) {
    const std::uint8_t mode = units.mode[units.of_row[r]];
    const bool is_first = r == 0 || tokens.piece[r] != tokens.piece[r - 1];
    std::uint8_t& of_piece = modes[tokens.piece[r]];
    of_piece = is_first || of_piece == mode ? mode : kUndefinedMode;
  }
  return modes;
}

Condition one_hot(std::uint8_t mode) {
  if (mode == kMajor) return {1, 0};
  if (mode == kMinor) return {0, 1};
  return kNoInformation;
}

/// Within a part, so that the share of each mode stays what it is and no test mode is seen in training.
void shuffle_modes(ModeUnits& units, const TokenTable& tokens, const std::vector<SplitPart>& parts,
                   std::uint64_t seed) {
  std::vector<SplitPart> part_of_unit(units.mode.size(), SplitPart::kNone);
  for (std::size_t r = 0; r < tokens.rows(); ++r) part_of_unit[units.of_row[r]] = parts[tokens.piece[r]];
  for (const SplitPart part : {SplitPart::kTrain, SplitPart::kValid, SplitPart::kTest}) {
    std::vector<std::size_t> members;
    std::vector<std::uint8_t> shuffled;
    for (std::size_t i = 0; i < units.mode.size(); ++i)
      if (part_of_unit[i] == part) {
        members.push_back(i);
        shuffled.push_back(units.mode[i]);
      }
    RandomStream(seed, "shuffle modes", static_cast<std::uint64_t>(part)).shuffle(std::span(shuffled));
    for (std::size_t k = 0; k < members.size(); ++k) units.mode[members[k]] = shuffled[k];
  }
}

std::vector<Condition> make_conditions(const RunConfig& config, ModeUnits units, const TokenTable& tokens,
                                       const std::vector<SplitPart>& parts) {
  const std::string& condition = config.injection.condition;
  if (condition == "none") return {};
  if (condition == "constant") return std::vector<Condition>(tokens.rows(), kNoInformation);
  if (condition == "shuffled") shuffle_modes(units, tokens, parts, config.seed);
  std::vector<Condition> conditions;
  for (const std::uint32_t unit : units.of_row) conditions.push_back(one_hot(units.mode[unit]));
  return conditions;
}

Dataset make(const TokenTable& tokens, const ModeTable* modes, const RunConfig& config,
             const std::vector<SplitPart>& parts, bool unlabelled_too) {
  const bool needs_modes = config.injection.condition == "mode" || config.injection.condition == "shuffled";
  if (needs_modes && modes == nullptr)
    fail(ExitCode::kUsage,
         "injection.condition is {}, which needs a mode file; make one with `mofi mode` and name it",
         config.injection.condition);
  Dataset dataset;
  dataset.tokens = &tokens;
  dataset.classes = static_cast<int>(tokens.class_names.size());
  dataset.max_words = std::min(config.data.max_words, tokens.row_words);
  const ModeUnits units = join_modes(tokens, modes);
  dataset.mode = modes_of_pieces(tokens, units);
  dataset.condition = make_conditions(config, units, tokens, parts);
  const std::vector<std::uint32_t> segments = segments_of_rows(tokens);
  for (std::size_t r = 0; r < tokens.rows(); ++r) {
    const std::size_t piece = tokens.piece[r];
    const int label = tokens.pieces[piece].label;
    if ((label < 0 && !unlabelled_too) || parts[piece] == SplitPart::kNone) continue;
    if (segments[r] > 0 && config.data.rows == "first") continue;
    dataset.rows.push_back({r, piece, static_cast<int>(segments[r]), 0,
                            std::min<int>(tokens.length[r], dataset.max_words), label, parts[piece]});
  }
  return dataset;
}

}  // namespace

std::vector<int> column_sizes(const TokenScheme& scheme) {
  std::vector<int> sizes;
  for (const TokenColumn& column : scheme.columns) sizes.push_back(column.size);
  return sizes;
}

SplitPart part_named(const std::string& name) {
  if (name == "train") return SplitPart::kTrain;
  if (name == "valid") return SplitPart::kValid;
  if (name == "test") return SplitPart::kTest;
  fail(ExitCode::kUsage, "'{}' is no part of a split; expected train, valid or test", name);
}

std::vector<std::size_t> Dataset::rows_in(const std::vector<std::string>& parts) const {
  std::vector<SplitPart> wanted;
  for (const std::string& part : parts) wanted.push_back(part_named(part));
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < rows.size(); ++i)
    if (std::find(wanted.begin(), wanted.end(), rows[i].part) != wanted.end()) found.push_back(i);
  return found;
}

Dataset make_dataset(const TokenTable& tokens, const ModeTable* modes, const RunConfig& config) {
  if (config.data.max_words > tokens.row_words)
    fail(ExitCode::kUsage, "data.max_words is {}; the rows of these tokens have {} words",
         config.data.max_words, tokens.row_words);
  Dataset dataset = make(tokens, modes, config, parts_of_pieces(tokens, config.data), false);
  if (dataset.classes < 2)
    fail(ExitCode::kData, "the tokens have {} classes; training needs labels of at least 2", dataset.classes);
  if (dataset.rows_in({"train"}).empty())
    fail(ExitCode::kData, "split {} leaves no labelled row to train on", config.data.split);
  for (const std::string& part : config.data.evaluate)
    if (dataset.rows_in({part}).empty())
      fail(ExitCode::kData, "split {} has no labelled row in its {} part", config.data.split, part);
  if (config.training.validates() && dataset.rows_in({"valid"}).empty())
    fail(ExitCode::kUsage,
         "training.select: best and training.patience need a valid part; split {} has none with labels",
         config.data.split);
  return dataset;
}

Dataset whole_table(const TokenTable& tokens, const ModeTable* modes, const RunConfig& config) {
  return make(tokens, modes, config, std::vector<SplitPart>(tokens.pieces.size(), SplitPart::kTest), true);
}

}  // namespace mofi
