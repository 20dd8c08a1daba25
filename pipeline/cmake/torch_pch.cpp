// Holds the precompiled header of LibTorch; see MofiTorch.cmake.
