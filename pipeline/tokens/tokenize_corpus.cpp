#include "tokens/tokenize_corpus.h"

#include <array>

#include "core/config.h"
#include "core/error.h"
#include "core/hash.h"
#include "core/log.h"
#include "tokens/compound_word.h"
#include "tokens/segments.h"
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
  std::size_t words = 0;
  for (const std::uint16_t length : table.length) words += length;
  std::vector<int> labels;
  for (const TokenPiece& piece : table.pieces) labels.push_back(piece.label);
  std::string text = fmt::format(
      "{} pieces of {} files, {} rows of {} words of {}, {} words ({:.1f} % of the rows is padding)\n",
      table.pieces.size(), counts.files, table.rows(), table.row_words, table.scheme.name, words,
      100 - 100 * static_cast<double>(words) /
                static_cast<double>(table.rows() * static_cast<std::size_t>(table.row_words)));
  text += fmt::format("labels: {}\n", label_counts(labels, table.class_names));
  for (std::size_t k = 0; k < table.split_names.size(); ++k) {
    std::array<int, 4> parts{};
    for (const TokenPiece& piece : table.pieces) ++parts[static_cast<std::size_t>(piece.split[k])];
    text += fmt::format("split {}: train {}, valid {}, test {}, none {}\n", table.split_names[k], parts[1],
                        parts[2], parts[3], parts[0]);
  }
  const auto of_pieces = [&](std::uint32_t TokenPiece::*count, const char* what) {
    std::uint64_t total = 0, pieces = 0;
    for (const TokenPiece& piece : table.pieces) {
      total += piece.*count;
      pieces += piece.*count > 0 ? 1 : 0;
    }
    if (total > 0) text += fmt::format("{} {} in {} pieces\n", total, what, pieces);
  };
  of_pieces(&TokenPiece::unpaired_notes, "notes left out that end where they begin, or never");
  of_pieces(&TokenPiece::out_of_range_notes, "notes left out or moved whose pitch has no token");
  of_pieces(&TokenPiece::dropped_words, "words left out of last rows that were too short");
  if (counts.empty_files > 0) text += fmt::format("left out: {} files without notes\n", counts.empty_files);
  if (counts.short_files > 0)
    text += fmt::format("left out: {} files with too few words for a row\n", counts.short_files);
  if (counts.bad_files > 0) text += fmt::format("left out: {} files that cannot be used\n", counts.bad_files);
  return text;
}

}  // namespace mofi
