#include "tokens/tokenize_corpus.h"

#include <array>

#include "core/config.h"
#include "core/error.h"
#include "core/hash.h"
#include "core/log.h"
#include "tokens/compound_word.h"
#include "tokens/segments.h"

namespace mofi {
namespace {

constexpr int kRowWords = 512;  // MIDI-BERT's segment

/// The choices that make these tokens, as identity. Later options join with their names; these are the
/// defaults.
std::string config_digest(const std::string& scheme) {
  const Json choices = {{"scheme", scheme},
                        {"row_words", kRowWords},
                        {"ticks", "raw"},
                        {"pairing", "all"},
                        {"out_of_range", "skip_note"}};
  const std::string text = choices.dump();
  return sha256_of_bytes(std::as_bytes(std::span(text)));
}

struct ReadPiece {
  TokenizedPiece tokens;
  std::string midi_sha256;  ///< empty for a file that was skipped
};

void warn_of_empty_files(const std::vector<std::string>& ids) {
  if (!ids.empty())
    log_warning("{} MIDI files have no note to tokenise and are left out, the first is {}", ids.size(),
                ids.front());
}

}  // namespace

TokenizedCorpus tokenize_corpus(const Corpus& corpus, const ReadOptions& options) {
  std::vector<ReadPiece> read(corpus.files.size());
  TokenizedCorpus result;
  TokenizeCounts& counts = result.counts;
  counts.files = corpus.files.size();
  counts.bad_files = read_corpus(corpus, options, "tokenize", [&](const CorpusPiece& piece) {
    read[piece.index] = {tokenize(piece.midi.notes), piece.midi_sha256};
  });

  TokenTable& table = result.table;
  table.dataset = corpus.name;
  table.scheme = cp4_scheme();
  table.row_words = kRowWords;
  table.class_names = corpus.class_names;
  table.split_names = corpus.split_names;
  std::vector<std::string> ids, digests, empty;
  for (std::size_t i = 0; i < read.size(); ++i) {
    const CorpusFile& file = corpus.files[i];
    const auto& [tokens, midi_sha256] = read[i];
    if (midi_sha256.empty()) continue;
    ids.push_back(file.id);
    digests.push_back(midi_sha256);
    counts.out_of_range_notes += static_cast<std::size_t>(tokens.out_of_range_notes);
    counts.files_with_out_of_range += tokens.out_of_range_notes > 0 ? 1 : 0;
    if (tokens.words.empty()) {
      empty.push_back(file.id);
      continue;
    }
    counts.words += tokens.words.size() / table.columns();
    append_rows(table, tokens.words, static_cast<std::uint32_t>(table.pieces.size()));
    table.pieces.push_back(
        {file.id, file.group, file.label, file.split, tokens.pitch_min, tokens.pitch_max, midi_sha256});
  }
  counts.empty_files = empty.size();
  warn_of_empty_files(empty);
  if (table.pieces.empty())
    fail(ExitCode::kData, "none of the {} MIDI files of {} has a note to tokenise", corpus.files.size(),
         corpus.name);
  table.header.config_sha256 = config_digest(table.scheme.name);
  table.header.inputs = {{"midi", midi_digest(ids, digests)}};
  table.header.content_sha256 = content_digest(table);
  return result;
}

std::string summary(const TokenizedCorpus& tokenized) {
  const auto& [table, counts] = tokenized;
  std::vector<int> labels;
  for (const TokenPiece& piece : table.pieces) labels.push_back(piece.label);
  std::string text = fmt::format(
      "{} pieces of {} files, {} rows of {} words, {} words ({:.1f} % of the rows is padding)\n",
      table.pieces.size(), counts.files, table.rows(), table.row_words, counts.words,
      100 - 100 * static_cast<double>(counts.words) / static_cast<double>(table.rows() * table.row_words));
  text += fmt::format("labels: {}\n", label_counts(labels, table.class_names));
  for (std::size_t k = 0; k < table.split_names.size(); ++k) {
    std::array<int, 4> parts{};
    for (const TokenPiece& piece : table.pieces) ++parts[static_cast<std::size_t>(piece.split[k])];
    text += fmt::format("split {}: train {}, valid {}, test {}, none {}\n", table.split_names[k], parts[1],
                        parts[2], parts[3], parts[0]);
  }
  if (counts.out_of_range_notes > 0)
    text += fmt::format("left out: {} notes of {} files, whose pitch has no token\n",
                        counts.out_of_range_notes, counts.files_with_out_of_range);
  if (counts.empty_files > 0) text += fmt::format("left out: {} files without notes\n", counts.empty_files);
  if (counts.bad_files > 0) text += fmt::format("left out: {} files that cannot be read\n", counts.bad_files);
  return text;
}

}  // namespace mofi
