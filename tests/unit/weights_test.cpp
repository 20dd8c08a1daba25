#include "model/weights.h"

#include <gmock/gmock.h>
#include <torch/torch.h>

#include "midi_examples.h"
#include "refusal.h"

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
  EXPECT_EQ(read_safetensors(folder.path() / "w").metadata.at("a"), "b");
}

TEST(Weights, a_backbone_without_prefix_loads_into_a_classifier_and_the_rest_is_reported) {
  const TemporaryFolder folder;
  ParameterSet backbone(1, torch::kFloat32);
  backbone.add("in_linear.weight", {3, 2}, normal(1));
  backbone.add("unknown", {1}, constant(0));
  save_weights(folder.path() / "w", backbone, {});
  ParameterSet model = two_parameters(2);
  const LoadReport report = load_weights(folder.path() / "w", model, "midibert.");
  EXPECT_THAT(report.missing, testing::ElementsAre("classifier.0.bias [4]"));
  EXPECT_THAT(report.unexpected, testing::ElementsAre("unknown [1] F32"));
  EXPECT_TRUE(torch::equal(model.get("midibert.in_linear.weight"), backbone.get("in_linear.weight")));
}

/// A file of these tensors, filled with zeros, which `load_weights` refuses for what the text says.
std::string refusal_of_tensors(const std::vector<SafeTensor>& tensors, std::string_view needed = "") {
  const TemporaryFolder folder;
  static const std::vector<std::byte> zeros(1024);
  std::vector<SafeTensor> filled = tensors;
  for (SafeTensor& tensor : filled) {
    std::size_t bytes = tensor.dtype == "F32" ? 4 : 8;
    for (const std::int64_t extent : tensor.shape) bytes *= static_cast<std::size_t>(extent);
    tensor.bytes = std::span(zeros).first(bytes);
  }
  write_safetensors(folder.path() / "w", filled, {});
  ParameterSet model = two_parameters(2);
  const std::string refusal = refusal_of([&] { load_weights(folder.path() / "w", model, needed); });
  if (refusal.empty()) return "";
  const ParameterSet untouched = two_parameters(2);
  for (const NamedTensor& entry : untouched.all())
    EXPECT_TRUE(torch::equal(entry.tensor, model.get(entry.name))) << "nothing may be changed";
  return refusal;
}

TEST(Weights, all_that_does_not_fit_is_told_with_shape_and_type_before_anything_is_changed) {
  const std::string refusal = refusal_of_tensors(
      {{"midibert.in_linear.weight", "I64", {2, 3}, {}}, {"classifier.0.boss", "F32", {4}, {}}});
  EXPECT_THAT(refusal, testing::HasSubstr("3 things do not fit the model; nothing was loaded"));
  for (const char* line :
       {"\n  of a wrong shape: midibert.in_linear.weight [2, 3] I64; the model's is [3, 2]\n",
        "\n  of a wrong type: midibert.in_linear.weight [2, 3] I64; expected floating-point numbers\n",
        "\n  missing: classifier.0.bias [4]\n", "\n  not expected: classifier.0.boss [4] F32"})
    EXPECT_THAT(refusal, testing::HasSubstr(line));
}

TEST(Weights, only_what_is_needed_must_be_there) {
  const SafeTensor bias{"classifier.0.bias", "F32", {4}, {}},
      weight{"module.midibert.in_linear.weight", "F32", {3, 2}, {}};
  EXPECT_EQ(refusal_of_tensors({weight}, "midibert."), "");
  EXPECT_THAT(refusal_of_tensors({bias}, "midibert."),
              testing::HasSubstr("missing: midibert.in_linear.weight"));
  EXPECT_THAT(refusal_of_tensors({weight}), testing::HasSubstr("missing: classifier.0.bias"));
  EXPECT_EQ(refusal_of_tensors({weight, bias}), "");
}

TEST(Weights, one_parameter_under_two_names_is_refused) {
  EXPECT_THAT(refusal_of_tensors(
                  {{"midibert.in_linear.weight", "F32", {3, 2}, {}}, {"in_linear.weight", "F32", {3, 2}, {}}},
                  "midibert."),
              testing::HasSubstr(
                  "twice: midibert.in_linear.weight is midibert.in_linear.weight and in_linear.weight"));
}

}  // namespace
}  // namespace mofi
