#pragma once
// What a tolerant reader mends in a MIDI file that breaks the standard. A strict one refuses the same things.

#include <array>
#include <cstddef>
#include <cstdint>

namespace mofi {

enum class Repair : std::uint8_t {
  kUnknownFormat,
  kNoDivision,
  kMissingTracks,
  kExtraTracks,
  kNoChunk,
  kCutChunk,
  kCutEvent,
  kNoEndOfTrack,
  kAfterEndOfTrack,
  kKeptRunningStatus,
  kDataWithoutStatus,
  kHighValue,
  kSystemMessage,
  kUndefinedStatus,
  kLongNumber,
  kLateTick,
  kBadMeta,
};

struct RepairText {
  const char* found;  ///< "a track that has no end-of-track event"
  const char* done;   ///< "taken as it is"
};

/// In the order of Repair.
inline constexpr std::array<RepairText, 17> kRepairTexts = {{
    {"a format above 2", "read as format 1"},
    {"a time division that is 0 or no frame rate", "read as 480 ticks a quarter"},
    {"fewer tracks than the header says", "those that are there are read"},
    {"more tracks than the header says", "read too"},
    {"bytes that are no chunk", "skipped up to the next track"},
    {"a chunk that is longer than the file", "read to the end of the file"},
    {"a track that ends inside an event", "the event is left out"},
    {"a track without an end-of-track event", "taken as it is"},
    {"bytes after the end-of-track event", "ignored"},
    {"a running status after a meta, sysex or system event", "the status before it holds on"},
    {"data bytes without a status byte", "skipped up to the next status byte"},
    {"a value above 127 in a channel message", "set to 127; a pitch or program like that is left out"},
    {"a system message inside a track", "skipped"},
    {"an undefined status byte", "skipped"},
    {"a number of more than four bytes", "the rest of the track is left out"},
    {"a tick beyond 2147483647", "the rest of the track is left out"},
    {"a meta event whose length or value the standard does not know", "ignored"},
}};

/// How often each was done.
struct RepairCounts {
  std::array<std::uint32_t, kRepairTexts.size()> times{};

  std::uint32_t& operator[](Repair repair) { return times[static_cast<std::size_t>(repair)]; }
  std::uint32_t operator[](Repair repair) const { return times[static_cast<std::size_t>(repair)]; }
  bool operator==(const RepairCounts&) const = default;
};

}  // namespace mofi
