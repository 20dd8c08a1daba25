#pragma once
// Zip archives in memory, as PyTorch and NumPy write them: stored or deflated entries, ZIP64 where it is
// needed.

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace mofi {

/// An entry as the archive's directory tells of it; nothing of its data has been looked at.
struct ZipEntry {
  std::uint64_t size = 0;  ///< bytes of its contents, unpacked
  bool is_deflated = false;
};

/// Views the archive's bytes, which must outlive it.
class ZipArchive {
 public:
  /// Reads the directory. Throws kData, with `name` for the file, where there is none or two entries have one
  /// name.
  ZipArchive(std::span<const std::byte> bytes, std::string name);
  ~ZipArchive();
  ZipArchive(const ZipArchive&) = delete;
  ZipArchive& operator=(const ZipArchive&) = delete;

  const std::map<std::string, ZipEntry, std::less<>>& entries() const { return entries_; }

  /// The contents of an entry, whose checksum was verified: a view of the archive where they are stored, else
  /// unpacked into `unpacked`, which then has as many bytes as the directory says. The caller has found that
  /// size acceptable.
  std::span<const std::byte> read(const std::string& entry, std::vector<std::byte>& unpacked);

 private:
  struct Source;
  std::string name_;
  std::unique_ptr<Source> source_;
  std::map<std::string, ZipEntry, std::less<>> entries_;
};

}  // namespace mofi
