#pragma once
// Command lines that are configs: every field of a described struct is an option, so that help texts,
// defaults, allowed values and error messages have one source, and `--config F` gives what options leave out.

#include <deque>
#include <string>

#include "core/config.h"
#include "stage_main.h"

namespace mofi {

class ConfigFlags {
 public:
  /// Adds --config and --set.
  explicit ConfigFlags(CLI::App& app);

  /// --NAME for the config's field `path`.
  void text(const std::string& name, const std::string& path, const std::string& help, bool is_list = false);

  /// An option for every field of a struct that the config has under `section`: segment_words becomes
  /// --segment-words. Only fields of simple types.
  template <class T>
  void section(const std::string& section, const std::string& title) {
    Adder adder{*this, section, title};
    T defaults;
    describe(adder, defaults);
  }

  /// The config file with --set and then these options applied.
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

    template <class T>
    void operator()(const std::string& key, T& value, const FieldInfo& info) {
      flags.add_field(section + "." + key, key, Json(value), info)->group(title);
    }
  };
  CLI::Option* add_field(const std::string& path, const std::string& key, const Json& value,
                         const FieldInfo& info);

  CLI::App& app_;
  ConfigOptions files_;
  std::deque<Flag> flags_;  // CLI11 keeps references to the values
};

/// --dataset, --input, --labels and --classes: the section "dataset" (midi/dataset_config.h).
void add_dataset_flags(ConfigFlags& flags);

/// The section of a config, with its defaults where it is not there. Other sections are another stage's: one
/// file serves a whole experiment.
template <class T>
T read_section(const ConfigNode& root, const std::string& section) {
  T value;
  if (const ConfigNode* node = root.find(section)) read_config(*node, value, section, {});
  return value;
}

}  // namespace mofi
