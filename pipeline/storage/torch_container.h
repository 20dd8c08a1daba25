#pragma once
// The two containers of torch.save, taken apart: the zip archive of PyTorch 1.6 and later, and what was
// before it ("legacy": pickles one after the other, then raw storages). Both hold a pickled object, and
// storages (runs of numbers of one type) that it speaks of by keys.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "storage/pickle.h"
#include "storage/zip_archive.h"

namespace mofi {

/// All that is taken out of a file, unpacked or shared, is below so many times its size (or a megabyte, if
/// that is more): real weights hardly compress, and a tensor is shared by a few names at most.
class TorchAllowance {
 public:
  TorchAllowance(std::size_t file_bytes, std::string name);
  std::uint64_t bytes() const { return bytes_; }
  /// Counts what is taken, before it is. Throws kData with `what` ("it would unpack to") when it is too much.
  void spend(std::uint64_t bytes, const char* what);

 private:
  std::string name_;
  std::uint64_t bytes_, spent_ = 0;
};

/// A storage as the pickled object tells of it.
struct TorchStorage {
  std::string_view dtype;  ///< as safetensors names it: "F32"
  std::uint64_t element_bytes = 0;
  std::uint64_t count = 0;
  std::optional<std::span<const std::byte>> bytes;  ///< where they were looked up
};

/// Views the file's bytes, which must outlive it. Throws kData in one sentence, with the file's name, where
/// the file is damaged or asks for more than data.
class TorchContainer {
 public:
  /// What is deflated is unpacked to the end of `unpacked`.
  TorchContainer(std::span<const std::byte> bytes, std::string name,
                 std::deque<std::vector<std::byte>>& unpacked);

  const std::string& kind() const { return kind_; }  ///< "zip" or "legacy"
  const Pickle& object() const { return object_; }
  std::size_t file_bytes() const { return bytes_.size(); }
  std::deque<std::vector<std::byte>>& unpacked() { return unpacked_; }

  /// A storage that the object speaks of.
  const TorchStorage& storage(std::string_view key) const { return storages_.at(key); }
  /// Its numbers, as many bytes as it has elements for.
  std::span<const std::byte> bytes_of(std::string_view key);

  template <class... Args>
  [[noreturn]] void refuse(fmt::format_string<Args...> format, Args&&... args) const {
    fail(ExitCode::kData, "{}: {}", name_, fmt::format(format, std::forward<Args>(args)...));
  }
  const std::string& name() const { return name_; }

 private:
  void open_zip();
  void open_legacy();
  std::span<const std::byte> read_entry(const std::string& entry);
  Pickle next_pickle(const char* what);
  void take_legacy_storage(TorchStorage& storage, std::string_view key);
  void list_storages();

  std::span<const std::byte> bytes_;
  std::string name_, kind_;
  std::deque<std::vector<std::byte>>& unpacked_;
  TorchAllowance allowance_;
  std::size_t at_ = 0;  ///< in a legacy file
  std::optional<ZipArchive> zip_;
  std::string zip_root_;
  std::vector<std::byte> nothing_;
  Pickle object_;
  std::map<std::string_view, TorchStorage> storages_;
};

}  // namespace mofi
