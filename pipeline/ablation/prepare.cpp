#include "ablation/prepare.h"

#include "core/csv.h"
#include "core/error.h"
#include "core/files.h"
#include "core/log.h"
#include "tokens/tokenize_corpus.h"
#include "tonality/key_report.h"

namespace mofi {
namespace {

constexpr const char* kTokensFile = "tokens.h5";
constexpr const char* kModeFile = "mode.h5";
constexpr const char* kMusicFolder = "midi";  // composed

bool is_composed(const DatasetConfig& dataset) {
  return dataset.name == "synthetic" && dataset.input.empty();
}

/// Whether the file holds these contents already. A damaged or foreign one counts as different, and is
/// replaced.
template <class Read>
bool holds(const std::filesystem::path& path, const std::string& digest, Read read) {
  if (!std::filesystem::exists(path)) return false;
  try {
    return read(path).header.content_sha256 == digest;
  } catch (const Error& error) {
    log_warning("{} is made again: {}", path.string(), error.what());
    return false;
  }
}

}  // namespace

FoundDataset find_dataset(const std::string& name, const std::filesystem::path& folder) {
  if (folder.empty())
    fail(ExitCode::kUsage, "data set {} needs its folder: give --data DIR or set dataset.input", name);
  if (!std::filesystem::is_directory(folder)) fail(ExitCode::kMissing, "{}: no such folder", folder.string());
  for (const char* known : {"emopia", "vgmidi"}) {
    if (name != known && name != "synthetic") continue;  // a composed corpus may be replaced by any real one
    for (const auto& candidate : {folder, folder / known}) {
      const char* landmark = std::string(known) == "emopia" ? "midis" : "vgmidi_labelled.csv";
      if (std::filesystem::exists(candidate / landmark)) return {known, candidate};
    }
  }
  return {name == "synthetic" ? "folder" : name, folder};
}

void compose_music(const Experiment& experiment, const std::filesystem::path& results) {
  if (!is_composed(experiment.dataset)) return;
  remove_abandoned_temporaries(results / kMusicFolder);
  write_synthetic_corpus(results / kMusicFolder, compose_corpus(experiment.dataset.synthetic));
}

void make_inputs(const Experiment& experiment, const std::filesystem::path& results, const Team& team) {
  const DatasetConfig& wanted = experiment.dataset;
  FoundDataset found{"folder", results / kMusicFolder};
  if (!is_composed(wanted)) found = find_dataset(wanted.name, wanted.input);
  const Corpus corpus = open_corpus(found.name, found.folder, {wanted.labels, wanted.classes});

  auto files = read_files<std::pair<FileTokens, FileModes>>(
      corpus, experiment.reading, team, "tokens, modes", [&](const CorpusPiece& piece) {
        return std::pair(tokens_of_file(piece.midi, experiment.tokens),
                         modes_of_file(piece.midi, experiment.tonality, experiment.tokens));
      });
  if (!team.is_root()) return;
  std::vector<ReadFile<FileTokens>> tokens;
  std::vector<ReadFile<FileModes>> keys;
  for (auto& [midi_sha256, made] : files) {
    tokens.push_back({midi_sha256, std::move(made.first)});
    keys.push_back({midi_sha256, std::move(made.second)});
  }
  const TokenizedCorpus tokenized =
      table_of(corpus, experiment.tokens, experiment.reading, std::move(tokens));
  const ModeTable modes =
      table_of(corpus, experiment.tonality, experiment.tokens, experiment.reading, std::move(keys));
  for (const char* folder : {"", "tables"}) remove_abandoned_temporaries(results / folder);
  log_info("{}", summary(tokenized));
  if (!holds(results / kTokensFile, tokenized.table.header.content_sha256, read_tokens))
    write_tokens(results / kTokensFile, tokenized.table);
  log_info("{}", summary_of(modes, corpus));
  if (!holds(results / kModeFile, modes.header.content_sha256, read_modes))
    write_modes(results / kModeFile, modes);
}

void use_data(ConfigNode& root, const std::filesystem::path& folder) {
  const auto text = [&](const std::string& value) {
    ConfigNode node;
    node.kind = ConfigNode::Kind::kScalar;
    node.scalar = value;
    node.source = {"--data " + folder.string(), 0};
    return node;
  };
  set_config(root, "dataset.input", text(folder.string()));
  const auto fields = read_experiment(root);
  if (fields.dataset.name != "synthetic") return;

  const FoundDataset found = find_dataset("synthetic", folder);
  set_config(root, "dataset.name", text(found.name));
  set_config(root, "dataset.input", text(found.folder.string()));
  set_config(root, "name", text(fields.name + "_" + found.name));
  const auto labels = found.folder / "labels.csv";
  if (found.name == "emopia") {
    set_config(root, "data.split", text("song_level"));
  } else if (found.name == "vgmidi" || !std::filesystem::exists(labels) || !read_csv(labels).has("split")) {
    set_config(root, "data.split", text("folds"));
    ConfigNode parts;
    parts.kind = ConfigNode::Kind::kSequence;
    parts.items = {text("test")};
    set_config(root, "data.evaluate", parts);
  }
}

LoadedInputs load_inputs(const InputsConfig& inputs, const std::filesystem::path& results) {
  const std::filesystem::path tokens =
      inputs.tokens.empty() ? results / kTokensFile : std::filesystem::path(inputs.tokens);
  // A mode file is taken from the results folder only together with its tokens.
  std::filesystem::path mode = inputs.mode;
  if (mode.empty() && inputs.tokens.empty()) mode = results / kModeFile;
  if (!std::filesystem::exists(tokens))
    fail(ExitCode::kMissing,
         "{}: no such file; make it with `mofi tokenize`, or let `mofi run` do the whole chain",
         tokens.string());
  LoadedInputs loaded{read_tokens(tokens), {}};
  if (std::filesystem::exists(mode))
    loaded.modes = read_modes(mode);
  else if (!inputs.mode.empty())
    fail(ExitCode::kMissing, "{}: no such file; make it with `mofi mode`", mode.string());
  return loaded;
}

}  // namespace mofi
