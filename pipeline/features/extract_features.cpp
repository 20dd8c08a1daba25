#include "features/extract_features.h"

#include "core/error.h"
#include "core/hash.h"

namespace mofi {

FeatureValues features_of_file(const MidiFile& midi, const ModeOptions& options) {
  return features_of(midi, key_profile(options.profile), weighting_of(options.weighting));
}

FeatureTable table_of(const Corpus& corpus, const ModeOptions& options, const ReadOptions& reading,
                      const std::vector<ReadFile<FeatureValues>>& files) {
  FeatureTable table;
  table.key_profile = options.profile;
  table.weighting = options.weighting;
  table.pairing = reading.pairing;
  for (const Feature& feature : feature_list()) table.names.push_back(feature.name);
  for (std::size_t i = 0; i < files.size(); ++i) {
    if (files[i].midi_sha256.empty()) continue;  // skipped
    table.pieces.push_back(
        {corpus.files[i].id, files[i].midi_sha256, {files[i].made.begin(), files[i].made.end()}});
  }
  if (table.pieces.empty())
    fail(ExitCode::kData, "none of the {} MIDI files of {} can be used, so there are no features",
         files.size(), corpus.name);
  const Json choices = {{"reading", config_to_json(reading, true)},
                        {"features", {{"profile", options.profile}, {"weighting", options.weighting}}}};
  table.header.config_sha256 = sha256_of_text(choices.dump());
  table.header.inputs = {{"midi", midi_digest(corpus, files)}};
  table.header.content_sha256 = content_digest(table);
  return table;
}

FeatureTable extract_features(const Corpus& corpus, const ModeOptions& options, const ReadOptions& reading,
                              const Team& team) {
  const auto files = read_files<FeatureValues>(
      corpus, reading, team, "features",
      [&](const CorpusPiece& piece) { return features_of_file(piece.midi, options); });
  if (!team.is_root()) return {};
  return table_of(corpus, options, reading, files);
}

}  // namespace mofi
