#pragma once
// at::parallel_for, in a build in which it shares its work among threads.

#include <ATen/Parallel.h>

#ifndef INTRA_OP_PARALLEL
#error "at::parallel_for would run on one thread: compile with OpenMP, as libtorch_cpu is"
#endif
