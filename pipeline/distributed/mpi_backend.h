#pragma once
// A c10d backend over Open MPI for CPU tensors: what Gloo is to Python, whose headers the wheel does not
// carry. One worker thread takes the collectives in the order they were issued, so that they overlap with the
// backward pass.

#include <torch/csrc/distributed/c10d/Backend.hpp>

#include <memory>

#include "distributed/trace.h"
#include "distributed/world.h"

namespace mofi {

/// A process group of all ranks of the world over MPI; at one rank every collective is done at once. With a
/// trace, begin and end of every collective of the worker are recorded on the track "reductions".
c10::intrusive_ptr<c10d::Backend> make_mpi_backend(const World& world, std::shared_ptr<Trace> trace = {});

}  // namespace mofi
