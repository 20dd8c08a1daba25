// mofi features: MIDI files → symbolic features of each, features.h5.

#include <fmt/core.h>

#include "config_flags.h"
#include "core/error.h"
#include "core/files.h"
#include "features/extract_features.h"
#include "features/feature_text.h"
#include "midi/dataset_config.h"
#include "ranked_stage.h"

int main(int argc, char** argv) {
  using namespace mofi;
  CLI::App app{
      "Take the symbolic features of every piece of a data set: features.h5. They are what classical "
      "baselines "
      "see; the summary says what each is."};
  app.footer(
      "Example:\n"
      "  mofi features --dataset emopia --input data/emopia --output features.h5");
  ConfigFlags flags(app);
  add_dataset_flags(flags);
  flags.section<ModeOptions>("tonality", "Keys", {{"unit", ""}});
  flags.section<ReadOptions>("reading", "Reading");
  std::filesystem::path output;
  bool dry_run = false;
  app.add_option("--output", output, "the file to write")->required();
  app.add_flag("--dry-run", dry_run, "only say what would be done");

  return run_ranked_stage(argc, argv, app, [&](const World& world) {
    const ConfigNode root = flags.tree();
    const auto options = read_section<ModeOptions>(root, "tonality");
    const auto reading = read_section<ReadOptions>(root, "reading");
    const Corpus corpus = open_dataset(read_section<DatasetConfig>(root, "dataset"));
    if (world.is_root()) tell_of(corpus);
    if (dry_run) {
      if (world.is_root())
        fmt::print("would take {} features of {} files of {} into {}\n", kFeatures, corpus.files.size(),
                   corpus.name, output.string());
      return;
    }
    const FeatureTable table = extract_features(corpus, options, reading, world.team());
    if (!world.is_root()) return;
    remove_abandoned_temporaries(folder_of(output));
    write_features(output, table);
    fmt::print("{}digest {}\n", summary_of(table), table.header.content_sha256);
  });
}
