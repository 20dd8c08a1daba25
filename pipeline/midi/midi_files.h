#pragma once
// Which files of a folder are MIDI by their names.

#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace mofi {

/// Endings that data sets use; upper case counts, too.
inline constexpr const char* kMidiEndings[] = {".mid", ".midi", ".rmi", ".kar"};

/// The files below `folder` with one of these endings, as paths relative to it, in ascending order of bytes.
/// Throws kMissing for no folder; kData for what cannot be looked into, and for a name that is not UTF-8.
std::vector<std::string> files_below(const std::filesystem::path& folder,
                                     std::span<const char* const> endings = kMidiEndings);

}  // namespace mofi
