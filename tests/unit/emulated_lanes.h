#pragma once
// Runs the bodies of the device kernels on the CPU: a fiber for every thread of a block, which waits where
// the thread would wait for its warp or its block. What is not hardware (indices, memory, barriers, the order
// of sums) is the kernel's own source; mma.sync and ldmatrix are done here by the layouts that the PTX ISA
// gives for them.

#include <ucontext.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <vector>

#include "model/gpu/launches.h"

namespace mofi {

/// A block's threads, in turns.
class EmulatedBlock {
 public:
  /// Threads take turns from the last to the first: what a kernel gives must not depend on it.
  static inline bool reversed = false;

  EmulatedBlock(int threads, int shared_bytes)
      : shared_(static_cast<std::size_t>(shared_bytes) / sizeof(Line) + 1),
        fibers_(static_cast<std::size_t>(threads)),
        warps_(fibers_.size() / kLanesOfWarp + 1) {
    // What a kernel reads before it wrote it shows.
    std::memset(static_cast<void*>(shared_.data()), 0xFF, shared_.size() * sizeof(Line));
  }

  void run(const std::function<void(int thread)>& body) {
    body_ = &body;
    for (std::size_t i = 0; i < fibers_.size(); ++i) prepare(i);
    std::size_t ended = 0;
    while (ended < fibers_.size()) {
      bool moved = false;
      for (std::size_t turn = 0; turn < fibers_.size(); ++turn) {
        const std::size_t i = reversed ? fibers_.size() - 1 - turn : turn;
        Fiber& fiber = fibers_[i];
        if (fiber.ended || (fiber.waits_for != nullptr && fiber.waits_for->turn == fiber.turn)) continue;
        fiber.waits_for = nullptr;
        current_ = i;
        moved = true;
        swapcontext(&scheduler_, &fiber.context);
        if (!fiber.ended) continue;
        ++ended;
        leave(warps_[i / kLanesOfWarp]);
        leave(block_);
      }
      if (!moved) throw std::logic_error("threads of a block wait for each other for ever");
    }
  }

  void* shared() { return shared_.data(); }
  void sync() { wait(block_); }
  void sync_warp() { wait(warps_[current_ / kLanesOfWarp]); }

  /// What every lane of this thread's warp gives; [lane]. Good until the warp meets again.
  const void* const* exchange(const void* given) {
    Warp& warp = warps_[current_ / kLanesOfWarp];
    warp.given[current_ % kLanesOfWarp] = given;
    wait(warp);
    return warp.given;
  }

 private:
  struct alignas(16) Line {
    char bytes[16];
  };
  struct Barrier {
    int alive = 0, arrived = 0;
    std::int64_t turn = 0;
  };
  struct Warp : Barrier {
    const void* given[kLanesOfWarp];
  };
  struct Fiber {
    ucontext_t context;
    const Barrier* waits_for = nullptr;
    std::int64_t turn = 0;
    bool ended = false;
  };
  static constexpr std::size_t kStackBytes = 256 * 1024;

  /// Apart, as getcontext returns twice.
  __attribute__((noinline)) void prepare(std::size_t thread) {
    ucontext_t& context = fibers_[thread].context;
    getcontext(&context);
    context.uc_stack.ss_sp = stack(thread);
    context.uc_stack.ss_size = kStackBytes;
    context.uc_link = &scheduler_;
    const auto self = reinterpret_cast<std::uintptr_t>(this);
    makecontext(&context, reinterpret_cast<void (*)()>(&EmulatedBlock::start), 3,
                static_cast<unsigned>(self >> 32), static_cast<unsigned>(self),
                static_cast<unsigned>(thread));
    ++warps_[thread / kLanesOfWarp].alive;
    ++block_.alive;
  }
  /// One block runs at a time, so all use the same.
  static char* stack(std::size_t thread) {
    static std::vector<std::unique_ptr<char[]>> stacks;
    while (stacks.size() <= thread) stacks.push_back(std::make_unique<char[]>(kStackBytes));
    return stacks[thread].get();
  }
  static void start(unsigned high, unsigned low, unsigned thread) {
    auto* self = reinterpret_cast<EmulatedBlock*>(static_cast<std::uintptr_t>(high) << 32 | low);
    (*self->body_)(static_cast<int>(thread));
    self->fibers_[thread].ended = true;
  }
  void wait(Barrier& barrier) {
    Fiber& fiber = fibers_[current_];
    if (++barrier.arrived == barrier.alive) return pass(barrier);
    fiber.waits_for = &barrier;
    fiber.turn = barrier.turn;
    swapcontext(&fiber.context, &scheduler_);
  }
  static void pass(Barrier& barrier) {
    barrier.arrived = 0;
    ++barrier.turn;
  }
  static void leave(Barrier& barrier) {
    --barrier.alive;
    if (barrier.alive > 0 && barrier.arrived == barrier.alive) pass(barrier);
  }

  std::vector<Line> shared_;
  std::vector<Fiber> fibers_;
  std::vector<Warp> warps_;
  Barrier block_;
  ucontext_t scheduler_;
  const std::function<void(int)>* body_ = nullptr;
  std::size_t current_ = 0;
};

/// The interface of CudaLanes.
struct EmulatedLanes {
  EmulatedBlock& block;
  int thread_, block_x_, block_y_;

  int thread() const { return thread_; }
  int block_x() const { return block_x_; }
  int block_y() const { return block_y_; }
  void* shared() const { return block.shared(); }
  void sync() const { block.sync(); }
  void sync_warp() const { block.sync_warp(); }
  float from_lane_xor(float x, int mask) const {
    const float given = x;  // of another fiber's stack, which lives while that waits
    const auto* all = block.exchange(&given);
    const float found = *static_cast<const float*>(all[thread_ % kLanesOfWarp ^ mask]);
    block.sync_warp();
    return found;
  }

  struct Operands {
    std::uint32_t a[4], b[2];
  };
  static float half(std::uint32_t pair, int which) {
    return float_of(Bfloat16{static_cast<std::uint16_t>(pair >> (16 * which))});
  }
  /// mma.m16n8k16: a's register 2 · (k / 8) + row / 8 of lane 4 · (row % 8) + k % 8 / 2; b's register k / 8
  /// of lane 4 · column + k % 8 / 2.
  void multiply(float (&c)[4], const std::uint32_t (&a)[4], std::uint32_t b_low, std::uint32_t b_high) const {
    const Operands given = {{a[0], a[1], a[2], a[3]}, {b_low, b_high}};
    const auto* all = block.exchange(&given);
    const int lane = thread_ % kLanesOfWarp;
    for (int e = 0; e < 4; ++e) {
      const int row = lane / 4 + e / 2 * 8, column = lane % 4 * 2 + e % 2;
      for (int k = 0; k < 16; ++k) {
        const auto* of_a = static_cast<const Operands*>(all[4 * (row % 8) + k % 8 / 2]);
        const auto* of_b = static_cast<const Operands*>(all[4 * column + k % 8 / 2]);
        c[e] += half(of_a->a[2 * (k / 8) + row / 8], k % 2) * half(of_b->b[k / 8], k % 2);
      }
    }
    block.sync_warp();
  }
  /// ldmatrix.x4.trans: lanes 8 i to 8 i + 7 name the rows of block i; a lane gets of each the rows 2 · (lane
  /// % 4) and the next, column lane / 4.
  void load_transposed(std::uint32_t (&blocks)[4], const Bfloat16* row) const {
    if (reinterpret_cast<std::uintptr_t>(row) % 16 != 0)
      throw std::logic_error("ldmatrix needs rows at 16 bytes");
    const auto* all = block.exchange(row);
    const int lane = thread_ % kLanesOfWarp;
    for (int i = 0; i < 4; ++i) {
      const auto element = [&](int r) {
        return std::uint32_t{static_cast<const Bfloat16*>(all[8 * i + r])[lane / 4].bits};
      };
      blocks[i] = element(2 * (lane % 4)) | element(2 * (lane % 4) + 1) << 16;
    }
    block.sync_warp();
  }
};

/// Runs every block of a kernel's bodies, one after another.
template <class Arguments>
void emulate(const Arguments& arguments, int /*device*/) {
  launch(arguments, [](auto body, const auto& a) {
    const Grid grid = grid_of(a);
    for (int y = 0; y < grid.blocks_y; ++y)
      for (int x = 0; x < grid.blocks_x; ++x) {
        EmulatedBlock block(grid.threads, grid.shared_bytes);
        block.run([&](int thread) {
          EmulatedLanes lanes = {block, thread, x, y};
          body(lanes, a);
        });
      }
  });
}

template <class T>
constexpr KernelsOfType<T> kEmulatedOf = {emulate, emulate, emulate, emulate, emulate, emulate};
inline constexpr KernelTable kEmulatedKernels = {kEmulatedOf<float>, kEmulatedOf<Bfloat16>};

}  // namespace mofi
