#include "ablation/slurm/config_text.h"

#include <gmock/gmock.h>

#include "core/config.h"

namespace mofi {
namespace {

/// Everything of a tree but where it was written.
Json shape(const ConfigNode& node) {
  Json json = {{"kind", static_cast<int>(node.kind)}, {"scalar", node.scalar}, {"quoted", node.quoted}};
  for (const ConfigNode& item : node.items) json["items"].push_back(shape(item));
  for (const auto& [key, value] : node.entries) json["entries"].push_back(Json::array({key, shape(value)}));
  return json;
}

void expect_same_after_writing(const ConfigNode& root) {
  const std::string text = config_text(root);
  EXPECT_EQ(shape(parse_config(text, "again")), shape(root)) << text;
}

TEST(ConfigText, a_sweep_is_read_back_as_it_was) {
  expect_same_after_writing(parse_config(R"(
name: chain
dataset: {name: synthetic, input: "a folder/with # and: in it", synthetic: {pieces: 48, seed: 1}}
training: {learning_rate: 5e-4, offset: -0.5, weights: ../w/x.safetensors, empty: "", none: ~, number_as_text: "012"}
report: {baseline: [injection.condition=none], nothing: [], bare: {}}
sweep:
  common: {seed: [1, 2, 3], data.fold: [0, 1]}
  arms:
    - {injection.condition: none}
    - {injection.condition: [constant, "mode"], injection.site: [0, 1]}
)",
                                         "f.yaml"));
}

TEST(ConfigText, shipped_configs_are_read_back_as_they_were) {
  for (const char* name : {"demo.yaml", "emopia_tiny.yaml", "midibert_emopia.yaml"})
    expect_same_after_writing(load_config(std::string(MOFI_SOURCE) + "/configs/" + name));
}

TEST(ConfigText, what_yaml_would_misread_is_quoted) {
  for (const char* text :
       {"null", "~",    "- a",       "a: b",     "# no comment", "*alias",      "&anchor", "!tag", "{",
        "[x]",  "a\nb", "tab\there", " leading", "\"quoted\"",   "back\\slash", "Ü",       "---",  "?",
        "%",    "@",    "`",         "'"}) {
    ConfigNode root = parse_config("key: {}", "f");
    root.entries[0].value = {};
    root.entries[0].value.kind = ConfigNode::Kind::kScalar;
    root.entries[0].value.scalar = text;
    const ConfigNode again = parse_config(config_text(root), "again");
    EXPECT_EQ(again.find("key")->kind, ConfigNode::Kind::kScalar) << text;
    EXPECT_EQ(again.find("key")->scalar, text);
  }
}

TEST(ConfigText, settings_of_the_command_line_are_in_it) {
  ConfigNode root = parse_config("training: {epochs: 2}", "f");
  apply_setting(root, "training.epochs=5");
  apply_setting(root, "data.evaluate=[valid, test]");
  expect_same_after_writing(root);
}

TEST(ConfigText, an_empty_config_is_an_empty_mapping) { expect_same_after_writing(parse_config("{}", "f")); }

}  // namespace
}  // namespace mofi
