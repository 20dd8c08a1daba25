#include "tonality/find_modes.h"

#include <fmt/core.h>

#include <unordered_map>

#include "core/config.h"
#include "core/hash.h"
#include "tonality/key_finder.h"

namespace mofi {
namespace {

std::string config_digest(const ModeOptions& options) {
  const std::string text = config_to_json(options, true).dump();
  return sha256_of_bytes(std::as_bytes(std::span(text)));
}

PieceMode mode_of(std::span<const Note> notes, const KeyProfile& profile, Weighting weighting) {
  const PitchClassWeights weights = pitch_class_weights(notes, weighting);
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
    modes[piece.index] = mode_of(piece.midi.notes, profile, weighting);
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

std::string summary(const ModeTable& table, const Corpus& corpus) {
  std::unordered_map<std::string, int> label_of;
  for (const CorpusFile& file : corpus.files) label_of[file.id] = file.label;
  struct Counts {
    int major = 0, minor = 0, undefined = 0;
    void add(std::uint8_t mode) { ++(mode == kMajor ? major : mode == kMinor ? minor : undefined); }
  };
  Counts all;
  std::vector<Counts> of_label(corpus.class_names.size());
  for (const PieceMode& piece : table.pieces) {
    all.add(piece.mode);
    const int label = label_of[piece.piece_id];
    if (label >= 0) of_label[static_cast<std::size_t>(label)].add(piece.mode);
  }

  std::string text = fmt::format("{} pieces by {} weighted by {}\n", table.pieces.size(), table.key_profile,
                                 table.weighting);
  const auto line = [&](const std::string& name, const Counts& counts) {
    text += fmt::format("{:<12} {:>7} {:>7} {:>10}\n", name, counts.major, counts.minor, counts.undefined);
  };
  text += fmt::format("{:<12} {:>7} {:>7} {:>10}\n", "label", "major", "minor", "undefined");
  for (std::size_t i = 0; i < of_label.size(); ++i) line(corpus.class_names[i], of_label[i]);
  line("all", all);
  return text;
}

}  // namespace mofi
