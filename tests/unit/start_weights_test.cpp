#include "training/start_weights.h"

#include <gmock/gmock.h>
#include <torch/torch.h>

#include "core/files.h"
#include "model/weights.h"
#include "refusal.h"
#include "small_corpus.h"
#include "temporary_folder.h"
#include "training/evaluate.h"
#include "training/model_input.h"

namespace mofi {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kClasses = R"(["Q1","Q2","Q3","Q4"])";

Classifier model_of(const RunConfig& config, const std::string& scheme = "cp4", int classes = 4) {
  return make_classifier(config.model, config.injection, config.head, column_sizes(token_scheme(scheme)),
                         classes, config.seed);
}

/// A folder with weights of a small run, and what a run that begins from them says.
struct Files {
  TemporaryFolder folder;
  std::string path = (folder.path() / "w.safetensors").string();
  RunConfig asked = small_run();

  void save(const Classifier& model, const std::map<std::string, std::string>& metadata) const {
    save_weights(path, model.parameters, metadata);
  }
  std::string refusal(ExitCode code, const std::string& scheme = "cp4", int classes = 4) {
    asked.training.weights = path;
    Classifier model = model_of(asked, scheme, classes);
    return refusal_of([&] { load_start_weights(asked, token_scheme(scheme), model); }, code);
  }
};

TEST(StartWeights, of_another_size_are_refused_by_their_sizes_with_or_without_metadata) {
  Files files;
  RunConfig other = small_run();
  other.model.layers = 3;
  other.model.hidden = 24;
  for (const bool has_metadata : {true, false}) {
    files.save(model_of(other),
               has_metadata
                   ? std::map<std::string, std::string>{{"config", config_to_json(other, true).dump()}}
                   : std::map<std::string, std::string>{});
    EXPECT_THAT(
        files.refusal(ExitCode::kUsage),
        AllOf(HasSubstr("w.safetensors: is a model of 24 x 3 layers, the config asks for 16 x 2"),
              HasSubstr("model.layers=3 (not 2), model.hidden=24 (not 16)"), Not(HasSubstr("intermediate"))));
  }
}

TEST(StartWeights, of_other_tokens_or_classes_are_refused_in_a_sentence) {
  Files files;
  const RunConfig config = small_run();
  files.save(model_of(config, "cp6"), {{"scheme", "cp6"}});
  EXPECT_THAT(files.refusal(ExitCode::kData),
              HasSubstr("was trained on cp6 tokens; the tokens file holds cp4"));
  files.save(model_of(config, "cp6"), {});  // the columns' sizes tell it as well
  EXPECT_THAT(files.refusal(ExitCode::kData),
              HasSubstr("was trained on cp6 tokens; the tokens file holds cp4"));
  files.save(model_of(config), {{"classes", kClasses}});
  EXPECT_THAT(files.refusal(ExitCode::kData, "cp4", 8),
              AllOf(HasSubstr("tells 4 classes apart, the tokens file has 8"), HasSubstr("--backbone-only")));
  EXPECT_EQ(files.refusal(ExitCode::kData), "");
}

TEST(StartWeights, that_lack_a_part_of_midibert_are_refused_with_all_that_is_missing) {
  Files files;
  const Classifier whole = model_of(small_run());
  ParameterSet some(1, torch::kFloat32);
  for (const NamedTensor& entry : whole.parameters.all())
    if (!entry.name.ends_with("in_linear.bias") && !entry.name.ends_with("0.output.dense.weight"))
      some.add(entry.name, entry.tensor.sizes(), constant(0));
  save_weights(files.path, some, {});
  EXPECT_THAT(files.refusal(ExitCode::kData),
              AllOf(HasSubstr("2 things do not fit the model; nothing was loaded"),
                    HasSubstr("\n  missing: midibert.in_linear.bias [16]"),
                    HasSubstr("\n  missing: midibert.bert.encoder.layer.0.output.dense.weight [16, 24]")));
}

TEST(StartWeights, of_a_backbone_alone_leave_the_head_as_it_was) {
  Files files;
  RunConfig other = small_run();
  other.seed = 7;
  const Classifier pretrained = model_of(other);
  ParameterSet backbone(1, torch::kFloat32);
  for (const NamedTensor& entry : pretrained.parameters.all())
    if (entry.name.starts_with("midibert."))
      backbone.add(entry.name.substr(9), entry.tensor.sizes(), constant(0)).set_data(entry.tensor.detach());
  save_weights(files.path, backbone, {{"layout", "backbone"}});
  files.asked.training.weights = files.path;
  Classifier model = model_of(files.asked);
  const Classifier fresh = model_of(files.asked);
  load_start_weights(files.asked, token_scheme("cp4"), model);
  for (const NamedTensor& entry : model.parameters.all()) {
    const bool is_backbone = entry.name.starts_with("midibert.");
    EXPECT_TRUE(torch::equal(entry.tensor, (is_backbone ? pretrained : fresh).parameters.get(entry.name)))
        << entry.name;
  }
  EXPECT_THAT(refusal_of([&] { require_classifier(read_weights(files.path)); }),
              HasSubstr("its layout is backbone; evaluate needs a sequence classifier"));
}

TEST(StartWeights, without_metadata_are_no_classifier_that_evaluate_can_build) {
  Files files;
  files.save(model_of(small_run()), {});
  EXPECT_THAT(refusal_of([&] { require_classifier(read_weights(files.path)); }),
              HasSubstr("does not say which model it belongs to"));
  files.save(model_of(small_run()), {{"config", "{}"}, {"classes", R"(["only one"])"}});
  EXPECT_THAT(refusal_of([&] { read_weights(files.path); }), HasSubstr("does not name its classes"));
}

TEST(HiddenStates, have_sums_that_do_not_depend_on_the_batch_and_leave_padding_out) {
  const TokenTable tokens = small_corpus(40);
  const ModeTable modes = small_modes(tokens);
  RunConfig config = small_run();
  config.injection.condition = "mode";
  config.injection.site = 1;
  const Dataset dataset = whole_table(tokens, &modes, config);
  const Classifier model = model_of(config);
  {
    const torch::NoGradGuard no_grad;  // a film that does something
    for (const NamedTensor& entry : model.parameters.all())
      if (entry.name.starts_with("injection.")) entry.tensor.add_(0.5);
  }
  const auto rows = dataset.rows_in({"test"});
  ASSERT_GT(rows.size(), 33U);  // more than a batch
  for (const Padding padding : {Padding::kMasked, Padding::kPooled, Padding::kAttended}) {
    const torch::Tensor together =
        hidden_state_sums(World::alone(), model, dataset, rows, padding, torch::kCPU);
    ASSERT_EQ(together.sizes(), (torch::IntArrayRef{static_cast<std::int64_t>(rows.size()), 3, 2}));
    for (std::size_t r = 0; r < rows.size(); r += 7) {
      const torch::Tensor ours = together[static_cast<std::int64_t>(r)];
      const std::vector<std::size_t> one = {rows[r]};
      const torch::Tensor alone =
          hidden_state_sums(World::alone(), model, dataset, one, padding, torch::kCPU)[0];
      EXPECT_LT(((ours - alone).abs() / torch::stack({ours.select(1, 1).sqrt(), ours.select(1, 1)}, 1))
                    .max()
                    .item<double>(),
                1e-5);

      // The definition, number by number.
      const ModelInput input = make_input(dataset, one, {}, padding, torch::kCPU);
      const torch::NoGradGuard no_grad;
      const auto states = encode(model.backbone, input.words_NC, input.sequences,
                                 padding == Padding::kAttended ? torch::Tensor() : input.mask_N, false,
                                 [&](int site, const torch::Tensor& hidden) {
                                   return site == 1 ? inject(model.injection, model.injection.sites[0],
                                                             hidden, input.sequences, input.condition_SK)
                                                    : hidden;
                                 });
      const int numbers = dataset.rows[rows[r]].words * config.model.hidden;
      for (std::size_t k = 0; k < states.size(); ++k) {
        const auto* h = states[k].const_data_ptr<float>();
        double wave = 0, squares = 0;
        for (int i = 0; i < numbers; ++i) {
          wave += h[i] * std::sin(static_cast<double>(i));
          squares += static_cast<double>(h[i]) * h[i];
        }
        const auto at = static_cast<std::int64_t>(k);
        EXPECT_NEAR(ours[at][0].item<double>(), wave, 1e-5 * std::sqrt(squares));
        EXPECT_NEAR(ours[at][1].item<double>(), squares, 1e-5 * squares);
      }
    }
  }
}

}  // namespace
}  // namespace mofi
