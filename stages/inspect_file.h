#pragma once
// Any file of this project in words: what a file is, its contents decide and not its name.

#include <filesystem>
#include <string>

namespace mofi {

/// What there is to say of an artifact, a parameter file, TensorBoard events, a NumPy array, a MIDI file or
/// the folder of a finished run, with its first `rows` rows (pieces, notes). Its digest has been verified.
/// Throws kMissing, or kData in one sentence for a file that is damaged or none of these.
std::string inspect_file(const std::filesystem::path& path, std::size_t rows);

}  // namespace mofi
