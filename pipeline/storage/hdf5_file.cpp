#include "storage/hdf5_file.h"

#include <hdf5.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>
#include <utility>

#include "core/error.h"

namespace mofi {
namespace {

static_assert(sizeof(hid_t) == sizeof(Hdf5Handle));

using Close = herr_t (*)(hid_t);

/// An HDF5 identifier that closes itself.
class Handle {
 public:
  Handle(hid_t id, Close close, const std::string& what) : id_(id), close_(close) {
    if (id_ < 0) fail(ExitCode::kData, "{}", what + library_reason());
  }
  ~Handle() {
    if (id_ >= 0) close_(id_);
  }
  Handle(Handle&& other) noexcept : id_(std::exchange(other.id_, -1)), close_(other.close_) {}
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  operator hid_t() const { return id_; }  // NOLINT: stands for the identifier in calls of the library

  /// The innermost sentence of the library's error stack, in brackets.
  static std::string library_reason() {
    std::string reason;
    H5Ewalk2(
        H5E_DEFAULT, H5E_WALK_UPWARD,
        [](unsigned depth, const H5E_error2_t* error, void* text) -> herr_t {
          if (depth == 0 && error->desc != nullptr) *static_cast<std::string*>(text) = error->desc;
          return 0;
        },
        &reason);
    H5Eclear2(H5E_DEFAULT);
    return reason.empty() ? "" : " (HDF5: " + reason + ")";
  }

 private:
  hid_t id_;
  Close close_;
};

void silence_library() {
  static const bool done = [] {
    H5dont_atexit();  // where a disk is full it crashes there over a file that it could not write
    H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
    return true;
  }();
  (void)done;
}

template <class T>
hid_t native_type();
template <>
hid_t native_type<std::uint8_t>() {
  return H5T_NATIVE_UINT8;
}
template <>
hid_t native_type<std::int8_t>() {
  return H5T_NATIVE_INT8;
}
template <>
hid_t native_type<std::uint16_t>() {
  return H5T_NATIVE_UINT16;
}
template <>
hid_t native_type<std::int32_t>() {
  return H5T_NATIVE_INT32;
}
template <>
hid_t native_type<std::uint32_t>() {
  return H5T_NATIVE_UINT32;
}
template <>
hid_t native_type<std::int64_t>() {
  return H5T_NATIVE_INT64;
}
template <>
hid_t native_type<float>() {
  return H5T_NATIVE_FLOAT;
}
template <>
hid_t native_type<double>() {
  return H5T_NATIVE_DOUBLE;
}

/// The number of elements; the largest number there is when it does not fit, so that no damaged shape looks
/// small.
std::uint64_t product(const std::vector<std::uint64_t>& shape) {
  std::uint64_t total = 1;
  for (const std::uint64_t extent : shape)
    if (__builtin_mul_overflow(total, extent, &total)) return std::numeric_limits<std::uint64_t>::max();
  return total;
}

Handle string_type(std::size_t length) {
  Handle type(H5Tcopy(H5T_C_S1), H5Tclose, "HDF5 cannot make a text type");
  H5Tset_size(type, std::max<std::size_t>(1, length));
  H5Tset_strpad(type, H5T_STR_NULLPAD);
  H5Tset_cset(type, H5T_CSET_UTF8);
  return type;
}

std::size_t longest(const std::vector<std::string>& values) {
  std::size_t length = 1;
  for (const auto& value : values) length = std::max(length, value.size());
  return length;
}

std::string null_padded(const std::vector<std::string>& values, std::size_t length) {
  std::string padded;
  padded.reserve(values.size() * length);
  for (const auto& value : values) padded.append(value).append(length - value.size(), '\0');
  return padded;
}

std::vector<std::string> unpadded(const std::string& padded, std::size_t length) {
  std::vector<std::string> values;
  for (std::size_t at = 0; at + length <= padded.size(); at += length) {
    std::string value = padded.substr(at, length);
    value.erase(std::find(value.begin(), value.end(), '\0'), value.end());
    values.push_back(std::move(value));
  }
  return values;
}

constexpr std::uint64_t kChunkBytes = 1 << 20;

void write_dataset(hid_t file, const std::string& file_name, const std::string& name, hid_t type,
                   const void* values, const std::vector<std::uint64_t>& shape) {
  const std::string what = fmt::format("{}: dataset {} cannot be written", file_name, name);
  std::vector<hsize_t> extents(shape.begin(), shape.end());
  const Handle space(H5Screate_simple(static_cast<int>(extents.size()), extents.data(), nullptr), H5Sclose,
                     what);
  const Handle creation(H5Pcreate(H5P_DATASET_CREATE), H5Pclose, what);
  H5Pset_obj_track_times(creation, false);
  if (product(shape) > 0) {
    std::vector<hsize_t> chunk = extents;
    const std::uint64_t row_bytes = std::max<std::uint64_t>(1, product(shape) / shape[0] * H5Tget_size(type));
    chunk[0] = std::clamp<std::uint64_t>(kChunkBytes / row_bytes, 1, shape[0]);
    H5Pset_chunk(creation, static_cast<int>(chunk.size()), chunk.data());
    H5Pset_fletcher32(creation);
  }
  const Handle links(H5Pcreate(H5P_LINK_CREATE), H5Pclose, what);
  H5Pset_create_intermediate_group(links, 1);
  const Handle dataset(H5Dcreate2(file, name.c_str(), type, space, links, creation, H5P_DEFAULT), H5Dclose,
                       what);
  if (product(shape) > 0 && H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) < 0)
    fail(ExitCode::kMissing, "{}{}", what, Handle::library_reason());
}

Handle open_object(hid_t file, const std::string& object, const std::string& what) {
  return {H5Oopen(file, object.empty() ? "/" : object.c_str(), H5P_DEFAULT), H5Oclose, what};
}

void write_attribute(hid_t file, const std::string& object, const std::string& name, hid_t type,
                     const void* values, std::optional<hsize_t> count) {
  const std::string what = fmt::format("attribute {} cannot be written", name);
  const Handle owner = open_object(file, object, what);
  const Handle space(count ? H5Screate_simple(1, &*count, nullptr) : H5Screate(H5S_SCALAR), H5Sclose, what);
  const Handle attribute(H5Acreate2(owner, name.c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT), H5Aclose,
                         what);
  if (H5Awrite(attribute, type, values) < 0) fail(ExitCode::kMissing, "{}{}", what, Handle::library_reason());
}

}  // namespace

Hdf5Writer::Hdf5Writer(const std::filesystem::path& target) : file_(target), handle_(-1) {
  silence_library();
  const std::string what = fmt::format("{}: cannot be written", target.string());
  const Handle creation(H5Pcreate(H5P_FILE_CREATE), H5Pclose, what);
  H5Pset_obj_track_times(creation, false);
  errno = 0;
  handle_ = H5Fcreate(file_.path().c_str(), H5F_ACC_TRUNC, creation, H5P_DEFAULT);
  if (handle_ < 0)
    fail(ExitCode::kMissing, "{}{}", what,
         errno != 0 ? fmt::format(": {}", std::strerror(errno)) : Handle::library_reason());
}

Hdf5Writer::~Hdf5Writer() {
  if (handle_ >= 0) H5Fclose(handle_);
}

void Hdf5Writer::commit(FolderSync folder) {
  errno = 0;
  const bool flushed = H5Fflush(handle_, H5F_SCOPE_GLOBAL) >= 0;
  const int reason = flushed ? 0 : errno;
  const bool closed = H5Fclose(handle_) >= 0;
  handle_ = -1;
  if (!flushed || !closed)
    fail(ExitCode::kMissing, "{}: cannot be written to its end{}", file_.path().string(),
         reason != 0 ? fmt::format(": {}", std::strerror(reason)) : Handle::library_reason());
  file_.commit(folder);
}

template <class T>
void Hdf5Writer::write(const std::string& name, std::span<const T> values, std::vector<std::uint64_t> shape) {
  if (product(shape) != values.size())
    fail(ExitCode::kInternal, "dataset {} has {} values for a shape of {}", name, values.size(),
         product(shape));
  write_dataset(handle_, file_.path().string(), name, native_type<T>(), values.data(), shape);
}

void Hdf5Writer::write_strings(const std::string& name, const std::vector<std::string>& values) {
  const std::size_t length = longest(values);
  const Handle type = string_type(length);
  write_dataset(handle_, file_.path().string(), name, type, null_padded(values, length).data(),
                {values.size()});
}

void Hdf5Writer::attribute(const std::string& object, const std::string& name, const std::string& value) {
  const Handle type = string_type(value.size());
  write_attribute(handle_, object, name, type, value.c_str(), {});
}

void Hdf5Writer::attribute(const std::string& object, const std::string& name,
                           const std::vector<std::int64_t>& values) {
  write_attribute(handle_, object, name, H5T_NATIVE_INT64, values.data(), values.size());
}

void Hdf5Writer::attribute(const std::string& object, const std::string& name,
                           const std::vector<std::string>& values) {
  const std::size_t length = longest(values);
  const Handle type = string_type(length);
  write_attribute(handle_, object, name, type, null_padded(values, length).data(), values.size());
}

Hdf5Reader::Hdf5Reader(const std::filesystem::path& path) : path_(path), handle_(-1) {
  silence_library();
  if (std::filesystem::is_directory(path))
    fail(ExitCode::kMissing, "{}: is a folder; expected a file", path.string());
  if (!std::filesystem::is_regular_file(path)) fail(ExitCode::kMissing, "{}: no such file", path.string());
  handle_ = H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT);
  if (handle_ < 0)
    fail(ExitCode::kData, "{}: is not a readable HDF5 file{}", path.string(), Handle::library_reason());
}

Hdf5Reader::~Hdf5Reader() {
  if (handle_ >= 0) H5Fclose(handle_);
}

bool Hdf5Reader::has(const std::string& name) const {
  for (std::size_t at = 0; at != std::string::npos;) {
    at = name.find('/', at + 1);
    if (H5Lexists(handle_, name.substr(0, at).c_str(), H5P_DEFAULT) <= 0) return false;
  }
  return true;
}

template <class T>
Array<T> Hdf5Reader::read_array(const std::string& name, std::size_t dimensions) const {
  const std::string what = fmt::format("{}: dataset {} cannot be read", path_.string(), name);
  const Handle dataset(H5Dopen2(handle_, name.c_str(), H5P_DEFAULT), H5Dclose, what);
  const Handle type(H5Dget_type(dataset), H5Tclose, what);
  const Handle space(H5Dget_space(dataset), H5Sclose, what);
  if (H5Tequal(type, native_type<T>()) <= 0)
    fail(ExitCode::kData, "{}: dataset {} has another element type than its schema says", path_.string(),
         name);
  const int rank = H5Sget_simple_extent_ndims(space);
  if (rank != static_cast<int>(dimensions))
    fail(ExitCode::kData, "{}: dataset {} has {} dimensions; expected {}", path_.string(), name, rank,
         dimensions);
  std::vector<hsize_t> extents(dimensions);
  H5Sget_simple_extent_dims(space, extents.data(), nullptr);

  Array<T> array;
  array.shape.assign(extents.begin(), extents.end());
  // A damaged header may claim any size; the file, never compressed here, bounds what is allocated.
  const std::uint64_t count = product(array.shape);
  if (count > std::filesystem::file_size(path_) / sizeof(T))
    fail(ExitCode::kData, "{}: dataset {} claims more elements than the file can hold", path_.string(), name);
  array.values.resize(count);
  if (count > 0 && H5Dread(dataset, native_type<T>(), H5S_ALL, H5S_ALL, H5P_DEFAULT, array.values.data()) < 0)
    fail(ExitCode::kData, "{}{}", what, Handle::library_reason());
  return array;
}

template <class T>
std::vector<T> Hdf5Reader::read(const std::string& name, std::optional<std::size_t> size) const {
  auto array = read_array<T>(name, 1);
  if (size && array.values.size() != *size)
    fail(ExitCode::kData, "{}: dataset {} has {} elements; expected {}", path_.string(), name,
         array.values.size(), *size);
  return std::move(array.values);
}

std::vector<std::string> Hdf5Reader::read_strings(const std::string& name,
                                                  std::optional<std::size_t> size) const {
  const std::string what = fmt::format("{}: dataset {} cannot be read", path_.string(), name);
  const Handle dataset(H5Dopen2(handle_, name.c_str(), H5P_DEFAULT), H5Dclose, what);
  const Handle type(H5Dget_type(dataset), H5Tclose, what);
  const Handle space(H5Dget_space(dataset), H5Sclose, what);
  if (H5Tget_class(type) != H5T_STRING || H5Tis_variable_str(type) > 0 ||
      H5Sget_simple_extent_ndims(space) != 1)
    fail(ExitCode::kData, "{}: dataset {} must be one-dimensional fixed-length texts", path_.string(), name);
  hsize_t count = 0;
  H5Sget_simple_extent_dims(space, &count, nullptr);
  const std::size_t length = H5Tget_size(type);
  if (size && count != *size)
    fail(ExitCode::kData, "{}: dataset {} has {} elements; expected {}", path_.string(), name, count, *size);
  if (count > 0 && (length == 0 || count > std::filesystem::file_size(path_) / length))
    fail(ExitCode::kData, "{}: dataset {} claims more texts than the file can hold", path_.string(), name);
  std::string padded(count * length, '\0');
  if (count > 0 && H5Dread(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, padded.data()) < 0)
    fail(ExitCode::kData, "{}{}", what, Handle::library_reason());
  return unpadded(padded, length);
}

bool Hdf5Reader::has_attribute(const std::string& object, const std::string& name) const {
  return H5Aexists_by_name(handle_, object.empty() ? "/" : object.c_str(), name.c_str(), H5P_DEFAULT) > 0;
}

std::string Hdf5Reader::text_attribute(const std::string& object, const std::string& name) const {
  const auto values = texts_attribute(object, name);
  return values.empty() ? "" : values.front();
}

std::vector<std::string> Hdf5Reader::texts_attribute(const std::string& object,
                                                     const std::string& name) const {
  const std::string what =
      fmt::format("{}: attribute {} of /{} cannot be read", path_.string(), name, object);
  const Handle owner = open_object(handle_, object, what);
  const Handle attribute(H5Aopen(owner, name.c_str(), H5P_DEFAULT), H5Aclose, what);
  const Handle type(H5Aget_type(attribute), H5Tclose, what);
  const Handle space(H5Aget_space(attribute), H5Sclose, what);
  if (H5Tget_class(type) != H5T_STRING || H5Tis_variable_str(type) > 0)
    fail(ExitCode::kData, "{}: attribute {} of /{} must be a fixed-length text", path_.string(), name,
         object);
  const auto count = static_cast<std::size_t>(std::max<hssize_t>(0, H5Sget_simple_extent_npoints(space)));
  const std::size_t length = H5Tget_size(type);
  constexpr std::size_t kAttributeLimit =
      64 * 1024;  // HDF5's own limit for attributes kept in an object header
  if (length == 0 || count > kAttributeLimit / length)
    fail(ExitCode::kData, "{}: attribute {} of /{} is larger than an attribute can be", path_.string(), name,
         object);
  std::string padded(count * length, '\0');
  if (H5Aread(attribute, type, padded.data()) < 0)
    fail(ExitCode::kData, "{}{}", what, Handle::library_reason());
  return unpadded(padded, length);
}

std::vector<std::int64_t> Hdf5Reader::integer_attribute(const std::string& object,
                                                        const std::string& name) const {
  const std::string what =
      fmt::format("{}: attribute {} of /{} cannot be read", path_.string(), name, object);
  const Handle owner = open_object(handle_, object, what);
  const Handle attribute(H5Aopen(owner, name.c_str(), H5P_DEFAULT), H5Aclose, what);
  const Handle space(H5Aget_space(attribute), H5Sclose, what);
  const auto count = H5Sget_simple_extent_npoints(space);
  if (count < 0 || count > 8192)
    fail(ExitCode::kData, "{}: attribute {} of /{} is larger than an attribute can be", path_.string(), name,
         object);
  std::vector<std::int64_t> values(static_cast<std::size_t>(count));
  if (H5Aread(attribute, H5T_NATIVE_INT64, values.data()) < 0)
    fail(ExitCode::kData, "{}{}", what, Handle::library_reason());
  return values;
}

#define MOFI_INSTANTIATE(T)                                                                               \
  template void Hdf5Writer::write<T>(const std::string&, std::span<const T>, std::vector<std::uint64_t>); \
  template Array<T> Hdf5Reader::read_array<T>(const std::string&, std::size_t) const;                     \
  template std::vector<T> Hdf5Reader::read<T>(const std::string&, std::optional<std::size_t>) const;
MOFI_INSTANTIATE(std::uint8_t)
MOFI_INSTANTIATE(std::int8_t)
MOFI_INSTANTIATE(std::uint16_t)
MOFI_INSTANTIATE(std::int32_t)
MOFI_INSTANTIATE(std::uint32_t)
MOFI_INSTANTIATE(std::int64_t)
MOFI_INSTANTIATE(float)
MOFI_INSTANTIATE(double)
#undef MOFI_INSTANTIATE

}  // namespace mofi
