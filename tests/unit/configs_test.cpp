// The configs that come along, read as a sweep reads them.

#include <gmock/gmock.h>

#include <map>
#include <set>

#include "ablation/experiment.h"
#include "ablation/inputs.h"
#include "refusal.h"

namespace mofi {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;

Experiment read(const std::string& config, const std::vector<std::string>& settings = {}) {
  ConfigNode root = load_config(std::string(MOFI_SOURCE "/configs/") + config);
  for (const std::string& setting : settings) apply_setting(root, setting);
  return read_experiment(root);
}

std::set<std::string> slugs_of(const Experiment& experiment) {
  std::set<std::string> slugs;
  for (const Cell& cell : experiment.cells) slugs.insert(cell.slug);
  return slugs;
}

std::map<std::string, int> groups_of(const Experiment& experiment) {
  std::map<std::string, int> groups;
  for (const Cell& cell : experiment.cells) ++groups[cell.group];
  return groups;
}

TEST(Configs, of_the_demo_and_of_the_reference_result_ask_for_the_runs_that_they_always_asked_for) {
  EXPECT_EQ(read("demo.yaml").cells.size(), 18U);
  EXPECT_EQ(read("emopia_tiny.yaml").cells.size(), 15U);
  EXPECT_EQ(read("midibert_emopia.yaml").cells.size(), 9U);
}

TEST(Configs, of_probing_reads_every_state_of_whatever_backbone_it_is_given) {
  EXPECT_EQ(read("probing.yaml", {"model.size=mini"}).cells.size(), 5U * 5 * (4 + 1));
  EXPECT_EQ(read("probing.yaml").cells.size(), 13U * 5 * (4 + 1));
}

TEST(Configs, the_paper_s_has_every_run_of_its_tables_with_controls_at_every_site) {
  const Experiment paper = read("paper.yaml");
  const int partitions = 1 + 1 + 5 + 5, seeds = 5;
  EXPECT_THAT(
      groups_of(paper),
      ElementsAre(std::pair("baseline", partitions * seeds), std::pair("facts", 6 * partitions * seeds),
                  std::pair("features", 6 * partitions * seeds), std::pair("floors", 6 * partitions),
                  std::pair("invariance", 2 * partitions * seeds),
                  std::pair("probes", 2 * 13 * partitions * seeds),
                  std::pair("rivals", 2 * partitions * seeds),
                  std::pair("sites", 3 * 13 * partitions * seeds), std::pair("ways", 5 * partitions * seeds),
                  std::pair("without_augmentation", 2 * partitions * seeds)));
  EXPECT_THAT(
      slugs_of(paper),
      AllOf(testing::SizeIs(paper.cells.size()), Contains("emopia_midibert_as_written_none_seed1"),
            Contains("emopia_cls_mode_site0_seed1"), Contains("vgmidi_folds_mode_site6_fold4_seed5"),
            Contains("emopia_folds_mode_site12_fold0_seed1"), Contains("vgmidi_folds_none_fold2_seed3")));
  ASSERT_EQ(paper.music.size(), 2U);
  for (const Cell& cell : paper.cells) {  // paper.md, "What the paper does"
    if (cell.group == "floors") continue;
    const bool is_vgmidi = paper.music[cell.music].dataset.name == "vgmidi";
    EXPECT_EQ(cell.config.training.batch, is_vgmidi ? 8 : 16);
    EXPECT_LE(cell.config.training.epochs, 20);
    EXPECT_EQ(cell.config.training.patience, cell.config.data.split == "folds" ? 0 : 3);
    EXPECT_EQ(cell.config.training.optimizer, "adamw_hf");
    EXPECT_EQ(cell.config.training.epsilon, 1e-6);
    EXPECT_EQ(cell.config.training.transpose_up + cell.config.training.transpose_down,
              cell.group == "without_augmentation" || cell.group == "probes" ? 0 : 11);
    EXPECT_EQ(paper.music[cell.music].tonality.profile, "krumhansl_kessler");
  }
}

TEST(Configs, the_paper_s_fits_smaller_backbones_and_fewer_seeds_by_settings_alone) {
  const Experiment tiny = read("paper.yaml", {"model.size=tiny", "sweep.common.seed=[1]"});
  EXPECT_EQ(tiny.cells.size(), 12U * (1 + 3 * 3 + 2 + 5 + 6 + 6 + 2 + 2 * 3 + 2 + 6));
  const Experiment one_site = read("paper.yaml", {"model.size=mini", "sweep.arms.sites.injection.site=[4]"});
  EXPECT_EQ(one_site.cells.size(), 12U * (5 * (1 + 3 + 2 + 5 + 6 + 6 + 2 + 2 * 5 + 2) + 6));
}

TEST(Configs, of_the_protocols_fine_tune_as_each_of_them_says_on_its_own_split) {
  const Experiment experiment = read("protocols.yaml");
  EXPECT_EQ(experiment.cells.size(), 2U * 3 * (1 + 1 + 5));
  std::map<std::string, std::set<std::string>> seen;
  for (const Cell& cell : experiment.cells) {
    const RunConfig& run = cell.config;
    seen[cell.slug.substr(0, cell.slug.find('_'))].insert(
        fmt::format("{} {} {} {} {}", run.data.split, run.data.rows, run.training.padding, run.training.batch,
                    run.training.select));
  }
  EXPECT_THAT(seen,
              ElementsAre(std::pair("midibert", std::set<std::string>{"midibert all attended 12 best"}),
                          std::pair("paper", std::set<std::string>{"midibert all attended 16 best"}),
                          std::pair("recommended", std::set<std::string>{"folds first masked 16 last"})));
}

TEST(Configs, floors_asks_for_every_system_in_folds_and_on_published_splits) {
  const Experiment floors = read("floors.yaml");
  EXPECT_THAT(groups_of(floors),
              ElementsAre(std::pair("all", 4 * (2 * 25 + 2)), std::pair("constant", 2 * (2 * 25 + 2)),
                          std::pair("quiet", 3 * (2 * 25 + 2))));
  std::set<std::string> systems;
  for (const Cell& cell : floors.cells) {
    systems.insert(cell.config.system);
    EXPECT_EQ(cell.config.classifier.features,
              std::vector<std::string>{cell.group == "quiet" ? "without_velocity" : "all"});
  }
  EXPECT_THAT(systems, testing::UnorderedElementsAreArray(classical_systems()));
}

TEST(Configs, replication_trains_on_each_data_set_and_tests_on_each) {
  const Experiment replication = read("replication.yaml");
  const int arms = 1 + 2 * 3, seeds = 3, floors = 6;
  EXPECT_EQ(replication.cells.size(), static_cast<std::size_t>((3 * 5 + 2) * (arms * seeds + floors)));
  std::set<std::pair<std::string, std::string>> seen;
  for (const Cell& cell : replication.cells)
    seen.emplace(replication.music[cell.music].dataset.name, cell.config.data.split);
  EXPECT_THAT(seen,
              ElementsAre(std::pair("emopia", "folds"), std::pair("emopia+vgmidi", "emopia_to_vgmidi"),
                          std::pair("emopia+vgmidi", "folds"), std::pair("emopia+vgmidi", "vgmidi_to_emopia"),
                          std::pair("vgmidi", "folds")));
  std::vector<std::string> names;
  for (const InputFiles& files : input_files(replication.music, "r")) names.push_back(files.name);
  EXPECT_THAT(names, ElementsAre("emopia", "vgmidi", "emopia+vgmidi"));
}

TEST(Configs, of_the_baselines_have_every_rival_on_the_same_folds_and_seeds) {
  const Experiment baselines = read("baselines.yaml"), tiny = read("baselines.yaml", {"model.size=tiny"});
  const int each = 2 * 5 * 5;
  EXPECT_THAT(groups_of(baselines),
              testing::UnorderedElementsAre(std::pair("midibert", each), std::pair("mt_midibert", each),
                                            std::pair("midigpt", each), std::pair("lstm_attn_emopia", each),
                                            std::pair("lstm_attn_midibert", each), std::pair("bilma", each)));
  EXPECT_THAT(slugs_of(baselines), testing::SizeIs(baselines.cells.size()));
  std::map<std::string, std::set<std::string>> partitions;
  for (std::size_t i = 0; i < baselines.cells.size(); ++i) {
    const Cell& cell = baselines.cells[i];
    const RunConfig& run = cell.config;
    partitions[cell.group].insert(
        fmt::format("{} {} {} {}", cell.music, run.data.fold, run.seed, run.training.epochs));
    EXPECT_EQ(is_recurrent(run.system), cell.group.starts_with("lstm") || cell.group == "bilma");
    EXPECT_EQ(run.model.attention, cell.group == "midigpt" ? "causal" : "bidirectional");
    EXPECT_EQ(run.training.auxiliary.size(), cell.group == "mt_midibert" ? 3U : 0U);
    EXPECT_EQ(cell.digest == tiny.cells[i].digest, is_recurrent(run.system)) << "they have no backbone";
    EXPECT_EQ(cell.digest, config_digest(config_to_json(run, true)));
    if (cell.group == "lstm_attn_emopia") {  // midibert.md section 9.1
      EXPECT_EQ(run.recurrent, RecurrentConfig{});
      EXPECT_EQ(run.recurrent.embedding_width, 300);
      EXPECT_EQ(run.recurrent.hidden, 128);
      EXPECT_EQ(run.head.attention_rows, 14);
    }
    if (cell.group == "lstm_attn_midibert") {
      EXPECT_EQ(run.recurrent.columns, "concatenated");
      EXPECT_EQ(run.recurrent.embedding_width, 256);
      EXPECT_EQ(run.recurrent.input_width, 768);
      EXPECT_EQ(run.head.attention_rows, 4);
    }
  }
  for (const auto& [group, found] : partitions) EXPECT_EQ(found, partitions["midibert"]) << group;
}

TEST(Configs, of_pretrained_baselines_name_the_backbone_that_is_not_there) {
  EXPECT_THAT(refusal_of([] { read("baselines_pretrained.yaml"); }, ExitCode::kMissing),
              testing::HasSubstr("results/pretrained/mini"));
}

}  // namespace
}  // namespace mofi
