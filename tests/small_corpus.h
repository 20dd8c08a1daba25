#pragma once
// A few made-up pieces and a model small enough to train in milliseconds.

#include <fmt/core.h>

#include "core/random.h"
#include "features/feature_list.h"
#include "features/feature_table.h"
#include "tokens/segments.h"
#include "tokens/token_table.h"
#include "tonality/mode_table.h"
#include "training/run_config.h"

namespace mofi {

/// `pieces` pieces of 5 to 40 words, four classes, two clips a song; every fourth song is in test, every
/// fourth in valid.
inline TokenTable small_corpus(int pieces) {
  TokenTable table;
  table.scheme = token_scheme("cp4");
  table.dataset = "made up";
  table.class_names = {"Q1", "Q2", "Q3", "Q4"};
  table.split_names = {"given"};
  for (int p = 0; p < pieces; ++p) {
    RandomStream stream(7, "small corpus", static_cast<std::uint64_t>(p));
    const int song = p / 2, words = stream.between(5, 40);
    const SplitPart part = song % 4 == 3   ? SplitPart::kTest
                           : song % 4 == 2 ? SplitPart::kValid
                                           : SplitPart::kTrain;
    TokenPiece piece{
        fmt::format("piece_{:03}.mid", p), fmt::format("song_{}", song), (p + song) % 4, {part}, 127, 0,
        fmt::format("{:064}", p)};
    std::vector<std::uint8_t> ids;
    for (int w = 0; w < words; ++w) {
      const int pitch = stream.between(20, 60);
      piece.pitch_min = std::min(piece.pitch_min, pitch + table.scheme.lowest_pitch);
      piece.pitch_max = std::max(piece.pitch_max, pitch + table.scheme.lowest_pitch);
      for (const int id : {w % 8 == 0 ? 0 : 1, w % 16, pitch, stream.between(0, 63)})
        ids.push_back(static_cast<std::uint8_t>(id));
    }
    append_rows(table, ids, static_cast<std::uint32_t>(table.pieces.size()));
    table.pieces.push_back(std::move(piece));
  }
  table.header.content_sha256 = content_digest(table);
  return table;
}

/// Modes that alternate by piece.
inline ModeTable small_modes(const TokenTable& tokens) {
  ModeTable table;
  for (std::size_t p = 0; p < tokens.pieces.size(); ++p) {
    PieceMode mode;
    mode.piece_id = tokens.pieces[p].id;
    mode.midi_sha256 = tokens.pieces[p].midi_sha256;
    mode.tonic = static_cast<int>(p % 12);
    mode.mode = p % 2 == 0 ? kMajor : kMinor;
    table.pieces.push_back(mode);
  }
  table.header.content_sha256 = content_digest(table);
  return table;
}

/// Features at random.
inline FeatureTable small_features(const TokenTable& tokens) {
  FeatureTable table;
  table.names = feature_names();
  RandomStream stream(7, "small features");
  for (const TokenPiece& piece : tokens.pieces) {
    PieceFeatures features{piece.id, piece.midi_sha256, {}};
    for (std::size_t i = 0; i < kFeatures; ++i)
      features.values.push_back(static_cast<float>(stream.between(1, 99)) / 10);
    table.pieces.push_back(std::move(features));
  }
  table.header.content_sha256 = content_digest(table);
  return table;
}

inline RunConfig small_run() {
  RunConfig config;
  config.data.split = "given";
  config.data.max_words = 32;
  config.data.evaluate = {"valid", "test"};
  config.model.layers = 2;
  config.model.hidden = 16;
  config.model.heads = 2;
  config.model.intermediate = 24;
  config.model.embedding_width = 8;
  config.model.max_position = 32;
  config.head.attention_width = 8;
  config.head.hidden = 8;
  config.injection.film_hidden = 4;
  config.training.epochs = 2;
  config.training.batch = 8;
  config.training.learning_rate = 1e-3;
  return config;
}

}  // namespace mofi
