#include "config_flags.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <sstream>

namespace mofi {
namespace {

ConfigNode node_of(const std::string& value, const std::string& source) {
  ConfigNode node;
  node.kind = ConfigNode::Kind::kScalar;
  node.scalar = value;
  node.source = {source, 0};
  return node;
}

std::string with_hyphens(std::string key) {
  std::replace(key.begin(), key.end(), '_', '-');
  return key;
}

}  // namespace

ConfigFlags::ConfigFlags(CLI::App& app) : app_(app) { add_config_options(app, files_, false); }

void ConfigFlags::text(const std::string& name, const std::string& path, const std::string& help,
                       bool is_list) {
  Flag& flag = flags_.emplace_back(Flag{.name = name, .path = path, .is_list = is_list});
  flag.option = app_.add_option(name, flag.value, help)->default_str("");
}

CLI::Option* ConfigFlags::add_field(const std::string& path, const std::string& key, const Json& value,
                                    const FieldInfo& info) {
  Flag& flag = flags_.emplace_back(Flag{.name = "--" + with_hyphens(key), .path = path});
  flag.is_list = value.is_array();
  if (value.is_boolean())
    return flag.option = app_.add_flag_callback(
               flag.name, [&flag] { flag.value = "true"; }, info.help);
  std::string help = info.help;
  if (!info.choices.empty()) help += fmt::format(" {{{}}}", fmt::join(info.choices, ", "));
  flag.option = app_.add_option(flag.name, flag.value, help);
  flag.option->default_str(value.is_string() ? value.get<std::string>() : value.dump());
  return flag.option;
}

ConfigNode ConfigFlags::tree() const {
  ConfigNode root = load(files_);
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
  flags.text("--dataset", "dataset.name",
             "emopia, vgmidi or folder (any MIDI files and a labels.csv, if there)");
  flags.text("--input", "dataset.input", "folder of the data set");
  flags.text("--labels", "dataset.labels",
             "CSV file,label[,group,split] of a folder (default: labels.csv in it)");
  flags.text("--classes", "dataset.classes",
             "a folder's allowed labels, in order (default: those that occur)", true);
}

}  // namespace mofi
