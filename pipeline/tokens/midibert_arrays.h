#pragma once
// Tokens as MIDI-BERT exchanges them (specification 2.5): X.npy holds the rows, int64 [rows, words, columns],
// and X_ans.npy the class of each, int64 [rows]. Any scheme and row length travels the same way.

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "midi/split_part.h"
#include "tokens/token_table.h"

namespace mofi {

/// The rows of the pieces in a part of a published split ("midibert/test"), or of all pieces (""), in the
/// order of the table. Throws kUsage with what there is. `name` stands for the table in messages.
std::vector<std::size_t> rows_in_split(const TokenTable& table, const std::string& split_and_part,
                                       const std::string& name);

struct MidibertArrays {
  std::vector<std::uint64_t> shape;  ///< rows, words, columns
  std::vector<std::int64_t> words;   ///< of this shape; padded
  std::vector<std::int64_t> labels;  ///< [rows] class of the row's piece; -1: it has none
  std::size_t unlabelled_rows = 0;
};
MidibertArrays to_midibert_arrays(const TokenTable& table, std::span<const std::size_t> rows);

/// The two files of an export: PREFIX.npy and PREFIX_ans.npy. `prefix` may end in ".npy", which is taken off.
struct ExportFiles {
  std::filesystem::path words, labels;
};
ExportFiles export_files(const std::filesystem::path& prefix);

/// What became of an export, each file written atomically.
struct ExportedFiles : ExportFiles {
  std::string words_sha256, labels_sha256;  ///< of the int64 data alone, as specification 2.9 has it
};
ExportedFiles write_midibert_arrays(const std::filesystem::path& prefix, const MidibertArrays& arrays);

/// One array and its labels.
struct ArrayToImport {
  std::filesystem::path words;
  std::filesystem::path labels;       ///< empty: none of its rows has a label
  SplitPart part = SplitPart::kNone;  ///< the part its rows are in, which no two arrays share
};

struct ImportOptions {
  std::string dataset = "imported";  ///< name of the data set, as results will show it
  std::string split = "midibert";    ///< name of the split that the parts belong to
  /// Names of the classes. Empty: Q1 to Q4 when the labels are 0 to 3, else class_0, class_1 …
  std::vector<std::string> class_names;
};

/// The arrays as one table, whose scheme is that of as many columns. The arrays do not say which rows were
/// cut from one clip, nor which clips from one song: each row becomes a piece and a group of its own
/// ("train_00017"). A label of -1 stands for none. Throws kUsage where the arguments do not fit together, and
/// kData, with array, row, word and column, where an array is not what the vocabulary allows.
TokenTable import_midibert_arrays(std::span<const ArrayToImport> arrays, const ImportOptions& options = {});

}  // namespace mofi
