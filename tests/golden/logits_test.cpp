// A classifier that PyTorch wrote, and what an implementation of its own computes of it in float64
// (midibert_reference.py golden): logits and hidden states under every convention for padding.

#include <gmock/gmock.h>
#include <torch/torch.h>

#include "core/files.h"
#include "model/weights.h"
#include "storage/import_checkpoint.h"
#include "temporary_folder.h"
#include "tokens/midibert_arrays.h"
#include "training/evaluate.h"
#include "training/start_weights.h"

namespace mofi {
namespace {

constexpr double kBound = 1e-5;  // of float32: logits, relative to the row's largest; states, to their size

std::filesystem::path golden(const std::string& name) {
  return std::filesystem::path(MOFI_SOURCE) / "tests/golden/logits" / name;
}

torch::Tensor tensor_of(const Json& numbers) {  // nested lists
  std::vector<std::int64_t> shape;
  for (const Json* inner = &numbers; inner->is_array(); inner = &inner->front())
    shape.push_back(static_cast<std::int64_t>(inner->size()));
  std::vector<double> flat;
  const Json by_path = numbers.flatten();
  for (const auto& [path, number] : by_path.items()) flat.push_back(number.get<double>());
  return torch::tensor(flat, torch::kFloat64).view(shape);
}

/// As `mofi import` and `mofi evaluate` do it.
Classifier imported_model(const std::filesystem::path& checkpoint, RunConfig& config) {
  const TemporaryFolder folder;
  const ImportedCheckpoint imported = import_checkpoint(checkpoint, {false, {}, {{"cp4", {4, 18, 88, 66}}}});
  write_safetensors(folder / "w", imported.layout.tensors, imported.metadata);
  const WeightsFile weights = read_weights(folder / "w");
  require_classifier(weights);
  config = *weights.config;
  config.data.rows = "all";
  Classifier model = make_classifier(config.model, config.injection, config.head,
                                     column_sizes(token_scheme(weights.scheme)), 4, config.seed);
  EXPECT_TRUE(load_weights(weights.file, weights.name, model.parameters).unexpected.empty());
  return model;
}

class GoldenLogits : public testing::TestWithParam<const char*> {};

TEST_P(GoldenLogits, of_a_checkpoint_of_pytorch_are_computed_under_every_convention) {
  RunConfig config;
  const Classifier model = imported_model(golden(GetParam()), config);
  const TokenTable tokens = import_midibert_arrays(std::vector<ArrayToImport>{{golden("rows.npy"), ""}}, {});
  const Dataset dataset = [&] {
    Dataset made = whole_table(tokens, nullptr, config);
    made.classes = 4;
    return made;
  }();
  const auto rows = dataset.rows_in({"test"});
  const Json expected = Json::parse(read_text(golden("expected.json")));
  for (const char* convention : {"masked", "pooled", "attended"}) {
    const Padding padding = padding_of(convention);
    const torch::Tensor logits = tensor_of(expected[convention]["logits"]),
                        ours = score_rows(World::alone(), model, dataset, rows, padding, torch::kCPU);
    ASSERT_EQ(ours.sizes(), logits.sizes());
    EXPECT_LT(((ours - logits).abs().amax(1) / logits.abs().amax(1)).max().item<double>(), kBound)
        << convention;
    const torch::Tensor sums = tensor_of(expected[convention]["hidden_states"]),
                        our_sums =
                            hidden_state_sums(World::alone(), model, dataset, rows, padding, torch::kCPU);
    ASSERT_EQ(our_sums.sizes(), sums.sizes());
    const torch::Tensor squares = sums.select(2, 1);
    const torch::Tensor difference = (our_sums - sums).abs() / torch::stack({squares.sqrt(), squares}, 2);
    EXPECT_LT(difference.max().item<double>(), kBound) << convention;
  }
}

INSTANTIATE_TEST_SUITE_P(Checkpoint, GoldenLogits,
                         testing::Values("smallest.ckpt", "smallest_legacy.ckpt", "smallest.safetensors"));

TEST(GoldenLogits, tell_the_conventions_apart) {
  const Json expected = Json::parse(read_text(golden("expected.json")));
  const auto logits = [&](const char* convention) { return tensor_of(expected[convention]["logits"]); };
  const torch::Tensor masked = logits("masked"), pooled = logits("pooled"), attended = logits("attended");
  // The first row has no padding; of the others, every convention makes something else.
  EXPECT_LT((masked - pooled)[0].abs().max().item<double>(), 1e-12);
  EXPECT_LT((masked - attended)[0].abs().max().item<double>(), 1e-12);
  for (const auto& [one, other] : {std::pair(masked, pooled), {masked, attended}, {pooled, attended}})
    EXPECT_GT((one - other).slice(0, 1).abs().amax(1).min().item<double>(), 1e-3);
}

}  // namespace
}  // namespace mofi
