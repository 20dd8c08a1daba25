#include "tonality/find_modes.h"

#include "core/config.h"
#include "core/hash.h"
#include "tonality/key_finder.h"

namespace mofi {
namespace {

std::string config_digest(const ModeOptions& options) {
  const std::string text = config_to_json(options, true).dump();
  return sha256_of_bytes(std::as_bytes(std::span(text)));
}

PieceMode mode_of(const MidiFile& midi, const KeyProfile& profile, Weighting weighting) {
  const PitchClassWeights weights = pitch_class_weights(midi, weighting);
  const KeyEstimate key = find_key(weights, profile);
  PieceMode piece;
  piece.tonic = key.tonic;
  piece.mode = key.mode;
  piece.margin = static_cast<float>(key.margin);
  for (std::size_t i = 0; i < key.correlation.size(); ++i)
    piece.correlation[i] = static_cast<float>(key.correlation[i]);
  double total = 0;
  for (const double weight : weights) total += weight;
  for (std::size_t i = 0; i < weights.size() && total > 0; ++i)
    piece.profile[i] = static_cast<float>(weights[i] / total);
  return piece;
}

}  // namespace

ModeTable find_modes(const Corpus& corpus, const ModeOptions& options, const ReadOptions& read_options) {
  const KeyProfile& profile = key_profile(options.profile);
  const Weighting weighting = weighting_of(options.weighting);
  std::vector<PieceMode> modes(corpus.files.size());
  read_corpus(corpus, read_options, "mode", [&](const CorpusPiece& piece) {
    modes[piece.index] = mode_of(piece.midi, profile, weighting);
    modes[piece.index].piece_id = corpus.files[piece.index].id;
    modes[piece.index].midi_sha256 = piece.midi_sha256;
  });

  ModeTable table;
  table.key_profile = options.profile;
  table.weighting = options.weighting;
  std::vector<std::string> ids, digests;
  for (PieceMode& piece : modes) {
    if (piece.piece_id.empty()) continue;  // a bad file that was skipped
    ids.push_back(piece.piece_id);
    digests.push_back(piece.midi_sha256);
    table.pieces.push_back(std::move(piece));
  }
  table.header.config_sha256 = config_digest(options);
  table.header.inputs = {{"midi", midi_digest(ids, digests)}};
  table.header.content_sha256 = content_digest(table);
  return table;
}

}  // namespace mofi
