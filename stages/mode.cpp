// mofi mode: MIDI files → key and mode of each, mode.h5.

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>

#include "core/error.h"
#include "stage_main.h"
#include "tonality/find_modes.h"
#include "tonality/key_report.h"

int main(int argc, char** argv) {
  CLI::App app{"Finds key and mode of every piece of a data set by correlation with key profiles: mode.h5."};
  app.footer(
      "Examples: mofi mode --dataset emopia --input data/emopia --output mode.h5\n"
      "          mofi mode --dataset emopia --input data/emopia --report-all");
  std::string dataset;
  std::filesystem::path input, output, keys;
  mofi::FolderOptions folder;
  mofi::ReadOptions read;
  mofi::ModeOptions options;
  bool dry_run = false, report = false, report_all = false;
  app.add_option("--dataset", dataset,
                 "emopia, vgmidi or folder (any MIDI files with a CSV file,label[,group,split])")
      ->required();
  app.add_option("--input", input, "folder of the data set")->required();
  auto* output_option = app.add_option("--output", output, "the file to write; a report does without");
  app.add_option("--labels", folder.labels,
                 "CSV of the data set folder (default: labels.csv in it, if there)");
  auto* profile_option =
      app.add_option("--profile", options.profile,
                     fmt::format("key profile: {}", fmt::join(mofi::key_profile_names(), ", ")))
          ->capture_default_str();
  auto* weighting_option =
      app.add_option("--weighting", options.weighting, mofi::weighting_help())->capture_default_str();
  app.add_flag("--report", report, "print how the modes go with the labels");
  app.add_flag("--report-all", report_all,
               "the same for every profile with every weighting, one a line; writes no file")
      ->excludes(output_option)
      ->excludes(profile_option)
      ->excludes(weighting_option);
  app.add_option(
      "--keys", keys,
      "CSV file,tonic_pc,mode (0 = C; major or minor) of true keys: the report counts how many are "
      "found");
  app.add_flag("--skip-bad-files", read.skip_bad_files, "go on without MIDI files that cannot be read");
  app.add_option("--threads", read.threads, "threads that read files (default: one for every core)")
      ->check(CLI::Range(0, 1024));
  app.add_flag("--dry-run", dry_run, "only say what would be done");

  return mofi::run_stage(argc, argv, app, [&] {
    if (output.empty() && !report && !report_all)
      mofi::fail(mofi::ExitCode::kUsage, "--output is missing; only --report and --report-all do without");
    if (!keys.empty() && !report && !report_all)
      mofi::fail(mofi::ExitCode::kUsage, "--keys is for a report; expected --report or --report-all with it");
    const mofi::Corpus corpus = mofi::open_corpus(dataset, input, folder);
    std::optional<mofi::TrueKeys> truth;
    if (!keys.empty()) truth = mofi::read_true_keys(keys, corpus);
    if (dry_run) {
      fmt::print("would find the modes of {} files of {} by {}{}\n", corpus.files.size(), corpus.name,
                 report_all ? "every profile" : options.profile,
                 output.empty() ? "" : " into " + output.string());
      return;
    }
    if (report_all) {
      const auto surveys = mofi::survey_keys(corpus, mofi::all_key_methods(), read);
      fmt::print("{}", mofi::comparison_of(surveys, corpus, truth));
      return;
    }
    const mofi::ModeTable table = mofi::find_modes(corpus, options, read);
    if (!output.empty()) mofi::write_modes(output, table);
    fmt::print("{}digest {}\n",
               report ? mofi::report_of(table, corpus, truth) : mofi::summary_of(table, corpus),
               table.header.content_sha256);
  });
}
