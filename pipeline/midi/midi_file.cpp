#include "midi/midi_file.h"

#include <algorithm>
#include <array>

#include "core/error.h"

namespace mofi {
namespace {

constexpr std::size_t kChannels = 16, kPitches = 128, kPrograms = 128;

/// Walks through part of a file. Every read is checked against the end of the part.
class ByteCursor {
 public:
  ByteCursor(std::span<const std::byte> file, const std::string& name)
      : name_(name), file_(file.data()), at_(file.data()), end_(file.data() + file.size()) {}

  std::size_t offset() const { return static_cast<std::size_t>(at_ - file_); }
  std::size_t left() const { return static_cast<std::size_t>(end_ - at_); }

  std::uint8_t byte(const char* expected) {
    if (at_ == end_) ended(expected);
    return std::to_integer<std::uint8_t>(*at_++);
  }
  /// A big-endian number of `size` bytes, at most 4.
  std::uint32_t number(int size, const char* expected) {
    std::uint32_t value = 0;
    for (int i = 0; i < size; ++i) value = value << 8 | byte(expected);
    return value;
  }
  /// A variable-length number: seven bits a byte, at most four bytes.
  std::uint32_t variable_length(const char* expected) {
    std::uint32_t value = 0;
    for (int i = 0; i < 4; ++i) {
      const std::uint8_t next = byte(expected);
      value = value << 7 | (next & 0x7Fu);
      if (next < 0x80) return value;
    }
    refuse(offset() - 4, fmt::format("{} of at most 4 bytes", expected), "one that goes on after the fourth");
  }
  void skip(std::size_t size, const char* what) {
    if (size > left()) {
      const std::string found = fmt::format("only {} before the end", left());
      refuse(offset(), fmt::format("the {} bytes of {}", size, what), found);
    }
    at_ += size;
  }
  /// The next `size` bytes as a cursor of their own, which still counts offsets from the start of the file.
  ByteCursor part(std::size_t size, const char* what) {
    ByteCursor inner = *this;
    skip(size, what);
    inner.end_ = at_;
    return inner;
  }

  [[noreturn]] void refuse(std::size_t offset, const std::string& expected, const std::string& found) const {
    fail(ExitCode::kData, "{}: byte {}: expected {}, found {}; the MIDI file is damaged", name_, offset,
         expected, found);
  }

 private:
  [[noreturn]] void ended(const char* expected) const {
    refuse(offset(), expected, "the end of the chunk or file");
  }

  const std::string& name_;
  const std::byte* file_;
  const std::byte* at_;
  const std::byte* end_;
};

/// The notes of a track that have begun and not ended: per channel and pitch a list in the order of
/// beginning, all lists in one pool.
class OpenNotes {
 public:
  void clear() {
    first_.fill(kNone);
    pool_.clear();
    free_ = kNone;
  }

  void begin(std::size_t key, std::uint32_t start, std::uint8_t velocity) {
    std::int32_t slot = free_;
    if (slot == kNone) {
      slot = static_cast<std::int32_t>(pool_.size());
      pool_.emplace_back();
    } else {
      free_ = pool_[slot].next;
    }
    pool_[slot] = {start, kNone, velocity};
    (first_[key] == kNone ? first_[key] : pool_[last_[key]].next) = slot;
    last_[key] = slot;
  }

  /// Calls close(start, velocity) for every note that ends by a note-off at `tick`. Ticks never fall inside a
  /// track, so the notes that began at `tick` are the tail of the list and are looked at once.
  template <class Close>
  void end(std::size_t key, std::uint32_t tick, Close close) {
    std::int32_t slot = first_[key];
    bool closed_any = false;
    while (slot != kNone && pool_[slot].start != tick) {
      close(pool_[slot].start, pool_[slot].velocity);
      closed_any = true;
      slot = release(slot);
    }
    if (!closed_any)
      while (slot != kNone) slot = release(slot);
    first_[key] = slot;
  }

 private:
  struct Open {
    std::uint32_t start = 0;
    std::int32_t next = kNone;
    std::uint8_t velocity = 0;
  };
  static constexpr std::int32_t kNone = -1;

  std::int32_t release(std::int32_t slot) {
    const std::int32_t next = pool_[slot].next;
    pool_[slot].next = free_;
    free_ = slot;
    return next;
  }

  std::array<std::int32_t, kChannels * kPitches> first_{}, last_{};
  std::vector<Open> pool_;
  std::int32_t free_ = kNone;
};

/// Collects the notes of all tracks in the order in which they end, and remembers whose they are.
class NoteCollector {
 public:
  explicit NoteCollector(std::size_t expected_notes) {
    notes_.reserve(expected_notes);
    owner_.reserve(expected_notes);
  }

  void begin_track(std::uint32_t track) {
    track_ = track;
    instrument_.fill(kNone);
    program_.fill(0);
    open_.clear();
  }
  void set_program(std::size_t channel, std::uint8_t program) { program_[channel] = program; }
  void note_on(std::size_t channel, std::uint8_t pitch, std::uint8_t velocity, std::uint32_t tick) {
    open_.begin(channel * kPitches + pitch, tick, velocity);
  }
  void note_off(std::size_t channel, std::uint8_t pitch, std::uint32_t tick) {
    open_.end(channel * kPitches + pitch, tick, [&](std::uint32_t start, std::uint8_t velocity) {
      const std::uint8_t program = program_[channel];
      std::int32_t& owner = instrument_[channel * kPrograms + program];
      if (owner == kNone) {
        owner = static_cast<std::int32_t>(notes_of_.size());
        notes_of_.push_back(0);
      }
      ++notes_of_[owner];
      is_grouped_ = is_grouped_ && (owner_.empty() || owner_.back() <= owner);
      owner_.push_back(owner);
      notes_.push_back({start, tick, pitch, velocity, static_cast<std::uint8_t>(channel), program, track_});
    });
  }

  /// A counting sort by instrument, which keeps the order inside each.
  std::vector<Note> take_grouped() {
    if (is_grouped_) return std::move(notes_);
    std::vector<std::size_t> next(notes_of_.size(), 0);
    for (std::size_t i = 1; i < next.size(); ++i) next[i] = next[i - 1] + notes_of_[i - 1];
    std::vector<Note> grouped(notes_.size());
    for (std::size_t i = 0; i < notes_.size(); ++i) grouped[next[owner_[i]]++] = notes_[i];
    return grouped;
  }

 private:
  static constexpr std::int32_t kNone = -1;

  OpenNotes open_;
  std::uint32_t track_ = 0;
  std::array<std::uint8_t, kChannels> program_{};
  std::array<std::int32_t, kChannels * kPrograms> instrument_{};  ///< of this track; numbered over the file
  std::vector<std::size_t> notes_of_;                             ///< per instrument
  std::vector<Note> notes_;
  std::vector<std::int32_t> owner_;  ///< per note, its instrument
  bool is_grouped_ = true;
};

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

constexpr std::uint8_t kMetaEndOfTrack = 0x2F, kMetaTempo = 0x51;

class TrackReader {
 public:
  TrackReader(ByteCursor cursor, NoteCollector& notes, std::vector<TempoChange>& tempos)
      : cursor_(cursor), notes_(notes), tempos_(tempos) {}

  void read() {
    while (cursor_.left() > 0 && !ended_) {
      const std::size_t event_offset = cursor_.offset();
      tick_ += cursor_.variable_length("a delta time");
      if (tick_ > kMaxTick)
        cursor_.refuse(event_offset, fmt::format("ticks up to {}", kMaxTick), fmt::format("{}", tick_));
      const std::uint8_t first = cursor_.byte("an event");
      if (first < 0x80)
        channel_message(running_status_or_refuse(first), first);
      else if (first < 0xF0)
        channel_message(running_status_ = first, cursor_.byte("a data byte"));
      else
        other_event(first);
    }
  }

 private:
  std::uint8_t running_status_or_refuse(std::uint8_t found) const {
    if (running_status_ == 0)
      cursor_.refuse(cursor_.offset() - 1, "a status byte (0x80 to 0xff)",
                     fmt::format("the data byte {:#04x}", found));
    return running_status_;
  }

  void channel_message(std::uint8_t status, std::uint8_t first) {
    const std::uint8_t kind = status & 0xF0, channel = status & 0x0F;
    const bool has_second = kind != 0xC0 && kind != 0xD0;
    const std::uint8_t second = has_second ? cursor_.byte("a data byte") : std::uint8_t{0};
    if ((first | second) & 0x80)
      cursor_.refuse(
          cursor_.offset() - 1, "data bytes below 0x80",
          fmt::format("{:#04x} in a message of status {:#04x}", first & 0x80 ? first : second, status));
    const auto tick = static_cast<std::uint32_t>(tick_);
    if (kind == 0x90 && second > 0)
      notes_.note_on(channel, first, second, tick);
    else if (kind == 0x90 || kind == 0x80)
      notes_.note_off(channel, first, tick);
    else if (kind == 0xC0)
      notes_.set_program(channel, first);
  }

  /// Meta, sysex and system events leave the running status as it is.
  void other_event(std::uint8_t status) {
    if (status == 0xFF) {
      meta_event();
    } else if (status == 0xF0 || status == 0xF7) {
      cursor_.skip(cursor_.variable_length("the length of a sysex event"), "a sysex event");
    } else {
      const int size = system_message_bytes(status);
      if (size < 0)
        cursor_.refuse(cursor_.offset() - 1, "a defined status byte", fmt::format("{:#04x}", status));
      cursor_.skip(static_cast<std::size_t>(size), "a system message");
    }
  }

  void meta_event() {
    const std::uint8_t type = cursor_.byte("the type of a meta event");
    const std::uint32_t size = cursor_.variable_length("the length of a meta event");
    ByteCursor data = cursor_.part(size, "a meta event");
    if (type == kMetaTempo && size == 3)
      tempos_.push_back({static_cast<std::uint32_t>(tick_), data.number(3, "a tempo")});
    ended_ = type == kMetaEndOfTrack;
  }

  ByteCursor cursor_;
  NoteCollector& notes_;
  std::vector<TempoChange>& tempos_;
  std::uint64_t tick_ = 0;
  std::uint8_t running_status_ = 0;
  bool ended_ = false;
};

constexpr std::uint32_t kHeaderMark = 0x4D546864, kTrackMark = 0x4D54726B;  // "MThd", "MTrk"

void require_midi(std::span<const std::byte> bytes, const std::string& name) {
  if (bytes.empty()) fail(ExitCode::kData, "{}: is empty; expected a Standard MIDI File", name);
  std::string start;
  for (const std::byte byte : bytes.first(std::min<std::size_t>(4, bytes.size()))) {
    const int letter = std::to_integer<int>(byte);
    start += letter >= 0x20 && letter < 0x7F ? fmt::format("{:c}", letter) : fmt::format("\\x{:02x}", letter);
  }
  if (start != "MThd")
    fail(ExitCode::kData, "{}: byte 0: expected the mark 'MThd' of a Standard MIDI File, found '{}'", name,
         start);
}

TimeDivision time_division(std::uint32_t word) {
  if (word < 0x8000) return {static_cast<int>(word), 0, 0};
  return {0, 256 - static_cast<int>(word >> 8),
          static_cast<int>(word & 0xFF)};  // the high byte is a negative number
}

}  // namespace

MidiFile read_midi(std::span<const std::byte> bytes, const std::string& name) {
  require_midi(bytes, name);
  ByteCursor file(bytes, name);
  file.skip(4, "the mark 'MThd'");
  const std::uint32_t header_size = file.number(4, "the length of the header");
  if (header_size < 6) file.refuse(4, "a header of 6 bytes or more", fmt::format("{}", header_size));
  ByteCursor header = file.part(header_size, "the header");

  MidiFile midi;
  midi.format = static_cast<int>(header.number(2, "the format"));
  if (midi.format > 2) file.refuse(8, "format 0, 1 or 2", fmt::format("{}", midi.format));
  const std::uint32_t tracks = header.number(2, "the number of tracks");
  midi.division = time_division(header.number(2, "the time division"));

  NoteCollector notes(bytes.size() / 8);  // a note with running status takes 6 to 8 bytes
  for (std::uint32_t track = 0; track < tracks;) {
    if (file.left() == 0)
      file.refuse(file.offset(), fmt::format("{} tracks, as the header says", tracks),
                  fmt::format("{}", track));
    const std::uint32_t mark = file.number(4, "the mark of a chunk");
    const std::uint32_t size = file.number(4, "the length of a chunk");
    const ByteCursor chunk = file.part(size, mark == kTrackMark ? "a track" : "a chunk");
    if (mark == kHeaderMark) file.refuse(chunk.offset() - 8, "a track", "a second header");
    if (mark != kTrackMark) continue;
    notes.begin_track(track++);
    TrackReader(chunk, notes, midi.tempos).read();
  }
  midi.notes = notes.take_grouped();
  std::stable_sort(midi.tempos.begin(), midi.tempos.end(),
                   [](const TempoChange& a, const TempoChange& b) { return a.tick < b.tick; });
  return midi;
}

}  // namespace mofi
