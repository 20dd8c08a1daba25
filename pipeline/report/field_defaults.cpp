#include "report/field_defaults.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "training/run_config.h"

namespace mofi {
namespace {

constexpr std::string_view kClassifier = "classifier";

/// The visitor that lists what unstated fields mean.
class UnstatedFields {
 public:
  static constexpr bool kReads = false;
  explicit UnstatedFields(std::string prefix = "") : prefix_(std::move(prefix)) {}

  template <class T>
  void operator()(const std::string& key, T& value, const FieldInfo& info) {
    const std::string path = prefix_.empty() ? key : prefix_ + "." + key;
    if constexpr (std::is_class_v<T> && !std::is_same_v<T, std::string> && !config_detail::kIsVector<T>) {
      UnstatedFields inner(path);
      describe(inner, value);
      fields_.insert(fields_.end(), inner.fields_.begin(), inner.fields_.end());
    } else if (!info.before.is_null()) {
      fields_.emplace_back(path, text_of(info.before));
    }
  }

  std::vector<std::pair<std::string, std::string>> fields_;

 private:
  std::string prefix_;
};

std::vector<std::pair<std::string, std::string>> unstated_fields() {
  RunConfig config;
  UnstatedFields fields;
  describe(fields, config);
  return fields.fields_;
}

bool has_section(const FlatConfig& config, const std::string& path) {
  return path.find('.') == std::string::npos ||
         std::any_of(config.order.begin(), config.order.end(),
                     [&](const std::string& other) { return section_of(other) == section_of(path); });
}

}  // namespace

void add_unstated(FlatConfig& config) {
  static const auto fields = unstated_fields();
  const std::vector<std::string> of_classifier = classifier_fields_of(config.get("system"));
  const auto means_something = [&](const std::string& path) {
    if (section_of(path) != kClassifier) return has_section(config, path);
    return std::ranges::find(of_classifier, path.substr(kClassifier.size() + 1)) != of_classifier.end();
  };
  for (const auto& [path, value] : fields)
    if (means_something(path) && config.value.try_emplace(path, value).second) config.order.push_back(path);
}

}  // namespace mofi
