#include "tokens/compound_word.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/error.h"

namespace mofi {
namespace {

constexpr std::int64_t kTicksPerBar = 1920;      // four quarters of 480 ticks, whatever the file says
constexpr std::int64_t kTicksPerPosition = 120;  // 16 positions a bar
constexpr std::int64_t kTicksPerDuration = 60;
constexpr std::int64_t kDurations = 64;
constexpr std::uint8_t kNewBar = 0, kSameBar = 1;
constexpr double kLowestTempo = 32, kTempoStep = 3;  // quarters a minute
constexpr double kTempos = 65;

bool by_start(const Note& a, const Note& b) { return a.start < b.start; }
bool by_start_and_pitch(const Note& a, const Note& b) {
  return a.start != b.start ? a.start < b.start : a.pitch < b.pitch;
}

/// Specification 2.2: inside each instrument by (start, pitch), then all by start. Notes of one start are
/// therefore in the order of instruments, and those that only quantisation brings together stay in the order
/// of their onsets.
std::vector<Note> in_reference_order(std::vector<Note> notes) {
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

/// From the file's ticks to those of the grid: times a fraction, ties to the lower.
struct TickScale {
  std::int64_t numerator = 1, denominator = 1;

  std::int64_t operator()(std::uint32_t ticks) const {
    if (numerator == denominator) return ticks;
    return (2 * numerator * ticks + denominator - 1) / (2 * denominator);
  }
};

/// With SMPTE time, which knows no quarters, one is half a second.
TickScale tick_scale(const TimeDivision& division, const std::string& ticks) {
  constexpr std::int64_t kTicksPerQuarter = 480;
  if (ticks == "raw") return {};
  if (division.frames_per_second == 0) return {kTicksPerQuarter, division.ticks_per_quarter};
  const bool drop_frame = division.frames_per_second == 29;  // 30000 / 1001 frames a second
  return {2 * kTicksPerQuarter * (drop_frame ? 1001 : 1),
          std::int64_t{drop_frame ? 30'000 : division.frames_per_second} * division.ticks_per_frame};
}

/// Specification 2.3: the nearest grid line, ties to the lower. The reference's grid 0, 120 … stops short of
/// the last note's start, so the last onsets are often pulled one step early; its trained weights know music
/// only in this way.
std::int64_t nearest_grid_line(std::int64_t start, std::int64_t last_start) {
  const std::int64_t lines =
      std::max<std::int64_t>(1, (last_start + kTicksPerPosition - 1) / kTicksPerPosition);
  return std::min((start + kTicksPerPosition / 2 - 1) / kTicksPerPosition, lines - 1);
}

/// The nearest of 60, 120 … 3840 ticks.
std::int64_t duration_id(std::int64_t ticks) {
  return std::clamp<std::int64_t>((ticks + kTicksPerDuration / 2 - 1) / kTicksPerDuration - 1, 0,
                                  kDurations - 1);
}

int velocity_id(int velocity) { return velocity / 2; }

int tempo_id(std::uint32_t us_per_quarter) {
  const double quarters_per_minute = 60e6 / us_per_quarter;
  return static_cast<int>(
      std::clamp(std::ceil((quarters_per_minute - kLowestTempo) / kTempoStep - 0.5), 0.0, kTempos - 1));
}

/// The MIDI pitch that a note's word has, or -1 where it has none.
int word_pitch(int pitch, const TokenScheme& scheme, const std::string& out_of_range) {
  const int lowest = scheme.lowest_pitch, highest = scheme.highest_pitch();
  if (pitch >= lowest && pitch <= highest) return pitch;
  if (out_of_range == "clamp") return std::clamp(pitch, lowest, highest);
  if (out_of_range == "fold_octave") {
    while (pitch < lowest) pitch += 12;
    while (pitch > highest) pitch -= 12;
    return pitch;
  }
  if (out_of_range == "error")
    fail(ExitCode::kData,
         "has a note of pitch {}, outside {} to {} of {}; tokens.out_of_range can skip or move it", pitch,
         lowest, highest, scheme.name);
  return -1;
}

/// What a word may say of its note, and the names of the columns that say it.
enum WordField { kBar, kPosition, kPitch, kVelocity, kDuration, kTempo, kWordFields };
constexpr std::array<const char*, kWordFields> kFieldNames = {"Bar",      "Position", "Pitch",
                                                              "Velocity", "Duration", "Tempo"};

std::vector<WordField> fields_of(const TokenScheme& scheme) {
  std::vector<WordField> fields;
  for (const TokenColumn& column : scheme.columns) {
    const auto found = std::find(kFieldNames.begin(), kFieldNames.end(), column.name);
    if (found == kFieldNames.end())
      fail(ExitCode::kInternal, "scheme {} has a column {}, which no note has", scheme.name, column.name);
    fields.push_back(static_cast<WordField>(found - kFieldNames.begin()));
  }
  return fields;
}

}  // namespace

TokenizedPiece tokenize(const MidiFile& midi, const TokenOptions& options) {
  TokenizedPiece piece;
  if (midi.notes.empty()) return piece;
  const TokenScheme scheme = token_scheme(options.scheme);
  const std::vector<WordField> fields = fields_of(scheme);
  const TickScale scale = tick_scale(midi.division, options.ticks);
  const std::vector<Note> notes = in_reference_order(midi.notes);
  const std::int64_t last_start = scale(notes.back().start);
  piece.words.reserve(notes.size() * fields.size());

  std::int64_t bar_before = -1;
  std::uint32_t us_per_quarter = TempoChange{}.us_per_quarter;
  auto next_tempo = midi.tempos.begin();
  for (const Note& note : notes) {
    while (next_tempo != midi.tempos.end() && next_tempo->tick <= note.start)
      us_per_quarter = (next_tempo++)->us_per_quarter;
    const int pitch = word_pitch(note.pitch, scheme, options.out_of_range);
    if (pitch != note.pitch) ++piece.out_of_range_notes;
    if (pitch < 0) continue;
    const std::int64_t raw_start = scale(note.start);
    const std::int64_t start = kTicksPerPosition * nearest_grid_line(raw_start, last_start);
    const std::int64_t bar = start / kTicksPerBar;
    std::array<std::uint8_t, kWordFields> word;
    word[kBar] = bar == bar_before ? kSameBar : kNewBar;
    word[kPosition] = static_cast<std::uint8_t>(start % kTicksPerBar / kTicksPerPosition);
    word[kPitch] = static_cast<std::uint8_t>(pitch - scheme.lowest_pitch);
    word[kVelocity] = static_cast<std::uint8_t>(velocity_id(note.velocity));
    word[kDuration] = static_cast<std::uint8_t>(duration_id(scale(note.end) - raw_start));
    word[kTempo] = static_cast<std::uint8_t>(tempo_id(us_per_quarter));
    for (const WordField field : fields) piece.words.push_back(word[field]);
    bar_before = bar;
  }
  return piece;
}

std::vector<Note> notes_in_word_order(const MidiFile& midi, const TokenOptions& options) {
  const TokenScheme scheme = token_scheme(options.scheme);
  std::vector<Note> notes = in_reference_order(midi.notes);
  std::erase_if(notes,
                [&](const Note& note) { return word_pitch(note.pitch, scheme, options.out_of_range) < 0; });
  return notes;
}

}  // namespace mofi
