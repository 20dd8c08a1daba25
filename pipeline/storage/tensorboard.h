#pragma once
// TensorBoard's event files: a row of TFRecords (the length as 8 bytes, a checksum of it, the bytes, a
// checksum of them), each an Event in the wire format of Protocol Buffers. tensorflow/core/lib/io/
// record_writer.h, tensorflow/core/util/event.proto and framework/summary.proto say what is in them. Scalars
// are what is written and read here; what else such a file may hold is counted.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mofi {

/// One scalar of a step.
struct Scalar {
  std::string tag;  ///< "train/loss": TensorBoard puts tags with the same beginning into one group
  std::int64_t step = 0;
  double value = 0;        ///< kept as float32; NaN and infinities are kept, too
  double wall_time_s = 0;  ///< since 1970

  bool operator==(const Scalar&) const = default;
};

/// Writes one event file. What was flushed outlives the process, however it ends; a process that is killed
/// while it writes may leave a part of its last record, which readers leave out.
class TensorboardWriter {
 public:
  /// Opens FOLDER/events.out.tfevents.<seconds>.<host>.<pid>.mofi, the form by which TensorBoard finds files,
  /// and writes the version record. Never an existing file: a second one within a second is named by the
  /// next. Throws kMissing where it cannot be written.
  explicit TensorboardWriter(const std::filesystem::path& folder);
  /// Flushes, but tells nobody when that fails.
  ~TensorboardWriter();
  TensorboardWriter(const TensorboardWriter&) = delete;
  TensorboardWriter& operator=(const TensorboardWriter&) = delete;

  /// Scalars are collected and written by flush(), or when there are many. Tags are UTF-8 and not empty.
  void add(const Scalar& scalar);
  /// Everything added so far can be read by others. Throws kMissing when it cannot be written (a full disk).
  void flush();

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
  int descriptor_ = -1;
  std::string pending_;  ///< whole records, or what is left of them after a write that failed
};

/// Removes the event files of this writer (their names end in .mofi) and leaves those of others: a run that
/// is resumed writes its history anew. No folder, no files: nothing to do.
void remove_tensorboard_files(const std::filesystem::path& folder);

/// An event file as far as it is whole.
struct TensorboardFile {
  std::string version;          ///< "brain.Event:2"; "" where not even this record is whole
  std::vector<Scalar> scalars;  ///< in the order of the file
  std::uint64_t others = 0;     ///< events and values that are no scalars: images, histograms, graphs
  std::uint64_t cut_bytes = 0;  ///< of a last record that is not whole, as a writer leaves it that was killed
};

/// Checks lengths and checksums. A last record that the end of the file cuts off ends the list; anything else
/// that is wrong is refused (kData): a checksum, an event that is none, a file that begins without a version.
TensorboardFile parse_tensorboard(std::span<const std::byte> bytes, const std::string& name);
TensorboardFile read_tensorboard_file(const std::filesystem::path& path);
/// The scalars alone.
std::vector<Scalar> read_tensorboard(const std::filesystem::path& path);

/// Whether a file that begins with these bytes is a row of TFRecords: by the checksum of the first length.
bool begins_as_tensorboard(std::string_view beginning);

/// The TFRecord of an event, and what is inside it.
std::string tensorboard_record(std::string_view event);
std::string tensorboard_event(const Scalar& scalar);

}  // namespace mofi
