#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <map>
#include <numeric>

#include "features/extract_features.h"
#include "features/feature_text.h"
#include "midi/midi_writer.h"
#include "midi/synthetic_corpus.h"
#include "midi_examples.h"
#include "storage/hdf5_file.h"
#include "tonality/find_modes.h"

namespace mofi {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

/// C and E together, G after the C, a rest of a second, C an octave higher. 960 ticks are 1 s.
MidiFile broken_chord() {
  MidiFile midi;
  midi.notes = {{.start = 0, .end = 960, .pitch = 60, .velocity = 40},
                {.start = 0, .end = 480, .pitch = 64, .velocity = 60},
                {.start = 960, .end = 1440, .pitch = 67, .velocity = 80},
                {.start = 2400, .end = 3360, .pitch = 72, .velocity = 100}};
  return midi;
}

std::map<std::string, double> named(const FeatureValues& values) {
  std::map<std::string, double> by_name;
  for (std::size_t i = 0; i < values.size(); ++i)
    by_name[feature_list()[i].name] = static_cast<double>(values[i]);
  return by_name;
}

std::map<std::string, double> features_by_name(const MidiFile& midi,
                                               Weighting weighting = Weighting::kTicks) {
  return named(features_of(midi, key_profile("krumhansl_kessler"), weighting));
}

void expect_values(const std::map<std::string, double>& found,
                   const std::map<std::string, double>& expected) {
  for (const auto& [name, value] : expected) EXPECT_NEAR(found.at(name), value, 1e-6) << name;
}

TEST(Features, of_four_notes_are_those_computed_by_hand) {
  expect_values(features_by_name(broken_chord()), {{"pitch_class_0", 2 / 3.0},
                                                   {"pitch_class_4", 1 / 6.0},
                                                   {"pitch_class_7", 1 / 6.0},
                                                   {"pitch_class_2", 0},
                                                   {"above_tonic_0", 2 / 3.0},
                                                   {"above_tonic_4", 1 / 6.0},
                                                   {"above_tonic_7", 1 / 6.0},
                                                   {"mode", 0},
                                                   {"length", 3.5},
                                                   {"notes_per_s", 4 / 3.5},
                                                   {"onsets_per_s", 3 / 3.5},
                                                   {"pitch_mean", 65.75},
                                                   {"pitch_sd", std::sqrt(19.1875)},
                                                   {"pitch_range", 12},
                                                   {"velocity_mean", 70},
                                                   {"velocity_sd", std::sqrt(500.0)},
                                                   {"duration_mean", 0.75},
                                                   {"duration_sd", 0.25},
                                                   {"duration_log_mean", std::log(0.5) / 2},
                                                   {"onset_interval_sd", 0.25},
                                                   {"polyphony", 4 / 3.0},
                                                   {"coverage", 2.5 / 3.5}});
}

TEST(Features, are_taken_in_seconds_by_the_tempo_map_and_weighted_as_the_key_is_found) {
  MidiFile slower = broken_chord();
  slower.tempos = {{.tick = 960, .us_per_quarter = 1'000'000}};         // from there on 480 ticks are 1 s
  expect_values(features_by_name(slower), {{"pitch_class_0", 2 / 3.0},  // of ticks
                                           {"notes_per_s", 4 / 6.0},
                                           {"duration_mean", 4.5 / 4},
                                           {"duration_log_mean", (std::log(0.5) + std::log(2.0)) / 4},
                                           {"onset_interval_sd", 1},  // 1 s and 3 s
                                           {"coverage", 4 / 6.0}});
  expect_values(features_by_name(slower, Weighting::kSeconds),
                {{"pitch_class_0", 3 / 4.5}, {"pitch_class_4", 0.5 / 4.5}, {"pitch_class_7", 1 / 4.5}});
  expect_values(features_by_name(slower, Weighting::kCount),
                {{"pitch_class_0", 0.5}, {"above_tonic_0", 0.5}});
}

TEST(Features, of_a_transposed_piece_differ_in_its_pitch_classes_and_mean_pitch_alone) {
  const auto before = features_by_name(broken_chord());
  MidiFile midi = broken_chord();
  for (Note& note : midi.notes) note.pitch += 5;
  auto after = features_by_name(midi);
  EXPECT_NEAR(after["pitch_mean"], before.at("pitch_mean") + 5, 1e-6);
  for (int i = 0; i < 12; ++i) {
    EXPECT_EQ(after[fmt::format("pitch_class_{}", (i + 5) % 12)],
              before.at(fmt::format("pitch_class_{}", i)));
    after.erase(fmt::format("pitch_class_{}", (i + 5) % 12));
  }
  after.erase("pitch_mean");
  ASSERT_THAT(after, SizeIs(kFeatures - 13));
  for (const auto& [name, value] : after) EXPECT_NEAR(value, before.at(name), 1e-6) << name;
}

TEST(Features, know_the_mode_and_margin_that_the_mode_file_has) {
  const TemporaryFolder folder;
  write_synthetic_corpus(folder.path(), compose_corpus({.pieces = 24}));
  const Corpus corpus = open_folder(folder.path());
  for (const char* profile : {"krumhansl_kessler", "aarden_essen"}) {
    const ModeOptions options = {.profile = profile, .weighting = "accent"};
    const ModeTable modes = find_modes(corpus, options);
    const FeatureTable features = extract_features(corpus, options);
    ASSERT_EQ(features.pieces.size(), modes.pieces.size());
    EXPECT_EQ(features.key_profile, profile);
    EXPECT_EQ(features.header.inputs, modes.header.inputs);
    for (std::size_t i = 0; i < modes.pieces.size(); ++i) {
      const PieceMode& mode = modes.pieces[i];
      EXPECT_EQ(features.pieces[i].piece_id, mode.piece_id);
      EXPECT_EQ(features.pieces[i].midi_sha256, mode.midi_sha256);
      FeatureValues values;
      std::ranges::copy(features.pieces[i].values, values.begin());
      auto found = named(values);
      EXPECT_EQ(found["mode"], static_cast<double>(mode.mode));
      EXPECT_EQ(found["mode_margin"], static_cast<double>(mode.margin));
      for (std::size_t k = 0; k < 12; ++k) EXPECT_EQ(values[k], mode.profile[k]);
    }
  }
}

TEST(Features, of_pieces_without_notes_or_length_are_zero_where_nothing_can_be_said) {
  for (const auto& [name, value] : features_by_name(MidiFile{}))
    EXPECT_EQ(value, name == "mode" ? 0.5 : 0) << name;
  MidiFile point;  // what reading.pairing: fifo lets through
  point.notes = {{.start = 480, .end = 480, .pitch = 60, .velocity = 64}};
  expect_values(features_by_name(point), {{"notes_per_s", 0},
                                          {"pitch_mean", 60},
                                          {"mode", 0.5},
                                          {"duration_log_mean", std::log(1e-3)},
                                          {"onset_interval_sd", 0},
                                          {"polyphony", 1},
                                          {"coverage", 0}});
}

TEST(Features, are_forty_with_a_name_a_unit_and_a_formula_each) {
  std::map<std::string, int> names;
  for (const Feature& feature : feature_list()) {
    ++names[feature.name];
    EXPECT_NE(feature.unit, "");
    EXPECT_NE(feature.formula, "");
  }
  EXPECT_THAT(names, SizeIs(kFeatures));
}

TEST(FeatureSets, are_chosen_by_name_and_put_together) {
  std::vector<std::string> names;
  for (const Feature& feature : feature_list()) names.push_back(feature.name);
  const auto chosen = [&](const std::vector<std::string>& wanted) {
    std::vector<std::string> found;
    for (const std::size_t i : chosen_features(names, wanted)) found.push_back(names[i]);
    return found;
  };
  EXPECT_EQ(chosen({"all"}), names);
  EXPECT_THAT(chosen({"without_velocity"}),
              AllOf(SizeIs(kFeatures - 2), testing::Not(testing::Contains(HasSubstr("velocity")))));
  EXPECT_THAT(chosen({"mode"}), ElementsAre("mode"));
  EXPECT_THAT(chosen({"velocity", "density"}),
              ElementsAre("notes_per_s", "onsets_per_s", "velocity_mean", "velocity_sd"));
  EXPECT_THAT(chosen({"coverage", "mode_margin"}), ElementsAre("mode_margin", "coverage"));
  std::size_t in_sets =
      0;  // mode, margin and length apart, every feature is in one set besides "all" and "without_velocity"
  for (const std::string& set : feature_set_names())
    if (set != "all" && set != "without_velocity") in_sets += chosen({set}).size();
  EXPECT_EQ(in_sets, kFeatures - 3);
}

TEST(FeatureSets, unknown_repeated_and_missing_ones_are_refused) {
  EXPECT_THAT(refusal_of([] { chosen_features({"a"}, {"b"}); }, ExitCode::kUsage),
              AllOf(HasSubstr("'b' is no feature and no set of features"), HasSubstr("without_velocity")));
  EXPECT_THAT(misfit_of_features({"mode", "density", "mode"}), HasSubstr("'mode' is named twice"));
  EXPECT_THAT(misfit_of_features({}), HasSubstr("no features are named"));
  EXPECT_EQ(misfit_of_features({"mode", "mode_margin"}), "");
}

FeatureTable two_pieces() {
  FeatureTable table;
  table.weighting = "count";
  table.names = {"coverage", "notes_per_s"};
  table.pieces = {{"a.mid", std::string(64, 'a'), {0.5F, 8}}, {"b.mid", std::string(64, 'b'), {0.25F, 2}}};
  return table;
}

TEST(FeatureTable, what_was_written_is_read_back_with_its_digest) {
  const TemporaryFolder folder;
  write_features(folder / "features.h5", two_pieces());
  const FeatureTable again = read_features(folder / "features.h5");
  EXPECT_EQ(again.weighting, "count");
  EXPECT_EQ(again.names, two_pieces().names);
  EXPECT_EQ(again.pieces[1].piece_id, "b.mid");
  EXPECT_EQ(again.pieces[1].values, two_pieces().pieces[1].values);
  EXPECT_EQ(again.header.schema, "mofi-features/1");
  EXPECT_EQ(again.header.content_sha256, content_digest(two_pieces()));
}

TEST(FeatureTable, digest_covers_everything_but_the_header) {
  const std::string original = content_digest(two_pieces());
  const auto changed = [&](const std::function<void(FeatureTable&)>& change) {
    FeatureTable table = two_pieces();
    change(table);
    return content_digest(table) != original;
  };
  EXPECT_TRUE(changed([](FeatureTable& t) { t.key_profile = "aarden_essen"; }));
  EXPECT_TRUE(changed([](FeatureTable& t) { t.weighting = "ticks"; }));
  EXPECT_TRUE(changed([](FeatureTable& t) { t.pairing = "fifo"; }));
  EXPECT_TRUE(changed([](FeatureTable& t) { t.names[0] = "polyphony"; }));
  EXPECT_TRUE(changed([](FeatureTable& t) { t.pieces.pop_back(); }));
  EXPECT_TRUE(changed([](FeatureTable& t) { t.pieces[1].piece_id = "c.mid"; }));
  EXPECT_TRUE(changed([](FeatureTable& t) { t.pieces[1].midi_sha256 = "bb"; }));
  EXPECT_TRUE(changed([](FeatureTable& t) { t.pieces[0].values[1] = 9; }));
  EXPECT_FALSE(changed([](FeatureTable& t) { t.header.producer = "someone else"; }));
}

TEST(FeatureTable, values_that_are_no_numbers_and_shapes_that_do_not_fit_are_refused) {
  const TemporaryFolder folder;
  FeatureTable table = two_pieces();
  table.pieces[1].values[0] = std::numeric_limits<float>::quiet_NaN();
  write_features(folder / "features.h5", table);
  EXPECT_THAT(refusal_of([&] { read_features(folder / "features.h5"); }),
              HasSubstr("coverage of piece b.mid is nan; expected a finite number"));
  table.pieces[1].values.pop_back();
  EXPECT_THAT(refusal_of([&] { write_features(folder / "features.h5", table); }, ExitCode::kInternal),
              HasSubstr("piece b.mid has 1 values of 2 features"));
}

TEST(FeatureTable, pieces_are_found_by_id_and_digest_or_not_at_all) {
  const FeatureTable table = two_pieces();
  const FeaturesByPiece by_piece(table);
  EXPECT_EQ(by_piece.of("b.mid", std::string(64, 'b')), table.pieces[1].values);
  EXPECT_THAT(refusal_of([&] { by_piece.of("c.mid", ""); }), HasSubstr("no piece c.mid"));
  EXPECT_THAT(refusal_of([&] { by_piece.of("b.mid", std::string(64, 'c')); }),
              HasSubstr("tokens and features of b.mid were made from different MIDI files"));
}

TEST(ExtractFeatures, threads_do_not_change_the_table_and_pieces_without_notes_are_in_it) {
  const TemporaryFolder folder;
  write_synthetic_corpus(folder.path(), compose_corpus({.pieces = 16}));
  std::filesystem::remove(folder / "labels.csv");
  folder.write("aaa_empty.mid", midi_bytes({}));
  const Corpus corpus = open_folder(folder.path());
  const FeatureTable one = extract_features(corpus, {}, {.threads = 1});
  EXPECT_EQ(one.header.content_sha256, extract_features(corpus, {}, {.threads = 5}).header.content_sha256);
  ASSERT_THAT(one.pieces, SizeIs(17));
  EXPECT_EQ(std::accumulate(one.pieces[0].values.begin(), one.pieces[0].values.end(), 0.0F), 0.5F)
      << "its mode";
  EXPECT_NE(one.header.config_sha256,
            extract_features(corpus, {.profile = "aarden_essen"}).header.config_sha256);
  EXPECT_EQ(one.header.config_sha256, extract_features(corpus, {.unit = "segment"}).header.config_sha256)
      << "features are of whole pieces";
}

TEST(ExtractFeatures, of_composed_music_tell_arousal_by_density_and_velocity_as_it_was_composed) {
  const TemporaryFolder folder;
  write_synthetic_corpus(folder.path(), compose_corpus({.pieces = 80}));
  const Corpus corpus = open_folder(folder.path());
  const FeatureTable table = extract_features(corpus);
  std::map<std::string, double> high, low;  // sums over pieces of high and of low arousal
  int high_pieces = 0;
  for (std::size_t i = 0; i < table.pieces.size(); ++i) {
    const bool is_high = corpus.files[i].label == 0 || corpus.files[i].label == 1;
    high_pieces += is_high ? 1 : 0;
    for (std::size_t k = 0; k < table.names.size(); ++k)
      (is_high ? high : low)[table.names[k]] += static_cast<double>(table.pieces[i].values[k]);
  }
  const auto low_pieces = static_cast<double>(table.pieces.size()) - high_pieces;
  for (const char* name : {"notes_per_s", "velocity_mean"})
    EXPECT_GT(high[name] / high_pieces, 1.2 * low[name] / low_pieces) << name;
}

TEST(FeatureText, says_what_each_feature_is_with_its_spread_and_the_first_pieces) {
  const std::string text = text_of(two_pieces(), 1);
  EXPECT_THAT(text, HasSubstr("keys by the profile krumhansl_kessler, pitch classes weighted by count\n"));
  EXPECT_THAT(text, HasSubstr("2 pieces, 2 features"));
  EXPECT_THAT(text,
              HasSubstr("  coverage     0.375  0.125  0.250  0.500  1     share of the length in which any "
                        "note sounds\n"));
  EXPECT_THAT(text,
              HasSubstr("  notes_per_s  5.000  3.000  2.000  8.000  1/s   notes divided by the length"));
  EXPECT_THAT(text, HasSubstr("  piece        a.mid\n  coverage     0.500\n  notes_per_s  8.000\n"));
  EXPECT_THAT(text, HasSubstr("… and 1 more pieces\n"));
}

}  // namespace
}  // namespace mofi
