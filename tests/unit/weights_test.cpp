#include "model/weights.h"

#include <gmock/gmock.h>
#include <torch/torch.h>

#include "core/error.h"
#include "midi_examples.h"

namespace mofi {
namespace {

ParameterSet two_parameters(std::uint64_t seed) {
  ParameterSet parameters(seed, torch::kFloat32);
  parameters.add("midibert.in_linear.weight", {3, 2}, normal(1));
  parameters.add("classifier.0.bias", {4}, normal(1));
  return parameters;
}

TEST(Weights, what_was_saved_loads_bit_for_bit) {
  const TemporaryFolder folder;
  const ParameterSet saved = two_parameters(1);
  ParameterSet loaded = two_parameters(2);
  save_weights(folder.path() / "w", saved, {{"a", "b"}});
  const LoadReport report = load_weights(folder.path() / "w", loaded);
  EXPECT_TRUE(report.missing.empty() && report.unexpected.empty());
  for (const NamedTensor& entry : saved.all())
    EXPECT_TRUE(torch::equal(entry.tensor, loaded.get(entry.name)));
  EXPECT_EQ(weights_metadata(folder.path() / "w").at("a"), "b");
}

TEST(Weights, a_backbone_without_prefix_loads_into_a_classifier_and_the_rest_is_reported) {
  const TemporaryFolder folder;
  ParameterSet backbone(1, torch::kFloat32);
  backbone.add("in_linear.weight", {3, 2}, normal(1));
  backbone.add("unknown", {1}, constant(0));
  save_weights(folder.path() / "w", backbone, {});
  ParameterSet model = two_parameters(2);
  const LoadReport report = load_weights(folder.path() / "w", model);
  EXPECT_THAT(report.missing, testing::ElementsAre("classifier.0.bias"));
  EXPECT_THAT(report.unexpected, testing::ElementsAre("unknown"));
  EXPECT_TRUE(torch::equal(model.get("midibert.in_linear.weight"), backbone.get("in_linear.weight")));
}

TEST(Weights, a_wrong_shape_is_refused_before_anything_is_changed) {
  const TemporaryFolder folder;
  ParameterSet other(1, torch::kFloat32);
  other.add("midibert.in_linear.weight", {3, 2}, normal(1));
  other.add("classifier.0.bias", {5}, normal(1));
  save_weights(folder.path() / "w", other, {});
  ParameterSet model = two_parameters(2);
  EXPECT_THROW(load_weights(folder.path() / "w", model), Error);
  EXPECT_TRUE(torch::equal(model.get("midibert.in_linear.weight"),
                           two_parameters(2).get("midibert.in_linear.weight")));
}

}  // namespace
}  // namespace mofi
