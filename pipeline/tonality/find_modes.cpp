#include "tonality/find_modes.h"

#include <algorithm>

#include "core/error.h"
#include "core/hash.h"
#include "tokens/compound_word.h"
#include "tokens/segments.h"
#include "tonality/key_finder.h"

namespace mofi {
namespace {

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

}  // namespace

FileModes modes_of_file(const MidiFile& midi, const ModeOptions& options, const TokenOptions& tokens) {
  const KeyProfile& profile = key_profile(options.profile);
  const Weighting weighting = weighting_of(options.weighting);
  if (options.unit == "piece") return {mode_of(pitch_class_weights(midi, weighting), profile)};

  const std::vector<Note> notes = notes_in_word_order(midi, tokens);
  const TempoMap tempo(midi);
  auto left = std::span(notes).first(words_kept(notes.size(), tokens.segment_words, tokens.min_tail_words));
  FileModes modes;
  while (!left.empty()) {
    const auto row = left.first(std::min(static_cast<std::size_t>(tokens.segment_words), left.size()));
    modes.push_back(mode_of(pitch_class_weights(row, weighting, tempo), profile));
    left = left.subspan(row.size());
  }
  return modes;
}

Packer& operator<<(Packer& packer, const PieceMode& mode) {
  return packer << mode.tonic << mode.mode << mode.margin << mode.correlation << mode.profile;
}

Unpacker& operator>>(Unpacker& unpacker, PieceMode& mode) {
  return unpacker >> mode.tonic >> mode.mode >> mode.margin >> mode.correlation >> mode.profile;
}

ModeTable table_of(const Corpus& corpus, const ModeOptions& options, const TokenOptions& tokens,
                   const ReadOptions& reading, std::vector<ReadFile<FileModes>> files) {
  ModeTable table;
  table.key_profile = options.profile;
  table.weighting = options.weighting;
  table.pairing = reading.pairing;
  table.unit = options.unit;
  if (options.unit == "segment") table.token_options = made_by(reading, tokens);
  for (std::size_t i = 0; i < files.size(); ++i) {
    std::uint32_t segment = 0;
    for (PieceMode& mode : files[i].made) {
      mode.piece_id = corpus.files[i].id;
      mode.segment = segment++;
      mode.midi_sha256 = files[i].midi_sha256;
      table.pieces.push_back(std::move(mode));
    }
  }
  if (table.pieces.empty())
    fail(ExitCode::kData, "none of the {} MIDI files of {} has a {} to find a key in", files.size(),
         corpus.name, options.unit);
  const Json choices = {{"reading", config_to_json(reading, true)},
                        {"tonality", config_to_json(options, true)}};
  table.header.config_sha256 = sha256_of_text(choices.dump() + table.token_options);
  table.header.inputs = {{"midi", midi_digest(corpus, files)}};
  table.header.content_sha256 = content_digest(table);
  return table;
}

ModeTable find_modes(const Corpus& corpus, const ModeOptions& options, const TokenOptions& tokens,
                     const ReadOptions& reading, const Team& team) {
  auto files = read_files<FileModes>(corpus, reading, team, "mode", [&](const CorpusPiece& piece) {
    return modes_of_file(piece.midi, options, tokens);
  });
  if (!team.is_root()) return {};
  return table_of(corpus, options, tokens, reading, std::move(files));
}

}  // namespace mofi
