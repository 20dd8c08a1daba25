// mofi import: MIDI-BERT's arrays → tokens.h5.

#include <fmt/core.h>

#include <CLI/CLI.hpp>

#include "core/error.h"
#include "core/files.h"
#include "core/log.h"
#include "stage_main.h"
#include "tokens/midibert_arrays.h"
#include "tokens/token_text.h"

namespace {

/// The n-th --npy goes with the n-th --labels and the n-th --part.
std::vector<mofi::ArrayToImport> arrays_of(const std::vector<std::string>& words,
                                           const std::vector<std::string>& labels,
                                           const std::vector<std::string>& parts) {
  using mofi::ExitCode;
  if (!labels.empty() && labels.size() != words.size())
    mofi::fail(ExitCode::kUsage,
               "--npy is given {} times and --labels {} times; expected one --labels for each, or none",
               words.size(), labels.size());
  if (parts.empty() && words.size() > 1)
    mofi::fail(ExitCode::kUsage, "--npy is given {} times; expected a --part (train, valid, test) for each",
               words.size());
  if (!parts.empty() && parts.size() != words.size())
    mofi::fail(ExitCode::kUsage, "--npy is given {} times and --part {} times; expected one --part for each",
               words.size(), parts.size());
  std::vector<mofi::ArrayToImport> arrays;
  for (std::size_t i = 0; i < words.size(); ++i) {
    mofi::ArrayToImport array{words[i], labels.empty() ? "" : labels[i]};
    for (const auto part : {mofi::SplitPart::kTrain, mofi::SplitPart::kValid, mofi::SplitPart::kTest})
      if (!parts.empty() && parts[i] == mofi::split_part_name(part)) array.part = part;
    arrays.push_back(std::move(array));
  }
  return arrays;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{
      "Reads MIDI-BERT's arrays (rows x words x columns of token ids, and one label a row) into tokens.h5. "
      "Each row "
      "becomes a piece of its own."};
  app.footer(
      "Examples:\n"
      "  mofi import --npy X.npy --labels Y.npy --output tokens.h5\n"
      "  mofi import --npy emopia_train.npy --labels emopia_train_ans.npy --part train \\\n"
      "              --npy emopia_valid.npy --labels emopia_valid_ans.npy --part valid \\\n"
      "              --npy emopia_test.npy --labels emopia_test_ans.npy --part test --output tokens.h5");
  std::vector<std::string> words, labels, parts;
  std::filesystem::path output;
  mofi::ImportOptions options;
  bool dry_run = false;
  app.add_option("--npy", words, "array of rows; repeatable, with a --part for each")
      ->required()
      ->allow_extra_args(false);
  app.add_option("--labels", labels,
                 "array of their labels, one for each --npy; without any, rows are unlabelled")
      ->allow_extra_args(false);
  app.add_option("--part", parts, "the part of the split that the rows of an --npy are in")
      ->allow_extra_args(false)
      ->check(CLI::IsMember({"train", "valid", "test"}));
  app.add_option("--split", options.split, "name of that split")->capture_default_str();
  app.add_option(
         "--classes", options.class_names,
         "names of the classes, in order (default: Q1 to Q4 for the labels 0 to 3, else class_0, class_1 …)")
      ->delimiter(',');
  app.add_option("--dataset", options.dataset, "name of the data set, as results will show it")
      ->capture_default_str();
  app.add_option("--output", output, "the file to write")->required();
  app.add_flag("--dry-run", dry_run, "read and check the arrays, but write nothing");

  return mofi::run_stage(argc, argv, app, [&] {
    const std::vector<mofi::ArrayToImport> arrays = arrays_of(words, labels, parts);
    const mofi::TokenTable table = mofi::import_midibert_arrays(arrays, options);
    if (!dry_run) {
      mofi::remove_abandoned_temporaries(mofi::folder_of(output));
      mofi::write_tokens(output, table);
    }
    fmt::print("{}{}, scheme {}\n{}digest {}\n", dry_run ? "would write " : "", output.string(),
               table.scheme.name, mofi::contents_text(table), table.header.content_sha256);
    mofi::log_warning(
        "each row is a piece and a song of its own, as arrays do not say which rows are of one song: parts "
        "may share "
        "songs, and folds made of these rows will");
  });
}
