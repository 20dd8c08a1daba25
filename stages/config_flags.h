#pragma once
// Command lines that are configs: every field of a described struct is an option, so that help texts,
// defaults, allowed values and error messages have one source, and `--config F` gives what options leave out.

#include <deque>
#include <map>
#include <string>
#include <vector>

#include "core/config.h"
#include "described_stage.h"
#include "stage_main.h"

namespace mofi {

class ConfigFlags {
 public:
  /// Adds --config and --set.
  explicit ConfigFlags(CLI::App& app);

  /// An option for every field of a struct that the config has under `section`: segment_words becomes
  /// --segment-words. Fields that are structs are left out. `names` gives other names: {"name", "--dataset"};
  /// an empty one leaves a field out.
  template <class T>
  void section(const std::string& section, const std::string& title,
               const std::map<std::string, std::string>& names = {}) {
    sections_.push_back(section);
    takes_keys(*app_.get_option("--set"), "experiment", sections_);
    Adder adder{*this, section, title, names};
    T defaults;
    describe(adder, defaults);
  }

  /// The option of that name, for what CLI11 can say of options that exclude each other.
  CLI::Option* option(const std::string& name) const { return app_.get_option(name); }

  /// The config file with --set and then these options applied. Sections of other stages may be there, as one
  /// file serves a whole experiment; but what nearly has the name of one of this stage's sections, and any
  /// other name after --set, is a usage error.
  ConfigNode tree() const;

 private:
  struct Flag {
    std::string name, path, value;
    bool is_list = false;
    CLI::Option* option = nullptr;
  };
  struct Adder {
    static constexpr bool kReads = false;
    ConfigFlags& flags;
    const std::string& section;
    const std::string& title;
    const std::map<std::string, std::string>& names;

    template <class T>
    void operator()(const std::string& key, T& value, const FieldInfo& info) {
      if constexpr (!std::is_class_v<T> || std::is_same_v<T, std::string> || config_detail::kIsVector<T>) {
        const auto name = names.find(key);
        flags.add_field(section + "." + key, name == names.end() ? key : name->second, Json(value), info,
                        title);
      }
    }
  };
  void add_field(const std::string& path, const std::string& name, const Json& value, const FieldInfo& info,
                 const std::string& title);

  CLI::App& app_;
  ConfigOptions files_;
  std::vector<std::string> sections_;
  std::deque<Flag> flags_;  // CLI11 keeps references to the values
};

/// --dataset, --input, --labels and --classes: the section "dataset" (midi/dataset_config.h).
void add_dataset_flags(ConfigFlags& flags);

/// The section of a config, with its defaults where it is not there.
template <class T>
T read_section(const ConfigNode& root, const std::string& section) {
  T value;
  if (const ConfigNode* node = root.find(section)) read_config(*node, value, section, {});
  return value;
}

}  // namespace mofi
