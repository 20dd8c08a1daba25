#pragma once
// HDF5 files, thinly: handles that close themselves, whole datasets in and out, the library's error stack as
// one Error. Files are written once, whole, by one process, with Fletcher32 checksums and without object
// times (so that the same contents give the same bytes), and appear atomically. Not for use from two threads.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/files.h"

namespace mofi {

using Hdf5Handle = std::int64_t;  // hid_t, without hdf5.h in our headers

/// A dataset in memory, row-major.
template <class T>
struct Array {
  std::vector<std::uint64_t> shape;
  std::vector<T> values;
};

/// Writes a file that appears at `target` when `commit` is called, or not at all.
/// T is one of std::uint8_t, std::int8_t, std::uint16_t, std::int32_t, std::uint32_t, std::int64_t, float.
class Hdf5Writer {
 public:
  explicit Hdf5Writer(const std::filesystem::path& target);
  ~Hdf5Writer();
  Hdf5Writer(const Hdf5Writer&) = delete;
  Hdf5Writer& operator=(const Hdf5Writer&) = delete;

  /// Writes a dataset; groups on the way of `name` ("pieces/label") are made.
  template <class T>
  void write(const std::string& name, std::span<const T> values, std::vector<std::uint64_t> shape);
  template <class T>
  void write(const std::string& name, const std::vector<T>& values) {
    write(name, std::span<const T>(values), {values.size()});
  }
  /// One-dimensional UTF-8 texts, stored at the length of the longest, null-padded.
  void write_strings(const std::string& name, const std::vector<std::string>& values);

  /// Attributes of the root ("") or of a dataset.
  void attribute(const std::string& object, const std::string& name, const std::string& value);
  void attribute(const std::string& object, const std::string& name, const std::vector<std::int64_t>& values);
  void attribute(const std::string& object, const std::string& name, const std::vector<std::string>& values);

  void commit(FolderSync folder = FolderSync::kNow);

 private:
  AtomicFile file_;
  Hdf5Handle handle_;
};

/// Reads a file; every error names the file and the dataset.
class Hdf5Reader {
 public:
  explicit Hdf5Reader(const std::filesystem::path& path);
  ~Hdf5Reader();
  Hdf5Reader(const Hdf5Reader&) = delete;
  Hdf5Reader& operator=(const Hdf5Reader&) = delete;

  const std::filesystem::path& path() const { return path_; }
  bool has(const std::string& name) const;
  /// A whole dataset of exactly this element type and number of dimensions. Throws kData otherwise.
  template <class T>
  Array<T> read_array(const std::string& name, std::size_t dimensions) const;
  /// A one-dimensional dataset of `size` elements.
  template <class T>
  std::vector<T> read(const std::string& name, std::optional<std::size_t> size = {}) const;
  std::vector<std::string> read_strings(const std::string& name, std::optional<std::size_t> size = {}) const;

  std::string text_attribute(const std::string& object, const std::string& name) const;
  std::vector<std::int64_t> integer_attribute(const std::string& object, const std::string& name) const;
  std::vector<std::string> texts_attribute(const std::string& object, const std::string& name) const;
  bool has_attribute(const std::string& object, const std::string& name) const;

 private:
  std::filesystem::path path_;
  Hdf5Handle handle_;
};

}  // namespace mofi
