#include "tokens/compound_word.h"

#include <algorithm>

namespace mofi {
namespace {

constexpr std::int64_t kTicksPerBar = 1920;      // four quarters of 480 ticks, whatever the file says
constexpr std::int64_t kTicksPerPosition = 120;  // 16 positions a bar
constexpr std::int64_t kTicksPerDuration = 60;
constexpr std::int64_t kDurations = 64;
constexpr std::uint8_t kNewBar = 0, kSameBar = 1;
constexpr int kLowestPitch = 22, kPitches = 86;

bool by_start(const Note& a, const Note& b) { return a.start < b.start; }
bool by_start_and_pitch(const Note& a, const Note& b) {
  return a.start != b.start ? a.start < b.start : a.pitch < b.pitch;
}

/// Specification 2.2: inside each instrument by (start, pitch), then all by start. Notes of one start are
/// therefore in the order of instruments, and those that only quantisation brings together stay in the order
/// of their onsets.
std::vector<Note> in_reference_order(std::span<const Note> grouped) {
  std::vector<Note> notes(grouped.begin(), grouped.end());
  bool one_instrument = true;
  for (auto first = notes.begin(); first != notes.end();) {
    const auto last =
        std::find_if(first, notes.end(), [&](const Note& note) { return !same_instrument(*first, note); });
    std::stable_sort(first, last, by_start_and_pitch);
    one_instrument = one_instrument && last == notes.end();
    first = last;
  }
  if (!one_instrument) std::stable_sort(notes.begin(), notes.end(), by_start);
  return notes;
}

/// Specification 2.3: the nearest grid line, ties to the lower. The reference's grid 0, 120 … stops short of
/// the last note's start, so the last onsets are often pulled one step early; its trained weights know music
/// only in this way.
std::int64_t nearest_grid_line(std::int64_t start, std::int64_t last_start) {
  const std::int64_t lines =
      std::max<std::int64_t>(1, (last_start + kTicksPerPosition - 1) / kTicksPerPosition);
  return std::min((start + kTicksPerPosition / 2 - 1) / kTicksPerPosition, lines - 1);
}

/// The nearest of 60, 120 … 3840 ticks, ties to the lower.
std::int64_t duration_id(std::int64_t ticks) {
  return std::clamp<std::int64_t>((ticks + kTicksPerDuration / 2 - 1) / kTicksPerDuration - 1, 0,
                                  kDurations - 1);
}

}  // namespace

TokenScheme cp4_scheme() {
  return {.name = "cp4",
          .columns = {{"Bar", 4, 2, 3},
                      {"Position", 18, 16, 17},
                      {"Pitch", 88, 86, 87},
                      {"Duration", 66, 64, 65}},
          .pitch_column = 2,
          .pitch_ids = kPitches,
          .lowest_pitch = kLowestPitch};
}

TokenizedPiece tokenize(std::span<const Note> grouped) {
  TokenizedPiece piece;
  if (grouped.empty()) return piece;
  const std::vector<Note> notes = in_reference_order(grouped);
  const std::int64_t last_start = notes.back().start;
  piece.words.reserve(notes.size() * 4);
  piece.pitch_min = 127;

  std::int64_t bar_before = -1;
  for (const Note& note : notes) {
    const int pitch_id = note.pitch - kLowestPitch;
    if (pitch_id < 0 || pitch_id >= kPitches) {
      ++piece.out_of_range_notes;
      continue;
    }
    const std::int64_t start = kTicksPerPosition * nearest_grid_line(note.start, last_start);
    const std::int64_t bar = start / kTicksPerBar;
    piece.words.push_back(bar == bar_before ? kSameBar : kNewBar);
    piece.words.push_back(static_cast<std::uint8_t>(start % kTicksPerBar / kTicksPerPosition));
    piece.words.push_back(static_cast<std::uint8_t>(pitch_id));
    piece.words.push_back(static_cast<std::uint8_t>(duration_id(std::int64_t{note.end} - note.start)));
    piece.pitch_min = std::min<int>(piece.pitch_min, note.pitch);
    piece.pitch_max = std::max<int>(piece.pitch_max, note.pitch);
    bar_before = bar;
  }
  if (piece.words.empty()) piece.pitch_min = 0;
  return piece;
}

}  // namespace mofi
