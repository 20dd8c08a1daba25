// Keys of real clips: specification 10.4 and 10.5.

#include <gtest/gtest.h>

#include "core/files.h"
#include "midi/midi_file.h"
#include "test_data.h"
#include "tonality/find_modes.h"
#include "tonality/key_finder.h"

namespace mofi {
namespace {

class EmopiaKeys : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = test_data("emopia");
    if (!folder_)
      GTEST_SKIP() << "needs the EMOPIA archive: set MOFI_DATA_UNPACKED to the folder that holds emopia/";
  }
  std::optional<std::filesystem::path> folder_;
};

TEST_F(EmopiaKeys, correlations_of_single_clips_are_those_of_the_specification) {
  struct Expected {
    const char* clip;
    int tonic, mode;
    double correlation;
    int other_tonic, other_mode;
    double other_correlation;
  };
  const Expected table[] = {
      {"Q1_0vLPYiPN7qY_0.mid", 7, kMinor, 0.752003, 7, kMajor, 0.716330},
      {"Q1_0vLPYiPN7qY_0.mid", 7, kMinor, 0.752003, 4, kMinor, 0.584113},
      {"Q2_dtS02mrDMsM_3.mid", 1, kMajor, 0.812136, 10, kMinor, 0.739511},
      {"Q3_ii1Jw1-7Ka4_1.mid", 0, kMinor, 0.955372, 3, kMajor, 0.762836},
      {"Q4_1fdxsFbnsX4_1.mid", 2, kMajor, 0.860206, 7, kMajor, 0.779875},
  };
  for (const Expected& expected : table) {
    const auto bytes = read_bytes(*folder_ / "midis" / expected.clip);
    const MidiFile midi = read_midi(bytes, expected.clip);
    const KeyEstimate key =
        find_key(pitch_class_weights(midi, Weighting::kTicks), key_profile("krumhansl_kessler"));
    const auto correlation = [&](int tonic, int mode) {
      return key.correlation.at(static_cast<std::size_t>(12 * mode) + static_cast<std::size_t>(tonic));
    };
    EXPECT_EQ(key.tonic, expected.tonic) << expected.clip;
    EXPECT_EQ(key.mode, expected.mode) << expected.clip;
    EXPECT_NEAR(correlation(expected.tonic, expected.mode), expected.correlation, 1e-6) << expected.clip;
    EXPECT_NEAR(correlation(expected.other_tonic, expected.other_mode), expected.other_correlation, 1e-6)
        << expected.clip;
  }
}

TEST_F(EmopiaKeys, modes_by_quadrant_are_those_of_the_specification) {
  const Corpus corpus = open_emopia(*folder_);
  const ModeTable table = find_modes(corpus);
  std::array<std::array<int, 2>, 4> counts{};
  for (std::size_t i = 0; i < table.pieces.size(); ++i)
    ++counts.at(static_cast<std::size_t>(corpus.files[i].label)).at(table.pieces[i].mode);
  const std::array<std::array<int, 2>, 4> expected = {{{202, 48}, {76, 189}, {105, 148}, {226, 84}}};
  EXPECT_EQ(counts, expected);
}

// Specification 10.5: the share of clips whose mode is that of Krumhansl-Kessler by ticks.
TEST_F(EmopiaKeys, other_profiles_and_weightings_agree_as_often_as_counted) {
  const Corpus corpus = open_emopia(*folder_);
  const ModeTable reference = find_modes(corpus);
  const auto agreement = [&](const ModeOptions& options) {
    const ModeTable other = find_modes(corpus, options);
    double same = 0;
    for (std::size_t i = 0; i < other.pieces.size(); ++i)
      same += other.pieces[i].mode == reference.pieces[i].mode ? 1 : 0;
    return 100 * same / static_cast<double>(other.pieces.size());
  };
  EXPECT_NEAR(agreement({.profile = "krumhansl_schmuckler"}), 99.8, 0.05);
  EXPECT_NEAR(agreement({.profile = "sapp_simple"}), 90.6, 0.05);
  EXPECT_NEAR(agreement({.profile = "aarden_essen"}), 87.4, 0.05);
  EXPECT_NEAR(agreement({.profile = "temperley_kostka_payne"}), 85.6, 0.05);
  EXPECT_NEAR(agreement({.profile = "bellman_budge"}), 84.1, 0.05);
  EXPECT_NEAR(agreement({.weighting = "count"}), 89.0, 0.05);
}

}  // namespace
}  // namespace mofi
