#include "storage/run_record.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <limits>

#include "core/error.h"
#include "core/files.h"
#include "synthetic_runs.h"

/// libhdf5 1.10 itself leaks a few bytes when it gives up on a damaged header; our handles are all closed by
/// then.
extern "C" const char* __lsan_default_suppressions();  // NOLINT: the name is the sanitizer's
extern "C" const char* __lsan_default_suppressions() { return "leak:libhdf5"; }  // NOLINT

namespace mofi {
namespace {

/// Replaces the first `from` in a file.
void edit(const std::filesystem::path& file, const std::string& from, const std::string& to) {
  std::string text = read_text(file);
  const auto at = text.find(from);
  ASSERT_NE(at, std::string::npos);
  write_atomically(file, text.replace(at, from.size(), to));
}

ExitCode code_of(const std::filesystem::path& folder) {
  try {
    read_run_record(folder);
  } catch (const Error& error) {
    return error.code();
  }
  return ExitCode::kDone;
}

TEST(RunRecord, predictions_are_read_back_as_they_were_written) {
  const TemporaryFolder folder;
  const Predictions written = synthetic_predictions({});
  write_predictions(folder / "p.h5", written);
  const Predictions read = read_predictions(folder / "p.h5");
  EXPECT_EQ(read.classes, written.classes);
  EXPECT_EQ(read.logits, written.logits);
  EXPECT_EQ(read.label, written.label);
  EXPECT_EQ(read.piece, written.piece);
  EXPECT_EQ(read.segment_index, written.segment_index);
  EXPECT_EQ(read.piece_id, written.piece_id);
  EXPECT_EQ(read.group, written.group);
  EXPECT_EQ(read.mode, written.mode);
  EXPECT_EQ(read.split, written.split);
  EXPECT_EQ(read.header.schema, "mofi-predictions/1");
  EXPECT_EQ(read.header.content_sha256, content_digest(written));
  EXPECT_EQ(read.header.config_sha256, written.header.config_sha256);
  EXPECT_EQ(read.header.inputs, written.header.inputs);
}

TEST(RunRecord, checksums_of_hidden_states_are_read_back_and_counted_in_the_digest) {
  const TemporaryFolder folder;
  Predictions written = synthetic_predictions({});
  const std::string without = content_digest(written);
  for (std::size_t i = 0; i < written.rows() * 3 * 2; ++i)
    written.hidden_states.push_back(static_cast<double>(i) / 3);
  write_predictions(folder / "p.h5", written);
  const Predictions read = read_predictions(folder / "p.h5");
  EXPECT_EQ(read.hidden_states, written.hidden_states);
  EXPECT_EQ(read.states(), 3U);
  EXPECT_NE(read.header.content_sha256, without);
  written.hidden_states.pop_back();
  EXPECT_THROW(write_predictions(folder / "p.h5", written), Error);
}

TEST(RunRecord, the_digest_knows_every_field_but_the_header) {
  const Predictions original = synthetic_predictions({});
  const auto changed = [&original](auto change) {
    Predictions copy = original;
    change(copy);
    return content_digest(copy) != content_digest(original);
  };
  EXPECT_TRUE(changed([](Predictions& p) { p.logits[3] += 1; }));
  EXPECT_TRUE(changed([](Predictions& p) { p.label[0] = 2; }));
  EXPECT_TRUE(changed([](Predictions& p) { p.piece[0] = 1; }));
  EXPECT_TRUE(changed([](Predictions& p) { p.segment_index[0] = 9; }));
  EXPECT_TRUE(changed([](Predictions& p) { p.piece_id[0] = "x"; }));
  EXPECT_TRUE(changed([](Predictions& p) { p.group[0] = "x"; }));
  EXPECT_TRUE(changed([](Predictions& p) { p.mode[0] ^= 1; }));
  EXPECT_TRUE(changed([](Predictions& p) { p.split[0] = "x"; }));
  EXPECT_FALSE(changed([](Predictions& p) { p.header.producer = "another"; }));
}

TEST(RunRecord, predictions_that_cannot_be_scored_are_not_written) {
  const TemporaryFolder folder;
  const auto refusal = [&](auto change) {
    Predictions predictions = synthetic_predictions({});
    change(predictions);
    const std::string sentence = error_of([&] { write_predictions(folder / "p.h5", predictions); });
    EXPECT_FALSE(std::filesystem::exists(folder / "p.h5"));
    return sentence;
  };
  EXPECT_NE(refusal([](Predictions& p) { p.logits.pop_back(); }).find("one row each"), std::string::npos);
  EXPECT_NE(refusal([](Predictions& p) { p.group.pop_back(); }).find("one a piece each"), std::string::npos);
  EXPECT_NE(refusal([](Predictions& p) { p.label[0] = 4; }).find("label 4 of 4 classes"), std::string::npos);
  EXPECT_NE(refusal([](Predictions& p) { p.label[0] = (p.label[0] + 1) % 4; }).find("both label"),
            std::string::npos);
  EXPECT_NE(refusal([](Predictions& p) { p.piece[0] = 999; }).find("of piece 999"), std::string::npos);
  EXPECT_NE(refusal([](Predictions& p) { p.segment_index[1] = 0; }).find("twice"), std::string::npos);
  EXPECT_NE(refusal([](Predictions& p) { p.piece_id[1] = p.piece_id[0]; }).find("twice"), std::string::npos);
  EXPECT_NE(refusal([](Predictions& p) { p.mode[0] = 7; }).find("mode 7"), std::string::npos);
  EXPECT_NE(refusal([](Predictions& p) { p.logits[0] = std::nanf(""); }).find("not finite"),
            std::string::npos);
}

TEST(RunRecord, a_record_is_read_back_as_it_was_written) {
  const TemporaryFolder results;
  const auto folder = write_synthetic_run(results.path(), {.condition = "mode", .site = 2, .seed = 7});
  const RunRecord expected = synthetic_record({.condition = "mode", .site = 2, .seed = 7});
  const RunRecord read = read_run_record(folder);
  EXPECT_EQ(read.run_id, "mode-site2-seed7");
  EXPECT_EQ(read.config, expected.config);
  EXPECT_EQ(read.inputs, expected.inputs);
  EXPECT_EQ(read.metrics, expected.metrics);
  EXPECT_EQ(read.history, expected.history);
  EXPECT_EQ(read.timing, expected.timing);
  EXPECT_EQ(read.provenance, expected.provenance);
  EXPECT_EQ(read_finished_run(folder).predictions.rows(), 72U);
}

TEST(RunRecord, the_digest_of_a_record_leaves_out_times_and_provenance) {
  RunRecord record = synthetic_record({});
  const std::string digest = content_digest(record);
  record.timing["train_s"] = 99.0;
  record.provenance["host"] = "elsewhere";
  EXPECT_EQ(content_digest(record), digest);
  record.metrics["valid"]["accuracy"] = 0.51;
  EXPECT_NE(content_digest(record), digest);
}

TEST(RunRecord, a_run_without_a_result_is_unfinished) {
  const TemporaryFolder folder;
  write_predictions(folder / kPredictionsFile, synthetic_predictions({}));
  EXPECT_EQ(code_of(folder.path()), ExitCode::kMissing);
}

TEST(RunRecord, a_result_is_not_written_before_its_predictions) {
  const TemporaryFolder folder;
  EXPECT_NE(error_of([&] { write_run_record(folder.path(), synthetic_record({})); }), "");
  write_predictions(folder / kPredictionsFile, synthetic_predictions({}));
  RunRecord record = synthetic_record({});
  record.predictions_sha256 = std::string(64, '0');
  EXPECT_NE(error_of([&] { write_run_record(folder.path(), record); }).find("has digest"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(folder / kResultFile));
}

TEST(RunRecord, missing_predictions_are_refused) {
  const TemporaryFolder results;
  const auto folder = write_synthetic_run(results.path(), {});
  std::filesystem::remove(folder / kPredictionsFile);
  EXPECT_EQ(code_of(folder), ExitCode::kData);
}

TEST(RunRecord, predictions_of_another_run_are_refused) {
  const TemporaryFolder results;
  const auto folder = write_synthetic_run(results.path(), {.seed = 1});
  const auto other = write_synthetic_run(results.path(), {.seed = 2});
  std::filesystem::copy_file(other / kPredictionsFile, folder / kPredictionsFile,
                             std::filesystem::copy_options::overwrite_existing);
  EXPECT_NE(error_of([&] { read_run_record(folder); }).find("was written for"), std::string::npos);
}

TEST(RunRecord, an_edited_result_is_refused) {
  const TemporaryFolder results;
  const auto folder = write_synthetic_run(results.path(), {});
  edit(folder / kResultFile, "\"accuracy\": 0.5", "\"accuracy\": 0.9");
  EXPECT_NE(error_of([&] { read_run_record(folder); }).find("not those it was written with"),
            std::string::npos);
}

TEST(RunRecord, an_edited_time_is_no_matter) {
  const TemporaryFolder results;
  const auto folder = write_synthetic_run(results.path(), {});
  edit(folder / kResultFile, "\"train_s\": 1.0", "\"train_s\": 2.0");
  EXPECT_EQ(code_of(folder), ExitCode::kDone);
}

TEST(RunRecord, half_a_result_is_refused) {
  const TemporaryFolder results;
  const auto folder = write_synthetic_run(results.path(), {});
  std::filesystem::resize_file(folder / kResultFile, std::filesystem::file_size(folder / kResultFile) / 2);
  EXPECT_NE(error_of([&] { read_run_record(folder); }).find("is not a JSON object"), std::string::npos);
}

TEST(RunRecord, another_schema_is_refused_by_name) {
  const TemporaryFolder results;
  const auto folder = write_synthetic_run(results.path(), {});
  edit(folder / kResultFile, "mofi-result/1", "mofi-result/2");
  EXPECT_NE(
      error_of([&] { read_run_record(folder); }).find("mofi-result/2; this program reads mofi-result/1"),
      std::string::npos);
}

TEST(RunRecord, no_byte_of_the_predictions_can_be_flipped_unseen) {
  const TemporaryFolder results;
  const auto folder = write_synthetic_run(results.path(), {.songs = 4});
  const auto file = folder / kPredictionsFile;
  const std::string digest = read_predictions(file).header.content_sha256;
  const std::vector<std::byte> original = read_bytes(file);
  for (std::size_t at = 0; at < original.size(); at += 61) {
    std::vector<std::byte> flipped = original;
    flipped[at] ^= std::byte{0x10};
    std::ofstream(file, std::ios::binary)
        .write(reinterpret_cast<const char*>(flipped.data()), static_cast<std::streamsize>(flipped.size()));
    // Either it is refused, or the byte meant nothing (free space, the producer) and the contents are the
    // same.
    try {
      EXPECT_EQ(content_digest(read_predictions(file)), digest);
    } catch (const Error& error) {
      EXPECT_TRUE(error.code() == ExitCode::kData || error.code() == ExitCode::kMissing) << error.what();
    }
  }
}

TEST(RunRecord, a_command_line_that_is_no_utf8_loses_no_result) {
  const TemporaryFolder folder;
  write_predictions(folder / kPredictionsFile, synthetic_predictions({}));
  RunRecord record = synthetic_record({});
  record.predictions_sha256 = content_digest(synthetic_predictions({}));
  record.provenance["command"] = "mofi train --output caf\xE9";
  write_run_record(folder.path(), record);
  EXPECT_EQ(read_run_record(folder.path()).run_id, record.run_id);
}

}  // namespace
}  // namespace mofi
