#pragma once
// Which MIDI files of a folder are sound, which a tolerant reader mends, and which it refuses: what to know
// of a collection before it is used.

#include <filesystem>
#include <string>
#include <vector>

#include "midi/read_corpus.h"

namespace mofi {

/// The files below one folder.
struct FolderCheck {
  std::string folder;  ///< relative to the collection's
  std::size_t files = 0, sound = 0, mended = 0, refused = 0;
  std::uint64_t notes = 0;
};

struct MidiCheck {
  /// In ascending order of bytes: the deepest ones, or those above them where they would be more than 40.
  std::vector<FolderCheck> folders;
  std::vector<std::string> ids;  ///< paths of all files relative to the collection's, in order
  ReadReport report;             ///< by index into ids
  FolderCheck all() const;
};

/// Reads every file below `folder` whose ending is one of MIDI's: mid, midi, rmi, kar, and those that are
/// refused, syx and midi2. There may be none. Throws kMissing for no folder.
MidiCheck check_midi_files(const std::filesystem::path& folder);

/// A table with a line for each folder, then what was mended and what refused, in words.
std::string text_of(const MidiCheck& check);

}  // namespace mofi
