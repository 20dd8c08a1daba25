// mofi import: MIDI-BERT's arrays → tokens.h5, its checkpoints → weights in safetensors.

#include <fmt/ranges.h>

#include <CLI/CLI.hpp>

#include "core/error.h"
#include "core/files.h"
#include "core/log.h"
#include "stage_main.h"
#include "storage/import_checkpoint.h"
#include "storage/safetensors_text.h"
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

void import_weights(const std::filesystem::path& checkpoint, const std::filesystem::path& output,
                    mofi::CheckpointOptions options, bool dry_run) {
  for (const std::string& name : mofi::token_scheme_names()) {
    auto& sizes = options.schemes[name];
    for (const mofi::TokenColumn& column : mofi::token_scheme(name).columns) sizes.push_back(column.size);
  }
  const mofi::ImportedCheckpoint imported = mofi::import_checkpoint(checkpoint, options);
  const mofi::MidibertLayout& layout = imported.layout;
  if (!imported.metadata.contains("scheme"))
    mofi::log_warning("{}: its columns have {} ids, as those of no token scheme; known are {}",
                      checkpoint.string(), fmt::join(layout.sizes.column_sizes, ", "),
                      fmt::join(mofi::token_scheme_names(), " and "));
  if (!dry_run) {
    mofi::remove_abandoned_temporaries(mofi::folder_of(output));
    mofi::write_safetensors(output, layout.tensors, imported.metadata);
  }
  fmt::print("{}{}, {}\n{}\n", dry_run ? "would write " : "", output.string(),
             mofi::totals_of(layout.tensors), mofi::text_of(layout));
  for (const auto& [key, value] : imported.file.checkpoint.scores) fmt::print("  {} {}\n", key, value);
  for (const auto& [names, why] :
       {std::pair(layout.unused, "never used by the model"), std::pair(layout.others, "not of the backbone")})
    if (!names.empty()) fmt::print("left out, {}: {}\n", why, fmt::join(names, ", "));
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{
      "Reads MIDI-BERT's arrays (rows x words x columns of token ids, and one label a row) into tokens.h5. "
      "Each row "
      "becomes a piece of its own. With --checkpoint: reads a checkpoint of MIDI-BERT (PyTorch's .ckpt, zip "
      "or "
      "legacy, nothing of which is run, or its state_dict in safetensors) into weights in safetensors that "
      "say "
      "which model they are."};
  app.footer(
      "Examples:\n"
      "  mofi import --npy X.npy --labels Y.npy --output tokens.h5\n"
      "  mofi import --npy emopia_train.npy --labels emopia_train_ans.npy --part train \\\n"
      "              --npy emopia_valid.npy --labels emopia_valid_ans.npy --part valid \\\n"
      "              --npy emopia_test.npy --labels emopia_test_ans.npy --part test --output tokens.h5\n"
      "  mofi import --checkpoint pretrain_model.ckpt --output weights.safetensors");
  std::vector<std::string> words, labels, parts;
  std::filesystem::path output, checkpoint;
  mofi::ImportOptions options;
  bool backbone_only = false;
  bool dry_run = false;
  auto* npy = app.add_option("--npy", words, "array of rows; repeatable, with a --part for each")
                  ->allow_extra_args(false);
  auto* weights = app.add_option("--checkpoint", checkpoint,
                                 "checkpoint of MIDI-BERT: pre-trained or fine-tuned; .ckpt or safetensors")
                      ->excludes(npy);
  app.add_flag("--backbone-only", backbone_only,
               "of the checkpoint, take MidiBERT alone, whatever else is in it")
      ->needs(weights);
  app.add_option("--labels", labels,
                 "array of their labels, one for each --npy; without any, rows are unlabelled")
      ->needs(npy)
      ->allow_extra_args(false);
  app.add_option("--part", parts, "the part of the split that the rows of an --npy are in")
      ->needs(npy)
      ->allow_extra_args(false)
      ->check(mofi::one_of({"train", "valid", "test"}));
  app.add_option("--split", options.split, "name of that split")->needs(npy)->capture_default_str();
  app.add_option(
         "--classes", options.class_names,
         "names of the classes, in order (default: Q1 to Q4 where there are four, else class_0, class_1 …)")
      ->delimiter(',');
  app.add_option("--dataset", options.dataset, "name of the data set, as results will show it")
      ->needs(npy)
      ->capture_default_str();
  app.add_option("--output", output, "the file to write")->required();
  app.add_flag("--dry-run", dry_run, "read and check, but write nothing");

  return mofi::run_stage(argc, argv, app, [&] {
    if (!checkpoint.empty())
      return import_weights(checkpoint, output, {backbone_only, options.class_names, {}}, dry_run);
    if (words.empty())
      mofi::fail(mofi::ExitCode::kUsage, "expected --npy or --checkpoint; --help has examples");
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
