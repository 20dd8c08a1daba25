#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "midi/synthetic_corpus.h"
#include "midi_examples.h"
#include "tonality/find_modes.h"
#include "tonality/key_report.h"
#include "tonality/mode_labels.h"
#include "tonality/true_keys.h"

namespace mofi {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr std::optional<Key> kSkipped;
Key major(int tonic) { return {tonic, kMajor}; }
Key minor(int tonic) { return {tonic, kMinor}; }

/// A corpus of files a.mid, b.mid … with these labels.
Corpus corpus_of(const std::vector<int>& labels, const std::vector<std::string>& class_names) {
  Corpus corpus;
  corpus.class_names = class_names;
  for (std::size_t i = 0; i < labels.size(); ++i)
    corpus.files.push_back(
        {.id = std::string(1, static_cast<char>('a' + i)) + ".mid", .label = labels[i], .split = {}});
  return corpus;
}

const std::vector<std::string> kQuadrants = {"Q1", "Q2", "Q3", "Q4"};

TEST(Key, relations_are_those_of_the_circle_of_fifths) {
  EXPECT_EQ(relation_of(major(0), major(0)), KeyRelation::kSame);
  EXPECT_EQ(relation_of(major(7), major(0)), KeyRelation::kFifth);
  EXPECT_EQ(relation_of(minor(2), minor(9)), KeyRelation::kFifth);
  EXPECT_EQ(relation_of(minor(9), major(0)), KeyRelation::kRelative);
  EXPECT_EQ(relation_of(major(0), minor(9)), KeyRelation::kRelative);
  EXPECT_EQ(relation_of(major(11), minor(11)), KeyRelation::kParallel);
  EXPECT_EQ(relation_of(minor(4), major(0)), KeyRelation::kOther);
  EXPECT_EQ(relation_of(major(2), major(0)), KeyRelation::kOther);
  EXPECT_EQ(relation_of(Key(), major(0)), KeyRelation::kOther);
  EXPECT_EQ(name_of(minor(1)), "C# minor");
  EXPECT_EQ(name_of(Key()), "undefined");
}

TEST(ModesByLabel, modes_are_counted_by_class_and_skipped_files_are_not) {
  const Corpus corpus = corpus_of({0, 0, 1, 1, -1, 1}, {"sad", "glad"});
  const FoundKeys found = {{}, {minor(0), major(0), major(3), Key(), minor(2), kSkipped}};
  const ModesByLabel modes = count_modes(found, corpus);
  EXPECT_EQ(modes.of_class.at(0), (ModeCounts{1, 1, 0}));
  EXPECT_EQ(modes.of_class.at(1), (ModeCounts{1, 0, 1}));
  EXPECT_EQ(modes.unlabelled, (ModeCounts{0, 1, 0}));
  EXPECT_EQ(modes.all(), (ModeCounts{2, 2, 1}));
  EXPECT_EQ(modes.labelled_pieces(), 4);
  EXPECT_FALSE(valence_by_mode(modes));  // not the quadrants
}

TEST(ModesByLabel, mutual_information_is_one_bit_when_mode_decides_and_none_when_it_says_nothing) {
  ModesByLabel modes{.class_names = {"sad", "glad"}, .of_class = {{0, 50, 0}, {50, 0, 0}}};
  EXPECT_NEAR(mutual_information(modes).bits, 1, 1e-12);
  EXPECT_NEAR(mutual_information(modes).chance_bits, 1 / (200 * 0.693147), 1e-6);
  modes.of_class = {{20, 10, 0}, {40, 20, 0}};
  EXPECT_NEAR(mutual_information(modes).bits, 0, 1e-12);
  // By hand: H(mode) = 1 bit, H(mode | label) = H(1/4) = 0.811278 bits.
  modes.of_class = {{30, 10, 0}, {10, 30, 0}};
  EXPECT_NEAR(mutual_information(modes).bits, 1 - 0.811278, 1e-6);
  modes.of_class = {{0, 0, 0}, {0, 0, 0}};
  EXPECT_EQ(mutual_information(modes).bits, 0);
  EXPECT_EQ(mutual_information(modes).chance_bits, 0);
}

TEST(ModesByLabel, valence_by_mode_takes_major_for_high_and_undefined_modes_for_wrong) {
  const ModesByLabel modes{.class_names = kQuadrants,
                           .of_class = {{6, 1, 1}, {2, 5, 0}, {1, 0, 0}, {0, 4, 0}}};
  const auto valence = valence_by_mode(modes);
  ASSERT_TRUE(valence);
  EXPECT_DOUBLE_EQ(valence->accuracy, 11.0 / 20);
  EXPECT_DOUBLE_EQ(valence->constant_accuracy, 12.0 / 20);  // Q1 and Q4 are 12
}

TEST(ModesByLabel, names_of_classes_take_the_place_of_their_letters_not_of_their_bytes) {
  const ModesByLabel modes{.class_names = {"fr\u00f6hlich-\u00fcberm\u00fctig", "sad"},
                           .of_class = {{12, 1, 0}, {3, 140, 0}},
                           .unlabelled = {1, 0, 2}};
  EXPECT_EQ(table_of(modes),
            "  label               major  minor  undefined\n"
            "  fr\u00f6hlich-\u00fcberm\u00fctig     12      1          0\n"
            "  sad                     3    140          0\n"
            "  unlabelled              1      0          2\n"
            "  all                    16    141          2\n");
}

TEST(TrueKeys, keys_and_modes_are_scored_by_true_mode) {
  const FoundKeys found = {{}, {major(0), major(7), minor(9), minor(9), major(9), Key(), kSkipped, major(1)}};
  const TrueKeys truth = {major(0), major(0), major(0), minor(9), minor(9), minor(0), major(0), std::nullopt};
  const KeyScores scores = score_keys(found, truth);
  EXPECT_EQ(scores.of_mode[kMajor].relations, (std::array{1, 1, 1, 0, 0}));
  EXPECT_EQ(scores.of_mode[kMajor].modes_right, 2);
  EXPECT_EQ(scores.of_mode[kMinor].relations, (std::array{1, 0, 0, 1, 1}));
  EXPECT_EQ(scores.of_mode[kMinor].modes_right, 1);
  EXPECT_EQ(scores.all().pieces(), 6);
  EXPECT_EQ(scores.all().keys_right(), 2);
  EXPECT_EQ(scores.without_truth, 1);
  EXPECT_EQ(table_of(scores),
            "  true mode  pieces  keys right  modes right  fifth  relative  parallel  other\n"
            "  major           3           1            2      1         1         0      0\n"
            "  minor           3           1            1      0         0         1      1\n"
            "  all             6           2            3      1         1         1      1\n"
            "not counted: 1 pieces whose true key is not given\n");
}

TEST(TrueKeys, a_list_may_leave_files_out_but_not_name_others) {
  const TemporaryFolder folder;
  const Corpus corpus = corpus_of({-1, -1}, {});
  const auto read = [&](const std::string& rows) {
    return read_true_keys(folder.write("keys.csv", "file,mode,tonic_pc\n" + rows), corpus);
  };
  const TrueKeys keys = read("b.mid,minor,11\n");
  EXPECT_EQ(keys, (TrueKeys{std::nullopt, minor(11)}));

  const auto refusal = [&](const std::string& rows) { return refusal_of([&] { read(rows); }); };
  EXPECT_THAT(refusal("c.mid,major,0\n"),
              HasSubstr("keys.csv:2: gives the key of 'c.mid', which is not among"));
  EXPECT_THAT(refusal("a.mid,major,0\na.mid,major,0\n"),
              HasSubstr("keys.csv:3: gives the key of 'a.mid' a second"));
  EXPECT_THAT(refusal("a.mid,Major,0\n"), HasSubstr("mode is 'Major'; expected major or minor"));
  for (const char* tonic : {"12", "-1", "C", "", "1.5"})
    EXPECT_THAT(refusal(std::string("a.mid,major,") + tonic + "\n"), HasSubstr("expected a pitch class"));
  EXPECT_THAT(refusal(""), HasSubstr("gives no key"));
}

class SyntheticSurvey : public testing::Test {
 protected:
  void SetUp() override {
    pieces_ = compose_corpus({.pieces = 24});
    write_synthetic_corpus(folder_.path(), pieces_);
    corpus_ = open_folder(folder_.path());
  }
  TemporaryFolder folder_;
  std::vector<SyntheticPiece> pieces_;
  Corpus corpus_;
};

TEST_F(SyntheticSurvey, one_reading_finds_what_each_method_finds_alone_on_any_number_of_threads) {
  const auto methods = all_key_methods();
  const auto surveys = survey_keys(corpus_, methods, {.threads = 1});
  const auto threaded = survey_keys(corpus_, methods, {.threads = 3});
  ASSERT_EQ(surveys.size(), key_profile_names().size() * weighting_names().size());
  for (std::size_t i = 0; i < methods.size(); ++i) {
    const auto& [profile, weighting] = methods[i];
    const ModeTable table = find_modes(corpus_, {.profile = profile, .weighting = weighting});
    EXPECT_EQ(surveys[i].keys, found_keys(table, corpus_).keys) << profile << " by " << weighting;
    EXPECT_EQ(surveys[i].keys, threaded[i].keys);
  }
}

TEST_F(SyntheticSurvey, skipped_files_have_no_key_rather_than_an_undefined_one) {
  folder_.write(corpus_.files[3].id, "no MIDI");
  const auto survey =
      survey_keys(corpus_, std::vector<KeyMethod>{{"krumhansl_kessler", "ticks"}}, {.skip_bad_files = true});
  const ModeTable table = find_modes(corpus_, {}, {}, {.skip_bad_files = true});
  EXPECT_FALSE(survey[0].keys[3].has_value());
  EXPECT_EQ(survey[0].keys, found_keys(table, corpus_).keys);
  EXPECT_EQ(count_modes(survey[0], corpus_).labelled_pieces(), 23);
}

TEST_F(SyntheticSurvey, methods_stand_in_columns_as_wide_as_their_widest_cell) {
  const std::vector<KeyMethod> methods = {{"krumhansl_kessler", "ticks"}, {"sapp_simple", "count"}};
  TrueKeys truth;
  for (const SyntheticPiece& piece : pieces_)
    truth.push_back(Key{piece.tonic, piece.is_minor ? kMinor : kMajor});
  std::istringstream text(comparison_of(survey_keys(corpus_, methods), corpus_, truth));
  std::vector<std::string> lines(3);
  for (std::string& line : lines) std::getline(text, line);
  EXPECT_EQ(
      lines[0],
      "  profile            weighting  undefined  flipped   bits  valence %  keys  modes  major keys  modes  "
      "minor keys  modes");
  EXPECT_THAT(lines[1], StartsWith("  krumhansl_kessler  ticks              0        0  "));
  EXPECT_THAT(lines[2], StartsWith("  sapp_simple        count              0  "));
  for (const std::string& line : lines) EXPECT_EQ(line.size(), lines[0].size());
}

TEST_F(SyntheticSurvey, a_summary_of_segments_counts_every_segment_once) {
  const ModeTable table =
      find_modes(corpus_, {.unit = "segment"}, {.segment_words = 50, .min_tail_words = 10});
  ASSERT_GT(table.pieces.size(), corpus_.files.size());
  std::istringstream text(summary_of(table, corpus_));
  std::string line;
  std::getline(text, line);
  EXPECT_EQ(line, fmt::format("{} segments by krumhansl_kessler weighted by ticks", table.pieces.size()));
  std::getline(text, line);  // the heading
  ModeCounts sums{};
  std::size_t classes = 0, segments = 0;
  for (std::string label; text >> label;) {
    ModeCounts counts{};
    for (int& count : counts) text >> count;
    if (label == "all") {
      EXPECT_EQ(counts, sums);
    } else {
      ++classes;
      for (std::size_t mode = 0; mode < counts.size(); ++mode) {
        sums[mode] += counts[mode];
        segments += static_cast<std::size_t>(counts[mode]);
      }
    }
  }
  EXPECT_EQ(classes, kQuadrants.size());
  EXPECT_EQ(segments, table.pieces.size());
}

TEST_F(SyntheticSurvey, reports_tell_labels_only_with_labels_and_keys_only_with_keys) {
  const auto surveys = survey_keys(corpus_, all_key_methods());
  TrueKeys truth;
  for (const SyntheticPiece& piece : pieces_)
    truth.push_back(Key{piece.tonic, piece.is_minor ? kMinor : kMajor});
  const ModeTable table = find_modes(corpus_);
  EXPECT_THAT(report_of(table, corpus_, truth), HasSubstr("keys right"));
  EXPECT_THAT(report_of(table, corpus_, std::nullopt), HasSubstr("mutual information"));
  EXPECT_THAT(report_of(table, corpus_, std::nullopt), Not(HasSubstr("keys right")));
  EXPECT_THAT(comparison_of(surveys, corpus_, truth), HasSubstr("true ones of 24 pieces"));

  for (CorpusFile& file : corpus_.files) file.label = -1;
  EXPECT_THAT(report_of(table, corpus_, std::nullopt), Not(HasSubstr("mutual information")));
  EXPECT_THAT(comparison_of(surveys, corpus_, std::nullopt), Not(HasSubstr("bits")));
  // A wrong key is told with how close it was.
  truth[0] = Key{(pieces_[0].tonic + 1) % 12, kMajor};
  EXPECT_THAT(report_of(table, corpus_, truth), HasSubstr(corpus_.files[0].id + ": "));
}

}  // namespace
}  // namespace mofi
