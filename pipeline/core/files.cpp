#include "core/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <fstream>

#include "core/error.h"
#include "core/process.h"

namespace mofi {
namespace {

constexpr std::string_view kTemporaryMark = ".writing-";

std::string host_name() {
  std::array<char, 256> name{};
  gethostname(name.data(), name.size() - 1);
  return name.data();
}

void sync_path(const std::filesystem::path& path, int flags) {
  const int descriptor = ::open(path.c_str(), flags | O_CLOEXEC);
  if (descriptor < 0)
    fail(ExitCode::kMissing, "{}: cannot be opened to sync it: {}", path.string(), std::strerror(errno));
  const int failed = ::fsync(descriptor);
  const int reason = errno;
  ::close(descriptor);
  // Some network file systems refuse fsync on folders; the rename itself is still atomic there.
  if (failed != 0 && reason != EINVAL)
    fail(ExitCode::kMissing, "{}: cannot be synced to disk: {}", path.string(), std::strerror(reason));
}

void make_folder(const std::filesystem::path& folder) {
  std::error_code failure;
  std::filesystem::create_directories(folder, failure);
  if (failure)
    fail(ExitCode::kMissing, "{}: the folder cannot be made: {}", folder.string(), failure.message());
}

/// A name beside `target` that no other writer uses, in a folder that is there.
std::filesystem::path temporary_for(const std::filesystem::path& target) {
  static std::atomic<unsigned> counter{0};
  const auto folder = folder_of(target);
  make_folder(folder);
  return folder / fmt::format(".{}{}{}-{}-{}", target.filename().string(), kTemporaryMark, host_name(),
                              getpid(), counter.fetch_add(1));
}

void put_in_place(const std::filesystem::path& temporary, const std::filesystem::path& target) {
  std::error_code failure;
  std::filesystem::rename(temporary, target, failure);
  if (failure) fail(ExitCode::kMissing, "{}: cannot be put in place: {}", target.string(), failure.message());
}

void write_text(const std::filesystem::path& path, const std::filesystem::path& target,
                std::string_view text) {
  errno = 0;
  std::ofstream stream(path, std::ios::binary);
  stream.write(text.data(), static_cast<std::streamsize>(text.size()));
  stream.close();
  if (!stream) fail(ExitCode::kMissing, "{}: cannot be written: {}", target.string(), std::strerror(errno));
}

/// False where the target is there already.
bool link_in_place(const std::filesystem::path& temporary, const std::filesystem::path& target) {
  if (::link(temporary.c_str(), target.c_str()) == 0) return true;
  const int reason = errno;
  if (reason == EPERM || reason == EOPNOTSUPP || reason == ENOSYS) {  // a file system without hard links
    if (::renameat2(AT_FDCWD, temporary.c_str(), AT_FDCWD, target.c_str(), RENAME_NOREPLACE) == 0)
      return true;
    if (errno == EEXIST) return false;
    fail(ExitCode::kMissing, "{}: cannot be put in place: {}", target.string(), std::strerror(errno));
  }
  if (reason != EEXIST)
    fail(ExitCode::kMissing, "{}: cannot be put in place: {}", target.string(), std::strerror(reason));
  // A network file system that did it and lost its answer was asked again: then both names are ours.
  struct stat made {};
  return ::stat(temporary.c_str(), &made) == 0 && made.st_nlink == 2;
}

template <class Container>
Container read_whole(const std::filesystem::path& path, std::size_t max_bytes) {
  std::error_code failure;
  if (std::filesystem::is_directory(path, failure))
    fail(ExitCode::kData, "{}: is a folder; expected a file", path.string());
  std::ifstream stream(path, std::ios::binary);
  if (!stream) fail(ExitCode::kMissing, "{}: cannot be opened: {}", path.string(), std::strerror(errno));
  stream.seekg(0, std::ios::end);
  const auto end = stream.tellg();
  if (end < 0) fail(ExitCode::kData, "{}: has no readable size", path.string());
  const auto size = static_cast<std::size_t>(end);
  if (size > max_bytes)
    fail(ExitCode::kData, "{}: is {} bytes long; at most {} are read", path.string(), size, max_bytes);
  Container contents(size, typename Container::value_type{});
  stream.seekg(0);
  stream.read(reinterpret_cast<char*>(contents.data()), static_cast<std::streamsize>(size));
  if (static_cast<std::size_t>(stream.gcount()) != size)
    fail(ExitCode::kData, "{}: ended after {} of {} bytes while being read", path.string(), stream.gcount(),
         size);
  return contents;
}

}  // namespace

std::filesystem::path folder_of(const std::filesystem::path& file) {
  const auto parent = file.parent_path();
  return parent.empty() ? std::filesystem::path(".") : parent;
}

std::vector<std::byte> read_bytes(const std::filesystem::path& path, std::size_t max_bytes) {
  return read_whole<std::vector<std::byte>>(path, max_bytes);
}

std::string read_text(const std::filesystem::path& path, std::size_t max_bytes) {
  return read_whole<std::string>(path, max_bytes);
}

std::vector<std::string> read_lines(const std::filesystem::path& path) {
  const std::string text = read_text(path);
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    std::string line = text.substr(at, end - at);
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (!line.empty()) lines.push_back(std::move(line));
    at = end + 1;
  }
  return lines;
}

AtomicFile::AtomicFile(std::filesystem::path target)
    : target_(std::move(target)), temporary_(temporary_for(target_)) {}

AtomicFile::~AtomicFile() {
  std::error_code ignored;
  if (!committed_) std::filesystem::remove(temporary_, ignored);
}

void AtomicFile::commit(FolderSync folder) {
  sync_path(temporary_, O_RDONLY);
  put_in_place(temporary_, target_);
  committed_ = true;
  if (folder == FolderSync::kNow) sync_path(folder_of(target_), O_RDONLY | O_DIRECTORY);
}

AtomicFolder::AtomicFolder(std::filesystem::path target)
    : target_(std::move(target)), temporary_(temporary_for(target_)) {
  make_folder(temporary_);
}

AtomicFolder::~AtomicFolder() {
  std::error_code ignored;
  if (!committed_) std::filesystem::remove_all(temporary_, ignored);
}

void AtomicFolder::commit() {
  sync_path(temporary_, O_RDONLY | O_DIRECTORY);
  put_in_place(temporary_, target_);
  committed_ = true;
  sync_path(folder_of(target_), O_RDONLY | O_DIRECTORY);
}

void write_atomically(const std::filesystem::path& target, std::string_view text) {
  AtomicFile file(target);
  write_text(file.path(), target, text);
  file.commit();
}

void replace_file(const std::filesystem::path& target, std::string_view text) {
  AtomicFile file(target);
  write_text(file.path(), target, text);
  put_in_place(file.path(), target);
}

bool create_file(const std::filesystem::path& target, std::string_view text) {
  AtomicFile file(target);
  write_text(file.path(), target, text);
  return link_in_place(file.path(), target);
}

std::vector<std::filesystem::path> abandoned_temporaries(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> found;
  std::error_code failure;
  const std::string mark = std::string(kTemporaryMark) + host_name() + "-";
  for (const auto& entry : std::filesystem::directory_iterator(folder, failure)) {
    const std::string name = entry.path().filename().string();
    const auto at = name.find(mark);
    if (name.empty() || name.front() != '.' || at == std::string::npos) continue;
    pid_t writer = 0;
    const char* first = name.data() + at + mark.size();
    if (std::from_chars(first, name.data() + name.size(), writer).ec != std::errc{} || writer <= 0) continue;
    if (is_dead(writer)) found.push_back(entry.path());
  }
  return found;
}

std::vector<std::filesystem::path> temporaries_of_others(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> found;
  std::error_code failure;
  const std::string own = std::string(kTemporaryMark) + host_name() + "-";
  for (const auto& entry : std::filesystem::directory_iterator(folder, failure)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with('.') && name.find(kTemporaryMark) != std::string::npos &&
        name.find(own) == std::string::npos)
      found.push_back(entry.path());
  }
  return found;
}

int remove_abandoned_temporaries(const std::filesystem::path& folder) {
  int removed = 0;
  for (const auto& path : abandoned_temporaries(folder)) {
    std::error_code ignored;
    removed += std::filesystem::remove_all(path, ignored) > 0 ? 1 : 0;
  }
  return removed;
}

}  // namespace mofi
