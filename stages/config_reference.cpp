#include "config_reference.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "ablation/experiment.h"
#include "ablation/slurm/cluster_profile.h"
#include "core/aligned.h"
#include "core/error.h"
#include "report/published.h"
#include "training/pretrain_config.h"

namespace mofi {
namespace {

constexpr std::size_t kColumns = 100;  // of a comment

template <class T>
ConfigDocument document(const std::string& name, const std::string& title, const std::string& about) {
  T defaults;
  FieldLister lister;
  describe(lister, defaults);
  return {name, title, about, lister.lines(), lister.sections()};
}

/// "" for "seed", "dataset.synthetic" for "dataset.synthetic.pieces".
std::string section_of(const std::string& path) {
  const std::size_t dot = path.rfind('.');
  return dot == std::string::npos ? "" : path.substr(0, dot);
}

std::string key_of(const std::string& path) { return path.substr(path.rfind('.') + 1); }

/// "integer, 1 to 100000 epochs"; "one of auto, cpu, cuda".
std::string kind_of(const FieldLine& field) {
  const bool is_list = field.type.starts_with("list");
  if (field.type.ends_with("text") || field.type.ends_with("texts"))
    return field.allowed.empty() ? field.type
                                 : fmt::format("{} {}", is_list ? "list of any of" : "one of", field.allowed);
  std::string kind = field.type;
  if (!field.allowed.empty()) kind += ", " + field.allowed;
  if (!field.unit.empty()) kind += (field.allowed.empty() ? ", " : " ") + field.unit;
  return kind;
}

std::string escaped(std::string text) {
  for (std::size_t at = 0; (at = text.find_first_of("|<", at)) != std::string::npos; at += 2)
    text.insert(at, "\\");
  return text;
}

std::string table_head() {
  return "| key | default | what it may be | what it is |\n|:---|:---|:---|:---|\n";
}

std::string table_row(const FieldLine& field) {
  return fmt::format("| `{}`{} | `{}` | {} | {} |\n", key_of(field.path), field.is_volatile ? " †" : "",
                     escaped(field.default_value), escaped(kind_of(field)), escaped(field.help));
}

/// The fields by their sections, in order; those of the top level first. `known` are left to another page.
std::string tables(const ConfigDocument& document, const std::vector<FieldLine>& known) {
  std::string page, same;
  const auto add = [&](const FieldLine& section) {
    std::string rows;
    for (const FieldLine& field : document.fields) {
      if (section_of(field.path) != section.path) continue;
      if (std::ranges::find(known, field) == known.end())
        rows += table_row(field);
      else
        same += fmt::format("{}`{}`", same.empty() ? "" : ", ", field.path);
    }
    if (rows.empty()) return;
    if (!section.path.empty()) page += fmt::format("### `{}`: {}\n\n", section.path, section.help);
    page += table_head() + rows + "\n";
  };
  add({});
  for (const FieldLine& section : document.sections) add(section);
  if (!same.empty()) page += "As in an experiment: " + same + ".\n\n";
  return page;
}

constexpr const char* kAboutExperiment =
    R"(Read by `run`, `sweep` and `train`; `tokenize`, `mode` and `features` read its sections on music and have their fields as options.
Besides these keys:

* `include: [FILE, …]`: other files, relative to this one, over which this one wins.
* `sweep:` makes the file many runs. `common:` holds axes of every arm, `arms:` a list of arms or arms with names, `exclude:` a list
  of combinations that are left out. An axis is a field and its values (`seed: [1, 2, 3]`), or a name of your own with named values
  that set several fields each (`corpus: {emopia: {dataset.name: emopia, data.split: song_level}, …}`). Axes are crossed.
  `injection.site: all` and `head.state: all` are 0 to `model.layers`. Every field of `dataset`, `reading`, `tokens`, `tonality`,
  `inputs` and of the run (`system` to `seed`) may be an axis.)";

}  // namespace

const std::vector<ConfigDocument>& config_documents() {
  static const std::vector<ConfigDocument> documents = {
      document<ExperimentBase>("experiment", "Experiment", kAboutExperiment),
      document<PretrainConfig>("pretraining", "Pre-training",
                               "Read by `pretrain`. `include:` as in an experiment; there is no sweep."),
      document<ClusterProfile>("cluster", "Cluster profile",
                               "Read by `sweep submit --cluster`: what a site's Slurm has to be told "
                               "([guide](../cluster/README.md))."),
      document<PublishedValue>(
          "published", "Published values",
          "Read by `aggregate --published`: a list `values:` of mappings with these keys.")};
  return documents;
}

std::string reference_text(const ConfigDocument& document, const std::vector<std::string>& keys) {
  std::vector<std::string> known;
  for (const auto* lines : {&document.sections, &document.fields})
    for (const FieldLine& line : *lines) known.push_back(line.path);
  for (const std::string& key : keys) {
    if (std::ranges::find(known, key) != known.end()) continue;
    std::string near = nearest_name(key, known);
    if (near.empty()) {  // epoch: training.epochs
      std::vector<std::string> last_parts;
      for (const std::string& path : known) last_parts.push_back(key_of(path));
      const auto found = std::ranges::find(last_parts, nearest_name(key, last_parts));
      if (found != last_parts.end()) near = known[static_cast<std::size_t>(found - last_parts.begin())];
    }
    fail(ExitCode::kUsage, "config: no key '{}' in a file of kind {}{}", key, document.name,
         near.empty() ? "; without a key it lists all" : fmt::format(", did you mean '{}'?", near));
  }
  std::string text;
  for (const FieldLine& field : document.fields) {
    const bool wanted = keys.empty() || std::ranges::any_of(keys, [&](const std::string& key) {
                          return field.path == key || field.path.starts_with(key + ".");
                        });
    if (!wanted) continue;
    text += fmt::format("{} = {}  ({}{})\n", field.path, field.default_value, kind_of(field),
                        field.is_volatile ? "; no part of a run's identity" : "");
    text += wrapped(field.help, "    ", kColumns);
  }
  return text;
}

std::string reference_yaml(const ConfigDocument& document) {
  std::string yaml = fmt::format("# Every key of a file of kind {} at its default.\n", document.name);
  std::vector<std::string> open;  // the sections that the last line is in
  for (const FieldLine& field : document.fields) {
    std::vector<std::string> parts = {""};
    for (const char c : field.path)
      if (c == '.')
        parts.emplace_back();
      else
        parts.back() += c;
    const std::string key = parts.back();
    parts.pop_back();
    std::size_t depth = 0;
    while (depth < std::min(parts.size(), open.size()) && parts[depth] == open[depth]) ++depth;
    for (; depth < parts.size(); ++depth) {
      const std::string path = fmt::format(
          "{}", fmt::join(parts.begin(), parts.begin() + static_cast<std::ptrdiff_t>(depth) + 1, "."));
      const auto section = std::ranges::find(document.sections, path, &FieldLine::path);
      const std::string indent(2 * depth, ' ');
      yaml += fmt::format("\n{0}# {1}\n{0}{2}:\n", indent, section->help, parts[depth]);
    }
    open = parts;
    const std::string indent(2 * parts.size(), ' ');
    yaml += wrapped(fmt::format("{} ({})", field.help, kind_of(field)), indent + "# ", kColumns);
    yaml += fmt::format("{}{}: {}\n", indent, key, field.default_value);
  }
  return yaml;
}

std::string reference_page() {
  std::string page =
      R"(# Every key of every config

Printed by `./mofi config --page` from the descriptions that read the files, so it is what the program does; a test compares the two.
`./mofi config training.epochs injection` prints some of it, `./mofi config --yaml` a file with every key at its default.

Unknown and duplicate keys, wrong types and values out of range are errors with file, line and the nearest name. Numbers are decimal;
texts in quotes are never numbers; `true` and `false` are the only truths. `--set key=value` wins over the file. Keys with † are no part of a
run's identity: they cannot change a result, or stand for others that are (`model.size`, and of weights their digest).

)";
  for (const ConfigDocument& document : config_documents()) {
    page += fmt::format("## {}\n\n{}\n\n", document.title, document.about);
    const bool is_first = &document == &config_documents().front();
    page += tables(document, is_first ? std::vector<FieldLine>{} : config_documents().front().fields);
  }
  page.pop_back();  // one line end at its end
  return page;
}

}  // namespace mofi
