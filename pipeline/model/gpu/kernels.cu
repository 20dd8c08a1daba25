// The kernels of the table as the device runs them: bodies from the headers, lanes from the hardware.

#include <cuda_runtime.h>

#include <stdexcept>
#include <string>

#include "model/gpu/cuda_launch.h"
#include "model/gpu/launches.h"

namespace mofi {
namespace {

/// What a body knows of its place and its neighbours; the tests have the same for the CPU.
struct CudaLanes {
  void* memory;

  __device__ int thread() const { return static_cast<int>(threadIdx.x); }
  __device__ int block_x() const { return static_cast<int>(blockIdx.x); }
  __device__ int block_y() const { return static_cast<int>(blockIdx.y); }
  __device__ void* shared() const { return memory; }
  __device__ void sync() const { __syncthreads(); }
  __device__ void sync_warp() const { __syncwarp(); }
  __device__ float from_lane_xor(float x, int mask) const { return __shfl_xor_sync(0xFFFFFFFFU, x, mask); }
  __device__ void multiply(float (&c)[4], const std::uint32_t (&a)[4], std::uint32_t b_low,
                           std::uint32_t b_high) const {
    asm volatile(
        "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
        "{%0, %1, %2, %3};"
        : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b_low), "r"(b_high));
  }
  __device__ void load_transposed(std::uint32_t (&blocks)[4], const Bfloat16* row) const {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(blocks[0]), "=r"(blocks[1]), "=r"(blocks[2]), "=r"(blocks[3])
                 : "r"(static_cast<std::uint32_t>(__cvta_generic_to_shared(row)))
                 : "memory");
  }
};

constexpr int kMostThreads = 256;

template <class Body, class Arguments>
__global__ void __launch_bounds__(kMostThreads) run_body(const Arguments arguments) {
  extern __shared__ __align__(16) char shared_memory[];
  CudaLanes lanes{shared_memory};
  Body()(lanes, arguments);
}

void check(cudaError_t status) {
  if (status != cudaSuccess)
    throw std::runtime_error(std::string("a CUDA kernel could not be started: ") +
                             cudaGetErrorString(status));
}

struct Starter {
  cudaStream_t stream;

  template <class Body, class Arguments>
  void operator()(Body, const Arguments& arguments) const {
    const Grid grid = grid_of(arguments);
    if (grid.blocks_x <= 0 || grid.blocks_y <= 0) return;
    const auto kernel = run_body<Body, Arguments>;
    constexpr int kWithoutAsking = 48 * 1024;  // bytes of shared memory
    if (grid.shared_bytes > kWithoutAsking)
      check(cudaFuncSetAttribute(reinterpret_cast<const void*>(kernel),
                                 cudaFuncAttributeMaxDynamicSharedMemorySize, grid.shared_bytes));
    kernel<<<dim3(static_cast<unsigned>(grid.blocks_x), static_cast<unsigned>(grid.blocks_y)),
             static_cast<unsigned>(grid.threads), static_cast<std::size_t>(grid.shared_bytes), stream>>>(
        arguments);
    check(cudaGetLastError());
  }
};

}  // namespace

template <class Arguments>
void launch_on_stream(const Arguments& arguments, void* stream) {
  launch(arguments, Starter{static_cast<cudaStream_t>(stream)});
}

template void launch_on_stream(const BiasGelu<float>&, void*);
template void launch_on_stream(const BiasGelu<Bfloat16>&, void*);
template void launch_on_stream(const BiasGeluBackward<float>&, void*);
template void launch_on_stream(const BiasGeluBackward<Bfloat16>&, void*);
template void launch_on_stream(const ResidualNormForward<float>&, void*);
template void launch_on_stream(const ResidualNormForward<Bfloat16>&, void*);
template void launch_on_stream(const ResidualNormBackward<float>&, void*);
template void launch_on_stream(const ResidualNormBackward<Bfloat16>&, void*);
template void launch_on_stream(const AttentionForward<float>&, void*);
template void launch_on_stream(const AttentionForward<Bfloat16>&, void*);
template void launch_on_stream(const AttentionBackward<float>&, void*);
template void launch_on_stream(const AttentionBackward<Bfloat16>&, void*);

}  // namespace mofi
