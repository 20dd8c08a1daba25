#pragma once
// The features of a piece: 40 numbers without a word of its tokens, what each is, and sets of them by name.

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace mofi {

/// What becomes of a feature when the music is shifted by s semitones.
enum class UnderShift {
  kStays,
  kTurns,   ///< one of the twelve pitch classes, in their order: [p - s] becomes [p]
  kSlides,  ///< by s
};

struct Feature {
  std::string name;
  std::string unit;     ///< "s", "1/s", "semitones" …; "1" of shares and counts
  std::string formula;  ///< in words
  float centre = 0;     ///< about its mean and …
  float spread = 1;     ///< … standard deviation over EMOPIA: a network is told (x - centre) / spread
  UnderShift under_shift = UnderShift::kStays;
};

inline constexpr std::size_t kFeatures = 40;

/// All of them, in the order of PieceFeatures::values.
std::span<const Feature> feature_list();

std::vector<std::string> feature_names();

/// The names of the sets: "all", "without_velocity", "mode" ….
std::vector<std::string> feature_set_names();
/// A line for --help on what each set holds.
std::string feature_sets_help();

/// Which of `names` are meant by names of sets and of single features, ascending and each once. Throws kUsage
/// for an unknown one, and for none at all.
std::vector<std::size_t> chosen_features(const std::vector<std::string>& names,
                                         const std::vector<std::string>& sets_and_names);

/// Why that would throw; empty when it would not. Of the names in feature_list().
std::string misfit_of_features(const std::vector<std::string>& sets_and_names);

}  // namespace mofi
