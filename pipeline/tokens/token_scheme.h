#pragma once
// A token scheme is data: which columns a word has, with how many ids. Nothing outside tokens/ knows columns
// by position.

#include <string>
#include <vector>

namespace mofi {

/// One column of a Compound Word.
struct TokenColumn {
  std::string name;  ///< "Bar", "Position", "Pitch", "Duration", "Velocity", "Tempo"
  int size = 0;      ///< ids 0..size-1, pad and mask included
  int pad = 0;
  int mask = 0;

  bool operator==(const TokenColumn&) const = default;
};

struct TokenScheme {
  std::string name;  ///< "cp4"
  std::vector<TokenColumn> columns;
  int pitch_column = 2;   ///< the column that transposition moves
  int pitch_ids = 86;     ///< its ids 0..pitch_ids-1 are pitches, in semitone steps
  int lowest_pitch = 22;  ///< MIDI pitch of its id 0

  int highest_pitch() const { return lowest_pitch + pitch_ids - 1; }
  bool operator==(const TokenScheme&) const = default;
};

/// "cp4": Bar, Position, Pitch, Duration (MIDI-BERT's branch CP, specification section 1).
/// "cp6": Bar, Position, Pitch, Velocity, Duration, Tempo (its branch v2, specification section 7).
/// Throws kUsage for another name.
TokenScheme token_scheme(const std::string& name);
std::vector<std::string> token_scheme_names();

}  // namespace mofi
