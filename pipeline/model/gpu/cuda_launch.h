#pragma once
// The border between what nvcc compiles and the rest of the plug-in.

namespace mofi {

/// Starts the kernel of these arguments (kernel_table.h) on a stream of the current device. Throws
/// std::runtime_error when the device refuses it.
template <class Arguments>
void launch_on_stream(const Arguments& arguments, void* stream);

}  // namespace mofi
