#include "storage/zip_archive.h"

#include <minizip/unzip.h>
#include <zlib.h>

#include <algorithm>
#include <cstring>

#include "core/error.h"
#include "core/utf8.h"

namespace mofi {
namespace {

constexpr uLong kEncrypted = 1;  // bit of an entry's flags
constexpr std::size_t kLongestName = 1024;
constexpr std::uint64_t kReadAtOnce = 1 << 20;

/// What minizip reads the archive by.
struct Cursor {
  std::span<const std::byte> bytes;
  std::uint64_t at = 0;
};

voidpf open_cursor(voidpf opaque, const void* /*name*/, int /*mode*/) { return opaque; }

uLong read_cursor(voidpf /*opaque*/, voidpf stream, void* buffer, uLong size) {
  Cursor& cursor = *static_cast<Cursor*>(stream);
  const std::uint64_t count = std::min<std::uint64_t>(size, cursor.bytes.size() - cursor.at);
  if (count > 0) std::memcpy(buffer, cursor.bytes.data() + cursor.at, count);
  cursor.at += count;
  return static_cast<uLong>(count);
}

ZPOS64_T tell_cursor(voidpf /*opaque*/, voidpf stream) { return static_cast<Cursor*>(stream)->at; }

long seek_cursor(voidpf /*opaque*/, voidpf stream, ZPOS64_T offset, int origin) {
  Cursor& cursor = *static_cast<Cursor*>(stream);
  const std::uint64_t size = cursor.bytes.size();
  const std::uint64_t from = origin == ZLIB_FILEFUNC_SEEK_CUR   ? cursor.at
                             : origin == ZLIB_FILEFUNC_SEEK_END ? size
                                                                : 0;
  if (offset > size - from) return -1;
  cursor.at = from + offset;
  return 0;
}

int close_cursor(voidpf /*opaque*/, voidpf /*stream*/) { return 0; }
int error_of_cursor(voidpf /*opaque*/, voidpf /*stream*/) { return 0; }

/// The record that ends an archive is there, and nothing follows it: minizip makes do with less.
bool ends_as_zip(std::span<const std::byte> bytes) {
  constexpr std::size_t kRecord = 22, kCommentSize = 20, kLongestComment = 0xFFFF;
  constexpr std::string_view kMark{"PK\x05\x06", 4};
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  for (std::size_t comment = 0; comment <= kLongestComment && kRecord + comment <= text.size(); ++comment) {
    const std::string_view end = text.substr(text.size() - kRecord - comment);
    if (!end.starts_with(kMark)) continue;
    std::uint16_t claimed = 0;
    std::memcpy(&claimed, end.data() + kCommentSize, sizeof claimed);
    if (claimed == comment) return true;
  }
  return false;
}

}  // namespace

struct ZipArchive::Source {
  Cursor cursor;
  unzFile zip = nullptr;
  struct Place {
    unz64_file_pos in_directory;
    std::uint64_t packed_size, crc;
  };
  std::map<std::string, Place, std::less<>> places;

  ~Source() {
    if (zip != nullptr) unzClose(zip);
  }
};

ZipArchive::~ZipArchive() = default;

ZipArchive::ZipArchive(std::span<const std::byte> bytes, std::string name)
    : name_(std::move(name)), source_(std::make_unique<Source>()) {
  source_->cursor.bytes = bytes;
  zlib_filefunc64_def functions{};
  functions.zopen64_file = open_cursor;
  functions.zread_file = read_cursor;
  functions.ztell64_file = tell_cursor;
  functions.zseek64_file = seek_cursor;
  functions.zclose_file = close_cursor;
  functions.zerror_file = error_of_cursor;
  functions.opaque = &source_->cursor;
  if (ends_as_zip(bytes)) source_->zip = unzOpen2_64("", &functions);
  if (source_->zip == nullptr)
    fail(ExitCode::kData,
         "{}: is a zip archive whose directory, at its end, is not there or is damaged; was it copied whole?",
         name_);
  std::string entry_name(kLongestName + 1, '\0');
  int state = unzGoToFirstFile(source_->zip);
  for (; state == UNZ_OK; state = unzGoToNextFile(source_->zip)) {
    unz_file_info64 info;
    Source::Place place{};
    state = unzGetCurrentFileInfo64(source_->zip, &info, entry_name.data(),
                                    static_cast<uLong>(entry_name.size()), nullptr, 0, nullptr, 0);
    if (state != UNZ_OK || unzGetFilePos64(source_->zip, &place.in_directory) != UNZ_OK) break;
    if (info.size_filename > kLongestName)
      fail(ExitCode::kData, "{}: an entry's name has {} bytes; at most {} are read", name_,
           info.size_filename, kLongestName);
    const std::string key = entry_name.substr(0, info.size_filename);
    const std::string shown = printable(key);
    if ((info.flag & kEncrypted) != 0) fail(ExitCode::kData, "{}: its entry {} is encrypted", name_, shown);
    if (info.compression_method != 0 && info.compression_method != Z_DEFLATED)
      fail(ExitCode::kData, "{}: its entry {} is packed by method {}; expected it stored (0) or deflated (8)",
           name_, shown, info.compression_method);
    if (info.compressed_size > bytes.size() ||
        (info.compression_method == 0 && info.compressed_size != info.uncompressed_size))
      fail(ExitCode::kData, "{}: its entry {} claims {} bytes, {} of them in the archive, which has {}",
           name_, shown, info.uncompressed_size, info.compressed_size, bytes.size());
    if (!entries_.emplace(key, ZipEntry{info.uncompressed_size, info.compression_method != 0}).second)
      fail(ExitCode::kData, "{}: two of its entries are named {}", name_, shown);
    place.packed_size = info.compressed_size;
    place.crc = info.crc;
    source_->places.emplace(key, place);
  }
  if (state != UNZ_END_OF_LIST_OF_FILE)
    fail(ExitCode::kData, "{}: is a zip archive whose directory is damaged after {} entries", name_,
         entries_.size());
}

std::span<const std::byte> ZipArchive::read(const std::string& entry, std::vector<std::byte>& unpacked) {
  const Source::Place& place = source_->places.at(entry);
  const ZipEntry& known = entries_.at(entry);
  const auto damaged = [&](const char* how) {
    fail(ExitCode::kData, "{}: its entry {} is damaged: {}", name_, printable(entry), how);
  };
  int method = 0, level = 0;
  if (unzGoToFilePos64(source_->zip, &place.in_directory) != UNZ_OK ||
      unzOpenCurrentFile2(source_->zip, &method, &level, known.is_deflated ? 0 : 1) != UNZ_OK)
    damaged("it does not begin as the archive's directory says");
  std::span<const std::byte> contents;
  if (known.is_deflated) {
    unpacked.resize(known.size);
    std::uint64_t done = 0;
    while (done < known.size) {
      const auto wanted = static_cast<unsigned>(std::min(known.size - done, kReadAtOnce));
      const int got = unzReadCurrentFile(source_->zip, unpacked.data() + done, wanted);
      if (got <= 0) break;
      done += static_cast<std::uint64_t>(got);
    }
    unzCloseCurrentFile(source_->zip);
    if (done != known.size) damaged("it does not unpack to as many bytes as the archive's directory says");
    contents = unpacked;
  } else {
    const std::uint64_t first = unzGetCurrentFileZStreamPos64(source_->zip);
    unzCloseCurrentFile(source_->zip);
    if (first > source_->cursor.bytes.size() || known.size > source_->cursor.bytes.size() - first)
      damaged("it ends outside the archive");
    contents = source_->cursor.bytes.subspan(first, known.size);
  }
  const auto* data = reinterpret_cast<const Bytef*>(contents.data());
  if (crc32_z(crc32_z(0, nullptr, 0), data, contents.size()) != place.crc && !contents.empty())
    damaged("its checksum is another");
  return contents;
}

}  // namespace mofi
