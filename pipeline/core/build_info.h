#pragma once
// Version and commit, written by the build into build_info.cpp.

namespace mofi {

extern const char* const kVersion;
extern const char* const kCommit;  ///< short hash, with "+changes" when the tree had uncommitted ones

}  // namespace mofi
