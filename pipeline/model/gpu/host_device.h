#pragma once
// What the bodies of the CUDA kernels are written in: C++ without CUDA's headers, so that the same source
// runs on the device and, in the tests, on the CPU.

#include <cmath>
#include <cstdint>
#include <cstring>

#include "model/bfloat16.h"

#ifdef __CUDACC__
#define MOFI_HOST_DEVICE __host__ __device__ __forceinline__
#define MOFI_DEVICE __device__ __forceinline__
#define MOFI_UNROLL _Pragma("unroll")
#else
#define MOFI_HOST_DEVICE inline
#define MOFI_DEVICE inline
#define MOFI_UNROLL
#endif

namespace mofi {

inline constexpr int kLanesOfWarp = 32;

template <class To, class From>
MOFI_HOST_DEVICE To same_bits(From from) {
  static_assert(sizeof(To) == sizeof(From));
  To to;
  memcpy(&to, &from, sizeof to);
  return to;
}

MOFI_HOST_DEVICE float float_of(float x) { return x; }
MOFI_HOST_DEVICE float float_of(Bfloat16 x) {
  return same_bits<float>(static_cast<std::uint32_t>(x.bits) << 16);
}

template <class T>
MOFI_HOST_DEVICE T rounded(float x);
template <>
MOFI_HOST_DEVICE float rounded<float>(float x) {
  return x;
}
/// To the nearest, to even on ties; what is no number stays none.
template <>
MOFI_HOST_DEVICE Bfloat16 rounded<Bfloat16>(float x) {
#ifdef __CUDA_ARCH__
  Bfloat16 result;
  asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(result.bits) : "f"(x));
  return result;
#else
  const auto bits = same_bits<std::uint32_t>(x);
  if (x != x) return {0x7FC0};
  return {static_cast<std::uint16_t>((bits + (bits >> 16 & 1) + 0x7FFF) >> 16)};
#endif
}

/// e^x by the device's own exp2; exactly 0 at minus infinity.
MOFI_HOST_DEVICE float exponential(float x) { return exp2f(x * 1.4426950408889634F); }

/// Neighbours in memory that are read and written at once.
template <class T, int kCount>
struct alignas(kCount * sizeof(T)) Group {
  T at[kCount];
};
template <int kCount, class T>
MOFI_HOST_DEVICE Group<T, kCount> load_group(const T* from) {
  return *reinterpret_cast<const Group<T, kCount>*>(from);
}
template <int kCount, class T>
MOFI_HOST_DEVICE void store_group(const Group<T, kCount>& group, T* to) {
  *reinterpret_cast<Group<T, kCount>*>(to) = group;
}

/// How many threads work on what: blocks (x, y), threads in each, bytes of memory that a block shares.
struct Grid {
  int blocks_x, blocks_y, threads, shared_bytes;
};

}  // namespace mofi
