#include "model/attention.h"

#include <torch/csrc/autograd/custom_function.h>
#include <torch/torch.h>

#include <vector>

#include "model/gpu/device_layers.h"
#include "model/gpu/kernel_choice.h"
#include "model/head_attention.h"
#include "model/products.h"
#include "model/relative_attention.h"
#include "model/threads.h"

namespace mofi {
namespace {

using torch::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// What a call works on: heads of sequences, "pairs", one after another.
struct Call {
  Sequences sequences;
  std::int64_t heads, width, max_position;
  AttentionDropout dropout;
  Reach reach = Reach::kAll;
  bool keeps_probabilities = true;  ///< for the way back

  std::int64_t pairs() const { return sequences.count() * heads; }
  std::int64_t sequence_of(std::int64_t pair) const { return pair / heads; }
  std::int64_t start_of(std::int64_t pair) const {
    return sequences.starts[static_cast<std::size_t>(sequence_of(pair))];
  }
  HeadSize size_of(std::int64_t pair) const { return {sequences.length(sequence_of(pair)), width}; }
  HeadSize largest() const { return {sequences.longest(), width}; }
  /// Where the probabilities of a pair begin, matrices [length, padded length] one after another; of pairs()
  /// their number.
  std::int64_t probabilities_at(std::int64_t pair) const {
    std::int64_t before = 0;
    for (std::int64_t s = 0; s < pair / heads; ++s)
      before += heads * sequences.length(s) * padded(sequences.length(s));
    if (pair == pairs()) return before;
    const HeadSize size = size_of(pair);
    return before + pair % heads * size.length * size.rows();
  }
  HeadDropout dropout_of(std::int64_t pair) const {
    return {dropout.probability, dropout.seed, pair * max_position};
  }
};

/// The rows that a head has in [rows, heads · width]: row l at data + l · stride.
template <class T>
struct HeadRows {
  T* data;
  std::int64_t stride;
};
template <class T>
HeadRows<T> rows_of(const Call& call, std::int64_t pair, T* data) {
  const std::int64_t stride = call.heads * call.width;
  return {data + call.start_of(pair) * stride + pair % call.heads * call.width, stride};
}

/// Rows as float32, [rows, columns], 0 behind the sequence.
template <class T>
void load(const HeadSize& size, const HeadRows<const T>& from, float* to) {
  for (std::int64_t l = 0; l < size.length; ++l)
    for (std::int64_t i = 0; i < size.width; ++i)
      to[l * size.columns() + i] = static_cast<float>(from.data[l * from.stride + i]);
  std::fill(to + size.length * size.columns(), to + size.rows() * size.columns(), 0.0F);
}

/// The same as columns, [columns, stride].
template <class T>
void load_transposed(const HeadSize& size, const HeadRows<const T>& from, float* to) {
  for (std::int64_t first = 0; first < size.length; first += kLanes)  // few rows, so that all stay in cache
    for (std::int64_t i = 0; i < size.width; ++i)
      for (std::int64_t l = first; l < std::min(first + kLanes, size.length); ++l)
        to[i * size.stride() + l] = static_cast<float>(from.data[l * from.stride + i]);
  for (std::int64_t i = 0; i < size.width; ++i)
    std::fill(to + i * size.stride() + size.length, to + i * size.stride() + size.rows(), 0.0F);
  // Another length has another stride: what is behind the width may be a longer sequence's numbers.
  std::fill(to + size.width * size.stride(), to + size.columns() * size.stride(), 0.0F);
}

template <class T>
void store(const HeadSize& size, const float* from, const HeadRows<T>& to) {
  for (std::int64_t l = 0; l < size.length; ++l)
    for (std::int64_t i = 0; i < size.width; ++i)
      to.data[l * to.stride + i] = static_cast<T>(from[l * size.columns() + i]);
}

/// Elements of a tensor of T, as kernels take them.
template <class T>
auto* kernel_data(const Tensor& x) {
  if constexpr (std::is_same_v<T, float>)
    return static_cast<float*>(x.data_ptr());
  else
    return static_cast<Bfloat16*>(x.data_ptr());
}

RelativeTables tables_of(const Call& call, const Tensor& distance) {
  return {distance.const_data_ptr<float>(), call.max_position, call.largest()};
}

/// What is added to the scores of every word of a sequence as a key.
void load_bias(const HeadSize& size, const float* of_sequence, float* bias) {
  for (std::int64_t r = 0; r < size.rows(); ++r)
    bias[r] = r >= size.length ? kNoKey : of_sequence == nullptr ? 0.0F : of_sequence[r];
}

template <class T>
void attend_all(const Call& call, const Tensor& query, const Tensor& key, const Tensor& value,
                const Tensor& distance, const Tensor& bias, Tensor& result, Tensor& probabilities) {
  const RelativeTables tables = tables_of(call, distance);
  at::parallel_for(0, call.pairs(), 1, [&](std::int64_t first, std::int64_t last) {
    HeadForward head(call.largest());
    for (std::int64_t pair = first; pair < last; ++pair) {
      const HeadSize size = call.size_of(pair);
      load(size, rows_of(call, pair, query.const_data_ptr<T>()), head.query);
      load_transposed(size, rows_of(call, pair, key.const_data_ptr<T>()), head.key_T);
      load(size, rows_of(call, pair, value.const_data_ptr<T>()), head.value);
      load_bias(size, bias.numel() > 0 ? bias.const_data_ptr<float>() + call.start_of(pair) : nullptr,
                head.bias);
      attend(
          size, tables, call.reach, call.dropout_of(pair), head,
          call.keeps_probabilities ? kernel_data<T>(probabilities) + call.probabilities_at(pair) : nullptr);
      store(size, head.result, rows_of(call, pair, result.data_ptr<T>()));
    }
  });
}

/// Gradients of a table are summed over pairs in so many parts, whatever the threads, so that these do not
/// change them; more than so many threads have nothing to do on the way back.
constexpr std::int64_t kTableSums = 16;

template <class T>
Tensor attend_all_backward(const Call& call, const Tensor& d_result, const Tensor& query, const Tensor& key,
                           const Tensor& value, const Tensor& distance, const Tensor& probabilities,
                           Tensor& d_query, Tensor& d_key, Tensor& d_value) {
  const RelativeTables tables = tables_of(call, distance);
  const HeadSize largest = call.largest();
  const std::int64_t sums = std::min(kTableSums, call.pairs());
  Tensor d_tables = torch::zeros({sums, 2 * largest.rows(), largest.columns()}, distance.options());
  at::parallel_for(0, sums, 1, [&](std::int64_t first, std::int64_t last) {
    HeadBackward head(largest);
    for (std::int64_t sum = first; sum < last; ++sum) {
      float* d_distance =
          d_tables.data_ptr<float>() + (2 * sum + 1) * largest.rows() * largest.columns();  // of 0
      for (std::int64_t pair = sum; pair < call.pairs(); pair += sums) {
        const HeadSize size = call.size_of(pair);
        load(size, rows_of(call, pair, query.const_data_ptr<T>()), head.query);
        load(size, rows_of(call, pair, key.const_data_ptr<T>()), head.key);
        load_transposed(size, rows_of(call, pair, value.const_data_ptr<T>()), head.value_T);
        load(size, rows_of(call, pair, d_result.const_data_ptr<T>()), head.d_result);
        attend_backward(size, tables, call.reach, call.dropout.probability,
                        kernel_data<T>(probabilities) + call.probabilities_at(pair), head, d_distance);
        store(size, head.d_query, rows_of(call, pair, d_query.data_ptr<T>()));
        store(size, head.d_key, rows_of(call, pair, d_key.data_ptr<T>()));
        store(size, head.d_value, rows_of(call, pair, d_value.data_ptr<T>()));
      }
    }
  });
  Tensor d_distance = torch::zeros_like(distance);
  const std::int64_t reach = std::min<std::int64_t>(largest.rows(), call.max_position) - 1;
  d_distance.slice(0, call.max_position - 1 - reach, call.max_position + reach)
      .copy_(d_tables.sum(0)
                 .slice(0, largest.rows() - reach, largest.rows() + reach + 1)
                 .slice(1, 0, call.width));
  return d_distance;
}

/// A tensor to be filled for all sequences; rows of none are 0.
Tensor empty_but_left_over(const Call& call, const Tensor& like) {
  Tensor empty = torch::empty_like(like);
  empty.slice(0, call.sequences.starts.back()).zero_();
  return empty;
}

struct FusedAttention : torch::autograd::Function<FusedAttention> {
  static Tensor forward(AutogradContext* context, const Tensor& query, const Tensor& key, const Tensor& value,
                        const Tensor& distance, const Tensor& bias, const Call& call) {
    Tensor result = empty_but_left_over(call, query);
    Tensor probabilities =
        torch::empty({call.keeps_probabilities ? call.probabilities_at(call.pairs()) : 0}, query.options());
    if (query.scalar_type() == torch::kFloat32)
      attend_all<float>(call, query, key, value, distance, bias, result, probabilities);
    else
      attend_all<at::BFloat16>(call, query, key, value, distance, bias, result, probabilities);
    context->save_for_backward({query, key, value, distance, probabilities});
    context->saved_data["starts"] = call.sequences.starts;
    context->saved_data["heads"] = call.heads;
    context->saved_data["probability"] = call.dropout.probability;
    context->saved_data["reaches_all"] = call.reach == Reach::kAll;
    return result;
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const auto saved = context->get_saved_variables();
    const Tensor &query = saved[0], &key = saved[1], &value = saved[2], &distance = saved[3],
                 &probabilities = saved[4];
    // What was dropped stands in the probabilities; the seed is not needed again.
    const Call call = {{context->saved_data["starts"].toIntVector()},
                       context->saved_data["heads"].toInt(),
                       distance.size(1),
                       (distance.size(0) + 1) / 2,
                       {context->saved_data["probability"].toDouble()},
                       context->saved_data["reaches_all"].toBool() ? Reach::kAll : Reach::kEarlier};
    const Tensor d_result = gradients[0].contiguous();
    Tensor d_query = empty_but_left_over(call, query), d_key = empty_but_left_over(call, key),
           d_value = empty_but_left_over(call, value);
    const auto backward = query.scalar_type() == torch::kFloat32 ? attend_all_backward<float>
                                                                 : attend_all_backward<at::BFloat16>;
    const Tensor d_distance =
        backward(call, d_result, query, key, value, distance, probabilities, d_query, d_key, d_value);
    return {d_query, d_key, d_value, d_distance, {}, {}};
  }
};

/// plain_attention of sequences of one length. [batch, length, heads · d].
Tensor plain_regular(const Tensor& query_BLH, const Tensor& key_BLH, const Tensor& value_BLH,
                     const Tensor& distance_OD, const Tensor& bias_BL, std::int64_t heads,
                     double dropout_probability, Reach reach) {
  const auto batch = query_BLH.size(0), length = query_BLH.size(1);
  const auto split_heads = [&](const Tensor& x) {
    return x.view({batch, length, heads, -1}).transpose(1, 2).contiguous();
  };
  Tensor scores_BNLL = relative_scores(split_heads(query_BLH), split_heads(key_BLH), distance_OD);
  if (bias_BL.defined()) scores_BNLL = scores_BNLL + bias_BL.unsqueeze(1).unsqueeze(1);
  if (reach == Reach::kEarlier) {
    const Tensor place_L = torch::arange(length, query_BLH.options().dtype(torch::kInt64));
    scores_BNLL = scores_BNLL.masked_fill(place_L.unsqueeze(0) > place_L.unsqueeze(1), kNoKey);
  }
  const Tensor probabilities = torch::dropout(torch::softmax(scores_BNLL, -1), dropout_probability, true);
  const Tensor mixed_BNLD =
      differentiable_product(probabilities.flatten(0, 1), split_heads(value_BLH).flatten(0, 1))
          .view({batch, heads, length, -1});
  return mixed_BNLD.transpose(1, 2).reshape(query_BLH.sizes());
}

}  // namespace

Tensor attention(const Tensor& query_NH, const Tensor& key_NH, const Tensor& value_NH,
                 const Tensor& distance_OD, const Tensor& bias_N, const Sequences& sequences,
                 std::int64_t heads, const AttentionDropout& dropout, Reach reach) {
  const auto type = query_NH.scalar_type();
  const KernelTable* kernels =
      reach == Reach::kAll ? kernels_for(DeviceKernel::kAttention, query_NH, distance_OD.size(1)) : nullptr;
  if (kernels != nullptr)
    return device_attention(*kernels, query_NH, key_NH, value_NH, distance_OD, bias_N, sequences, heads,
                            drawn_on_device(dropout.probability, query_NH.device()));
  if (!query_NH.is_cpu() || (type != torch::kFloat32 && type != torch::kBFloat16))
    return plain_attention(query_NH, key_NH, value_NH, distance_OD, bias_N, sequences, heads,
                           dropout.probability, reach);
  const Tensor bias = bias_N.defined() ? bias_N.contiguous() : torch::empty({0}, distance_OD.options());
  const bool has_way_back =
      at::GradMode::is_enabled() && (query_NH.requires_grad() || key_NH.requires_grad() ||
                                     value_NH.requires_grad() || distance_OD.requires_grad());
  const Call call = {sequences, heads, distance_OD.size(1), (distance_OD.size(0) + 1) / 2,
                     dropout,   reach, has_way_back};
  return FusedAttention::apply(query_NH.contiguous(), key_NH.contiguous(), value_NH.contiguous(),
                               distance_OD.contiguous(), bias, call);
}

Tensor plain_attention(const Tensor& query_NH, const Tensor& key_NH, const Tensor& value_NH,
                       const Tensor& distance_OD, const Tensor& bias_N, const Sequences& sequences,
                       std::int64_t heads, double dropout_probability, Reach reach) {
  if (query_NH.scalar_type() == torch::kBFloat16) {
    const auto exact = [](const Tensor& x) { return x.to(torch::kFloat32); };
    return plain_attention(exact(query_NH), exact(key_NH), exact(value_NH), distance_OD, bias_N, sequences,
                           heads, dropout_probability, reach)
        .to(torch::kBFloat16);
  }
  const std::int64_t rows = query_NH.size(0), width = query_NH.size(1);
  const auto attend_rows = [&](std::int64_t first, std::int64_t count, std::int64_t length) {
    const auto part = [&](const Tensor& x) {
      return x.slice(0, first, first + count * length).view({count, length, -1});
    };
    const Tensor bias = bias_N.defined() ? part(bias_N).squeeze(2) : bias_N;
    return plain_regular(part(query_NH), part(key_NH), part(value_NH), distance_OD, bias, heads,
                         dropout_probability, reach)
        .view({-1, width});
  };
  if (sequences.are_regular(rows)) return attend_rows(0, sequences.count(), sequences.longest());
  std::vector<Tensor> parts;
  for (std::int64_t s = 0; s < sequences.count(); ++s)
    parts.push_back(attend_rows(sequences.starts[static_cast<std::size_t>(s)], 1, sequences.length(s)));
  parts.push_back(torch::zeros({rows - sequences.starts.back(), width}, query_NH.options()));
  return torch::cat(parts);
}

}  // namespace mofi
