// Own CUDA kernels on a device against their twins by ATen and against the CPU: skipped, with the reason,
// where there is no device or the plug-in was built without nvcc.

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <torch/torch.h>

#include "distributed/gpu_plugin.h"
#include "model/attention.h"
#include "model/dropout.h"
#include "model/gpu/device_layers.h"
#include "model/gpu/kernel_choice.h"
#include "model/gpu/twins.h"

namespace mofi {
namespace {

using torch::Tensor;

const torch::Device kDevice(torch::kCUDA, 0);
constexpr double kEpsilon = 1e-12;

struct GpuKernels : testing::TestWithParam<torch::ScalarType> {
  void SetUp() override {
    if (gpu_plugin() == nullptr) GTEST_SKIP() << gpu_state();
    for (const KernelState& state : kernel_states(kDevice))
      if (state.state.rfind("not built", 0) == 0) GTEST_SKIP() << "CUDA kernels: " << state.state;
    torch::manual_seed(7);
  }
  bool is_exact() const { return GetParam() == torch::kFloat32; }
  /// The kernels whatever the comparison at first use said: the tests are to say it in detail.
  const KernelTable& kernels() const {
    const KernelTable* table = kernel_table();
    if (table == nullptr) throw std::logic_error("no table of kernels");
    return *table;
  }
  Tensor leaf(at::IntArrayRef sizes, torch::ScalarType type) const {
    return torch::randn(sizes).to(type).to(kDevice).requires_grad_();
  }
};

std::vector<Tensor> with_gradients(const Tensor& result, const std::vector<Tensor>& leaves,
                                   const Tensor& upstream) {
  std::vector<Tensor> all = torch::autograd::grad({result}, leaves, {upstream.to(result.scalar_type())});
  all.insert(all.begin(), result.detach());
  return all;
}

void expect_close(const std::vector<Tensor>& found, const std::vector<Tensor>& expected, double bound,
                  const std::string& what) {
  ASSERT_EQ(found.size(), expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    const auto exact = [](const Tensor& x) { return x.to(torch::kCPU, torch::kFloat64); };
    EXPECT_LE((exact(found[i]) - exact(expected[i])).norm().item<double>(),
              bound * exact(expected[i]).norm().item<double>() + 1e-6)
        << what << ", tensor " << i;
  }
}

void expect_equal(const std::vector<Tensor>& a, const std::vector<Tensor>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) EXPECT_TRUE(torch::equal(a[i], b[i])) << "tensor " << i;
}

std::vector<Tensor> leaves_on(torch::Device device, const std::vector<Tensor>& leaves) {
  std::vector<Tensor> there;
  for (const Tensor& x : leaves) there.push_back(x.detach().to(device).requires_grad_());
  return there;
}

TEST_P(GpuKernels, agree_with_their_twins_at_first_use) {
  for (const auto& [kernel, width] : {std::pair(DeviceKernel::kBiasGelu, 512),
                                      {DeviceKernel::kBiasGelu, 3072},
                                      {DeviceKernel::kResidualNorm, 128},
                                      {DeviceKernel::kResidualNorm, 256},
                                      {DeviceKernel::kResidualNorm, 768},
                                      {DeviceKernel::kAttention, 32},
                                      {DeviceKernel::kAttention, 64}})
    EXPECT_EQ(compare_with_twin(kernels(), kernel, GetParam(), width, kDevice), "") << "width " << width;
}

TEST_P(GpuKernels, of_bias_and_gelu_equal_the_twin_and_themselves) {
  for (const std::int64_t rows : {1, 37, 5000}) {
    const std::vector<Tensor> leaves = {leaf({rows, 3072}, GetParam()), leaf({3072}, torch::kFloat32),
                                        leaf({768, 3072}, torch::kFloat32)};
    const Tensor upstream = torch::randn({rows, 768}).to(kDevice);
    const auto run = [&] {
      return with_gradients(device_gelu_product(kernels(), leaves[0], leaves[1], leaves[2]), leaves,
                            upstream);
    };
    const auto found = run();
    expect_close(found, with_gradients(twin_gelu_product(leaves[0], leaves[1], leaves[2]), leaves, upstream),
                 is_exact() ? 1e-5 : 1e-2, fmt::format("{} rows", rows));
    expect_equal(run(), found);
  }
}

TEST_P(GpuKernels, of_residual_and_norm_equal_twin_cpu_and_themselves_with_and_without_dropout) {
  for (const std::int64_t width : {128, 256, 768})
    for (const double probability : {0.0, 0.1}) {
      const std::int64_t rows = 3001;
      const std::vector<Tensor> leaves = {leaf({rows, width}, GetParam()), leaf({width}, torch::kFloat32),
                                          leaf({rows, width}, torch::kFloat32),
                                          leaf({width}, torch::kFloat32), leaf({width}, torch::kFloat32)};
      const Tensor upstream = torch::randn({rows, width});
      torch::manual_seed(3);
      const std::uint64_t seed = probability > 0 ? drawn_seed() : 0;
      const auto run = [&] {
        const Hidden hidden =
            device_residual_norm(kernels(), leaves[0], leaves[1], leaves[2], {leaves[3], leaves[4]}, kEpsilon,
                                 seeded(probability, seed, kDevice));
        return with_gradients(hidden.exact_NH + hidden.rounded_NH.to(torch::kFloat32), leaves,
                              upstream.to(kDevice));
      };
      const auto found = run();
      const std::string what = fmt::format("width {}, dropout {}", width, probability);
      const Tensor twin = twin_residual_norm(leaves[0], leaves[1], leaves[2], {leaves[3], leaves[4]},
                                             kEpsilon, probability, seed);
      expect_close(found, with_gradients(twin + twin, leaves, upstream.to(kDevice)), is_exact() ? 2e-5 : 5e-3,
                   what);
      expect_equal(run(), found);

      const auto here = leaves_on(torch::kCPU, leaves);
      torch::manual_seed(3);
      const Hidden cpu = residual_norm(here[0], here[1], here[2], {here[3], here[4]}, kEpsilon, probability);
      const auto expected = with_gradients(cpu.exact_NH + cpu.rounded_NH.to(torch::kFloat32), here, upstream);
      expect_close(found, expected, is_exact() ? 2e-5 : 5e-3, what + ", CPU");
      EXPECT_TRUE(torch::equal(found[1].cpu() == 0, expected[1] == 0)) << what << ": the mask";
    }
}

TEST_P(GpuKernels, of_attention_equal_twin_cpu_and_themselves_with_and_without_dropout) {
  Sequences sequences;
  for (const std::int64_t length : {1, 63, 64, 65, 200, 512}) sequences.add(length);
  const std::int64_t rows = sequences.starts.back() + 11, heads = 3;
  for (const std::int64_t width : {32, 64})
    for (const double probability : {0.0, 0.1}) {
      const std::vector<Tensor> leaves = {
          leaf({rows, heads * width}, GetParam()), leaf({rows, heads * width}, GetParam()),
          leaf({rows, heads * width}, GetParam()), leaf({1023, width}, torch::kFloat32)};
      Tensor bias = torch::zeros({rows});
      bias.slice(0, 300, 393).fill_(-10000.0);
      const Tensor upstream = torch::randn({rows, heads * width}).to(GetParam());
      constexpr std::uint64_t kSeed = 1234;
      const auto run = [&] {
        return with_gradients(
            device_attention(kernels(), leaves[0], leaves[1], leaves[2], leaves[3], bias.to(kDevice),
                             sequences, heads, seeded(probability, kSeed, kDevice)),
            leaves, upstream.to(kDevice));
      };
      const auto found = run();
      const std::string what = fmt::format("width {}, dropout {}", width, probability);
      const double bound = is_exact() ? 5e-5 : 2e-2;
      expect_close(found,
                   with_gradients(twin_attention(leaves[0], leaves[1], leaves[2], leaves[3], bias.to(kDevice),
                                                 sequences, heads, probability, kSeed),
                                  leaves, upstream.to(kDevice)),
                   bound, what);
      expect_equal(run(), found);
      const auto here = leaves_on(torch::kCPU, leaves);
      expect_close(found,
                   with_gradients(attention(here[0], here[1], here[2], here[3], bias, sequences, heads,
                                            {probability, kSeed}),
                                  here, upstream),
                   bound, what + ", CPU");
      EXPECT_EQ(found[0].slice(0, sequences.starts.back()).abs().max().item<float>(), 0) << what;
    }
}

INSTANTIATE_TEST_SUITE_P(EitherType, GpuKernels, testing::Values(torch::kFloat32, torch::kBFloat16),
                         [](const auto& type) {
                           return type.param == torch::kFloat32 ? "float32" : "bfloat16";
                         });

}  // namespace
}  // namespace mofi
