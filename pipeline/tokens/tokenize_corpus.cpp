#include "tokens/tokenize_corpus.h"

#include "core/aligned.h"
#include "core/error.h"
#include "core/hash.h"
#include "core/log.h"
#include "tokens/segments.h"
#include "tokens/token_text.h"
#include "tokens/transposition.h"

namespace mofi {
namespace {

void warn_of(const std::vector<std::string>& ids, const char* what) {
  if (!ids.empty())
    log_warning("{} MIDI files {} and are left out, the first is {}", ids.size(), what, ids.front());
}

}  // namespace

FileTokens tokens_of_file(const MidiFile& midi, const TokenOptions& options) {
  return {tokenize(midi, options), midi.unpaired_notes};
}

Packer& operator<<(Packer& packer, const FileTokens& file) {
  return packer << file.tokens.words << file.tokens.out_of_range_notes << file.unpaired_notes;
}

Unpacker& operator>>(Unpacker& unpacker, FileTokens& file) {
  return unpacker >> file.tokens.words >> file.tokens.out_of_range_notes >> file.unpaired_notes;
}

TokenizedCorpus table_of(const Corpus& corpus, const TokenOptions& options, const ReadOptions& reading,
                         std::vector<ReadFile<FileTokens>> files) {
  TokenizedCorpus result;
  TokenTable& table = result.table;
  table.dataset = corpus.name;
  table.scheme = token_scheme(options.scheme);
  table.options = made_by(reading, options);
  table.row_words = options.segment_words;
  table.class_names = corpus.class_names;
  table.split_names = corpus.split_names;
  table.header.config_sha256 = sha256_of_text(table.options);
  table.header.inputs = {{"midi", midi_digest(corpus, files)}};

  std::size_t rows = 0;
  const auto words_of = [&](const FileTokens& file) { return file.tokens.words.size() / table.columns(); };
  const auto kept_of = [&](const FileTokens& file) {
    return words_kept(words_of(file), options.segment_words, options.min_tail_words);
  };
  for (const auto& file : files) rows += rows_of(kept_of(file.made), table.row_words);
  table.words.reserve(rows * static_cast<std::size_t>(table.row_words) * table.columns());

  TokenizeCounts& counts = result.counts;
  counts.files = files.size();
  std::vector<std::string> empty, too_short;
  for (std::size_t i = 0; i < files.size(); ++i) {
    const CorpusFile& known = corpus.files[i];
    const ReadFile<FileTokens> file = std::move(files[i]);  // its words are freed once they are in the table
    const std::size_t words = words_of(file.made), kept = kept_of(file.made);
    if (file.midi_sha256.empty()) {
      ++counts.bad_files;
    } else if (kept == 0) {
      (words == 0 ? empty : too_short).push_back(known.id);
    } else {
      const auto kept_words = std::span(file.made.tokens.words).first(kept * table.columns());
      const PitchRange pitches = pitch_range(kept_words, table.scheme);
      append_rows(table, kept_words, static_cast<std::uint32_t>(table.pieces.size()));
      table.pieces.push_back({known.id, known.group, known.label, known.split, pitches.lowest,
                              pitches.highest, file.midi_sha256, file.made.unpaired_notes,
                              file.made.tokens.out_of_range_notes, static_cast<std::uint32_t>(words - kept)});
    }
  }
  counts.empty_files = empty.size();
  counts.short_files = too_short.size();
  warn_of(empty, "have no note to tokenise");
  warn_of(too_short, "have too few words for a row");
  if (table.pieces.empty())
    fail(ExitCode::kData, "none of the {} MIDI files of {} has a note to tokenise", files.size(),
         corpus.name);
  table.header.content_sha256 = content_digest(table);
  return result;
}

TokenizedCorpus tokenize_corpus(const Corpus& corpus, const TokenOptions& options, const ReadOptions& reading,
                                const Team& team) {
  auto files = read_files<FileTokens>(corpus, reading, team, "tokenize", [&](const CorpusPiece& piece) {
    return tokens_of_file(piece.midi, options);
  });
  if (!team.is_root()) return {};
  return table_of(corpus, options, reading, std::move(files));
}

std::string summary(const TokenizedCorpus& tokenized) {
  const auto& [table, counts] = tokenized;
  std::string text = fmt::format("{} of {}, scheme {}\n{}", counted(table.pieces.size(), "piece"),
                                 counted(counts.files, "file"), table.scheme.name, contents_text(table));
  const auto left_out = [&](std::size_t files, const char* why) {
    if (files > 0) text += fmt::format("  left out: {} {}\n", counted(files, "file"), why);
  };
  left_out(counts.empty_files, "without notes");
  left_out(counts.short_files, "with too few words for a row");
  left_out(counts.bad_files, "that cannot be used");
  return text;
}

}  // namespace mofi
