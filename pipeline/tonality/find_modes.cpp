#include "tonality/find_modes.h"

#include <algorithm>

#include "core/config.h"
#include "core/error.h"
#include "core/hash.h"
#include "tokens/compound_word.h"
#include "tokens/segments.h"
#include "tonality/key_finder.h"

namespace mofi {
namespace {

std::string config_digest(const std::string& text) { return sha256_of_bytes(std::as_bytes(std::span(text))); }

PieceMode mode_of(const PitchClassWeights& weights, const KeyProfile& profile) {
  const KeyEstimate key = find_key(weights, profile);
  PieceMode mode;
  mode.tonic = key.tonic;
  mode.mode = key.mode;
  mode.margin = static_cast<float>(key.margin);
  for (std::size_t i = 0; i < key.correlation.size(); ++i)
    mode.correlation[i] = static_cast<float>(key.correlation[i]);
  double total = 0;
  for (const double weight : weights) total += weight;
  for (std::size_t i = 0; i < weights.size() && total > 0; ++i)
    mode.profile[i] = static_cast<float>(weights[i] / total);
  return mode;
}

/// The weights of the notes of every row that the piece has as tokens.
std::vector<PitchClassWeights> weights_of_rows(const MidiFile& midi, const TokenOptions& tokens,
                                               Weighting weighting) {
  const std::vector<Note> notes = notes_in_word_order(midi, tokens);
  const TempoMap tempo(midi);
  auto left = std::span(notes).first(words_kept(notes.size(), tokens.segment_words, tokens.min_tail_words));
  std::vector<PitchClassWeights> weights;
  while (!left.empty()) {
    const auto row = left.first(std::min(static_cast<std::size_t>(tokens.segment_words), left.size()));
    weights.push_back(pitch_class_weights(row, weighting, tempo));
    left = left.subspan(row.size());
  }
  return weights;
}

/// What was found in one file.
struct FileModes {
  std::vector<PieceMode> modes;
  std::string midi_sha256;  ///< empty for a file that was skipped
};

std::string pack(const Team& team, const std::vector<FileModes>& files, const ReadReport& report) {
  Packer packer;
  packer << report;
  for (std::size_t i = 0; i < files.size(); ++i) {
    if (!team.does(i)) continue;
    packer << i << files[i].midi_sha256 << files[i].modes.size();
    for (const PieceMode& mode : files[i].modes)
      packer << mode.tonic << mode.mode << mode.margin << mode.correlation << mode.profile;
  }
  return packer.take();
}

void unpack(const std::string& bytes, std::vector<FileModes>& files, ReadReport& report) {
  Unpacker unpacker(bytes);
  ReadReport of_rank;
  unpacker >> of_rank;
  report.merge(of_rank);
  while (!unpacker.at_end()) {
    FileModes& file = files.at(unpacker.read<std::size_t>());
    unpacker >> file.midi_sha256;
    file.modes.resize(unpacker.read<std::size_t>());
    for (PieceMode& mode : file.modes)
      unpacker >> mode.tonic >> mode.mode >> mode.margin >> mode.correlation >> mode.profile;
  }
}

}  // namespace

ModeTable find_modes(const Corpus& corpus, const ModeOptions& options, const TokenOptions& tokens,
                     const ReadOptions& reading, const Team& team) {
  const KeyProfile& profile = key_profile(options.profile);
  const Weighting weighting = weighting_of(options.weighting);
  const bool of_segments = options.unit == "segment";

  ModeTable table;
  table.key_profile = options.profile;
  table.weighting = options.weighting;
  table.unit = options.unit;
  if (of_segments) table.token_options = config_to_json(tokens, true).dump();
  table.header.config_sha256 = config_digest(config_to_json(options, true).dump() + table.token_options);

  std::vector<FileModes> files(corpus.files.size());
  const Pairing pairing = pairing_named(of_segments ? tokens.pairing : options.pairing);
  ReadReport report = read_corpus(corpus, reading, pairing, team, "mode", [&](const CorpusPiece& piece) {
    FileModes& file = files[piece.index];
    file.midi_sha256 = piece.midi_sha256;
    if (of_segments)
      for (const PitchClassWeights& weights : weights_of_rows(piece.midi, tokens, weighting))
        file.modes.push_back(mode_of(weights, profile));
    else
      file.modes.push_back(mode_of(pitch_class_weights(piece.midi, weighting), profile));
  });
  if (team.size > 1) {
    std::string own = pack(team, files, report);
    report = {};
    team.collect(std::move(own), [&](const std::string& bytes) { unpack(bytes, files, report); });
    if (!team.is_root()) return table;
  }
  require_readable(corpus, reading, report);

  std::vector<std::string> ids, digests;
  for (std::size_t i = 0; i < files.size(); ++i) {
    if (files[i].midi_sha256.empty()) continue;
    ids.push_back(corpus.files[i].id);
    digests.push_back(files[i].midi_sha256);
    std::uint32_t segment = 0;
    for (PieceMode& mode : files[i].modes) {
      mode.piece_id = corpus.files[i].id;
      mode.midi_sha256 = files[i].midi_sha256;
      mode.segment = segment++;
      table.pieces.push_back(std::move(mode));
    }
  }
  if (ids.empty())
    fail(ExitCode::kData, "none of the {} MIDI files of {} can be used", corpus.files.size(), corpus.name);
  table.header.inputs = {{"midi", midi_digest(ids, digests)}};
  table.header.content_sha256 = content_digest(table);
  return table;
}

}  // namespace mofi
