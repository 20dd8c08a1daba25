#pragma once
// Reading whole files, and writing them so that nothing half-written is ever visible.

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mofi {

/// The whole file. Throws kMissing when it cannot be opened, kData when it is larger than `max_bytes`.
std::vector<std::byte> read_bytes(const std::filesystem::path& path,
                                  std::size_t max_bytes = std::size_t{1} << 32);
std::string read_text(const std::filesystem::path& path, std::size_t max_bytes = std::size_t{1} << 28);
/// Its lines without their ends, of either kind; empty ones are left out.
std::vector<std::string> read_lines(const std::filesystem::path& path);

/// Whether a new name in a folder is on disk at once, or with the next one that is: of several files of one
/// folder the last may speak for all.
enum class FolderSync { kNow, kLater };

/// A file that appears at `target` whole, or not at all. Write to `path()`, then `commit()`:
/// fsync, rename onto the target, fsync the folder. Without a commit the temporary file is removed.
class AtomicFile {
 public:
  explicit AtomicFile(std::filesystem::path target);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  const std::filesystem::path& path() const { return temporary_; }
  void commit(FolderSync folder = FolderSync::kNow);

 private:
  std::filesystem::path target_;
  std::filesystem::path temporary_;
  bool committed_ = false;
};

void write_atomically(const std::filesystem::path& target, std::string_view text);

/// As write_atomically, but without waiting for the disk: a power cut may take it back. For what may be lost.
void replace_file(const std::filesystem::path& target, std::string_view text);

/// As replace_file, but only where there is nothing yet. Of several writers, on however many machines,
/// exactly one gets true.
bool create_file(const std::filesystem::path& target, std::string_view text);

/// A folder that appears at `target` with all its files, or not at all. Write files into `path()`, then
/// `commit()`: fsync of the folder, rename, fsync of its parent (the files are their writers' to sync).
/// Without a commit it is removed. There must be no folder with contents at `target`.
class AtomicFolder {
 public:
  explicit AtomicFolder(std::filesystem::path target);
  ~AtomicFolder();
  AtomicFolder(const AtomicFolder&) = delete;
  AtomicFolder& operator=(const AtomicFolder&) = delete;

  const std::filesystem::path& path() const { return temporary_; }
  void commit();

 private:
  std::filesystem::path target_;
  std::filesystem::path temporary_;
  bool committed_ = false;
};

/// The folder that a file is in; "." for a bare name.
std::filesystem::path folder_of(const std::filesystem::path& file);

/// What writers that were killed left in `folder`: temporary files and folders of processes that no longer
/// live on this host.
std::vector<std::filesystem::path> abandoned_temporaries(const std::filesystem::path& folder);
/// Temporary files and folders of writers on other machines: whether these live, nobody can say from here.
std::vector<std::filesystem::path> temporaries_of_others(const std::filesystem::path& folder);
/// Removes the abandoned ones. Returns how many.
int remove_abandoned_temporaries(const std::filesystem::path& folder);

}  // namespace mofi
