#pragma once
// Plain structs from strict YAML. A struct tells its fields once, in a function next to it:
//
//   struct TrainingConfig { int epochs = 10; std::string device = "auto"; };
//   template <class Field>
//   void describe(Field& field, TrainingConfig& c) {
//     field("epochs", c.epochs, {.help = "passes over the training split", .minimum = 1});
//     field("device", c.device, {.help = "auto, cpu or cuda", .choices = {"auto", "cpu", "cuda"},
//     .is_volatile = true});
//   }
//
// From that one place come reading with full error messages, the resolved copy, identity and the reference.

#include <charconv>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <type_traits>
#include <vector>

#include "core/config_tree.h"

namespace mofi {

/// JSON that keeps the order in which fields were written.
using Json = nlohmann::ordered_json;

/// What is known of a field besides its type and default.
struct FieldInfo {
  std::string help;       ///< what it is
  std::string unit = {};  ///< of a number, in words that follow it: "minutes"; empty: it has none
  double minimum = -std::numeric_limits<double>::infinity();
  double maximum = std::numeric_limits<double>::infinity();
  std::vector<std::string> choices = {};  ///< the allowed texts; empty: any
  bool is_volatile =
      false;  ///< cannot change a result (paths, device, log level), so is no part of a run's identity
  /// Of a field that came when there were results already: the value that means what was done before. With
  /// it the field is no part of a run's identity, so that those runs keep theirs, whatever its default
  /// becomes. Null: none.
  Json before = nullptr;
};

/// Throws a usage error about the value at `node`: "FILE:LINE: training.epochs: expected …, found …".
[[noreturn]] void refuse_value(const ConfigNode& node, const std::string& path, const std::string& expected);
/// Throws the usage error for a key that no field has, naming the nearest and all valid ones.
[[noreturn]] void refuse_key(const ConfigNode& node, const std::string& key, const std::string& path,
                             const std::vector<std::string>& valid);

namespace config_detail {

bool read_bool(const ConfigNode& node, const std::string& path);
std::int64_t read_integer(const ConfigNode& node, const std::string& path, const FieldInfo& info);
std::uint64_t read_unsigned(const ConfigNode& node, const std::string& path);
double read_number(const ConfigNode& node, const std::string& path, const FieldInfo& info);
std::string read_string(const ConfigNode& node, const std::string& path, const FieldInfo& info);

template <class T>
inline constexpr bool kIsVector = false;
template <class T>
inline constexpr bool kIsVector<std::vector<T>> = true;

}  // namespace config_detail

template <class T>
void read_config(const ConfigNode& node, T& value, const std::string& path, const FieldInfo& info);

/// The visitor that fills a struct from a mapping.
class FieldReader {
 public:
  static constexpr bool kReads = true;
  FieldReader(const ConfigNode& mapping, std::string path) : mapping_(mapping), path_(std::move(path)) {}

  template <class T>
  void operator()(const std::string& key, T& value, const FieldInfo& info) {
    keys_.push_back(key);
    if (const ConfigNode* node = mapping_.find(key))
      read_config(*node, value, path_.empty() ? key : path_ + "." + key, info);
  }
  void refuse_unknown_keys() const;

 private:
  const ConfigNode& mapping_;
  std::string path_;
  std::vector<std::string> keys_;
};

/// The visitor that writes a struct as JSON; `semantic_only` leaves out volatile fields.
class FieldWriter {
 public:
  static constexpr bool kReads = false;
  explicit FieldWriter(bool semantic_only) : semantic_only_(semantic_only) {}

  template <class T>
  void operator()(const std::string& key, T& value, const FieldInfo& info) {
    if (info.is_volatile && semantic_only_) return;
    if constexpr (std::is_class_v<T> && !std::is_same_v<T, std::string> && !config_detail::kIsVector<T>) {
      FieldWriter inner(semantic_only_);
      describe(inner, value);
      if (!inner.json_.empty()) json_[key] = inner.json_;
    } else {
      if (semantic_only_ && info.before == Json(value)) return;
      json_[key] = value;
    }
  }
  Json take() { return std::move(json_); }

 private:
  bool semantic_only_;
  Json json_ = Json::object();
};

/// One line of the reference of config keys.
struct FieldLine {
  std::string path, default_value, help;
  bool is_volatile = false;
  std::string type;     ///< "integer", "number", "text", "true or false", "list of texts" …
  std::string unit;     ///< as FieldInfo has it
  std::string allowed;  ///< "1 to 100", "at least 0", "auto, cpu, cuda"; empty: whatever the type holds

  bool operator==(const FieldLine&) const = default;
};

/// What a field may be, as FieldLine tells it.
std::string allowed_text(const FieldInfo& info);
/// The range with its unit, as in "1 to 100 epochs"; empty where there is neither.
std::string range_and_unit(const FieldInfo& info);

namespace config_detail {

/// "integer" and its plural, for lists.
template <class T>
std::string type_name(bool plural = false) {
  const std::string ending = plural ? "s" : "";
  if constexpr (kIsVector<T>)
    return "list of " + type_name<typename T::value_type>(true);
  else if constexpr (std::is_same_v<T, bool>)
    return "true or false";
  else if constexpr (std::integral<T>)
    return "integer" + ending;
  else if constexpr (std::floating_point<T>)
    return "number" + ending;
  else
    return "text" + ending;
}

}  // namespace config_detail

/// The visitor that lists every field with its default, and what is said of the sections they are in.
class FieldLister {
 public:
  static constexpr bool kReads = false;
  explicit FieldLister(std::string prefix = "") : prefix_(std::move(prefix)) {}

  template <class T>
  void operator()(const std::string& key, T& value, const FieldInfo& info) {
    const std::string path = prefix_.empty() ? key : prefix_ + "." + key;
    if constexpr (std::is_class_v<T> && !std::is_same_v<T, std::string> && !config_detail::kIsVector<T>) {
      FieldLister inner(path);
      describe(inner, value);
      sections_.push_back({path, "", info.help});
      lines_.insert(lines_.end(), inner.lines_.begin(), inner.lines_.end());
      sections_.insert(sections_.end(), inner.sections_.begin(), inner.sections_.end());
    } else {
      lines_.push_back({path, Json(value).dump(), info.help, info.is_volatile, config_detail::type_name<T>(),
                        info.unit, allowed_text(info)});
    }
  }
  const std::vector<FieldLine>& lines() const { return lines_; }
  const std::vector<FieldLine>& sections() const { return sections_; }  ///< path and help alone

 private:
  std::string prefix_;
  std::vector<FieldLine> lines_, sections_;
};

template <class T>
void read_config(const ConfigNode& node, T& value, const std::string& path, const FieldInfo& info) {
  using namespace config_detail;
  if constexpr (std::is_same_v<T, bool>) {
    value = read_bool(node, path);
  } else if constexpr (std::is_same_v<T, std::uint64_t>) {
    value = read_unsigned(node, path);
  } else if constexpr (std::integral<T>) {
    FieldInfo bounded = info;
    bounded.minimum = std::max(info.minimum, static_cast<double>(std::numeric_limits<T>::min()));
    bounded.maximum = std::min(info.maximum, static_cast<double>(std::numeric_limits<T>::max()));
    value = static_cast<T>(read_integer(node, path, bounded));
  } else if constexpr (std::floating_point<T>) {
    value = static_cast<T>(read_number(node, path, info));
  } else if constexpr (std::is_same_v<T, std::string>) {
    value = read_string(node, path, info);
  } else if constexpr (kIsVector<T>) {
    if (node.kind != ConfigNode::Kind::kSequence) refuse_value(node, path, "a list");
    value.assign(node.items.size(), {});
    for (std::size_t i = 0; i < value.size(); ++i)
      read_config(node.items[i], value[i], path + "[" + std::to_string(i) + "]", info);
  } else {
    if (node.kind != ConfigNode::Kind::kMapping) refuse_value(node, path, "a mapping of keys to values");
    FieldReader reader(node, path);
    describe(reader, value);
    reader.refuse_unknown_keys();
  }
}

/// A whole config from its root mapping. Fields that the file leaves out keep their defaults.
template <class T>
T read_config(const ConfigNode& root) {
  T value;
  read_config(root, value, "", {});
  return value;
}

/// The resolved config; with `semantic_only`, just the fields that can change a result.
template <class T>
Json config_to_json(const T& config, bool semantic_only = false) {
  FieldWriter writer(semantic_only);
  T copy = config;
  describe(writer, copy);
  return writer.take();
}

template <class T>
std::vector<FieldLine> list_fields() {
  T defaults;
  FieldLister lister;
  describe(lister, defaults);
  return lister.lines();
}

/// Block-style YAML of a JSON value, as written beside every result.
std::string to_yaml(const Json& json);

}  // namespace mofi
