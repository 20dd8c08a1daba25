#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/aligned.h"
#include "core/files.h"
#include "features/feature_table.h"
#include "inspect_file.h"
#include "midi/midi_text.h"
#include "midi/midi_writer.h"
#include "midi/synthetic_corpus.h"
#include "refusal.h"
#include "storage/hdf5_file.h"
#include "storage/npy.h"
#include "storage/safetensors_text.h"
#include "storage/tensorboard.h"
#include "synthetic_runs.h"
#include "temporary_folder.h"
#include "tokens/compound_word.h"
#include "tokens/segments.h"
#include "tokens/token_text.h"
#include "tokens/tokenize_corpus.h"
#include "tonality/find_modes.h"
#include "tonality/mode_text.h"

namespace mofi {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

/// A piece of 10 words over two bars in rows of 6, and one of a single word; both of one song, in two parts.
TokenTable two_pieces() {
  TokenTable table;
  table.dataset = "made up";
  table.scheme = token_scheme("cp4");
  table.row_words = 6;
  table.class_names = {"Q1", "Q2"};
  table.split_names = {"given"};
  std::vector<std::uint8_t> words;
  for (int i = 0; i < 10; ++i)
    words.insert(words.end(), {static_cast<std::uint8_t>(i == 0 || i == 7 ? 0 : 1),
                               static_cast<std::uint8_t>(i % 16), static_cast<std::uint8_t>(55 - i), 31});
  append_rows(table, words, 0);
  append_rows(table, std::vector<std::uint8_t>{1, 15, 0, 0}, 1);
  const auto piece = [&](const std::string& id, int label, SplitPart part, int lowest, int highest) {
    TokenPiece made;
    made.id = id;
    made.group = "song";
    made.label = label;
    made.split = {part};
    made.pitch_min = lowest;
    made.pitch_max = highest;
    made.midi_sha256 = std::string(64, 'a');
    table.pieces.push_back(made);
  };
  piece("long.mid", 1, SplitPart::kTrain, 68, 77);
  piece("short.mid", -1, SplitPart::kTest, 22, 22);
  table.header.config_sha256 = std::string(64, 'c');
  table.header.inputs = {{"midi", std::string(64, 'd')}};
  return table;
}

PieceMode mode_of(const std::string& id, int tonic, std::uint8_t mode, float margin) {
  PieceMode piece;
  piece.piece_id = id;
  piece.midi_sha256 = std::string(64, 'a');
  piece.tonic = tonic;
  piece.mode = mode;
  piece.margin = margin;
  if (tonic >= 0) {
    piece.correlation[static_cast<std::size_t>(tonic) + 12U * mode] = 0.75F;
    piece.correlation[static_cast<std::size_t>(tonic) + 12U * (1U - mode)] = 0.5F;
    piece.correlation[4] = 0.25F;
    piece.profile[0] = 1;
  }
  return piece;
}

/// The lines of the text that hold `part`.
std::vector<std::string> lines_with(const std::string& text, const std::string& part) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    if (text.substr(at, end - at).find(part) != std::string::npos) lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

TEST(Inspect, a_token_file_says_its_schema_digests_sizes_labels_and_splits) {
  const TemporaryFolder folder;
  write_tokens(folder / "some.data", two_pieces());
  const std::string text = inspect_file(folder / "some.data", 5);
  const std::string digest = read_tokens(folder / "some.data").header.content_sha256;
  EXPECT_THAT(text, StartsWith((folder / "some.data").string() +
                               ": Compound Words of the data set made up, scheme cp4\n"));
  EXPECT_THAT(text, AllOf(HasSubstr("schema      mofi-tokens/"), HasSubstr("written by  mofi "),
                          HasSubstr("contents    " + digest + " (verified)\n"),
                          HasSubstr("config      " + std::string(64, 'c') + "\n"),
                          HasSubstr("made from   " + std::string(64, 'd') + " (midi)\n")));
  EXPECT_THAT(text,
              AllOf(HasSubstr("Position 18 (pad 16, mask 17), Pitch 88 (pad 86, mask 87)"),
                    HasSubstr("2 pieces of 1 song, in 3 rows of 6 words"),
                    HasSubstr("11; 1 to 10 a piece, median 10; 38.9 % of the rows is padding"),
                    HasSubstr("A#0 (22) to F5 (77)"), HasSubstr("labels      Q1 0, Q2 1, unlabelled 1\n")));
  EXPECT_THAT(
      lines_with(text, "given"),
      testing::ElementsAre(
          "  given  train       1      1     2   0   1", "  given  test        1      1     1   0   0",
          "  caution: 1 song is in more than one part of given (1 in train and test, 0 in train "
          "and valid, 0 in valid and test), so its scores are those of known songs"));
}

TEST(Inspect, words_are_told_as_music_and_bars_are_counted_over_the_rows_of_a_piece) {
  const TokenTable table = two_pieces();
  const std::string text = text_of(table, 3);
  EXPECT_THAT(text, HasSubstr("row 0: long.mid, 6 words, Q2, song song\n"));
  EXPECT_THAT(text, HasSubstr("  0 0 55 31  bar 1  1/16      F5 (77)   32/32\n"));
  EXPECT_THAT(text, HasSubstr("  1 1 54 31         2/16      E5 (76)   32/32\n"));
  EXPECT_THAT(text, HasSubstr("row 1: long.mid, 4 words, going on with the piece, Q2, song song\n"));
  EXPECT_THAT(text, HasSubstr("  0 7 48 31  bar 2  8/16      A#4 (70)  32/32\n"));
  EXPECT_THAT(text, HasSubstr("row 2: short.mid, 1 word, unlabelled, song song\n"));
  EXPECT_THAT(text_of(table, 1), Not(HasSubstr("row 1:")));
  EXPECT_THAT(text_of(table, 0), Not(HasSubstr("row 0:")));
}

TEST(Inspect, of_a_long_row_only_the_first_words_are_shown) {
  TokenTable table = two_pieces();
  table.row_words = 10;
  table.words.clear();
  table.length.clear();
  table.piece.clear();
  append_rows(table, std::vector<std::uint8_t>(40, 1), 0);
  append_rows(table, std::vector<std::uint8_t>(4, 1), 1);
  const std::string text = text_of(table, 1);
  EXPECT_EQ(lines_with(text, "1 1 1 1").size(), 8U);
  EXPECT_THAT(text, HasSubstr("  … and 2 more\n"));
}

TEST(Inspect, ids_mean_what_the_name_of_their_column_says) {
  TokenScheme scheme = token_scheme("cp4");
  EXPECT_EQ(id_text(scheme, 0, 0), "New");
  EXPECT_EQ(id_text(scheme, 0, 1), "Continue");
  EXPECT_EQ(id_text(scheme, 0, 2), "PAD");
  EXPECT_EQ(id_text(scheme, 2, 87), "MASK");
  EXPECT_EQ(id_text(scheme, 2, 0), "A#0 (22)");
  EXPECT_EQ(id_text(scheme, 2, 85), "B7 (107)");
  EXPECT_EQ(id_text(scheme, 1, 15), "16/16");
  EXPECT_EQ(id_text(scheme, 3, 63), "64/32");
  scheme.columns.push_back({"Velocity", 67, 65, 66});
  scheme.columns.push_back({"Tempo", 67, 65, 66});
  scheme.columns.push_back({"Instrument", 130, 128, 129});
  EXPECT_EQ(id_text(scheme, 4, 64), "128");
  EXPECT_EQ(id_text(scheme, 5, 29), "119 bpm") << "the bin of tempo 120, specification 7";
  EXPECT_EQ(id_text(scheme, 6, 40), "40");
}

TEST(Inspect, a_table_without_classes_or_splits_or_rows_is_told_too) {
  TokenTable table = two_pieces();
  table.class_names.clear();
  table.split_names.clear();
  for (TokenPiece& piece : table.pieces) {
    piece.label = -1;
    piece.split.clear();
    piece.midi_sha256.clear();
  }
  EXPECT_THAT(text_of(table, 5),
              AllOf(HasSubstr("labels      unlabelled 2\n"),
                    HasSubstr("caution     read from arrays, which do not say what is of one song")));
  table.words.clear();
  table.length.clear();
  table.piece.clear();
  table.pieces.clear();
  EXPECT_THAT(text_of(table, 5), HasSubstr("0 pieces of 0 songs, in 0 rows of 6 words"));
}

TEST(Inspect, a_mode_file_names_keys_as_musicians_do) {
  const TemporaryFolder folder;
  ModeTable table;
  table.pieces = {mode_of("a.mid", 7, kMinor, 0.25F), mode_of("b.mid", 3, kMajor, 0.01F),
                  mode_of("c.mid", -1, kUndefinedMode, 0), mode_of("d.mid", 6, kMinor, 0.3F)};
  write_modes(folder / "mode.h5", table);
  const std::string text = inspect_file(folder / "mode.h5", 3);
  EXPECT_THAT(
      text,
      HasSubstr(
          "Keys and modes of pieces by the profile krumhansl_kessler, pitch classes weighted by ticks\n"));
  EXPECT_THAT(text, AllOf(HasSubstr("schema      mofi-mode/"), HasSubstr("(verified)"),
                          HasSubstr("major 1 (25.0 %), minor 2 (50.0 %), undefined 1 (25.0 %)"),
                          HasSubstr("median 0.250, 1 (33.3 %) below 0.02")));
  EXPECT_THAT(text, HasSubstr("\n  major  C  Db  D  Eb  E  F  F#  G  Ab  A  Bb  B\n"
                              "         0   0  0   1  0  0   0  0   0  0   0  0\n"
                              "  minor  C  C#  D  Eb  E  F  F#  G  G#  A  Bb  B\n"
                              "         0   0  0   0  0  0   1  1   0  0   0  0\n"));
  EXPECT_THAT(text, HasSubstr("  a.mid  G minor     0.250  G minor 0.750, G major 0.500, E major 0.250\n"));
  EXPECT_THAT(text, HasSubstr("  b.mid  Eb major    0.010  Eb major 0.750, Eb minor 0.500, E major 0.250\n"));
  EXPECT_THAT(text, HasSubstr("  c.mid  undefined\n"));
  EXPECT_THAT(text, AllOf(HasSubstr("  … and 1 more\n"), Not(HasSubstr("d.mid"))));
}

TEST(Inspect, a_feature_file_says_what_its_features_are) {
  const TemporaryFolder folder;
  FeatureTable table;
  table.names = {"polyphony"};
  table.pieces = {{"a.mid", std::string(64, 'a'), {1.5F}}};
  write_features(folder / "features.h5", table);
  EXPECT_THAT(inspect_file(folder / "features.h5", 3),
              AllOf(HasSubstr("Symbolic features of pieces"), HasSubstr("mofi-features/1"),
                    HasSubstr("(verified)"), HasSubstr("notes divided by the different ticks")));
}

TEST(Inspect, a_run_is_told_by_its_folder_its_result_and_its_predictions) {
  const TemporaryFolder results;
  const auto run = write_synthetic_run(results.path(), {});
  const std::string text = inspect_file(run, 2);
  EXPECT_THAT(
      text, AllOf(HasSubstr("The finished run none-site0-seed1\n"), HasSubstr("schema       mofi-result/1\n"),
                  HasSubstr("(verified)"), HasSubstr("\nConfig\n"),
                  HasSubstr("Predictions for the data set synthetic\n"), HasSubstr("… and 70 more")));
  const std::string result = inspect_file(run / kResultFile, 2);
  EXPECT_THAT(result, AllOf(HasSubstr("The finished run"), Not(HasSubstr("Predictions for"))));
  const std::string predictions = inspect_file(run / kPredictionsFile, 1);
  EXPECT_THAT(predictions,
              AllOf(HasSubstr("mofi-predictions/1"), HasSubstr("72 rows of 36 pieces, logits of 4 classes")));
  EXPECT_EQ(lines_with(predictions, "clip_").size(), 1U);
}

TEST(Inspect, accuracy_counts_the_labelled_rows_of_a_part) {
  const TemporaryFolder folder;
  Predictions p;
  p.classes = 2;
  p.class_names = {"low", "high"};
  p.logits = {1, 0, 0, 1, 0, 1, 1, 0};
  p.label = {0, 0, 1, -1};
  p.piece = {0, 1, 2, 3};
  p.segment_index = {0, 0, 0, 0};
  p.piece_id = {"a", "b", "c", "d"};
  p.group = {"a", "a", "c", "d"};
  p.mode = {0, 1, 255, 0};
  p.split = {"test", "test", "test", "test"};
  write_predictions(folder / "p.h5", p);
  const std::string text = inspect_file(folder / "p.h5", 10);
  EXPECT_THAT(text, HasSubstr("  test     4       4      3  66.7 %    2     1\n"));
  EXPECT_THAT(text, HasSubstr("true modes  major 2, minor 1, unknown 1\n"));
  EXPECT_THAT(text, HasSubstr("  d            0  test  none   low        1.000  0.000\n"));
}

TEST(Inspect, parameters_that_differ_in_numbers_of_their_names_are_one_line) {
  const TemporaryFolder folder;
  const std::vector<float> values(12);
  const auto bytes = std::as_bytes(std::span(values));
  std::vector<SafeTensor> tensors;
  for (const int layer : {0, 1, 2, 10})
    tensors.push_back({fmt::format("layer.{}.w", layer), "F32", {3, 4}, bytes});
  for (const int head : {4, 5}) tensors.push_back({fmt::format("head.{}", head), "F32", {2}, bytes.first(8)});
  tensors.push_back({"conv1", "F32", {2}, bytes.first(8)});
  tensors.push_back({"conv2", "I64", {}, bytes.first(8)});
  write_safetensors(folder / "w", tensors, {{"config", std::string(200, 'x')}, {"scheme", "cp4"}});
  const std::string text = inspect_file(folder / "w", 5);
  EXPECT_THAT(
      text, AllOf(HasSubstr("Parameters in safetensors\n"),
                  HasSubstr("55 numbers in 8 tensors (F32 54, I64 1), 0.0 MB"), HasSubstr("  scheme  cp4\n"),
                  HasSubstr("  config  " + std::string(90, 'x') + "…\n")));
  EXPECT_THAT(text, HasSubstr("  layer.{0,1,2,10}.w  F32   [3, 4]        4       48\n"));
  EXPECT_THAT(text, HasSubstr("  head.{4..5}         F32   [2]           2        4\n"));
  EXPECT_THAT(text, HasSubstr("  conv1               F32   [2]           1        2\n"));
  EXPECT_THAT(text, HasSubstr("  conv2               I64   []            1        1\n"));
  EXPECT_THAT(text_of(read_safetensors(folder / "w"), 1), HasSubstr("  … and 3 more\n"));
}

TEST(Inspect, events_for_tensorboard_are_known_by_their_first_checksum) {
  const TemporaryFolder folder;
  std::string path;
  {
    TensorboardWriter writer(folder.path());
    writer.add({"train/loss", 7, 0.5, 1'700'000'000});
    writer.add({"a\x1b[2Jb", 7, 0.5, 1'700'000'000});
    path = writer.path().string();
  }
  EXPECT_THAT(inspect_file(path, 5),
              AllOf(HasSubstr("Events for TensorBoard\n"), HasSubstr("2 scalars of 2 tags"),
                    HasSubstr("  train/loss        1      7    0.5       0.5   0.5\n"), HasSubstr("a?[2Jb")));
  std::string bytes = read_text(path);
  bytes[30] ^= 1;
  EXPECT_THAT(refusal_of([&] { inspect_file(folder.write("file", bytes), 5); }),
              HasSubstr("file: byte 0: a record is damaged"));
}

TEST(Inspect, an_array_shows_its_type_shape_range_and_first_numbers) {
  const TemporaryFolder folder;
  std::vector<std::int64_t> values(60);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<std::int64_t>(i) - 7;
  write_npy(folder / "x", std::vector<std::uint64_t>{3, 4, 5}, values);
  const std::string text = inspect_file(folder / "x", 2);
  EXPECT_THAT(text, AllOf(HasSubstr("A NumPy array\n"), HasSubstr("shape  (3, 4, 5)\n"),
                          HasSubstr("60 numbers, 480 bytes\n"), HasSubstr("range  -7 to 52\n")));
  EXPECT_THAT(text, HasSubstr("  [1]  13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 …\n"));
  EXPECT_THAT(text, Not(HasSubstr("[2]")));
  write_npy(folder / "y", std::vector<std::uint64_t>{3}, std::vector<std::int64_t>{0, 3, 3});
  EXPECT_THAT(inspect_file(folder / "y", 2), AllOf(HasSubstr("1 of 0, 2 of 3\n"), HasSubstr("\n  0 3 3\n")));
  write_npy(folder / "z", std::vector<std::uint64_t>{0, 512, 4}, {});
  EXPECT_THAT(inspect_file(folder / "z", 2), HasSubstr("shape  (0, 512, 4)\n"));
  write_npy(folder / "n", {}, std::vector<std::int64_t>{8});
  EXPECT_THAT(inspect_file(folder / "n", 2), HasSubstr("value  8\n"));
}

TEST(Inspect, numbers_that_are_not_finite_are_counted_and_do_not_hide_the_range) {
  const TemporaryFolder folder;
  std::string bytes("\x93NUMPY\x01\x00\x40\x00", 10);
  bytes += "{'descr': '<f4', 'fortran_order': False, 'shape': (4,), }      \n";
  for (const float value : {1.5F, NAN, -2.0F, INFINITY})
    bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
  EXPECT_THAT(inspect_file(folder.write("x", bytes), 1),
              AllOf(HasSubstr("range       -2 to 1.5\n"), HasSubstr("not finite  2\n"),
                    HasSubstr("1.5 nan -2 inf\n")));
}

TEST(Inspect, a_midi_file_shows_its_time_instruments_and_notes) {
  const TemporaryFolder folder;
  MidiFile midi;
  midi.division = {480, 0, 0};
  midi.tempos = {{0, 500'000}, {960, 1'000'000}};
  midi.notes = {{0, 480, 60, 80, 0, 0, 0}, {480, 1440, 64, 70, 0, 0, 0}, {0, 100, 36, 99, 9, 0, 1}};
  const std::string text = inspect_file(folder.write("song", midi_bytes(midi)), 2);
  EXPECT_THAT(text,
              AllOf(HasSubstr("A Standard MIDI File\n"), HasSubstr("1 (simultaneous tracks)"),
                    HasSubstr("480 ticks a quarter"),
                    HasSubstr("120 quarters a minute from tick 0, 60 quarters a minute from tick 960\n"),
                    HasSubstr("1,440 ticks, 2.0 s, to the end of the last note"), HasSubstr("notes     3\n"),
                    HasSubstr("C2 (36) to E4 (64)")));
  EXPECT_EQ(lines_with(text, "piano").size(), 1U);
  EXPECT_EQ(lines_with(text, "drums").size(), 1U);
  EXPECT_THAT(text, AllOf(HasSubstr("      0  480  C4 (60)        80"), HasSubstr("… and 1 more")));
  midi.notes.clear();
  EXPECT_THAT(text_of(midi, 2), HasSubstr("It has no note.\n"));
  midi.division = {0, 25, 40};
  EXPECT_THAT(text_of(midi, 2), HasSubstr("40 ticks a frame, 25 frames a second (SMPTE)"));
  midi.notes = {{0, 2000, 60, 80, 0, 0, 0}};
  EXPECT_THAT(text_of(midi, 2), HasSubstr("2,000 ticks, 2.0 s"));
}

TEST(Inspect, what_is_none_of_these_is_refused_in_one_sentence) {
  const TemporaryFolder folder;
  const auto refusal = [&](const std::string& contents) {
    return refusal_of([&] { inspect_file(folder.write("file", contents), 5); });
  };
  EXPECT_EQ(refusal(""), (folder / "file").string() + ": is empty");
  EXPECT_THAT(refusal("#!/bin/sh\n"),
              HasSubstr("begins with '#!/bin/s', as none of the files does that this program"));
  EXPECT_THAT(refusal("PK\x03\x04..."),
              HasSubstr("is a zip archive whose directory, at its end, is not there"));
  EXPECT_THAT(refusal("{\"a\": 1}"), HasSubstr("is a JSON file without a schema"));
  EXPECT_THAT(refusal("{\"schema\": \"other/1\"}"), HasSubstr("is a JSON file of the schema other/1"));
  EXPECT_THAT(refusal("{\"schema"), HasSubstr("is no JSON file, although it begins as one"));
  EXPECT_THAT(refusal("{\"schema\": \"mofi-result/1\"}"),
              HasSubstr("is a run's result.json under another name"));
  EXPECT_THAT(refusal("\x93NUMPY\x09"), HasSubstr("file: "));
  EXPECT_THAT(refusal("\x89HDF\r\n\x1a\n..."), HasSubstr("file: "));
  EXPECT_THAT(refusal("MThd"), HasSubstr("file: byte 4: "));
  EXPECT_THAT(refusal_of([&] { inspect_file(folder.path(), 5); }),
              HasSubstr("is a folder without result.json"));
  EXPECT_THAT(refusal_of([&] { inspect_file(folder / "absent", 5); }, ExitCode::kMissing),
              HasSubstr("absent: cannot be opened"));
}

TEST(Inspect, hdf5_files_of_others_and_of_other_versions_are_named) {
  const TemporaryFolder folder;
  const auto refusal = [&](const std::string& schema) {
    Hdf5Writer file(folder / "x.h5");
    if (!schema.empty()) file.attribute("", "schema", schema);
    file.commit();
    return refusal_of([&] { inspect_file(folder / "x.h5", 5); });
  };
  EXPECT_THAT(refusal(""), HasSubstr("is an HDF5 file that says no schema, so it was not written by mofi"));
  EXPECT_THAT(refusal("keras/2"),
              HasSubstr("is an HDF5 file of the schema keras/2, which this program does not know"));
  EXPECT_THAT(refusal("mofi-tokens/999"),
              HasSubstr("has schema mofi-tokens/999; expected a file of schema mofi-tokens/"));
}

TEST(Inspect, damage_is_found_by_the_digest) {
  const TemporaryFolder folder;
  write_tokens(folder / "tokens.h5", two_pieces());
  std::string bytes = read_text(folder / "tokens.h5");
  bytes[bytes.find("short.mid")] = 'S';
  EXPECT_THAT(refusal_of([&] { inspect_file(folder.write("tokens.h5", bytes), 1); }), HasSubstr("tokens.h5"));
}

TEST(Inspect, names_in_a_file_cannot_steer_the_terminal) {
  const TemporaryFolder folder;
  TokenTable table = two_pieces();
  table.pieces[0].id = "a\x1b[2J\rb.mid";
  write_tokens(folder / "tokens.h5", table);
  EXPECT_THAT(inspect_file(folder / "tokens.h5", 1), HasSubstr("row 0: a?[2J?b.mid"));
}

TEST(Inspect, composed_music_is_told_from_its_midi_to_its_modes) {
  const TemporaryFolder folder;
  write_synthetic_corpus(folder / "midi", compose_corpus({.pieces = 12}));
  const Corpus corpus = open_folder(folder / "midi");
  write_tokens(folder / "tokens.h5", tokenize_corpus(corpus).table);
  write_modes(folder / "mode.h5", find_modes(corpus));
  EXPECT_THAT(inspect_file(folder / "tokens.h5", 2), AllOf(HasSubstr("12 pieces of "), HasSubstr("bar 1")));
  EXPECT_THAT(inspect_file(folder / "mode.h5", 2), HasSubstr("… and 10 more"));
  EXPECT_THAT(inspect_file(corpus.files[0].path, 2), HasSubstr("A Standard MIDI File"));
}

TEST(Aligned, words_are_wrapped_by_letters_and_a_longer_one_has_its_own_line) {
  EXPECT_EQ(wrapped("é é é  é\né", "  ", 7), "  é é é\n  é é\n");
  EXPECT_EQ(wrapped("a verylongword b", "", 4), "a\nverylongword\nb\n");
  EXPECT_EQ(wrapped("", "", 4), "\n");
}

TEST(Aligned, cells_are_as_wide_as_the_widest_of_their_column_in_letters) {
  EXPECT_EQ(aligned({{"a", "bb", "c"}, {"…–é", "1"}, {}}, "lr"), "  a    bb  c\n  …–é   1\n\n");
  EXPECT_EQ(thousands(0), "0");
  EXPECT_EQ(thousands(999), "999");
  EXPECT_EQ(thousands(1'000), "1,000");
  EXPECT_EQ(thousands(1'234'567), "1,234,567");
  EXPECT_EQ(counted(1, "row"), "1 row");
  EXPECT_EQ(counted(1'147, "row"), "1,147 rows");
}

TEST(Inspect, a_safetensors_file_whose_header_length_looks_like_a_pickle_is_none) {
  const TemporaryFolder folder;
  for (std::size_t padding = 0;; ++padding) {
    write_safetensors(folder / "w", {}, {{"note", std::string(padding, 'x')}});
    const auto bytes = read_bytes(folder / "w");
    if (bytes[0] != std::byte{0x80} || bytes[1] != std::byte{2}) continue;  // 640: the begin of protocol 2
    EXPECT_THAT(inspect_file(folder / "w", 5), HasSubstr("Parameters in safetensors"));
    return;
  }
}

}  // namespace
}  // namespace mofi
