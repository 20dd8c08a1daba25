// mofi mode: MIDI files → key and mode of each, mode.h5.

#include <fmt/core.h>

#include "config_flags.h"
#include "core/error.h"
#include "core/files.h"
#include "midi/dataset_config.h"
#include "ranked_stage.h"
#include "tokens/token_table.h"
#include "tonality/find_modes.h"
#include "tonality/key_report.h"

namespace {

using namespace mofi;

/// How the rows of a token file were cut, for keys of each row.
void take_options_of(const std::filesystem::path& tokens_file, ReadOptions& reading, TokenOptions& tokens) {
  const TokenTable table = read_tokens(tokens_file);
  if (table.options.empty())
    fail(ExitCode::kData,
         "{}: does not say how its rows were made (it was imported), so they cannot have keys",
         tokens_file.string());
  const ConfigNode made_by = parse_config(table.options, tokens_file.string());
  tokens = read_section<TokenOptions>(made_by, "tokens");
  reading.pairing = read_section<ReadOptions>(made_by, "reading").pairing;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Find key and mode of every piece of a data set by correlation with key profiles: mode.h5."};
  app.footer(
      "Examples:\n"
      "  mofi mode --dataset emopia --input data/emopia --output mode.h5\n"
      "  mofi mode --dataset emopia --input data/emopia --unit segment --tokens tokens.h5 --output mode.h5\n"
      "  mofi mode --dataset emopia --input data/emopia --report-all");
  ConfigFlags flags(app);
  add_dataset_flags(flags);
  flags.section<ModeOptions>("tonality", "Keys");
  flags.section<ReadOptions>("reading", "Reading");
  flags.section<TokenOptions>("tokens", "Rows of words, for --unit segment without --tokens");
  std::filesystem::path output, tokens_file, keys;
  bool dry_run = false, report = false, report_all = false;
  auto* output_option = app.add_option("--output", output, "the file to write; a report does without");
  auto* tokens_option =
      app.add_option("--tokens", tokens_file, "tokens.h5 whose rows are the segments of --unit segment");
  for (const char* said_by_file :
       {"--pairing", "--scheme", "--ticks", "--out-of-range", "--segment-words", "--min-tail-words"})
    tokens_option->excludes(flags.option(said_by_file));
  app.add_flag("--report", report, "print how the modes go with the labels");
  app.add_flag("--report-all", report_all,
               "the same for every profile with every weighting, one a line; writes no file")
      ->excludes(output_option)
      ->excludes(flags.option("--profile"))
      ->excludes(flags.option("--weighting"));
  app.add_option(
      "--keys", keys,
      "CSV file,tonic_pc,mode (0 = C; major or minor) of true keys, such as the labels.csv of synthesize: "
      "the report counts how many are found");
  app.add_flag("--dry-run", dry_run, "only say what would be done");

  return run_ranked_stage(argc, argv, app, [&](const World& world) {
    if (output.empty() && !report && !report_all)
      fail(ExitCode::kUsage, "--output is missing; only --report and --report-all do without");
    if (!keys.empty() && !report && !report_all)
      fail(ExitCode::kUsage, "--keys is for a report; expected --report or --report-all with it");
    const ConfigNode root = flags.tree();
    const auto options = read_section<ModeOptions>(root, "tonality");
    auto reading = read_section<ReadOptions>(root, "reading");
    auto tokens = read_section<TokenOptions>(root, "tokens");
    const bool of_segments = options.unit == "segment";
    if (of_segments && (report || report_all))
      fail(ExitCode::kUsage, "a report is of whole pieces; expected it without --unit segment");
    if (!of_segments && !tokens_file.empty())
      fail(ExitCode::kUsage, "--tokens names the rows that have keys; expected --unit segment with it");
    if (!tokens_file.empty()) take_options_of(tokens_file, reading, tokens);
    const Corpus corpus = open_dataset(read_section<DatasetConfig>(root, "dataset"));
    if (world.is_root()) tell_of(corpus);
    std::optional<TrueKeys> truth;
    if (!keys.empty()) truth = read_true_keys(keys, corpus);
    if (dry_run) {
      if (world.is_root())
        fmt::print("would find the modes of {} files of {} by {}{}\n", corpus.files.size(), corpus.name,
                   report_all ? "every profile" : options.profile,
                   output.empty() ? "" : " into " + output.string());
      return;
    }
    if (report_all) {
      const auto surveys = survey_keys(corpus, all_key_methods(), reading, world.team());
      if (world.is_root()) fmt::print("{}", comparison_of(surveys, corpus, truth));
      return;
    }
    const ModeTable table = find_modes(corpus, options, tokens, reading, world.team());
    if (!world.is_root()) return;
    if (!output.empty()) {
      remove_abandoned_temporaries(folder_of(output));
      write_modes(output, table);
    }
    fmt::print("{}digest {}\n", report ? report_of(table, corpus, truth) : summary_of(table, corpus),
               table.header.content_sha256);
  });
}
