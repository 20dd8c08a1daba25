#include "tonality/key_survey.h"

#include <unordered_map>

#include "core/error.h"
#include "tonality/key_finder.h"

namespace mofi {

std::vector<KeyMethod> all_key_methods() {
  std::vector<KeyMethod> methods;
  for (const std::string& profile : key_profile_names())
    for (const std::string& weighting : weighting_names()) methods.push_back({profile, weighting});
  return methods;
}

std::vector<FoundKeys> survey_keys(const Corpus& corpus, std::span<const KeyMethod> methods,
                                   const ReadOptions& reading, const Team& team) {
  std::vector<const KeyProfile*> profiles;
  std::vector<Weighting> weightings;
  for (const KeyMethod& method : methods) {
    profiles.push_back(&key_profile(method.profile));
    weightings.push_back(weighting_of(method.weighting));
  }
  const std::size_t known_weightings = weighting_names().size();
  const auto files =
      read_files<std::vector<Key>>(corpus, reading, team, "mode", [&](const CorpusPiece& piece) {
        std::vector<std::optional<PitchClassWeights>> weights(known_weightings);  // each made once
        std::vector<Key> keys;
        for (std::size_t i = 0; i < methods.size(); ++i) {
          std::optional<PitchClassWeights>& own = weights[static_cast<std::size_t>(weightings[i])];
          if (!own) own = pitch_class_weights(piece.midi, weightings[i]);
          keys.push_back(find_key(*own, *profiles[i]));
        }
        return keys;
      });
  std::vector<FoundKeys> surveys;
  for (std::size_t i = 0; i < methods.size(); ++i) {
    surveys.push_back({methods[i], {}});
    for (const auto& file : files)
      surveys[i].keys.push_back(file.midi_sha256.empty() ? std::nullopt : std::optional(file.made[i]));
  }
  return surveys;
}

FoundKeys found_keys(const ModeTable& table, const Corpus& corpus) {
  if (table.unit != "piece")
    fail(ExitCode::kUsage, "these keys are of {}s; expected those of whole pieces", table.unit);
  std::unordered_map<std::string, Key> key_of;
  for (const PieceMode& piece : table.pieces) key_of[piece.piece_id] = {piece.tonic, piece.mode};
  FoundKeys found{{table.key_profile, table.weighting}, {}};
  for (const CorpusFile& file : corpus.files) {
    const auto key = key_of.find(file.id);
    found.keys.push_back(key == key_of.end() ? std::nullopt : std::optional(key->second));
  }
  return found;
}

}  // namespace mofi
