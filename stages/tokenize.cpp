// mofi tokenize: MIDI files and their labels → tokens.h5.

#include <fmt/core.h>

#include <CLI/CLI.hpp>

#include "stage_main.h"
#include "tokens/tokenize_corpus.h"

int main(int argc, char** argv) {
  CLI::App app{
      "Turns a data set of MIDI files into Compound Words: tokens.h5 with labels, songs and published "
      "splits."};
  app.footer("Example: mofi tokenize --dataset emopia --input data/emopia --output tokens.h5");
  std::string dataset;
  std::filesystem::path input, output;
  mofi::FolderOptions folder;
  mofi::ReadOptions read;
  bool dry_run = false;
  app.add_option("--dataset", dataset,
                 "emopia, vgmidi or folder (any MIDI files with a CSV file,label[,group,split])")
      ->required();
  app.add_option("--input", input, "folder of the data set")->required();
  app.add_option("--output", output, "the file to write")->required();
  app.add_option("--labels", folder.labels,
                 "CSV of the data set folder (default: labels.csv in it, if there)");
  app.add_option("--classes", folder.class_names, "the allowed labels, in order (default: those that occur)")
      ->delimiter(',');
  app.add_flag("--skip-bad-files", read.skip_bad_files, "go on without MIDI files that cannot be read");
  app.add_option("--threads", read.threads, "threads that read files (default: one for every core)")
      ->check(CLI::Range(0, 1024));
  app.add_flag("--dry-run", dry_run, "only say what would be done");

  return mofi::run_stage(argc, argv, app, [&] {
    const mofi::Corpus corpus = mofi::open_corpus(dataset, input, folder);
    if (dry_run) {
      fmt::print("would tokenise {} files of {} into {}\n", corpus.files.size(), corpus.name,
                 output.string());
      return;
    }
    const mofi::TokenizedCorpus tokenized = mofi::tokenize_corpus(corpus, read);
    mofi::write_tokens(output, tokenized.table);
    fmt::print("{}digest {}\n", mofi::summary(tokenized), tokenized.table.header.content_sha256);
  });
}
