#include "tokens/tokenize_corpus.h"

#include "core/aligned.h"
#include "core/config.h"
#include "core/error.h"
#include "core/hash.h"
#include "core/log.h"
#include "tokens/compound_word.h"
#include "tokens/segments.h"
#include "tokens/token_text.h"
#include "tokens/transposition.h"

namespace mofi {
namespace {

/// A file as a rank hands it to the first.
struct ReadPiece {
  TokenizedPiece tokens;
  std::uint32_t unpaired_notes = 0;
  std::string midi_sha256;  ///< empty for a file that was skipped
};

std::string pack(const Team& team, const std::vector<ReadPiece>& pieces, const ReadReport& report) {
  Packer packer;
  packer << report;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    if (!team.does(i)) continue;
    const auto& [tokens, unpaired_notes, midi_sha256] = pieces[i];
    packer << i << tokens.words << tokens.out_of_range_notes << unpaired_notes << midi_sha256;
  }
  return packer.take();
}

void unpack(const std::string& bytes, std::vector<ReadPiece>& pieces, ReadReport& report) {
  Unpacker unpacker(bytes);
  ReadReport of_rank;
  unpacker >> of_rank;
  report.merge(of_rank);
  while (!unpacker.at_end()) {
    auto& [tokens, unpaired_notes, midi_sha256] = pieces.at(unpacker.read<std::size_t>());
    unpacker >> tokens.words >> tokens.out_of_range_notes >> unpaired_notes >> midi_sha256;
  }
}

void refuse_out_of_range(const CorpusFile& file, const TokenizedPiece& tokens, const TokenScheme& scheme) {
  if (tokens.out_of_range_notes > 0)
    fail(ExitCode::kData,
         "{}: {} notes are outside the pitches {} to {} of {}; --out-of-range can move or skip them",
         file.path.string(), tokens.out_of_range_notes, scheme.lowest_pitch, scheme.highest_pitch(),
         scheme.name);
}

void warn_of(const std::vector<std::string>& ids, const char* what) {
  if (!ids.empty())
    log_warning("{} MIDI files {} and are left out, the first is {}", ids.size(), what, ids.front());
}

/// Moves the pieces into the table, in the order of files.
void fill(TokenTable& table, TokenizeCounts& counts, const Corpus& corpus, const TokenOptions& options,
          std::vector<ReadPiece>& pieces) {
  std::size_t rows = 0;
  const auto kept_words = [&](const ReadPiece& piece) {
    return words_kept(piece.tokens.words.size() / table.columns(), table.row_words, options.min_tail_words);
  };
  for (const ReadPiece& piece : pieces) rows += rows_of(kept_words(piece), table.row_words);
  table.words.reserve(rows * static_cast<std::size_t>(table.row_words) * table.columns());

  std::vector<std::string> ids, digests, empty, too_short;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    const CorpusFile& file = corpus.files[i];
    const ReadPiece piece = std::move(pieces[i]);
    if (piece.midi_sha256.empty()) continue;
    ids.push_back(file.id);
    digests.push_back(piece.midi_sha256);
    const TokenizedPiece& tokens = piece.tokens;
    const std::size_t words = tokens.words.size() / table.columns(), kept = kept_words(piece);
    if (kept == 0) {
      (words == 0 ? empty : too_short).push_back(file.id);
      continue;
    }
    const auto kept_of_piece = std::span(tokens.words).first(kept * table.columns());
    const PitchRange pitches = pitch_range(kept_of_piece, table.scheme);
    append_rows(table, kept_of_piece, static_cast<std::uint32_t>(table.pieces.size()));
    table.pieces.push_back({file.id, file.group, file.label, file.split, pitches.lowest, pitches.highest,
                            piece.midi_sha256, piece.unpaired_notes, tokens.out_of_range_notes,
                            static_cast<std::uint32_t>(words - kept)});
  }
  counts.empty_files = empty.size();
  counts.short_files = too_short.size();
  warn_of(empty, "have no note to tokenise");
  warn_of(too_short, "have too few words for a row");
  if (table.pieces.empty())
    fail(ExitCode::kData, "none of the {} MIDI files of {} has a note to tokenise", corpus.files.size(),
         corpus.name);
  table.header.inputs = {{"midi", midi_digest(ids, digests)}};
}

}  // namespace

TokenizedCorpus tokenize_corpus(const Corpus& corpus, const TokenOptions& options, const ReadOptions& reading,
                                const Team& team) {
  TokenizedCorpus result;
  TokenTable& table = result.table;
  table.dataset = corpus.name;
  table.scheme = token_scheme(options.scheme);
  table.options = config_to_json(options, true).dump();
  table.row_words = options.segment_words;
  table.class_names = corpus.class_names;
  table.split_names = corpus.split_names;
  table.header.config_sha256 = sha256_of_bytes(std::as_bytes(std::span(table.options)));

  std::vector<ReadPiece> pieces(corpus.files.size());
  ReadReport report = read_corpus(
      corpus, reading, pairing_named(options.pairing), team, "tokenize", [&](const CorpusPiece& piece) {
        TokenizedPiece tokens = tokenize(piece.midi, options);
        if (options.out_of_range == "error")
          refuse_out_of_range(corpus.files[piece.index], tokens, table.scheme);
        pieces[piece.index] = {std::move(tokens), piece.midi.unpaired_notes, piece.midi_sha256};
      });
  if (team.size > 1) {
    std::string own = pack(team, pieces, report);
    report = {};
    team.collect(std::move(own), [&](const std::string& bytes) { unpack(bytes, pieces, report); });
    if (!team.is_root()) return result;
  }
  require_readable(corpus, reading, report);
  result.counts.files = corpus.files.size();
  result.counts.bad_files = report.refusals.size();
  fill(table, result.counts, corpus, options, pieces);
  table.header.content_sha256 = content_digest(table);
  return result;
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
