#pragma once
// Which bodies make up a kernel of the table, in which order: run(body, arguments) for each. The device
// starts them, the tests run them on the CPU.

#include "model/gpu/attention_kernel.h"
#include "model/gpu/gelu_kernel.h"
#include "model/gpu/norm_kernel.h"

namespace mofi {

struct SumParts {
  template <class Lanes>
  MOFI_DEVICE void operator()(Lanes& lanes, const PartSums& a) const {
    sum_parts(lanes, a);
  }
};

struct GeluForward {
  template <class T, class Lanes>
  MOFI_DEVICE void operator()(Lanes& lanes, const BiasGelu<T>& a) const {
    bias_gelu(lanes, a);
  }
};
struct GeluBack {
  template <class T, class Lanes>
  MOFI_DEVICE void operator()(Lanes& lanes, const BiasGeluBackward<T>& a) const {
    bias_gelu_backward(lanes, a);
  }
};

template <int kChunks>
struct NormForward {
  template <class T, class Lanes>
  MOFI_DEVICE void operator()(Lanes& lanes, const ResidualNormForward<T>& a) const {
    residual_norm<T, kChunks>(lanes, a);
  }
};
template <int kChunks>
struct NormBack {
  template <class T, class Lanes>
  MOFI_DEVICE void operator()(Lanes& lanes, const ResidualNormBackward<T>& a) const {
    residual_norm_backward<T, kChunks>(lanes, a);
  }
};

template <int kWidth>
struct Attend {
  template <class T, class Lanes>
  MOFI_DEVICE void operator()(Lanes& lanes, const AttentionForward<T>& a) const {
    attend<T, kWidth>(lanes, a);
  }
};
template <int kWidth>
struct AttendBack {
  template <class T, class Lanes>
  MOFI_DEVICE void operator()(Lanes& lanes, const RowDeltas<T>& a) const {
    row_deltas<T, kWidth>(lanes, a);
  }
  template <class T, bool kRowsAreKeys, class Lanes>
  MOFI_DEVICE void operator()(Lanes& lanes, const RowGradients<T, kRowsAreKeys>& a) const {
    row_gradients<T, kWidth, kRowsAreKeys>(lanes, a);
  }
  template <class T, class Lanes>
  MOFI_DEVICE void operator()(Lanes& lanes, const BandGradients<T>& a) const {
    band_gradients<T, kWidth>(lanes, a);
  }
};
struct SumDistances {
  template <class Lanes>
  MOFI_DEVICE void operator()(Lanes& lanes, const DistanceSums& a) const {
    sum_distances(lanes, a);
  }
};

template <class T, class Run>
void launch(const BiasGelu<T>& a, Run run) {
  run(GeluForward(), a);
}
template <class T, class Run>
void launch(const BiasGeluBackward<T>& a, Run run) {
  run(GeluBack(), a);
  run(SumParts(), sums_of(a));
}

/// Calls run(body, a) with the body for rows of that width.
template <template <int> class Body, int kChunks = kMostChunks, class Arguments, class Run>
void run_for_width(const Arguments& a, Run run) {
  if (a.width == kChunks * kChunk) return run(Body<kChunks>(), a);
  if constexpr (kChunks > 1) run_for_width<Body, kChunks - 1>(a, run);
}
template <class T, class Run>
void launch(const ResidualNormForward<T>& a, Run run) {
  run_for_width<NormForward>(a, run);
}
template <class T, class Run>
void launch(const ResidualNormBackward<T>& a, Run run) {
  run_for_width<NormBack>(a, run);
  run(SumParts(), sums_of(a));
}

template <class T, class Run>
void launch(const AttentionForward<T>& a, Run run) {
  if (a.width == 64)
    run(Attend<64>(), a);
  else
    run(Attend<32>(), a);
}
template <int kWidth, class T, class Run>
void launch_back(const AttentionBackward<T>& a, Run run) {
  const AttendBack<kWidth> body;
  run(body, RowDeltas<T>{a});
  run(body, RowGradients<T, false>{a});
  run(body, RowGradients<T, true>{a});
  run(body, BandGradients<T>{a});
  run(SumDistances(), distance_sums_of(a));
}
template <class T, class Run>
void launch(const AttentionBackward<T>& a, Run run) {
  if (a.forward.width == 64)
    launch_back<64>(a, run);
  else
    launch_back<32>(a, run);
}

}  // namespace mofi
