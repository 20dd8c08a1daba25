// mofi export: tokens.h5 → MIDI-BERT's arrays.

#include <fmt/core.h>

#include <CLI/CLI.hpp>

#include "core/aligned.h"
#include "core/log.h"
#include "midi/corpus.h"
#include "stage_main.h"
#include "storage/npy.h"
#include "tokens/midibert_arrays.h"

int main(int argc, char** argv) {
  CLI::App app{
      "Writes tokens and labels as the arrays that MIDI-BERT reads: PREFIX.npy, int64 rows x words x "
      "columns, "
      "and PREFIX_ans.npy, int64, one class a row (-1: none). Rows are in the order of the table."};
  app.footer(
      "Example: mofi export --tokens tokens.h5 --split midibert/test --output emopia_test\n"
      "writes emopia_test.npy and emopia_test_ans.npy");
  std::filesystem::path tokens, prefix;
  std::string split;
  bool dry_run = false;
  app.add_option("--tokens", tokens, "tokens.h5")->required();
  app.add_option("--split", split, "SPLIT/PART, such as midibert/test (default: all rows)");
  app.add_option("--output", prefix, "PREFIX of the two files to write")->required();
  app.add_flag("--dry-run", dry_run, "only say what would be done");

  return mofi::run_stage(argc, argv, app, [&] {
    const mofi::TokenTable table = mofi::read_tokens(tokens);
    const std::vector<std::size_t> rows = mofi::rows_in_split(table, split, tokens.string());
    if (dry_run) {
      const mofi::ExportFiles files = mofi::export_files(prefix);
      fmt::print("would write {} of {} as {} and {}\n", mofi::counted(rows.size(), "row"),
                 split.empty() ? "all pieces" : split, files.words.string(), files.labels.string());
      return;
    }
    const mofi::MidibertArrays arrays = mofi::to_midibert_arrays(table, rows);
    const mofi::ExportedFiles files = mofi::write_midibert_arrays(prefix, arrays);
    if (arrays.unlabelled_rows > 0)
      mofi::log_warning(
          "{} of {} rows have no label, -1 in {}; MIDI-BERT's fine-tuning takes labelled rows only",
          arrays.unlabelled_rows, rows.size(), files.labels.string());
    const std::vector<int> labels(arrays.labels.begin(), arrays.labels.end());
    fmt::print("{}: int64 {}, SHA-256 of the data {}\n", files.words.string(), mofi::shape_text(arrays.shape),
               files.words_sha256);
    fmt::print("{}: int64 {}, SHA-256 of the data {}\n", files.labels.string(),
               mofi::shape_text(std::span(arrays.shape).first(1)), files.labels_sha256);
    fmt::print("rows: {}\n", mofi::label_counts(labels, table.class_names));
  });
}
