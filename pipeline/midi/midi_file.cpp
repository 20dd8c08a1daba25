#include "midi/midi_file.h"

#include <algorithm>
#include <string_view>

#include "core/error.h"
#include "core/utf8.h"
#include "midi/byte_cursor.h"
#include "midi/note_pairing.h"

namespace mofi {
namespace {

/// Counts what is mended; a strict reader's refuses it.
class Mender {
 public:
  Mender(const std::string& name, bool strict) : name_(name), strict_(strict) {}

  void mend(Repair kind, std::size_t offset) {
    if (strict_) {
      const RepairText& text = kRepairTexts[static_cast<std::size_t>(kind)];
      fail(ExitCode::kData, "{}: byte {}: {} is against the standard; a tolerant reader goes on ({})", name_,
           offset, text.found, text.done);
    }
    ++counts_[kind];
  }
  const RepairCounts& counts() const { return counts_; }

 private:
  const std::string& name_;
  bool strict_;
  RepairCounts counts_;
};

enum MetaType : std::uint8_t {
  kSequenceNumber = 0x00,
  kChannelPrefix = 0x20,
  kPort = 0x21,  // not in the standard, but everywhere
  kEndOfTrack = 0x2F,
  kTempo = 0x51,
  kSmpteOffset = 0x54,
  kTimeSignature = 0x58,
  kKeySignature = 0x59,
};

/// Whether a meta event has the length and the values that the standard gives its type.
bool is_sound_meta(std::uint8_t type, std::span<const std::byte> data) {
  const auto at = [&](std::size_t i) { return std::to_integer<int>(data[i]); };
  switch (type) {
    case kSequenceNumber:
      return data.empty() || data.size() == 2;
    case kChannelPrefix:
      return data.size() == 1 && at(0) < 16;
    case kPort:
      return data.size() == 1 && at(0) < 128;
    case kEndOfTrack:
      return data.empty();
    case kTempo:
      return data.size() == 3 && (at(0) | at(1) | at(2)) != 0;
    case kSmpteOffset: {  // the hour's byte holds the frame rate, too: 0rrhhhhh
      return data.size() == 5 && at(0) < 128 && (at(0) & 0x1F) < 24 && at(1) < 60 && at(2) < 60 &&
             at(3) < 30 && at(4) < 100;
    }
    case kTimeSignature:
      return data.size() == 4;
    case kKeySignature: {  // 7 flats to 7 sharps, major or minor
      const int sharps = data.size() == 2 ? static_cast<std::int8_t>(at(0)) : 99;
      return sharps >= -7 && sharps <= 7 && at(1) <= 1;
    }
    default:
      return type < 0x80;
  }
}

/// The data bytes that follow a system message inside a track, where some writers leave them; -1 for
/// undefined ones.
int system_message_bytes(std::uint8_t status) {
  switch (status) {
    case 0xF1:
    case 0xF3:
      return 1;
    case 0xF2:
      return 2;
    case 0xF6:
    case 0xF8:
    case 0xFA:
    case 0xFB:
    case 0xFC:
    case 0xFE:
      return 0;
    default:
      return -1;
  }
}

class TrackReader {
 public:
  TrackReader(ByteCursor cursor, Mender& mender, NoteCollector& notes, std::vector<TempoChange>& tempos)
      : cursor_(cursor), mender_(mender), notes_(notes), tempos_(tempos) {}

  /// Returns what is left of the chunk after the track's end.
  ByteCursor read() {
    try {
      while (cursor_.left() > 0 && !ended_) event();
      if (!ended_) mender_.mend(Repair::kNoEndOfTrack, cursor_.offset());
      if (cursor_.left() > 0) mender_.mend(Repair::kAfterEndOfTrack, cursor_.offset());
    } catch (const Damage& damage) {
      mender_.mend(damage.kind, damage.offset);
      cursor_.skip(cursor_.left());
    }
    return cursor_;
  }

 private:
  void event() {
    const std::size_t offset = cursor_.offset();
    tick_ += cursor_.variable_length();
    if (tick_ > kMaxTick) throw Damage{Repair::kLateTick, offset};
    std::uint8_t first = cursor_.byte();
    if (first < 0x80 && running_status_ == 0) {
      mender_.mend(Repair::kDataWithoutStatus, cursor_.offset() - 1);
      while (first < 0x80) first = cursor_.byte();
    }
    if (first < 0x80) {
      if (interrupted_) mender_.mend(Repair::kKeptRunningStatus, cursor_.offset() - 1);
      interrupted_ = false;
      channel_message(first);
    } else if (first < 0xF0) {
      running_status_ = first;
      interrupted_ = false;
      channel_message(cursor_.byte());
    } else {
      interrupted_ = true;
      other_event(first);
    }
  }

  void channel_message(std::uint8_t first) {
    const std::uint8_t kind = running_status_ & 0xF0, channel = running_status_ & 0x0F;
    const bool has_second = kind != 0xC0 && kind != 0xD0;
    std::uint8_t second = has_second ? cursor_.byte() : std::uint8_t{0};
    if ((first | second) & 0x80) {
      mender_.mend(Repair::kHighValue, cursor_.offset() - (has_second && first & 0x80 ? 2 : 1));
      if (first & 0x80) return;
      second = 127;
    }
    const auto tick = static_cast<std::uint32_t>(tick_);
    if (kind == 0x90 && second > 0)
      notes_.note_on(channel, first, second, tick);
    else if (kind == 0x90 || kind == 0x80)
      notes_.note_off(channel, first, tick);
    else if (kind == 0xC0)
      notes_.set_program(channel, first);
  }

  void other_event(std::uint8_t status) {
    const std::size_t offset = cursor_.offset() - 1;
    if (status == 0xFF) {
      meta_event();
    } else if (status == 0xF0 || status == 0xF7) {
      cursor_.skip(cursor_.variable_length());
    } else {
      const int size = system_message_bytes(status);
      mender_.mend(size < 0 ? Repair::kUndefinedStatus : Repair::kSystemMessage, offset);
      if (size > 0) cursor_.skip(static_cast<std::size_t>(size));
    }
  }

  void meta_event() {
    const std::size_t offset = cursor_.offset() - 1;
    const std::uint8_t type = cursor_.byte();
    ByteCursor data = cursor_.part(cursor_.variable_length());
    ended_ = type == kEndOfTrack;
    if (!is_sound_meta(type, data.rest()))
      mender_.mend(Repair::kBadMeta, offset);
    else if (type == kTempo)
      tempos_.push_back({static_cast<std::uint32_t>(tick_), data.number(3)});
  }

  ByteCursor cursor_;
  Mender& mender_;
  NoteCollector& notes_;
  std::vector<TempoChange>& tempos_;
  std::uint64_t tick_ = 0;
  std::uint8_t running_status_ = 0;
  bool interrupted_ = false;  ///< by an event after which the standard wants a new status
  bool ended_ = false;
};

constexpr std::string_view kHeaderMark = "MThd", kTrackMark = "MTrk";
constexpr std::size_t kChunkHead = 8;  // mark and length

std::string_view text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

bool begins_with(const ByteCursor& cursor, std::string_view mark) {
  return text_of(cursor.rest()).starts_with(mark);
}

/// What a foreign file is, as far as its first bytes tell.
std::string what_begins(std::span<const std::byte> bytes) {
  const std::string_view text = text_of(bytes);
  if (text.starts_with("SMF2CLIP")) return "a MIDI 2.0 clip, which is not supported";
  if (text.starts_with("\xF0")) return "a system exclusive dump (.syx), which has no notes";
  return fmt::format("'{}'", printable(text.substr(0, 4)));
}

/// The Standard MIDI File inside a RIFF container: its chunk "data". Lengths are little-endian there.
ByteCursor inside_riff(ByteCursor riff, const std::string& name, Mender& mender) {
  riff.skip(12);  // "RIFF", length, "RMID"
  while (riff.left() >= kChunkHead) {
    const bool is_data = begins_with(riff, "data");
    riff.skip(4);
    std::size_t size = 0;
    for (int shift = 0; shift < 32; shift += 8) size |= static_cast<std::size_t>(riff.byte()) << shift;
    if (size > riff.left()) {
      mender.mend(Repair::kCutChunk, riff.offset() - kChunkHead);
      size = riff.left();
    }
    if (is_data) return riff.part(size);
    riff.skip(std::min(size + size % 2, riff.left()));  // chunks begin at even offsets
  }
  fail(ExitCode::kData, "{}: is a RIFF file without a chunk 'data'; expected a MIDI file in it", name);
}

/// The cursor after the mark "MThd".
ByteCursor find_header(std::span<const std::byte> bytes, const std::string& name, Mender& mender) {
  if (bytes.empty()) fail(ExitCode::kData, "{}: is empty; expected a Standard MIDI File", name);
  ByteCursor file(bytes);
  const std::string_view text = text_of(bytes);
  if (text.starts_with("RIFF") && text.substr(std::min<std::size_t>(8, text.size())).starts_with("RMID"))
    file = inside_riff(file, name, mender);
  if (!begins_with(file, kHeaderMark))
    fail(ExitCode::kData, "{}: byte {}: expected the mark 'MThd' of a Standard MIDI File, found {}", name,
         file.offset(), what_begins(file.rest()));
  file.skip(kHeaderMark.size());
  return file;
}

TimeDivision time_division(std::uint32_t word) {
  if (word < 0x8000) return {static_cast<int>(word), 0, 0};
  return {0, 256 - static_cast<int>(word >> 8),
          static_cast<int>(word & 0xFF)};  // the high byte is a negative number
}

bool is_sound(const TimeDivision& division) {
  if (division.frames_per_second == 0) return division.ticks_per_quarter > 0;
  const int rate = division.frames_per_second;
  return (rate == 24 || rate == 25 || rate == 29 || rate == 30) && division.ticks_per_frame > 0;
}

/// Reads the header chunk; returns how many tracks it announces.
std::uint32_t read_header(ByteCursor& file, const std::string& name, Mender& mender, MidiFile& midi) {
  const std::size_t left = file.left();
  const std::size_t size = left >= 4 ? file.number(4) : 0;
  if (left < 4 || size < 6 || size > file.left())
    fail(ExitCode::kData, "{}: byte {}: expected a header of 6 bytes or more, found {}; the file is damaged",
         name, file.offset(),
         left < 4 ? "the end of the file" : fmt::format("{} with {} before the end", size, file.left()));
  const std::size_t start = file.offset();
  ByteCursor header = file.part(size);
  midi.format = static_cast<int>(header.number(2));
  if (midi.format > 2) {
    mender.mend(Repair::kUnknownFormat, start);
    midi.format = 1;
  }
  const std::uint32_t tracks = header.number(2);
  midi.division = time_division(header.number(2));
  if (!is_sound(midi.division)) {
    mender.mend(Repair::kNoDivision, start + 4);
    midi.division = {};
  }
  return tracks;
}

/// Moves on to the next "MTrk", or to the end.
void find_next_track(ByteCursor& file) {
  const std::size_t found = text_of(file.rest()).find(kTrackMark);
  file.skip(std::min(found, file.left()));
}

bool is_chunk_mark(std::string_view mark) {
  return std::all_of(mark.begin(), mark.end(), [](char letter) { return letter >= 0x20 && letter < 0x7F; });
}

}  // namespace

std::vector<std::string> pairing_names() { return {"all", "fifo"}; }

Pairing pairing_named(const std::string& name) {
  if (name == "all") return Pairing::kAll;
  if (name == "fifo") return Pairing::kFifo;
  fail(ExitCode::kUsage, "pairing '{}' is not known; expected all or fifo", name);
}

MidiFile read_midi(std::span<const std::byte> bytes, const std::string& name, const MidiReading& reading) {
  Mender mender(name, reading.strict);
  ByteCursor file = find_header(bytes, name, mender);
  MidiFile midi;
  const std::uint32_t announced = read_header(file, name, mender, midi);

  NoteCollector notes(bytes.size() / 8, reading.pairing);  // a note with running status takes 6 to 8 bytes
  std::uint32_t tracks = 0;
  while (file.left() > 0) {
    const std::size_t offset = file.offset();
    const bool is_track = begins_with(file, kTrackMark);
    if (file.left() < kChunkHead || !is_chunk_mark(text_of(file.rest()).substr(0, 4)) ||
        begins_with(file, kHeaderMark)) {
      mender.mend(Repair::kNoChunk, offset);
      file.skip(1);
      find_next_track(file);
      continue;
    }
    file.skip(4);
    std::size_t size = file.number(4);
    if (size > file.left()) {
      mender.mend(Repair::kCutChunk, offset);
      size = file.left();
    }
    const ByteCursor chunks = file;
    const ByteCursor chunk = file.part(size);
    if (!is_track) continue;  // the standard wants unknown chunks to be skipped
    if (tracks == announced) mender.mend(Repair::kExtraTracks, offset);
    notes.begin_track(tracks++);
    const ByteCursor rest = TrackReader(chunk, mender, notes, midi.tempos).read();
    if (begins_with(rest, kTrackMark)) {  // a length that is too large has swallowed the next track
      file = chunks;
      file.skip(rest.offset() - chunks.offset());
    }
  }
  if (tracks < announced) mender.mend(Repair::kMissingTracks, file.offset());

  midi.tracks = static_cast<int>(tracks);
  midi.unpaired_notes = notes.unpaired();
  midi.notes = notes.take_grouped();
  midi.repairs = mender.counts();
  std::stable_sort(midi.tempos.begin(), midi.tempos.end(),
                   [](const TempoChange& a, const TempoChange& b) { return a.tick < b.tick; });
  return midi;
}

}  // namespace mofi
