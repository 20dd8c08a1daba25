#pragma once
// From note-ons and note-offs to notes, grouped by instrument: what the reader does while it walks a track.

#include <array>
#include <utility>
#include <vector>

#include "midi/midi_file.h"

namespace mofi {

inline constexpr std::size_t kChannels = 16, kPitches = 128, kPrograms = 128;

/// The notes of a track that have begun and not ended: per channel and pitch a list in the order of
/// beginning, all lists in one pool.
class OpenNotes {
 public:
  OpenNotes() { clear(); }
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

  /// Calls close(start, velocity) for every note that a note-off at `tick` ends by Pairing::kAll. Ticks never
  /// fall inside a track, so the notes that began at `tick` are the tail of the list and are looked at once.
  template <class Close>
  void end_all(std::size_t key, std::uint32_t tick, Close close) {
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

  /// The same by Pairing::kFifo.
  template <class Close>
  void end_first(std::size_t key, Close close) {
    const std::int32_t slot = first_[key];
    if (slot == kNone) return;
    close(pool_[slot].start, pool_[slot].velocity);
    first_[key] = release(slot);
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

  std::array<std::int32_t, kChannels * kPitches> first_, last_{};
  std::vector<Open> pool_;
  std::int32_t free_ = kNone;
};

/// Collects the notes of all tracks in the order in which they end, and remembers whose they are.
class NoteCollector {
 public:
  NoteCollector(std::size_t expected_notes, Pairing pairing) : pairing_(pairing) {
    notes_.reserve(expected_notes);
    owner_.reserve(expected_notes);
    instrument_.fill(kNone);
  }

  void begin_track(std::uint32_t track) {
    track_ = track;
    program_.fill(0);
    if (!used_) return;  // a file may have millions of empty tracks
    used_ = false;
    instrument_.fill(kNone);
    open_.clear();
  }
  void set_program(std::size_t channel, std::uint8_t program) { program_[channel] = program; }
  void note_on(std::size_t channel, std::uint8_t pitch, std::uint8_t velocity, std::uint32_t tick) {
    used_ = true;
    ++begun_;
    open_.begin(channel * kPitches + pitch, tick, velocity);
  }
  void note_off(std::size_t channel, std::uint8_t pitch, std::uint32_t tick) {
    const auto close = [&](std::uint32_t start, std::uint8_t velocity) {
      add({start, tick, pitch, velocity, static_cast<std::uint8_t>(channel), program_[channel], track_});
    };
    if (pairing_ == Pairing::kAll)
      open_.end_all(channel * kPitches + pitch, tick, close);
    else
      open_.end_first(channel * kPitches + pitch, close);
  }

  std::uint32_t unpaired() const { return static_cast<std::uint32_t>(begun_ - owner_.size()); }

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

  void add(const Note& note) {
    std::int32_t& owner = instrument_[note.channel * kPrograms + note.program];
    if (owner == kNone) {
      owner = static_cast<std::int32_t>(notes_of_.size());
      notes_of_.push_back(0);
    }
    ++notes_of_[owner];
    is_grouped_ = is_grouped_ && (owner_.empty() || owner_.back() <= owner);
    owner_.push_back(owner);
    notes_.push_back(note);
  }

  Pairing pairing_;
  OpenNotes open_;
  std::size_t begun_ = 0;
  bool used_ = false;  ///< this track has begun a note
  std::uint32_t track_ = 0;
  std::array<std::uint8_t, kChannels> program_{};
  std::array<std::int32_t, kChannels * kPrograms> instrument_;  ///< of this track; numbered over the file
  std::vector<std::size_t> notes_of_;                           ///< per instrument
  std::vector<Note> notes_;
  std::vector<std::int32_t> owner_;  ///< per note, its instrument
  bool is_grouped_ = true;
};

}  // namespace mofi
