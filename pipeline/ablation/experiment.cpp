#include "ablation/experiment.h"

#include <map>

#include "core/error.h"
#include "core/hash.h"

namespace mofi {
namespace {

/// The fields of the file but the sweep, as one struct for the reader.
struct ExperimentFields {
  std::string name = "experiment";
  DatasetConfig dataset;
  ReadOptions reading;
  TokenOptions tokens;
  ModeOptions tonality;
  InputsConfig inputs;
  ReportConfig report;
  RunConfig run;
};

template <class Field>
void describe(Field& field, ExperimentFields& c) {
  field("name", c.name, {.help = "the experiment's name; results go to results/<name>", .is_volatile = true});
  field("dataset", c.dataset, {.help = "where the music comes from"});
  field("reading", c.reading, {.help = "how MIDI files are read"});
  field("tokens", c.tokens, {.help = "how notes become rows of words"});
  field("tonality", c.tonality, {.help = "how keys are found"});
  field("inputs", c.inputs, {.help = "ready-made tokens and modes"});
  field("report", c.report, {.help = "how the table is made"});
  describe(field, c.run);
}

/// One field of an arm and the values it takes there.
struct Axis {
  std::string path;
  std::vector<ConfigNode> values;
};

std::vector<Axis> read_axes(const ConfigNode& mapping, const std::string& what) {
  if (mapping.kind != ConfigNode::Kind::kMapping)
    refuse_value(mapping, what, "a mapping of run fields to values or lists of values");
  std::vector<Axis> axes;
  for (const auto& [path, value] : mapping.entries) {
    axes.push_back(
        {path, value.kind == ConfigNode::Kind::kSequence ? value.items : std::vector<ConfigNode>{value}});
    if (axes.back().values.empty())
      refuse_value(value, fmt::format("{}.{}", what, path), "at least one value");
  }
  return axes;
}

/// Calls `visit` with every combination of values, the first axis slowest.
void for_each_combination(const std::vector<Axis>& axes,
                          const std::function<void(const std::vector<std::size_t>&)>& visit) {
  std::vector<std::size_t> at(axes.size(), 0);
  while (true) {
    visit(at);
    std::size_t axis = axes.size();
    while (axis > 0 && ++at[axis - 1] == axes[axis - 1].values.size()) at[--axis] = 0;
    if (axis == 0) return;
  }
}

/// The tree of a run alone: what is not a field of RunConfig is another section of the file.
ConfigNode run_section(const ConfigNode& root) {
  ConfigNode run = root;
  std::erase_if(run.entries, [](const auto& entry) {
    for (const char* section : {"name", "dataset", "reading", "tokens", "tonality", "inputs", "report"})
      if (entry.key == section) return true;
    return false;
  });
  return run;
}

Cell make_cell(const ConfigNode& tree, const std::string& source) {
  Cell cell;
  try {
    cell.config = read_config<RunConfig>(tree);
    complete(cell.config);
  } catch (const Error& error) {
    if (source.empty() || std::string(error.what()).starts_with(source)) throw;
    throw Error(error.code(),
                fmt::format("{}: this cell of the sweep is not valid: {}", source, error.what()));
  }
  cell.slug = slug_of(cell.config);
  cell.source = source;
  return cell;
}

std::vector<Cell> read_cells(const ConfigNode& run, const ConfigNode* sweep) {
  if (sweep == nullptr) return {make_cell(run, "")};
  if (sweep->kind != ConfigNode::Kind::kMapping)
    refuse_value(*sweep, "sweep", "a mapping with common and arms");
  for (const auto& [key, value] : sweep->entries)
    if (key != "common" && key != "arms") refuse_key(value, key, "sweep", {"common", "arms"});
  std::vector<Axis> common;
  if (const ConfigNode* node = sweep->find("common")) common = read_axes(*node, "sweep.common");
  const ConfigNode* arms = sweep->find("arms");
  if (arms == nullptr || arms->kind != ConfigNode::Kind::kSequence || arms->items.empty())
    refuse_value(arms == nullptr ? *sweep : *arms, "sweep.arms", "a list of arms");

  std::vector<Cell> cells;
  std::map<std::string, std::string> seen;  // semantic config → where it was asked for
  for (const ConfigNode& arm : arms->items) {
    std::vector<Axis> axes = read_axes(arm, "sweep.arms");
    axes.insert(axes.end(), common.begin(), common.end());
    for_each_combination(axes, [&](const std::vector<std::size_t>& at) {
      ConfigNode tree = run;
      for (std::size_t i = 0; i < axes.size(); ++i) set_config(tree, axes[i].path, axes[i].values[at[i]]);
      Cell cell = make_cell(tree, arm.source.text());
      const auto [first, is_new] =
          seen.emplace(config_to_json(cell.config, true).dump() + cell.config.training.weights, cell.source);
      if (!is_new)
        fail(ExitCode::kUsage, "{}: the sweep asks for {} a second time; it is already asked for at {}",
             cell.source, cell.slug, first->second);
      cells.push_back(std::move(cell));
    });
  }
  return cells;
}

}  // namespace

Experiment read_experiment(const ConfigNode& root) {
  ConfigNode without_sweep = root;
  std::erase_if(without_sweep.entries, [](const auto& entry) { return entry.key == "sweep"; });
  auto fields = read_config<ExperimentFields>(without_sweep);
  complete(fields.run);
  Experiment experiment{fields.name,   fields.dataset,  fields.reading,
                        fields.tokens, fields.tonality, fields.inputs,
                        fields.report, fields.run,      {}};
  experiment.cells = read_cells(run_section(without_sweep), root.find("sweep"));
  return experiment;
}

std::string slug_of(const RunConfig& config) {
  std::string slug = config.injection.condition;
  if (config.injection.condition != "none") slug += fmt::format("_site{}", config.injection.site);
  if (config.data.split == "folds") slug += fmt::format("_fold{}", config.data.fold);
  return slug + fmt::format("_seed{}", config.seed);
}

std::string config_digest(const Json& semantic_config) {
  return Sha256().update(semantic_config.dump()).hex();
}

std::string run_id(const Cell& cell, const std::map<std::string, std::string>& input_digests) {
  Sha256 identity;
  identity.update(config_to_json(cell.config, true).dump());
  for (const auto& [name, digest] : input_digests) identity.update(name).update(digest);
  return cell.slug + "-" + identity.hex().substr(0, 12);
}

}  // namespace mofi
