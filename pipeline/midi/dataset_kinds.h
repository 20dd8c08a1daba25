#pragma once
// The data sets there are, a line each.

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "midi/corpus.h"

namespace mofi {

struct DatasetKind {
  const char* name;  ///< as configs and command lines say it
  const char* help;
  Corpus (*open)(const std::filesystem::path& folder, const FolderOptions& options);
  const char* labels;  ///< whose labels it has, when it cannot be told others; empty: FolderOptions say
  const char* landmark = "";  ///< what only its folder has, to find it in a folder of several; empty: nothing
};

/// All that are folders of files.
std::span<const DatasetKind> dataset_kinds();

/// Their names and what each is, with synthetic, which is composed.
std::vector<std::string> dataset_names();
std::string dataset_help();

}  // namespace mofi
