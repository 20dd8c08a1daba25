// Hands the kernels of the plug-in to whoever asks LibTorch's dispatcher for them (kernel_table.h).

#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>
#include <torch/library.h>

#include "model/gpu/cuda_launch.h"
#include "model/gpu/kernel_table.h"

namespace mofi {
namespace {

template <class Arguments>
void launch_on_device(const Arguments& arguments, int device) {
  const c10::cuda::CUDAGuard guard(static_cast<c10::DeviceIndex>(device));
  launch_on_stream(arguments,
                   c10::cuda::getCurrentCUDAStream(static_cast<c10::DeviceIndex>(device)).stream());
}

template <class T>
constexpr KernelsOfType<T> kKernelsOf = {launch_on_device, launch_on_device, launch_on_device,
                                         launch_on_device, launch_on_device, launch_on_device};
constexpr KernelTable kTable = {kKernelsOf<float>, kKernelsOf<Bfloat16>};

}  // namespace
}  // namespace mofi

TORCH_LIBRARY_FRAGMENT(mofi, library) {
  library.def("cuda_kernel_table() -> int", []() { return reinterpret_cast<std::int64_t>(&mofi::kTable); });
}
