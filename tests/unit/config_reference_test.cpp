// The reference of all config keys: complete, true, and the page in docs/.

#include "config_reference.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <set>

#include "ablation/experiment.h"
#include "ablation/slurm/cluster_profile.h"
#include "core/files.h"
#include "refusal.h"
#include "result_schema.h"
#include "training/pretrain_config.h"

namespace mofi {
namespace {

using testing::HasSubstr;
using testing::Not;

const ConfigDocument& document(const std::string& name) {
  for (const ConfigDocument& one : config_documents())
    if (one.name == name) return one;
  throw std::runtime_error("no document " + name);
}

/// The first line in which two texts differ, of both; empty where they are equal.
std::string first_difference(const std::string& file, const std::string& printed) {
  if (file == printed) return "";
  const auto [in_file, in_print] = std::mismatch(file.begin(), file.end(), printed.begin(), printed.end());
  const auto line = [](const std::string& text, auto at) {
    const std::size_t offset = static_cast<std::size_t>(at - text.begin());
    const std::size_t begin = offset == 0 ? 0 : text.rfind('\n', offset - 1) + 1;
    return text.substr(begin, text.find('\n', offset) - begin);
  };
  return "file: " + line(file, in_file) + "\nprinted: " + line(printed, in_print);
}

TEST(ConfigReference, the_page_in_docs_is_what_the_program_prints) {
  EXPECT_EQ(first_difference(read_text(MOFI_SOURCE "/docs/configuration.md"), reference_page()), "")
      << "write it anew: ./mofi config --page > docs/configuration.md";
}

TEST(ConfigReference, the_schema_of_results_in_docs_is_what_the_program_prints) {
  EXPECT_EQ(first_difference(read_text(MOFI_SOURCE "/docs/result.schema.json"), result_schema()), "")
      << "write it anew: ./mofi config --result-schema > docs/result.schema.json";
}

TEST(ConfigReference, the_schema_of_results_has_every_field_that_makes_a_run_and_no_other) {
  const Json config = Json::parse(result_schema())["properties"]["config"];
  std::set<std::string> told, semantic;
  for (const auto& [key, field] : config["properties"].items()) {
    if (!field.contains("properties"))
      told.insert(key);
    else
      for (const auto& [inner, one] : field["properties"].items()) told.insert(key + "." + inner);
  }
  for (const FieldLine& field : list_fields<RunConfig>())
    if (!field.is_volatile) semantic.insert(field.path);
  EXPECT_EQ(told, semantic);
}

TEST(ConfigReference, every_key_says_what_it_is_and_every_number_has_a_range_or_is_a_seed) {
  for (const ConfigDocument& one : config_documents()) {
    for (const FieldLine& section : one.sections) EXPECT_THAT(section.help, Not("")) << section.path;
    for (const FieldLine& field : one.fields) {
      EXPECT_THAT(field.help, Not("")) << field.path;
      EXPECT_THAT(field.help, Not(HasSubstr("\n"))) << field.path;
      const bool is_number = field.type == "integer" || field.type == "number";
      if (is_number && !field.path.ends_with("seed")) {
        EXPECT_THAT(field.allowed, Not("")) << field.path;
      }
    }
  }
}

TEST(ConfigReference, quantities_have_units_under_one_name_everywhere) {
  const std::pair<const char*, const char*> units[] = {
      {"_minutes", "minutes"}, {"_words", "words"},           {"_mib", "MiB"},
      {"_s", "seconds"},       {"transpose_up", "semitones"}, {"epochs", "epochs"}};
  std::set<std::string> seen;
  for (const ConfigDocument& one : config_documents())
    for (const FieldLine& field : one.fields)
      for (const auto& [ending, unit] : units) {
        if (!field.path.ends_with(ending)) continue;
        seen.insert(ending);
        EXPECT_EQ(field.unit, unit) << field.path;
      }
  EXPECT_EQ(seen.size(), std::size(units));
}

TEST(ConfigReference, the_yaml_of_every_kind_reads_back_as_its_defaults) {
  const auto tree = [](const char* name) { return parse_config(reference_yaml(document(name)), name); };
  EXPECT_EQ(config_to_json(read_config<ExperimentBase>(tree("experiment"))),
            config_to_json(ExperimentBase{}));
  EXPECT_EQ(config_to_json(read_config<PretrainConfig>(tree("pretraining"))),
            config_to_json(PretrainConfig{}));
  EXPECT_EQ(config_to_json(read_config<ClusterProfile>(tree("cluster"))), config_to_json(ClusterProfile{}));
  EXPECT_EQ(read_experiment(tree("experiment")).cells.size(), 1U);
}

TEST(ConfigReference, a_key_is_told_with_default_range_unit_and_meaning) {
  EXPECT_EQ(reference_text(document("experiment"), {"training.epochs"}),
            "training.epochs = 10  (integer, 1 to 100000 epochs)\n    passes over the training part\n");
  EXPECT_THAT(reference_text(document("experiment"), {"training.device"}),
              HasSubstr("training.device = \"auto\"  (one of auto, cpu, cuda; no part of a run's identity)"));
}

TEST(ConfigReference, a_section_is_told_whole_and_nothing_else_is) {
  const std::string text = reference_text(document("experiment"), {"dataset"});
  EXPECT_THAT(text, HasSubstr("dataset.synthetic.pieces = 400  (integer, 8 to 100000 clips)"));
  EXPECT_THAT(text, HasSubstr("dataset.name"));
  EXPECT_THAT(text, Not(HasSubstr("training.")));
}

TEST(ConfigReference, an_unknown_key_is_refused_with_the_nearest_also_without_its_section) {
  const auto refusal = [](const std::string& key) {
    return refusal_of([&] { reference_text(document("experiment"), {key}); }, ExitCode::kUsage);
  };
  EXPECT_THAT(refusal("training.epoch"), HasSubstr("did you mean 'training.epochs'?"));
  EXPECT_THAT(refusal("epoch"), HasSubstr("did you mean 'training.epochs'?"));
  EXPECT_THAT(refusal("epochs"), HasSubstr("did you mean 'training.epochs'?"));
  EXPECT_THAT(refusal("quite_another"), HasSubstr("without a key it lists all"));
}

}  // namespace
}  // namespace mofi
