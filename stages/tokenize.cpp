// mofi tokenize: MIDI files and their labels → tokens.h5.

#include <fmt/core.h>

#include "config_flags.h"
#include "core/error.h"
#include "core/files.h"
#include "midi/dataset_config.h"
#include "ranked_stage.h"
#include "tokens/tokenize_corpus.h"

int main(int argc, char** argv) {
  using namespace mofi;
  CLI::App app{
      "Turn a data set of MIDI files into Compound Words: tokens.h5 with labels, songs and published "
      "splits."};
  app.footer(
      "Examples:\n"
      "  mofi tokenize --dataset emopia --input data/emopia --output tokens.h5\n"
      "  mofi tokenize --dataset folder --input my_midis --scheme cp6 --output tokens.h5\n"
      "  mofi tokenize --dataset pretrain --input data/pretrain --output pretrain.h5\n"
      "  mofi --ranks 8 tokenize --dataset folder --input million_midis --skip-bad-files --output "
      "tokens.h5");
  ConfigFlags flags(app);
  add_dataset_flags(flags);
  flags.section<TokenOptions>("tokens", "Tokens (MIDI-BERT's by default)");
  flags.section<ReadOptions>("reading", "Reading");
  std::filesystem::path output;
  bool dry_run = false;
  app.add_option("--output", output, "the file to write")->required();
  app.add_flag("--dry-run", dry_run, "only say what would be done");

  return run_ranked_stage(argc, argv, app, [&](const World& world) {
    const ConfigNode root = flags.tree();
    const auto options = read_section<TokenOptions>(root, "tokens");
    const auto reading = read_section<ReadOptions>(root, "reading");
    const Corpus corpus = open_dataset(read_section<DatasetConfig>(root, "dataset"));
    if (world.is_root()) tell_of(corpus);
    if (dry_run) {
      if (world.is_root())
        fmt::print("would tokenise {} files of {} as {} into {}\n", corpus.files.size(), corpus.name,
                   options.scheme, output.string());
      return;
    }
    const TokenizedCorpus tokenized = tokenize_corpus(corpus, options, reading, world.team());
    if (!world.is_root()) return;
    remove_abandoned_temporaries(folder_of(output));
    write_tokens(output, tokenized.table);
    fmt::print("{}digest {}\n", summary(tokenized), tokenized.table.header.content_sha256);
  });
}
