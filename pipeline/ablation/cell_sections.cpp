#include "ablation/cell_sections.h"

#include <cstddef>

namespace mofi {
namespace {

class SectionReader {
 public:
  static constexpr bool kReads = true;
  SectionReader(const ConfigNode& tree, const std::string& section, RunConfig& config)
      : node_(tree.find(section)), section_(section), config_(config) {}

  template <class T>
  void operator()(const std::string& key, T& value, const FieldInfo& info) {
    if (key != section_) return;
    if (node_ != nullptr) read_config(*node_, value, key, info);
    made_.asked = json_of(key, value, info, false);
    if constexpr (requires { normalise(value); }) normalise(value);
    const std::string semantic = json_of(key, value, info, true).dump();
    made_.text = semantic.substr(1, semantic.size() - 2);
    const std::ptrdiff_t offset =
        reinterpret_cast<const std::byte*>(&value) - reinterpret_cast<const std::byte*>(&config_);
    made_.put = [value, offset](RunConfig& config) {
      *reinterpret_cast<T*>(reinterpret_cast<std::byte*>(&config) + offset) = value;
    };
  }
  SectionState take() { return std::move(made_); }

 private:
  template <class T>
  static Json json_of(const std::string& key, T& value, const FieldInfo& info, bool semantic_only) {
    FieldWriter writer(semantic_only);
    writer(key, value, info);
    return writer.take();
  }

  const ConfigNode* node_;
  const std::string& section_;
  const RunConfig& config_;
  SectionState made_;
};

struct KeyLister {
  static constexpr bool kReads = false;
  std::vector<std::string> keys;
  template <class T>
  void operator()(const std::string& key, T& /*value*/, const FieldInfo& /*info*/) {
    keys.push_back(key);
  }
};

}  // namespace

const std::vector<std::string>& run_sections() {
  static const std::vector<std::string> sections = [] {
    KeyLister lister;
    RunConfig config;
    describe(lister, config);
    return lister.keys;
  }();
  return sections;
}

SectionState read_section(const ConfigNode& tree, const std::string& section) {
  RunConfig config;
  SectionReader reader(tree, section, config);
  describe(reader, config);
  return reader.take();
}

void append_member(std::string& json, const std::string& text) {
  if (text.empty()) return;
  json += json.empty() ? '{' : ',';
  json += text;
}

}  // namespace mofi
