#include "tonality/key_survey.h"

#include <unordered_map>

#include "tonality/key_finder.h"

namespace mofi {

std::vector<KeyMethod> all_key_methods() {
  std::vector<KeyMethod> methods;
  for (const std::string& profile : key_profile_names())
    for (const std::string& weighting : weighting_names()) methods.push_back({profile, weighting});
  return methods;
}

std::vector<FoundKeys> survey_keys(const Corpus& corpus, std::span<const KeyMethod> methods, Pairing pairing,
                                   const ReadOptions& reading) {
  std::vector<FoundKeys> surveys;
  std::vector<const KeyProfile*> profiles;
  std::vector<Weighting> weightings;
  for (const KeyMethod& method : methods) {
    surveys.push_back({method, std::vector<std::optional<Key>>(corpus.files.size())});
    profiles.push_back(&key_profile(method.profile));
    weightings.push_back(weighting_of(method.weighting));
  }
  const std::size_t known_weightings = weighting_names().size();
  const auto survey = [&](const CorpusPiece& piece) {
    std::vector<std::optional<PitchClassWeights>> weights(known_weightings);  // each made once
    for (std::size_t i = 0; i < methods.size(); ++i) {
      std::optional<PitchClassWeights>& own = weights[static_cast<std::size_t>(weightings[i])];
      if (!own) own = pitch_class_weights(piece.midi, weightings[i]);
      surveys[i].keys[piece.index] = find_key(*own, *profiles[i]);
    }
  };
  require_readable(corpus, reading, read_corpus(corpus, reading, pairing, {}, "mode", survey));
  return surveys;
}

FoundKeys found_keys(const ModeTable& table, const Corpus& corpus) {
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
