#include "core/config.h"

#include <gmock/gmock.h>

#include "core/error.h"
#include "temporary_folder.h"

namespace mofi {
namespace {

using testing::HasSubstr;

struct Inner {
  int epochs = 10;
  double rate = 0.5;
  std::vector<std::string> parts = {"test"};
};
template <class Field>
void describe(Field& field, Inner& c) {
  field("epochs", c.epochs, {.help = "passes", .unit = "epochs", .minimum = 1, .maximum = 100});
  field("rate", c.rate, {.help = "rate"});
  field("parts", c.parts, {.help = "parts", .choices = {"valid", "test"}});
}

struct Outer {
  Inner training;
  std::string device = "auto";
  bool verbose = false;
  std::uint64_t seed = 1;
  std::string system = "first";
};
template <class Field>
void describe(Field& field, Outer& c) {
  field("training", c.training, {.help = "training"});
  field("device", c.device, {.help = "device", .choices = {"auto", "cpu"}, .is_volatile = true});
  field("verbose", c.verbose, {.help = "talk"});
  field("seed", c.seed, {.help = "seed"});
  field("system", c.system, {.help = "came later", .before = "first"});
}

Outer read(const std::string& yaml) { return read_config<Outer>(parse_config(yaml, "f.yaml")); }

std::string refusal(const std::string& yaml) {
  try {
    read(yaml);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::kUsage);
    return error.what();
  }
  return "not refused";
}

TEST(Config, fields_left_out_keep_their_defaults) {
  const Outer config = read("training: {epochs: 3}");
  EXPECT_EQ(config.training.epochs, 3);
  EXPECT_EQ(config.training.rate, 0.5);
  EXPECT_EQ(config.device, "auto");
}

TEST(Config, an_unknown_key_is_refused_with_file_line_nearest_and_valid_names) {
  const std::string sentence = refusal("seed: 2\ntraining:\n  epoch: 3\n");
  EXPECT_EQ(sentence,
            "f.yaml:3: unknown key 'epoch' in training, did you mean 'epochs'?; valid keys of training: "
            "epochs, rate, parts");
}

TEST(Config, two_letters_that_changed_places_are_one_slip) {
  EXPECT_EQ(nearest_name("sede", {"seed", "size"}), "seed");
  EXPECT_EQ(nearest_name("modle", {"model", "mode"}), "model");
  EXPECT_EQ(nearest_name("abdc", {"dcab"}), "");
}

TEST(Config, a_duplicate_key_is_refused_with_both_lines) {
  EXPECT_THAT(refusal("seed: 1\nseed: 2\n"),
              HasSubstr("f.yaml:2: key 'seed' stands here a second time; it was first set at f.yaml:1"));
}

TEST(Config, octal_looking_numbers_yes_and_no_fractions_and_quoted_numbers_are_refused) {
  EXPECT_THAT(refusal("training: {epochs: 012}"),
              HasSubstr("expected a decimal integer from 1 to 100 epochs, found '012'"));
  EXPECT_THAT(refusal("training: {epochs: 3.7}"), HasSubstr("found '3.7'"));
  EXPECT_THAT(refusal("training: {epochs: \"3\"}"), HasSubstr("found '3'"));
  EXPECT_THAT(refusal("verbose: no"), HasSubstr("expected true or false, found 'no'"));
  EXPECT_THAT(refusal("seed: -1"), HasSubstr("found '-1'"));
  EXPECT_THAT(refusal("training: {rate: .nan}"), HasSubstr("expected a number"));
  EXPECT_THAT(refusal("training:"), HasSubstr("expected a mapping of keys to values, found nothing"));
}

TEST(Config, values_out_of_range_or_choice_are_refused_with_what_is_allowed) {
  EXPECT_THAT(refusal("training: {epochs: 0}"), HasSubstr("from 1 to 100"));
  EXPECT_THAT(refusal("device: cpo"),
              HasSubstr("expected one of auto, cpu (did you mean 'cpu'?), found 'cpo'"));
  EXPECT_THAT(refusal("training: {parts: [test, tset]}"),
              HasSubstr("training.parts[1]: expected one of valid, test"));
}

TEST(Config, broken_yaml_is_refused_with_its_line) {
  EXPECT_THAT(refusal("seed: 1\ntraining: {epochs: [1\n"), HasSubstr("is not valid YAML"));
}

TEST(Config, deep_nesting_is_refused_rather_than_followed) {
  EXPECT_THAT(refusal("training: " + std::string(200, '[') + std::string(200, ']')),
              HasSubstr("nested deeper"));
}

TEST(Config, aliases_that_multiply_are_refused_rather_than_written_out) {
  std::string yaml = "a0: &a0 [1, 1, 1, 1]\n";
  for (int i = 1; i < 20; ++i) yaml += fmt::format("a{0}: &a{0} [*a{1}, *a{1}, *a{1}, *a{1}]\n", i, i - 1);
  EXPECT_THAT(refusal(yaml), HasSubstr("its aliases (*name) repeat more than 10000 values"));
  EXPECT_THAT(refusal("a: &a [*a, *a]"), HasSubstr("nested deeper"));
  const ConfigNode few = parse_config("a: &a [1, 2]\nb: [*a, *a]", "f.yaml");
  EXPECT_EQ(few.find("b")->items[1].items[0].scalar, "1");
}

std::string refusal_of_file(const std::filesystem::path& path) {
  try {
    load_config(path);
  } catch (const Error& error) {
    return error.what();
  }
  return "not refused";
}

TEST(Config, any_mapping_may_include_files_that_lie_beside_its_own_and_its_own_keys_win) {
  const TemporaryFolder folder;
  folder.write("parts/slow.yaml", "training: {epochs: 50, rate: 0.1}\ninclude: [deep.yaml]\n");
  folder.write("parts/deep.yaml", "device: cpu\nseed: 7\n");
  folder.write(
      "f.yaml",
      "include: [parts/slow.yaml]\nseed: 3\nways: {a: {include: [parts/slow.yaml], device: auto}}\n");
  ConfigNode root = load_config(folder / "f.yaml");
  const ConfigNode way = *root.find("ways")->find("a");
  EXPECT_EQ(way.find("training")->find("epochs")->scalar, "50");
  EXPECT_EQ(way.find("device")->scalar, "auto");
  EXPECT_EQ(way.find("seed")->scalar, "7");
  EXPECT_EQ(way.find("include"), nullptr);
  std::erase_if(root.entries, [](const ConfigEntry& entry) { return entry.key == "ways"; });
  const Outer config = read_config<Outer>(root);
  EXPECT_EQ(config.seed, 3U);
  EXPECT_EQ(config.training.epochs, 50);
}

TEST(Config, files_that_include_themselves_or_each_other_very_often_are_refused) {
  const TemporaryFolder folder;
  folder.write("a.yaml", "x: {include: [b.yaml]}\n");
  folder.write("b.yaml", "include: [a.yaml]\n");
  EXPECT_THAT(refusal_of_file(folder / "a.yaml"), HasSubstr("a.yaml: includes itself"));
  folder.write("c0.yaml", "seed: 1\n");
  for (int i = 1; i < 20; ++i)
    folder.write(fmt::format("c{}.yaml", i), fmt::format("include: [c{0}.yaml, c{0}.yaml]\n", i - 1));
  EXPECT_THAT(refusal_of_file(folder / "c19.yaml"), HasSubstr("more than 1000 files are included"));
}

TEST(Config, a_mapping_of_very_many_keys_is_refused) {
  std::string yaml;
  for (int i = 0; i < 1001; ++i) yaml += fmt::format("k{}: 1\n", i);
  EXPECT_THAT(refusal(yaml), HasSubstr("f.yaml:1001: is key 1001 of one mapping; at most 1000 are read"));
}

TEST(Config, text_that_is_not_utf_8_is_refused_with_its_line) {
  for (const char* bytes : {"caf\xE9", "\xC0\xAF", "\xE0\x80\xAF", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xC3",
                            "\xF0\x9F\x8E", "\x80"})
    EXPECT_THAT(refusal("seed: 1\n# " + std::string(bytes) + "\n"), HasSubstr("f.yaml:2: expected UTF-8"))
        << bytes;
  EXPECT_THAT(refusal(std::string("seed: 1\ndevice: \0N", 18)),
              HasSubstr("f.yaml:2: expected UTF-8, found the byte 0x00"));
  EXPECT_EQ(read("device: auto # caf\xC3\xA9 \xE9\x9F\xB3 \xF0\x9F\x8E\xB5").device, "auto");
}

TEST(Config, escapes_that_the_parser_makes_no_utf_8_of_are_refused) {
  for (const char* yaml : {R"("\N": 1)", R"(device: "\_")", R"(training: {parts: ["a\Nb"]})"})
    EXPECT_THAT(refusal(yaml), HasSubstr("f.yaml:1: a text has an escape that cannot be read")) << yaml;
}

TEST(Config, settings_of_the_command_line_win_and_are_named_in_messages) {
  ConfigNode root = parse_config("training: {epochs: 3}", "f.yaml");
  apply_setting(root, "training.epochs=7");
  apply_setting(root, "training.parts=[valid, test]");
  const auto config = read_config<Outer>(root);
  EXPECT_EQ(config.training.epochs, 7);
  EXPECT_THAT(config.training.parts, testing::ElementsAre("valid", "test"));
  apply_setting(root, "training.epochs=many");
  try {
    read_config<Outer>(root);
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("--set training.epochs=many: training.epochs: expected"));
  }
}

TEST(Config, mappings_merge_key_by_key_and_lists_are_replaced) {
  ConfigNode base = parse_config("training: {epochs: 3, rate: 1}\nseed: 4", "base.yaml");
  merge_config(base, parse_config("training: {epochs: 5, parts: [valid]}", "own.yaml"));
  const auto config = read_config<Outer>(base);
  EXPECT_EQ(config.training.epochs, 5);
  EXPECT_EQ(config.training.rate, 1);
  EXPECT_EQ(config.seed, 4U);
  EXPECT_THAT(config.training.parts, testing::ElementsAre("valid"));
}

TEST(Config, the_resolved_copy_reads_back_as_the_same_config) {
  const Outer config = read(
      "training: {epochs: 9, rate: 0.1, parts: []}\nverbose: true\nseed: 18446744073709551615\ndevice: cpu");
  EXPECT_EQ(config_to_json(read(to_yaml(config_to_json(config)))), config_to_json(config));
}

TEST(Config, volatile_fields_are_no_part_of_the_semantic_config) {
  EXPECT_TRUE(config_to_json(Outer{}).contains("device"));
  EXPECT_FALSE(config_to_json(Outer{}, true).contains("device"));
}

TEST(Config, a_field_that_came_later_is_no_part_of_the_semantic_config_where_it_says_what_was_done_before) {
  Outer config;
  EXPECT_TRUE(config_to_json(config).contains("system"));
  EXPECT_FALSE(config_to_json(config, true).contains("system"));
  config.system = "second";
  EXPECT_EQ(config_to_json(config, true)["system"], "second");
}

TEST(Config, every_field_is_listed_with_its_default) {
  const auto lines = list_fields<Outer>();
  ASSERT_EQ(lines.size(), 7U);
  EXPECT_EQ(lines[0].path, "training.epochs");
  EXPECT_EQ(lines[0].default_value, "10");
}

TEST(Config, every_field_is_listed_with_its_type_its_unit_and_what_it_may_be) {
  Outer defaults;
  FieldLister lister;
  describe(lister, defaults);
  std::vector<std::string> told;
  for (const FieldLine& line : lister.lines())
    told.push_back(fmt::format("{}: {}; {}; {}", line.path, line.type, line.allowed, line.unit));
  EXPECT_THAT(
      told, testing::ElementsAre("training.epochs: integer; 1 to 100; epochs", "training.rate: number; ; ",
                                 "training.parts: list of texts; valid, test; ", "device: text; auto, cpu; ",
                                 "verbose: true or false; ; ", "seed: integer; ; ", "system: text; ; "));
  ASSERT_EQ(lister.sections().size(), 1U);
  EXPECT_EQ(lister.sections()[0].path, "training");
  EXPECT_EQ(lister.sections()[0].help, "training");
}

TEST(Config, a_bound_is_told_as_one_would_write_it_with_the_unit_behind_it) {
  const FieldInfo minutes = {.unit = "minutes", .minimum = 0, .maximum = 1e6}, tiny = {.minimum = 1e-30};
  EXPECT_EQ(allowed_text(minutes), "0 to 1000000");
  EXPECT_EQ(range_and_unit(minutes), "0 to 1000000 minutes");
  EXPECT_EQ(range_and_unit(tiny), "at least 1e-30");
  EXPECT_EQ(range_and_unit({.unit = "steps"}), "steps");
  EXPECT_EQ(range_and_unit({}), "");
}

}  // namespace
}  // namespace mofi
