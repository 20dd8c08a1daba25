// mofi mode: MIDI files → key and mode of each, mode.h5.

#include <fmt/core.h>

#include <CLI/CLI.hpp>

#include "stage_main.h"
#include "tonality/find_modes.h"

int main(int argc, char** argv) {
  CLI::App app{"Finds key and mode of every piece of a data set by correlation with key profiles: mode.h5."};
  app.footer("Example: mofi mode --dataset emopia --input data/emopia --output mode.h5");
  std::string dataset;
  std::filesystem::path input, output;
  mofi::FolderOptions folder;
  mofi::ReadOptions read;
  mofi::ModeOptions options;
  bool dry_run = false;
  app.add_option("--dataset", dataset,
                 "emopia, vgmidi or folder (any MIDI files with a CSV file,label[,group,split])")
      ->required();
  app.add_option("--input", input, "folder of the data set")->required();
  app.add_option("--output", output, "the file to write")->required();
  app.add_option("--labels", folder.labels,
                 "CSV of the data set folder (default: labels.csv in it, if there)");
  app.add_option("--profile", options.profile, "key profile")->capture_default_str();
  app.add_option("--weighting", options.weighting, "what a note counts: its ticks, or one (count)")
      ->capture_default_str();
  app.add_flag("--skip-bad-files", read.skip_bad_files, "go on without MIDI files that cannot be read");
  app.add_option("--threads", read.threads, "threads that read files (default: one for every core)")
      ->check(CLI::Range(0, 1024));
  app.add_flag("--dry-run", dry_run, "only say what would be done");

  return mofi::run_stage(argc, argv, app, [&] {
    const mofi::Corpus corpus = mofi::open_corpus(dataset, input, folder);
    if (dry_run) {
      fmt::print("would find the modes of {} files of {} by {} into {}\n", corpus.files.size(), corpus.name,
                 options.profile, output.string());
      return;
    }
    const mofi::ModeTable table = mofi::find_modes(corpus, options, read);
    mofi::write_modes(output, table);
    fmt::print("{}digest {}\n", mofi::summary(table, corpus), table.header.content_sha256);
  });
}
