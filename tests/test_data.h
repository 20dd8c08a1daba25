#pragma once
// Real data sets for tests, where they are at hand: MOFI_DATA_UNPACKED names a folder that holds emopia/,
// vgmidi/ ….

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>

namespace mofi {

inline std::optional<std::filesystem::path> test_data(const std::string& dataset) {
  const char* folder = std::getenv("MOFI_DATA_UNPACKED");
  if (folder == nullptr || *folder == '\0') return std::nullopt;
  const auto path = std::filesystem::path(folder) / dataset;
  if (!std::filesystem::is_directory(path)) return std::nullopt;
  return path;
}

}  // namespace mofi
