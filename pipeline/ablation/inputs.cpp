#include "ablation/inputs.h"

#include <algorithm>
#include <set>

#include "ablation/cell_slugs.h"
#include "core/error.h"
#include "core/hash.h"

namespace mofi {
namespace {

constexpr const char* kTokensFile = "tokens.h5";
constexpr const char* kModeFile = "mode";
constexpr const char* kFeaturesFile = "features";
constexpr const char* kFolder = "inputs";

/// What decides the tokens, the key profile apart; ready-made files are no part of it.
struct TokensMade {
  DatasetConfig dataset;
  ReadOptions reading;
  TokenOptions tokens;
};
void describe(auto& field, TokensMade& made) {
  field("dataset", made.dataset, {.help = ""});
  field("reading", made.reading, {.help = ""});
  field("tokens", made.tokens, {.help = ""});
}

template <class T>
std::vector<FieldLine> values_of(T config) {
  FieldLister lister;
  describe(lister, config);
  return lister.lines();
}

std::string with(const std::string& name, const std::string& part) {
  return name.empty() || part.empty() ? name + part : name + "_" + part;
}

/// Names for different configs of one kind, by the fields in which they differ: "emopia", "vgmidi_cp6".
template <class T>
std::map<std::string, std::string> names_of(const std::vector<T>& configs) {
  std::map<std::string, std::vector<FieldLine>> fields;  // by the whole config
  for (const T& config : configs) fields.emplace(config_to_json(config).dump(), values_of(config));
  const std::vector<FieldLine>& first = fields.begin()->second;
  std::map<std::string, std::string> names;
  std::set<std::string> taken;
  for (const auto& [config, lines] : fields) {
    std::string name;
    for (std::size_t i = 0; i < lines.size(); ++i) {
      const auto differs = [&](const auto& other) {
        return other.second[i].default_value != first[i].default_value;
      };
      if (std::ranges::none_of(fields, differs)) continue;
      name = with(name, slug_of_json(lines[i].path, lines[i].default_value));
    }
    name.resize(std::min(name.size(), kLongestSlug));
    if (fields.size() > 1 && (name.empty() || !taken.insert(name).second))
      name = with(name, sha256_of_text(config).substr(0, 8));
    names[config] = name;
  }
  return names;
}

bool is_made(const MusicConfig& music) { return music.inputs.tokens.empty(); }
TokensMade tokens_made(const MusicConfig& music) { return {music.dataset, music.reading, music.tokens}; }

std::string name_of_ready(const MusicConfig& music) {
  return slug_of_value("", std::filesystem::path(music.inputs.tokens).stem().string(), true);
}

/// One music needs no name; those of the same name, ready-made ones, are counted.
void name_apart(std::vector<InputFiles>& files) {
  std::map<std::string, int> times;
  for (InputFiles& one : files) {
    if (files.size() == 1) one.name.clear();
    if (const int count = ++times[one.name]; count > 1) one.name = with(one.name, std::to_string(count));
  }
}

}  // namespace

std::vector<InputFiles> input_files(const std::vector<MusicConfig>& music,
                                    const std::filesystem::path& results) {
  std::vector<TokensMade> made;
  std::map<std::string, std::vector<ModeOptions>> tonalities;  // of the same tokens
  for (const MusicConfig& one : music) {
    if (!is_made(one)) continue;
    made.push_back(tokens_made(one));
    tonalities[config_to_json(made.back()).dump()].push_back(one.tonality);
  }
  std::map<std::string, std::string> names;
  if (!made.empty()) names = names_of(made);

  std::vector<InputFiles> files;
  for (const MusicConfig& one : music) {
    if (!is_made(one)) {
      files.push_back({name_of_ready(one), "", one.inputs.tokens, one.inputs.mode, one.inputs.features});
      continue;
    }
    const std::string key = config_to_json(tokens_made(one)).dump();
    const auto folder = names.size() == 1 ? results : results / kFolder / names.at(key);
    const auto tonality_names = names_of(tonalities.at(key));
    const std::string tonality = tonality_names.at(config_to_json(one.tonality).dump());
    const auto file = [&](const std::string& ready, const char* made) {
      return ready.empty() ? folder / (with(made, tonality) + ".h5") : std::filesystem::path(ready);
    };
    files.push_back({with(names.at(key), tonality), folder, folder / kTokensFile,
                     file(one.inputs.mode, kModeFile), file(one.inputs.features, kFeaturesFile)});
  }
  name_apart(files);
  return files;
}

SweepInputs::SweepInputs(const std::vector<MusicConfig>& music, const std::filesystem::path& results) {
  const std::vector<InputFiles> files = input_files(music, results);
  for (std::size_t i = 0; i < files.size(); ++i) files_.push_back({files[i], !music[i].inputs.mode.empty()});
}

namespace {
std::string who_needs_features(const RunConfig& config) {
  return is_classical(config.system) ? "system " + config.system : "injection.condition features";
}
}  // namespace

RunInputs SweepInputs::of(const Cell& cell) {
  const Files& files = files_.at(cell.music);
  RunInputs inputs{&tokens(files.tokens), modes(files.mode, files.mode_is_required)};
  if (needs_features(cell.config))
    inputs.features = &features(files.features, who_needs_features(cell.config));
  return inputs;
}

const TokenTable& SweepInputs::tokens(const std::filesystem::path& path) {
  auto& table = tokens_[path];
  if (table == nullptr) {
    if (!std::filesystem::exists(path))
      fail(ExitCode::kMissing,
           "{}: no such file; `mofi run --dry-run` with this config makes it, or `mofi tokenize`",
           path.string());
    table = std::make_unique<const TokenTable>(read_tokens(path));
  }
  return *table;
}

const ModeTable* SweepInputs::modes(const std::filesystem::path& path, bool is_required) {
  const auto known = modes_.find(path);
  if (known != modes_.end()) return known->second.get();
  auto& table = modes_[path];
  if (!path.empty() && std::filesystem::exists(path))
    table = std::make_unique<const ModeTable>(read_modes(path));
  else if (is_required)
    fail(ExitCode::kMissing, "{}: no such file; make it with `mofi mode`", path.string());
  return table.get();
}

const FeatureTable& SweepInputs::features(const std::filesystem::path& path, const std::string& who) {
  auto& table = features_[path];
  if (table == nullptr) {
    if (path.empty())
      fail(ExitCode::kUsage,
           "{} needs features, and of ready-made tokens none are known; name them by inputs.features, "
           "as `mofi features` makes them",
           who);
    if (!std::filesystem::exists(path))
      fail(ExitCode::kMissing,
           "{}: no such file; make it with `mofi features`, or let `mofi run` do the whole chain",
           path.string());
    table = std::make_unique<const FeatureTable>(read_features(path));
  }
  return *table;
}

}  // namespace mofi
