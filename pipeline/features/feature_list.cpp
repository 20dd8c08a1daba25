#include "features/feature_list.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <set>

#include "core/error.h"

namespace mofi {
namespace {

std::vector<Feature> make_list() {
  std::vector<Feature> list;
  for (int i = 0; i < 12; ++i)
    list.push_back({fmt::format("pitch_class_{}", i), "1",
                    fmt::format("share of pitch class {} (0 = C) in the weights the key is found from", i),
                    1.0F / 12, 0.085F, UnderShift::kTurns});
  constexpr std::array<float, 12> kShare = {0.24F, 0.01F, 0.09F, 0.07F, 0.08F, 0.11F,
                                            0.01F, 0.18F, 0.05F, 0.07F, 0.04F, 0.04F},
                                  kSpread = {0.07F, 0.03F, 0.05F, 0.08F, 0.07F, 0.05F,
                                             0.02F, 0.06F, 0.06F, 0.06F, 0.05F, 0.04F};
  for (std::size_t i = 0; i < 12; ++i)
    list.push_back(
        {fmt::format("above_tonic_{}", i), "1",
         fmt::format("share of the pitch class {} semitones above the tonic; 0 where the key is undefined",
                     i),
         kShare[i], kSpread[i]});
  const std::vector<Feature> others = {
      {"mode", "1", "0 where the key is major, 1 where it is minor, 1/2 where it is undefined", 0.5F, 0.5F},
      {"mode_margin", "1",
       "best correlation with a key of the mode minus the best with one of the other mode", 0.19F, 0.11F},
      {"length", "s", "time from the first start to the last end of a note", 40, 10},
      {"notes_per_s", "1/s", "notes divided by the length", 6.9F, 3.6F},
      {"onsets_per_s", "1/s", "different ticks at which notes start, divided by the length", 6.2F, 3.1F},
      {"pitch_mean", "semitones", "mean MIDI pitch of the notes", 62, 5.8F, UnderShift::kSlides},
      {"pitch_sd", "semitones", "standard deviation of the pitches", 11.6F, 2.9F},
      {"pitch_range", "semitones", "highest minus lowest pitch", 51, 12},
      {"velocity_mean", "1", "mean MIDI velocity of the notes, 1 to 127", 65, 16},
      {"velocity_sd", "1", "standard deviation of the velocities", 11.9F, 2.7F},
      {"duration_mean", "s", "mean duration of the notes", 1.06F, 0.57F},
      {"duration_sd", "s", "standard deviation of the durations", 0.9F, 0.36F},
      {"duration_log_mean", "ln s",
       "mean natural logarithm of the durations in seconds, none shorter than 1 ms", -0.45F, 0.57F},
      {"onset_interval_sd", "s", "standard deviation of the times between successive onsets", 0.2F, 0.18F},
      {"polyphony", "1", "notes divided by the different ticks at which they start", 1.1F, 0.072F},
      {"coverage", "1", "share of the length in which any note sounds", 0.985F, 0.046F},
  };
  list.insert(list.end(), others.begin(), others.end());
  return list;
}

struct FeatureSet {
  const char* name;
  const char* help;
  std::vector<std::string> prefixes;  ///< of the names of its features
};

const std::vector<FeatureSet>& sets() {
  static const std::vector<FeatureSet> known = {
      {"all", "all 40", {""}},
      {"without_velocity", "all that Compound Words could tell", {}},  // all but the set "velocity"
      {"pitch_classes", "the histogram of pitch classes", {"pitch_class_"}},
      {"above_tonic", "the same relative to the tonic", {"above_tonic_"}},
      {"density", "notes and onsets a second", {"notes_per_s", "onsets_per_s"}},
      {"register", "mean, spread and range of pitch", {"pitch_mean", "pitch_sd", "pitch_range"}},
      {"velocity", "mean and spread of velocity", {"velocity_"}},
      {"durations", "mean, spread and logarithm of durations", {"duration_"}},
      {"texture",
       "spread of onset intervals, polyphony, coverage",
       {"onset_interval_sd", "polyphony", "coverage"}},
  };
  return known;
}

bool is_of(const FeatureSet& set, const std::string& feature) {
  if (std::string(set.name) == "without_velocity") return !feature.starts_with("velocity_");
  return std::ranges::any_of(set.prefixes, [&](const auto& prefix) { return feature.starts_with(prefix); });
}

/// The places of what is meant, or why nothing is.
struct Choice {
  std::set<std::size_t> places;
  std::string why_not;
};

Choice choose(const std::vector<std::string>& names, const std::vector<std::string>& sets_and_names) {
  Choice choice;
  if (sets_and_names.empty()) choice.why_not = "no features are named; expected some, such as all";
  for (const std::string& wanted : sets_and_names) {
    const auto set = std::ranges::find_if(sets(), [&](const FeatureSet& one) { return one.name == wanted; });
    bool is_known = false;
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (names[i] != wanted && (set == sets().end() || !is_of(*set, names[i]))) continue;
      is_known = true;
      choice.places.insert(i);
    }
    if (!is_known)
      choice.why_not = fmt::format(
          "'{}' is no feature and no set of features; expected some of the sets {}, or "
          "of the features {}",
          wanted, fmt::join(feature_set_names(), ", "), fmt::join(names, ", "));
    else if (std::ranges::count(sets_and_names, wanted) > 1)
      choice.why_not = fmt::format("'{}' is named twice", wanted);
    if (!choice.why_not.empty()) break;
  }
  return choice;
}

}  // namespace

std::span<const Feature> feature_list() {
  static const std::vector<Feature> list = make_list();
  return list;
}

std::vector<std::string> feature_names() {
  std::vector<std::string> names;
  for (const Feature& feature : feature_list()) names.push_back(feature.name);
  return names;
}

std::vector<std::string> feature_set_names() {
  std::vector<std::string> names;
  for (const FeatureSet& set : sets()) names.emplace_back(set.name);
  return names;
}

std::string feature_sets_help() {
  std::vector<std::string> meanings;
  for (const FeatureSet& set : sets()) meanings.push_back(fmt::format("{} ({})", set.name, set.help));
  return fmt::format("{}", fmt::join(meanings, ", "));
}

std::vector<std::size_t> chosen_features(const std::vector<std::string>& names,
                                         const std::vector<std::string>& sets_and_names) {
  const Choice choice = choose(names, sets_and_names);
  if (!choice.why_not.empty()) fail(ExitCode::kUsage, "{}", choice.why_not);
  return {choice.places.begin(), choice.places.end()};
}

std::string misfit_of_features(const std::vector<std::string>& sets_and_names) {
  return choose(feature_names(), sets_and_names).why_not;
}

}  // namespace mofi
