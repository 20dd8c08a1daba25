#include "tonality/weighting.h"

#include <fmt/ranges.h>

#include <cmath>

#include "core/error.h"

namespace mofi {
namespace {

struct KnownWeighting {
  Weighting weighting;
  const char* name;
  const char* help;
};

constexpr KnownWeighting kWeightings[] = {
    {Weighting::kTicks, "ticks", "its duration in ticks"},
    {Weighting::kSeconds, "seconds", "its duration in seconds"},
    {Weighting::kCount, "count", "one"},
    {Weighting::kAccent, "accent", "Parncutt's durational accent, (1 - exp(-seconds / 0.5))^2"},
};

// R. Parncutt, "A perceptual model of pulse salience and metrical accent in musical rhythms", Music
// Perception 11(4), 1994: a note's accent grows with its duration and saturates, here at the 0.5 s and with
// the index 2 that he fits.
double durational_accent(double seconds) {
  constexpr double kSaturation_s = 0.5;
  const double fraction = 1 - std::exp(-seconds / kSaturation_s);
  return fraction * fraction;
}

template <class WeightOf>
PitchClassWeights sums(std::span<const Note> notes, WeightOf weight_of) {
  PitchClassWeights weights{};
  for (const Note& note : notes) weights[note.pitch % 12] += weight_of(note);
  return weights;
}

}  // namespace

std::vector<std::string> weighting_names() {
  std::vector<std::string> names;
  for (const KnownWeighting& known : kWeightings) names.emplace_back(known.name);
  return names;
}

std::string weighting_help() {
  std::vector<std::string> meanings;
  for (const KnownWeighting& known : kWeightings)
    meanings.push_back(fmt::format("{} ({})", known.name, known.help));
  return fmt::format("what a note counts: {}", fmt::join(meanings, ", "));
}

Weighting weighting_of(const std::string& name) {
  for (const KnownWeighting& known : kWeightings)
    if (name == known.name) return known.weighting;
  fail(ExitCode::kUsage, "weighting '{}' is not known; expected one of {}", name,
       fmt::join(weighting_names(), ", "));
}

PitchClassWeights pitch_class_weights(std::span<const Note> notes, Weighting weighting,
                                      const TempoMap& tempo) {
  const auto ticks = [](const Note& note) { return static_cast<double>(note.end - note.start); };
  const auto seconds = [&](const Note& note) { return tempo.seconds(note.end) - tempo.seconds(note.start); };
  switch (weighting) {
    case Weighting::kTicks:
      return sums(notes, ticks);
    case Weighting::kSeconds:
      return sums(notes, seconds);
    case Weighting::kCount:
      return sums(notes, [](const Note&) { return 1.0; });
    case Weighting::kAccent:
      return sums(notes, [&](const Note& note) { return durational_accent(seconds(note)); });
  }
  fail(ExitCode::kInternal, "weighting {} has no formula", static_cast<int>(weighting));
}

PitchClassWeights pitch_class_weights(const MidiFile& midi, Weighting weighting) {
  const bool needs_time = weighting == Weighting::kSeconds || weighting == Weighting::kAccent;
  return pitch_class_weights(midi.notes, weighting, needs_time ? TempoMap(midi) : TempoMap());
}

}  // namespace mofi
