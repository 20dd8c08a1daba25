#include "training/join_modes.h"

#include <fmt/format.h>

#include <unordered_map>

#include "core/error.h"

namespace mofi {
namespace {

using KeyOf = std::unordered_map<std::string, const PieceMode*>;

std::string name_of_segment(const std::string& piece, std::uint32_t segment) {
  return fmt::format("{}/{}", segment, piece);
}

/// Of a piece, or of one of its rows.
const PieceMode* joined(const KeyOf& keys, const TokenPiece& piece, std::uint32_t segment) {
  const auto found = keys.find(name_of_segment(piece.id, segment));
  if (found == keys.end())
    fail(ExitCode::kData, "the mode file has no piece {}{}; make it from the same corpus as the tokens",
         piece.id, segment > 0 ? fmt::format(", segment {}", segment) : "");
  if (found->second->midi_sha256 != piece.midi_sha256)
    fail(ExitCode::kData, "tokens and modes of {} were made from different MIDI files; make both again",
         piece.id);
  return found->second;
}

}  // namespace

std::vector<std::uint32_t> segments_of_rows(const TokenTable& tokens) {
  std::vector<std::uint32_t> segments(tokens.rows(), 0);
  for (std::size_t r = 1; r < segments.size(); ++r)
    if (tokens.piece[r] == tokens.piece[r - 1]) segments[r] = segments[r - 1] + 1;
  return segments;
}

ModeUnits join_modes(const TokenTable& tokens, const ModeTable* modes) {
  if (modes == nullptr) return {std::vector<const PieceMode*>(tokens.pieces.size(), nullptr), tokens.piece};
  KeyOf keys;
  for (const PieceMode& mode : modes->pieces) keys[name_of_segment(mode.piece_id, mode.segment)] = &mode;
  ModeUnits units;
  if (modes->unit == "piece") {
    for (const TokenPiece& piece : tokens.pieces) units.key.push_back(joined(keys, piece, 0));
    units.of_row = tokens.piece;
    return units;
  }
  if (modes->token_options != tokens.options)
    fail(ExitCode::kData,
         "the modes are of the segments that {} makes, the tokens were made by {}; make both again",
         modes->token_options, tokens.options.empty() ? "an import" : tokens.options);
  const std::vector<std::uint32_t> segments = segments_of_rows(tokens);
  for (std::size_t r = 0; r < tokens.rows(); ++r) {
    units.key.push_back(joined(keys, tokens.pieces[tokens.piece[r]], segments[r]));
    units.of_row.push_back(static_cast<std::uint32_t>(r));
  }
  return units;
}

std::vector<std::uint8_t> modes_of_pieces(const TokenTable& tokens, const ModeUnits& units) {
  std::vector<std::uint8_t> modes(tokens.pieces.size(), kUndefinedMode);
  for (std::size_t r = 0; r < tokens.rows(); ++r) {
    const std::uint8_t mode = units.mode(units.of_row[r]);
    const bool is_first = r == 0 || tokens.piece[r] != tokens.piece[r - 1];
    std::uint8_t& of_piece = modes[tokens.piece[r]];
    of_piece = is_first || of_piece == mode ? mode : kUndefinedMode;
  }
  return modes;
}

}  // namespace mofi
