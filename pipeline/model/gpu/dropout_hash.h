#pragma once
// The dropout of row_dropout.h and row_vectors-inl.h, element by element: for one seed, devices drop what the
// CPU drops.

#include "model/gpu/host_device.h"

namespace mofi {

/// What a call drops. The seed is read on the device, so that a CUDA graph can be replayed with another.
struct DeviceDropout {
  const std::int64_t* seed = nullptr;
  std::uint32_t threshold = 0;  ///< probability × 2^32; 0 drops nothing
  float keep_scale = 1;         ///< 1 / (1 - probability)
};

/// The key of a row: SplitMix64, of which the upper half.
MOFI_HOST_DEVICE std::uint32_t dropout_key(std::uint64_t seed, std::uint64_t row) {
  std::uint64_t x = seed + row * 0x9E3779B97F4A7C15U;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9U;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBU;
  return static_cast<std::uint32_t>((x ^ (x >> 31)) >> 32);
}
MOFI_HOST_DEVICE std::uint32_t dropout_key(const DeviceDropout& dropout, std::int64_t row) {
  if (dropout.threshold == 0) return 0;
  return dropout_key(static_cast<std::uint64_t>(*dropout.seed), static_cast<std::uint64_t>(row));
}

/// Bits of key and element: the finaliser of MurmurHash3 over a Weyl sequence.
MOFI_HOST_DEVICE std::uint32_t dropout_hash(std::uint32_t key, std::uint32_t element) {
  std::uint32_t x = element * 0x9E3779B9U + key;
  x = (x ^ (x >> 16)) * 0x85EBCA6BU;
  x = (x ^ (x >> 13)) * 0xC2B2AE35U;
  return x ^ (x >> 16);
}

MOFI_HOST_DEVICE bool is_kept(const DeviceDropout& dropout, std::uint32_t key, std::int64_t element) {
  return dropout_hash(key, static_cast<std::uint32_t>(element)) >= dropout.threshold;
}

}  // namespace mofi
