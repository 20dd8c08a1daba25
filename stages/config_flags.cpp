#include "config_flags.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <sstream>

#include "core/error.h"
#include "midi/dataset_config.h"

namespace mofi {
namespace {

ConfigNode node_of(const std::string& value, const std::string& source) {
  ConfigNode node;
  node.kind = ConfigNode::Kind::kScalar;
  node.scalar = value;
  node.source = {source, 0};
  return node;
}

std::string flag_of(std::string name) {
  std::replace(name.begin(), name.end(), '_', '-');
  return "--" + name;
}

std::string type_of(const Json& value) {
  if (value.is_number_float()) return "NUMBER";
  if (value.is_number()) return "INTEGER";
  return value.is_array() ? "A,B,..." : "TEXT";
}

}  // namespace

ConfigFlags::ConfigFlags(CLI::App& app) : app_(app) { add_config_options(app, files_, false); }

void ConfigFlags::add_field(const std::string& path, const std::string& name, const Json& value,
                            const FieldInfo& info, const std::string& title) {
  if (name.empty()) return;
  Flag& flag = flags_.emplace_back(Flag{.name = flag_of(name), .path = path, .is_list = value.is_array()});
  if (value.is_boolean()) {  // --strict, and --strict=false against a config that has it
    flag.option = app_.add_flag(flag.name, flag.value, info.help);
  } else {
    const std::string range = range_and_unit(info);
    flag.option = app_.add_option(flag.name, flag.value,
                                  range.empty() ? info.help : fmt::format("{} ({})", info.help, range));
    flag.option->type_name(info.choices.empty() ? type_of(value)
                                                : fmt::format("{{{}}}", fmt::join(info.choices, ",")));
    flag.option->default_str(value.is_string()  ? value.get<std::string>()
                             : value.is_array() ? ""
                                                : value.dump());
  }
  flag.option->group(title);
}

ConfigNode ConfigFlags::tree() const {
  ConfigNode root = load(files_);
  for (const ConfigEntry& entry : root.entries) {
    const bool is_own = std::ranges::find(sections_, entry.key) != sections_.end();
    if (!is_own && !nearest_name(entry.key, sections_).empty())
      refuse_key(entry.value, entry.key, "", sections_);
  }
  for (const std::string& setting : files_.settings) {
    const std::string section = setting.substr(0, setting.find_first_of(".="));
    if (std::ranges::find(sections_, section) == sections_.end())
      fail(ExitCode::kUsage, "--set {}: this stage reads the sections {}; expected a key of one of them",
           setting, fmt::join(sections_, ", "));
  }
  for (const Flag& flag : flags_) {
    if (flag.option->count() == 0) continue;
    ConfigNode node = node_of(flag.value, flag.name);
    if (flag.is_list) {
      node.kind = ConfigNode::Kind::kSequence;
      std::istringstream items(flag.value);
      for (std::string item; std::getline(items, item, ',');) node.items.push_back(node_of(item, flag.name));
    }
    set_config(root, flag.path, node);
  }
  return root;
}

void add_dataset_flags(ConfigFlags& flags) {
  flags.section<DatasetConfig>("dataset", "Data set", {{"name", "dataset"}});
}

}  // namespace mofi
