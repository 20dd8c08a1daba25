#include "model/attention.h"

#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/torch.h>

#include <cmath>
#include <vector>

#include "model/dropout.h"
#include "model/products.h"
#include "model/relative_attention.h"

namespace mofi {
namespace {

using torch::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr std::int64_t kBlock = 128;  // queries (or keys) whose offsets are multiplied together

/// A matrix of float32 somewhere: element (i, j) at data[i · row_stride + j · column_stride].
struct Matrix {
  float* data;
  std::int64_t rows, columns, row_stride, column_stride = 1;

  Matrix transposed() const { return {data, columns, rows, column_stride, row_stride}; }
  Matrix rows_from(std::int64_t first, std::int64_t count) const {
    return {data + first * row_stride, count, columns, row_stride, column_stride};
  }
  Tensor tensor() const {
    return at::from_blob(data, {rows, columns}, {row_stride, column_stride}, at::TensorOptions(at::kFloat));
  }
};

/// c = a·b, or c += a·b.
void multiply(const Matrix& a, const Matrix& b, const Matrix& c, bool adds = false) {
  multiply_into(a.tensor(), b.tensor(), c.tensor(), adds);
}

/// Queries (or keys) first..first+rows of a head, and the products with all offsets that they have to the L
/// keys (or queries): row i of [rows, L + rows - 1], read from column rows - 1 - i on, is in the order of the
/// others. So the same numbers seen with a row stride one shorter are a matrix [rows, L].
struct Block {
  std::int64_t first, rows, length;

  std::int64_t offsets() const { return length + rows - 1; }
  std::int64_t others_at(std::int64_t i) const { return i * offsets() + rows - 1 - i; }
};

std::vector<Block> blocks_of(std::int64_t length) {
  std::vector<Block> blocks;
  for (std::int64_t first = 0; first < length; first += kBlock)
    blocks.push_back({first, std::min(kBlock, length - first), length});
  return blocks;
}

/// The sizes of a call, and where a head's rows are.
struct Shape {
  std::int64_t batch, length, heads, head_width, max_position;

  std::int64_t hidden() const { return heads * head_width; }
  /// Head `pair` of batch × heads in a tensor [batch, L, hidden].
  Matrix head_of(const Tensor& x, std::int64_t pair) const {
    float* data = x.data_ptr<float>() + pair / heads * length * hidden() + pair % heads * head_width;
    return {data, length, head_width, hidden()};
  }
  /// The rows of the table that a block meets, in the order of Block. e(l, r) of a key r ascends with l, so
  /// keys read the table as it is; of a query l it descends with r, so queries read it from its end.
  Matrix offsets(const Tensor& table_OD, const Block& block) const {
    return {table_OD.data_ptr<float>() + (max_position - block.first - block.rows) * head_width,
            block.offsets(), head_width, head_width};
  }
  float scale() const { return static_cast<float>(1 / std::sqrt(static_cast<double>(head_width))); }
};

Shape shape_of(const Tensor& query_BLH, const Tensor& distance_OD, std::int64_t heads) {
  return {query_BLH.size(0), query_BLH.size(1), heads, query_BLH.size(2) / heads,
          (distance_OD.size(0) + 1) / 2};
}

const float* bias_of(const Tensor& bias_BL, const Shape& shape, std::int64_t pair) {
  return bias_BL.numel() > 0 ? bias_BL.data_ptr<float>() + pair / shape.heads * shape.length : nullptr;
}

struct FusedAttention : torch::autograd::Function<FusedAttention> {
  static Tensor forward(AutogradContext* context, const Tensor& query, const Tensor& key, const Tensor& value,
                        const Tensor& distance, const Tensor& bias, std::int64_t heads, double probability,
                        std::int64_t seed) {
    const Shape shape = shape_of(query, distance, heads);
    const AttentionDropout dropout{probability, static_cast<std::uint64_t>(seed)};
    const std::int64_t length = shape.length;
    const bool drops = dropout_of_row(probability, dropout.seed, 0).threshold > 0;
    const std::vector<Block> blocks = blocks_of(length);
    const Tensor reversed = distance.flip(0);
    Tensor result = torch::empty_like(query);
    Tensor probabilities = torch::empty({shape.batch * heads, length, length}, query.options());

    at::parallel_for(0, shape.batch * heads, 1, [&](std::int64_t first, std::int64_t last) {
      const at::NoGradGuard no_grad;
      std::vector<float> scores(static_cast<std::size_t>(length * length));
      std::vector<float> by_query(static_cast<std::size_t>(kBlock * (length + kBlock))),
          by_key(by_query.size());
      for (std::int64_t pair = first; pair < last; ++pair) {
        const Matrix q = shape.head_of(query, pair), k = shape.head_of(key, pair),
                     v = shape.head_of(value, pair);
        const Matrix all_scores{scores.data(), length, length, length};
        multiply(q, k.transposed(), all_scores);
        for (const Block& block : blocks) {
          const Matrix products{by_key.data(), block.rows, block.offsets(), block.offsets()};
          multiply(k.rows_from(block.first, block.rows), shape.offsets(distance, block).transposed(),
                   products);
          // Column l of the block's keys, read along the keys, is a piece of row l of the scores.
          for (std::int64_t l = 0; l < length; ++l)
            add_column(by_key.data() + block.others_at(0) + l, static_cast<std::size_t>(block.offsets() - 1),
                       static_cast<std::size_t>(block.rows), scores.data() + l * length + block.first);
        }
        float* kept = probabilities.data_ptr<float>() + pair * length * length;
        for (const Block& block : blocks) {
          const Matrix products{by_query.data(), block.rows, block.offsets(), block.offsets()};
          multiply(q.rows_from(block.first, block.rows), shape.offsets(reversed, block).transposed(),
                   products);
          for (std::int64_t i = 0; i < block.rows; ++i) {
            const std::int64_t l = block.first + i;
            float* row = scores.data() + l * length;
            attention_row(row, by_query.data() + block.others_at(i), bias_of(bias, shape, pair),
                          shape.scale(), dropout_of_row(dropout.probability, dropout.seed, pair * length + l),
                          static_cast<std::size_t>(length), kept + l * length, row);
          }
        }
        const Matrix mixing{drops ? scores.data() : kept, length, length, length};
        multiply(mixing, v, shape.head_of(result, pair));
      }
    });
    context->save_for_backward({query, key, value, distance, probabilities});
    context->saved_data["heads"] = heads;
    context->saved_data["probability"] = probability;
    context->saved_data["seed"] = seed;
    return result;
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const auto saved = context->get_saved_variables();
    const Tensor &query = saved[0], &key = saved[1], &value = saved[2], &distance = saved[3],
                 &probabilities = saved[4];
    const std::int64_t heads = context->saved_data["heads"].toInt();
    const AttentionDropout dropout{context->saved_data["probability"].toDouble(),
                                   static_cast<std::uint64_t>(context->saved_data["seed"].toInt())};
    const Shape shape = shape_of(query, distance, heads);
    const std::int64_t length = shape.length;
    const std::vector<Block> blocks = blocks_of(length);
    const Tensor d_result = gradients[0].contiguous(), reversed = distance.flip(0);
    Tensor d_query = torch::empty_like(query), d_key = torch::empty_like(key),
           d_value = torch::empty_like(value);
    // One table a pair: sums over pairs in their order, whatever the threads.
    Tensor d_tables = torch::zeros(
        {2, std::min<std::int64_t>(kTableSums, shape.batch * heads), distance.size(0), shape.head_width},
        query.options());
    const std::int64_t sums = d_tables.size(1);

    at::parallel_for(0, sums, 1, [&](std::int64_t first, std::int64_t last) {
      const at::NoGradGuard no_grad;
      const auto area = static_cast<std::size_t>(length * length);
      std::vector<float> d_mixing(area), dropped(area);
      // The gradients of the scores as blocks of queries, and, transposed, of keys, with zeros where a query
      // has an offset to no key.
      const auto skewed_size = static_cast<std::size_t>(kBlock * (length + kBlock));
      std::vector<float> by_query(blocks.size() * skewed_size, 0.0F), by_key(skewed_size);
      for (std::int64_t sum = first; sum < last; ++sum) {
        const Tensor d_reversed = d_tables[0][sum], d_distance = d_tables[1][sum];
        for (std::int64_t pair = sum; pair < shape.batch * heads; pair += sums) {
          const Matrix q = shape.head_of(query, pair), k = shape.head_of(key, pair),
                       v = shape.head_of(value, pair);
          const Matrix d_out = shape.head_of(d_result, pair), d_q = shape.head_of(d_query, pair),
                       d_k = shape.head_of(d_key, pair);
          const Matrix mixing{dropped.data(), length, length, length};
          multiply(d_out, v.transposed(), {d_mixing.data(), length, length, length});
          const float* kept = probabilities.data_ptr<float>() + pair * length * length;
          for (std::size_t b = 0; b < blocks.size(); ++b) {
            const Block& block = blocks[b];
            float* skewed = by_query.data() + b * skewed_size;
            for (std::int64_t i = 0; i < block.rows; ++i) {
              const std::int64_t l = block.first + i;
              attention_row_backward(kept + l * length, d_mixing.data() + l * length, shape.scale(),
                                     dropout_of_row(dropout.probability, dropout.seed, pair * length + l),
                                     static_cast<std::size_t>(length), dropped.data() + l * length,
                                     skewed + block.others_at(i));
            }
            const Matrix d_scores{skewed + block.others_at(0), block.rows, length, block.offsets() - 1};
            const Matrix d_products{skewed, block.rows, block.offsets(), block.offsets()};
            const Matrix d_q_rows = d_q.rows_from(block.first, block.rows);
            multiply(d_scores, k, d_q_rows);
            multiply(d_products, shape.offsets(reversed, block), d_q_rows, true);
            multiply(d_products.transposed(), q.rows_from(block.first, block.rows),
                     shape.offsets(d_reversed, block), true);
          }
          multiply(mixing.transposed(), d_out, shape.head_of(d_value, pair));
          for (const Block& keys : blocks) {
            std::fill_n(by_key.begin(), keys.rows * keys.offsets(), 0.0F);
            for (std::int64_t i = 0; i < keys.rows; ++i)
              for (std::size_t b = 0; b < blocks.size(); ++b)
                copy_column(by_query.data() + b * skewed_size + blocks[b].others_at(0) + keys.first + i,
                            static_cast<std::size_t>(blocks[b].offsets() - 1),
                            static_cast<std::size_t>(blocks[b].rows),
                            by_key.data() + keys.others_at(i) + blocks[b].first);
            const Matrix d_scores{by_key.data() + keys.others_at(0), keys.rows, length, keys.offsets() - 1};
            const Matrix d_products{by_key.data(), keys.rows, keys.offsets(), keys.offsets()};
            const Matrix d_k_rows = d_k.rows_from(keys.first, keys.rows);
            multiply(d_scores, q, d_k_rows);
            multiply(d_products, shape.offsets(distance, keys), d_k_rows, true);
            multiply(d_products.transposed(), k.rows_from(keys.first, keys.rows),
                     shape.offsets(d_distance, keys), true);
          }
        }
      }
    });
    const Tensor d_distance = d_tables[0].sum(0).flip(0).add_(d_tables[1].sum(0));
    return {d_query, d_key, d_value, d_distance, {}, {}, {}, {}};
  }

  /// Sums over pairs are made in so many parts, whatever the threads, so that these do not change them; more
  /// than so many threads have nothing to do on the way back. Each part is two tables of gradients.
  static constexpr std::int64_t kTableSums = 8;
};

}  // namespace

Tensor attention(const Tensor& query_BLH, const Tensor& key_BLH, const Tensor& value_BLH,
                 const Tensor& distance_OD, const Tensor& bias_BL, std::int64_t heads,
                 const AttentionDropout& dropout) {
  if (!query_BLH.is_cpu() || query_BLH.scalar_type() != torch::kFloat32)
    return plain_attention(query_BLH, key_BLH, value_BLH, distance_OD, bias_BL, heads, dropout.probability);
  const Tensor bias = bias_BL.defined() ? bias_BL.contiguous() : torch::empty({0}, query_BLH.options());
  return FusedAttention::apply(query_BLH.contiguous(), key_BLH.contiguous(), value_BLH.contiguous(),
                               distance_OD.contiguous(), bias, heads, dropout.probability,
                               static_cast<std::int64_t>(dropout.seed));
}

Tensor plain_attention(const Tensor& query_BLH, const Tensor& key_BLH, const Tensor& value_BLH,
                       const Tensor& distance_OD, const Tensor& bias_BL, std::int64_t heads,
                       double dropout_probability) {
  const auto batch = query_BLH.size(0), length = query_BLH.size(1);
  const auto split_heads = [&](const Tensor& x) {
    return x.view({batch, length, heads, -1}).transpose(1, 2).contiguous();
  };
  Tensor scores_BNLL = relative_scores(split_heads(query_BLH), split_heads(key_BLH), distance_OD);
  if (bias_BL.defined()) scores_BNLL = scores_BNLL + bias_BL.unsqueeze(1).unsqueeze(1);
  const Tensor probabilities = torch::dropout(torch::softmax(scores_BNLL, -1), dropout_probability, true);
  const Tensor mixed_BNLD =
      differentiable_product(probabilities.flatten(0, 1), split_heads(value_BLH).flatten(0, 1))
          .view({batch, heads, length, -1});
  return mixed_BNLD.transpose(1, 2).reshape(query_BLH.sizes());
}

}  // namespace mofi
