// The bodies of the CUDA kernels, run on the CPU (emulated_lanes.h), against ATen and the CPU's own kernels.

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <torch/library.h>
#include <torch/torch.h>

#include <random>
#include <set>

#include "emulated_lanes.h"
#include "model/attention.h"
#include "model/dropout.h"
#include "model/gpu/device_layers.h"
#include "model/gpu/kernel_choice.h"
#include "model/gpu/twins.h"
#include "model/row_kernels.h"

namespace mofi {
namespace {

using torch::Tensor;

constexpr double kEpsilon = 1e-12;

Tensor leaf(at::IntArrayRef sizes, torch::ScalarType type = torch::kFloat32) {
  return torch::randn(sizes).to(type).requires_grad_();
}

/// The result and the gradients of the leaves.
std::vector<Tensor> with_gradients(const Tensor& result, const std::vector<Tensor>& leaves,
                                   const Tensor& upstream) {
  std::vector<Tensor> all = torch::autograd::grad({result}, leaves, {upstream.to(result.scalar_type())});
  all.insert(all.begin(), result.detach());
  return all;
}

/// Each within `bound` of the other's size.
void expect_close(const std::vector<Tensor>& found, const std::vector<Tensor>& expected, double bound,
                  const std::string& what) {
  ASSERT_EQ(found.size(), expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    const Tensor difference = found[i].to(torch::kFloat32) - expected[i].to(torch::kFloat32);
    EXPECT_LE(difference.norm().item<double>(),
              bound * expected[i].to(torch::kFloat32).norm().item<double>() + 1e-6)
        << what << ", tensor " << i;
  }
}

void expect_equal(const std::vector<Tensor>& a, const std::vector<Tensor>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) EXPECT_TRUE(torch::equal(a[i], b[i])) << "tensor " << i;
}

/// While it lives, threads of a block run from the last to the first.
struct Reversed {
  Reversed() { EmulatedBlock::reversed = true; }
  ~Reversed() { EmulatedBlock::reversed = false; }
};

// --- What kernels reckon with

TEST(DeviceDropoutHash, drops_what_the_cpu_s_kernels_drop) {
  constexpr std::int64_t kWidth = 131;
  const std::vector<float> ones(kWidth, 1);
  std::vector<float> kept(kWidth);
  for (const std::uint64_t seed : {std::uint64_t{0}, std::uint64_t{77}, ~std::uint64_t{0} / 3})
    for (const std::int64_t row : {0, 1, 511, 70000}) {
      const RowDropout of_cpu = dropout_of_row(0.3, seed, row);
      drop_row(ones.data(), of_cpu, kWidth, kept.data());
      const auto seed_in_memory = static_cast<std::int64_t>(seed);
      const DeviceDropout of_device = {&seed_in_memory, of_cpu.threshold, of_cpu.keep_scale};
      for (std::int64_t i = 0; i < kWidth; ++i)
        EXPECT_EQ(is_kept(of_device, dropout_key(of_device, row), i), kept[static_cast<std::size_t>(i)] != 0);
    }
}

TEST(DeviceBfloat16, is_rounded_as_aten_rounds) {
  const Tensor x =
      torch::cat({torch::randn({1000}), torch::tensor({0.F, -0.F, 1.00390625F, 1.01171875F, 3e38F, 1e-40F})});
  const Tensor expected = x.to(torch::kBFloat16).to(torch::kFloat32);
  for (std::int64_t i = 0; i < x.numel(); ++i)
    EXPECT_EQ(float_of(rounded<Bfloat16>(x[i].item<float>())), expected[i].item<float>());
  EXPECT_TRUE(std::isnan(float_of(rounded<Bfloat16>(NAN))));
}

TEST(AttentionTiles, cover_every_row_once_whatever_the_lengths) {
  std::mt19937 random(1);
  for (int repetition = 0; repetition < 200; ++repetition) {
    std::vector<std::int64_t> starts = {0};
    for (int count = static_cast<int>(random() % 9) + 1; count > 0; --count)
      starts.push_back(starts.back() + static_cast<std::int64_t>(random() % 300));
    const auto sequences = static_cast<std::int64_t>(starts.size()) - 1;
    const std::int64_t rows = starts.back() + static_cast<std::int64_t>(random() % 100);
    std::vector<int> met(static_cast<std::size_t>(rows));
    for (std::int64_t tile = 0; tile < tile_count(rows, sequences); ++tile) {
      const TilePlace place = tile_place(starts.data(), sequences, rows, tile);
      for (std::int64_t l = place.first; l < std::min(place.first + kTile, place.length); ++l) {
        const std::int64_t row = place.start + l;
        ++met[static_cast<std::size_t>(row)];
        EXPECT_GE(row, starts[static_cast<std::size_t>(place.sequence)]);
        EXPECT_LT(row,
                  place.sequence < sequences ? starts[static_cast<std::size_t>(place.sequence) + 1] : rows);
      }
    }
    EXPECT_THAT(met, testing::Each(1));
  }
}

TEST(AttentionTiles, warps_find_every_pair_of_words_at_the_line_of_its_distance) {
  for (int row = 0; row < kTile; ++row)
    for (int column = 0; column < kTile; ++column) {
      const int line = band_line(row, column);
      EXPECT_EQ(band_offset(640, 128, line), 640 + row - (128 + column));
      const int of_row = line_of_row(row % kRowsOfWarp, column),
                of_column = line_of_column(row, column % kRowsOfWarp);
      EXPECT_EQ(first_line_of_rows(row / kRowsOfWarp) + of_row, line);
      EXPECT_EQ(first_line_of_columns(column / kRowsOfWarp) + of_column, line);
      for (const int of_warp : {of_row, of_column}) {
        EXPECT_GE(of_warp, 0);
        EXPECT_LT(of_warp, kWarpBand);
      }
    }
  for (int warp = 0; warp < kTileWarps; ++warp) {
    EXPECT_LE(first_line_of_rows(warp) + kWarpBand, kBand);
    EXPECT_GE(first_line_of_columns(warp), 0);
    EXPECT_LE(first_line_of_columns(warp) + kWarpBand, kBand);
  }
}

TEST(AttentionTiles, every_diagonal_has_its_turn) {
  const int diagonals = diagonal_count(512);
  EXPECT_EQ(diagonals, 15);
  std::set<int> met;
  for (int order = 0; order < diagonals; ++order) {
    EXPECT_EQ(order_of_diagonal(diagonal_of(order)), order);
    met.insert(diagonal_of(order));
  }
  EXPECT_EQ(met.size(), 15U);
  EXPECT_EQ(*met.begin(), -7);
  EXPECT_EQ(*met.rbegin(), 7);
}

TEST(RunningSoftmax, taken_in_parts_is_the_softmax_of_all) {
  torch::manual_seed(3);
  const Tensor scores = torch::randn({100}) * 30;
  RunningSoftmax softmax;
  for (std::int64_t first = 0; first < 100; first += 17) {
    const Tensor part = scores.slice(0, first, first + 17);
    softmax.raise(part.max().item<float>());
    for (std::int64_t i = 0; i < part.numel(); ++i)
      softmax.sum += exponential(part[i].item<float>() - softmax.most);
  }
  EXPECT_NEAR(softmax.log_sum(), torch::logsumexp(scores, 0).item<float>(), 1e-4);
}

// --- Bias and GELU

TEST(DeviceGelu, value_and_gradients_equal_the_twin_for_rows_of_any_number) {
  torch::manual_seed(1);
  for (const auto type : {torch::kFloat32, torch::kBFloat16})
    for (const std::int64_t rows : {1, 37, 300}) {
      const std::vector<Tensor> leaves = {leaf({rows, 140}, type), leaf({140}), leaf({9, 140})};
      const Tensor upstream = torch::randn({rows, 9}).to(type);
      const auto found = with_gradients(
          device_gelu_product(kEmulatedKernels, leaves[0], leaves[1], leaves[2]), leaves, upstream);
      expect_close(found,
                   with_gradients(twin_gelu_product(leaves[0], leaves[1], leaves[2]), leaves, upstream),
                   type == torch::kFloat32 ? 1e-6 : 1e-2, fmt::format("{} rows", rows));
      const Reversed reversed;
      expect_equal(with_gradients(device_gelu_product(kEmulatedKernels, leaves[0], leaves[1], leaves[2]),
                                  leaves, upstream),
                   found);
    }
}

// --- Residual and LayerNorm

struct NormCase {
  std::vector<Tensor> leaves;  ///< x, bias, residual, the norm's weight and bias
  LayerNorm norm;
  Tensor upstream;
};
NormCase norm_case(std::int64_t rows, std::int64_t width, torch::ScalarType type) {
  torch::manual_seed(3);
  NormCase c = {
      {leaf({rows, width}, type), leaf({width}), leaf({rows, width}), leaf({width}), leaf({width})}, {}, {}};
  c.norm = {c.leaves[3], c.leaves[4]};
  c.upstream = torch::randn({rows, width});
  return c;
}

TEST(DeviceResidualNorm, value_and_gradients_equal_the_twin_for_every_width_that_fits) {
  for (const auto type : {torch::kFloat32, torch::kBFloat16})
    for (const std::int64_t width : {128, 256, 768, 1024})
      for (const double probability : {0.0, 0.3}) {
        const NormCase c = norm_case(41, width, type);
        const auto run = [&] {
          return with_gradients(device_residual_norm(kEmulatedKernels, c.leaves[0], c.leaves[1], c.leaves[2],
                                                     c.norm, kEpsilon, seeded(probability, 5, torch::kCPU))
                                    .exact_NH,
                                c.leaves, c.upstream);
        };
        const auto found = run();
        expect_close(
            found,
            with_gradients(
                twin_residual_norm(c.leaves[0], c.leaves[1], c.leaves[2], c.norm, kEpsilon, probability, 5),
                c.leaves, c.upstream),
            type == torch::kFloat32 ? 1e-5 : 5e-3, fmt::format("width {}, dropout {}", width, probability));
        const Reversed reversed;
        expect_equal(run(), found);
      }
}

TEST(DeviceResidualNorm, is_that_of_the_cpu_s_kernels_for_the_same_seed) {
  for (const auto type : {torch::kFloat32, torch::kBFloat16}) {
    const NormCase c = norm_case(29, 256, type);
    const auto both = [&](const Hidden& hidden) {
      return with_gradients(hidden.exact_NH + hidden.rounded_NH.to(torch::kFloat32), c.leaves, c.upstream);
    };
    torch::manual_seed(8);
    const std::uint64_t seed = drawn_seed();
    torch::manual_seed(8);
    const auto expected = both(residual_norm(c.leaves[0], c.leaves[1], c.leaves[2], c.norm, kEpsilon, 0.25));
    const auto found = both(device_residual_norm(kEmulatedKernels, c.leaves[0], c.leaves[1], c.leaves[2],
                                                 c.norm, kEpsilon, seeded(0.25, seed, torch::kCPU)));
    expect_close(found, expected, type == torch::kFloat32 ? 1e-5 : 1e-3, "both hidden states");
    EXPECT_TRUE(torch::equal(found[1] == 0, expected[1] == 0)) << "the mask";
  }
}

// --- Attention

struct AttentionCase {
  std::vector<Tensor> leaves;  ///< query, key, value, distance
  Tensor bias, upstream;
  Sequences sequences;
  std::int64_t heads;

  Tensor on_device(double probability, std::uint64_t seed) const {
    return device_attention(kEmulatedKernels, leaves[0], leaves[1], leaves[2], leaves[3], bias, sequences,
                            heads, seeded(probability, seed, torch::kCPU));
  }
  Tensor by_twin(double probability, std::uint64_t seed) const {
    return twin_attention(leaves[0], leaves[1], leaves[2], leaves[3], bias, sequences, heads, probability,
                          seed);
  }
  std::vector<Tensor> with_gradients(const Tensor& result) const {
    return mofi::with_gradients(result, leaves, upstream);
  }
};

AttentionCase attention_case(const std::vector<std::int64_t>& lengths, std::int64_t width,
                             std::int64_t max_position, torch::ScalarType type = torch::kFloat32) {
  torch::manual_seed(11);
  AttentionCase c;
  c.heads = 2;
  for (const std::int64_t length : lengths) c.sequences.add(length);
  const std::int64_t rows = c.sequences.starts.back() + 7;
  for (int i = 0; i < 3; ++i) c.leaves.push_back(leaf({rows, c.heads * width}, type));
  c.leaves.push_back(leaf({2 * max_position - 1, width}));
  c.bias = torch::zeros({rows});
  c.bias.slice(0, c.sequences.starts[1] / 2, c.sequences.starts[1]).fill_(-10000.0);
  c.upstream = torch::randn({rows, c.heads * width}).to(type).to(torch::kFloat32);
  return c;
}

TEST(DeviceAttention, result_and_gradients_equal_the_plain_form) {
  for (const auto& [lengths, width, max_position] : {std::tuple(std::vector<std::int64_t>{1}, 64, 3),
                                                     {{63, 64, 65}, 64, 65},
                                                     {{200}, 32, 512},
                                                     {{130, 2}, 64, 130}}) {
    const AttentionCase c = attention_case(lengths, width, max_position);
    const Tensor plain =
        plain_attention(c.leaves[0], c.leaves[1], c.leaves[2], c.leaves[3], c.bias, c.sequences, c.heads, 0);
    expect_close(c.with_gradients(c.on_device(0, 0)), c.with_gradients(plain), 1e-5,
                 fmt::format("first of {} words, width {}", lengths.front(), width));
  }
}

TEST(DeviceAttention, drops_what_the_cpu_s_kernels_drop_for_the_same_seed) {
  const AttentionCase c = attention_case({70, 3, 129}, 32, 200);
  const auto cpu = c.with_gradients(
      attention(c.leaves[0], c.leaves[1], c.leaves[2], c.leaves[3], c.bias, c.sequences, c.heads, {0.2, 99}));
  expect_close(c.with_gradients(c.on_device(0.2, 99)), cpu, 2e-5, "dropout");
  expect_close(c.with_gradients(c.by_twin(0.2, 99)), cpu, 2e-5, "twin");
}

TEST(DeviceAttention, of_bfloat16_equals_the_twin_up_to_the_rounding_of_what_goes_into_products) {
  for (const std::int64_t width : {32, 64}) {
    const AttentionCase c = attention_case({65, 1, 100}, width, 128, torch::kBFloat16);
    expect_close(c.with_gradients(c.on_device(0.2, 4)), c.with_gradients(c.by_twin(0.2, 4)), 1.5e-2,
                 fmt::format("width {}", width));
  }
}

TEST(DeviceAttention, no_bit_depends_on_the_order_in_which_threads_run) {
  for (const auto type : {torch::kFloat32, torch::kBFloat16}) {
    const AttentionCase c = attention_case({80, 20}, 32, 80, type);
    const auto found = c.with_gradients(c.on_device(0.1, 4));
    const Reversed reversed;
    expect_equal(c.with_gradients(c.on_device(0.1, 4)), found);
  }
}

TEST(DeviceAttention, rows_of_no_sequence_are_0_and_what_is_no_number_stays_in_its_sequence) {
  for (const auto type : {torch::kFloat32, torch::kBFloat16}) {
    const AttentionCase c = attention_case({70, 30}, 32, 80, type);
    {
      const torch::NoGradGuard no_grad;
      for (int i = 0; i < 3; ++i) c.leaves[static_cast<std::size_t>(i)].slice(0, 0, 70).fill_(NAN);
    }
    const auto found = c.with_gradients(c.on_device(0, 0));
    for (std::size_t i = 0; i < 4; ++i) {
      EXPECT_TRUE(found[i].slice(0, 0, 70).isnan().all().item<bool>()) << "tensor " << i;
      EXPECT_FALSE(found[i].slice(0, 70).isnan().any().item<bool>()) << "tensor " << i;
      EXPECT_EQ(found[i].slice(0, 100).abs().max().item<float>(), 0) << "tensor " << i;
    }
  }
}

TEST(DeviceAttention, starts_on_the_device_decide_and_not_those_of_the_host) {
  // As in a replayed CUDA graph, whose launches were made for other lengths.
  AttentionCase c = attention_case({70, 30}, 32, 100);
  const auto expected = c.with_gradients(c.on_device(0, 0));
  c.sequences.device_starts = torch::tensor(c.sequences.starts);
  c.sequences.starts = {0, 50, 100};
  expect_equal(c.with_gradients(c.on_device(0, 0)), expected);
}

// --- Trust

TEST(KernelChoice, kernels_that_agree_with_their_twins_pass_the_comparison) {
  for (const auto type : {torch::kFloat32, torch::kBFloat16}) {
    EXPECT_EQ(compare_with_twin(kEmulatedKernels, DeviceKernel::kBiasGelu, type, 256, torch::kCPU), "");
    EXPECT_EQ(compare_with_twin(kEmulatedKernels, DeviceKernel::kResidualNorm, type, 256, torch::kCPU), "");
    EXPECT_EQ(compare_with_twin(kEmulatedKernels, DeviceKernel::kAttention, type, 32, torch::kCPU), "");
  }
}

template <class Arguments>
void refuse(const Arguments&, int) {
  throw std::runtime_error("a CUDA kernel could not be started: invalid argument");
}
/// Right but for one gradient of the relative positions.
void almost(const AttentionBackward<float>& a, int device) {
  emulate(a, device);
  a.d_distance[(a.forward.max_position - 1) * a.forward.width] *= 2;
}
void forgets_dropout(const ResidualNormForward<Bfloat16>& a, int device) {
  auto without = a;
  without.dropout = {};
  emulate(without, device);
}

TEST(KernelChoice, a_kernel_that_differs_or_cannot_start_is_told_apart_by_what_is_wrong) {
  KernelTable table = kEmulatedKernels;
  table.of_float.bias_gelu = refuse;
  table.of_float.attention_backward = almost;
  table.of_bfloat16.residual_norm = forgets_dropout;
  const auto why = [&](DeviceKernel kernel, torch::ScalarType type, std::int64_t width) {
    return compare_with_twin(table, kernel, type, width, torch::kCPU);
  };
  EXPECT_THAT(why(DeviceKernel::kBiasGelu, torch::kFloat32, 64), testing::HasSubstr("could not be started"));
  EXPECT_EQ(why(DeviceKernel::kBiasGelu, torch::kBFloat16, 64), "");
  EXPECT_THAT(why(DeviceKernel::kAttention, torch::kFloat32, 32),
              testing::HasSubstr("the gradient of relative positions differs"));
  EXPECT_THAT(why(DeviceKernel::kResidualNorm, torch::kBFloat16, 128),
              testing::HasSubstr("the result differs"));
}

TEST(KernelChoice, no_kernel_is_used_where_there_is_no_device) {
  EXPECT_EQ(kernels_for(DeviceKernel::kBiasGelu, torch::ones({2, 8}), 8), nullptr);
  for (const KernelState& state : kernel_states(torch::kCPU)) EXPECT_EQ(state.state, "not built (no nvcc)");
}

TEST(KernelChoice, finds_the_table_that_an_opened_plug_in_gives_to_the_dispatcher) {
  torch::Library library(torch::Library::FRAGMENT, "mofi", std::nullopt, __FILE__, __LINE__);
  library.def("cuda_kernel_table() -> int",
              []() { return reinterpret_cast<std::int64_t>(&kEmulatedKernels); });
  EXPECT_EQ(kernel_table(), &kEmulatedKernels);
  EXPECT_EQ(kernels_for(DeviceKernel::kBiasGelu, torch::ones({2, 8}), 8), nullptr) << "of the CPU";
}

}  // namespace
}  // namespace mofi
