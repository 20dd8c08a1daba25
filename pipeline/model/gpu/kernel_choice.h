#pragma once
// Whether a layer on a device goes through its kernel. A kernel must be there (the plug-in was opened and
// built with nvcc), fit the widths, and have shown that it is right: at its first use in a process it is
// compared with its twin by ATen on a small input, and left alone with a warning where they differ. That
// first use waits for the device, so it must come before a CUDA graph is captured. MOFI_CUDA_KERNELS=off
// leaves all alone, =on spares the comparison.

#include <torch/types.h>

#include <string>
#include <vector>

#include "model/gpu/kernel_table.h"

namespace mofi {

enum class DeviceKernel { kBiasGelu, kResidualNorm, kAttention };

/// The kernels of the plug-in; null where none is open or it was built without nvcc.
const KernelTable* kernel_table();

/// The kernels, where this one is to be used for tensors like x and rows, or heads, of that width; else
/// nullptr. Throws kUsage for another MOFI_CUDA_KERNELS.
const KernelTable* kernels_for(DeviceKernel kernel, const torch::Tensor& x, std::int64_t width);

/// Compares a kernel with its twin, forward and back, with dropout. "" where they agree, else what does not.
std::string compare_with_twin(const KernelTable& kernels, DeviceKernel kernel, torch::ScalarType type,
                              std::int64_t width, torch::Device device);

/// One line for each kernel on a device whose plug-in is open: "used", "off (why)", "not built (no nvcc)".
struct KernelState {
  std::string name, state;
};
std::vector<KernelState> kernel_states(torch::Device device);

}  // namespace mofi
