// mofi synthesize: a labelled corpus of MIDI files with known rules.

#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <string>

#include "core/error.h"
#include "core/files.h"
#include "midi/corpus.h"
#include "midi/synthetic_corpus.h"
#include "stage_main.h"

namespace {

/// Labels of the user's own music are not to be lost.
void refuse_labels_of_others(const std::filesystem::path& labels) {
  if (!std::filesystem::exists(labels)) return;
  const std::string header = mofi::synthetic_labels({});
  if (!mofi::read_text(labels).starts_with(header))
    mofi::fail(mofi::ExitCode::kUsage, "{}: is there already, and not of composed music; name another folder",
               labels.string());
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{
      "Writes generated music whose emotion follows known rules: the mode tells valence; tempo, loudness, "
      "density and\n"
      "register tell arousal; the key tells nothing. Its best accuracies are known, so it tests a whole "
      "experiment."};
  app.footer(
      "Example: mofi synthesize --output music && mofi tokenize --dataset folder --input music --output "
      "tokens.h5");
  std::filesystem::path output;
  mofi::SyntheticCorpusConfig config;
  bool dry_run = false;
  app.add_option("--output", output, "folder to write: MIDI files and labels.csv")->required();
  app.add_option("--pieces", config.pieces, "clips, two a song")
      ->capture_default_str()
      ->check(mofi::integer(8, 1e5));
  app.add_option("--seed", config.seed, "what everything is drawn from")
      ->capture_default_str()
      ->check(mofi::integer(0));
  app.add_option("--mode-valence-agreement", config.mode_valence_agreement,
                 "share of clips whose mode is that of their valence")
      ->capture_default_str()
      ->check(mofi::number(0, 1));
  app.add_flag("--unseen-keys", config.unseen_keys, "test clips are in four tonics that no other clip is in");
  app.add_flag("--dry-run", dry_run, "only say what would be done");

  return mofi::run_stage(argc, argv, app, [&] {
    refuse_labels_of_others(output / "labels.csv");
    if (dry_run) {
      fmt::print("would write {} MIDI files and labels.csv into {}\n", config.pieces, output.string());
      return;
    }
    const std::vector<mofi::SyntheticPiece> pieces = mofi::compose_corpus(config);
    const std::string digest = mofi::write_synthetic_corpus(output, pieces);
    fmt::print("{}digest {}\n", mofi::summary(pieces), digest);
  });
}
