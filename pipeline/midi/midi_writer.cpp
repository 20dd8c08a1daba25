#include "midi/midi_writer.h"

#include <algorithm>
#include <array>

#include "core/error.h"

namespace mofi {
namespace {

/// At one tick, tempos and programs come first, then the notes that end, then those that begin: a repeated
/// note would otherwise end at its own start.
enum class Order : std::uint8_t { kSetting, kNoteOff, kNoteOn };

struct Event {
  std::uint32_t tick = 0;
  Order order = Order::kSetting;
  std::string bytes;
};

std::string bytes_of(std::initializer_list<int> values) {
  std::string text;
  for (const int value : values) text += static_cast<char>(value);
  return text;
}

std::string big_endian(std::uint32_t value, int size) {
  std::string text;
  for (int i = size - 1; i >= 0; --i) text += static_cast<char>(value >> (8 * i) & 0xFF);
  return text;
}

std::string variable_length(std::uint32_t value) {
  std::string text(1, static_cast<char>(value & 0x7F));
  while (value >>= 7) text.insert(text.begin(), static_cast<char>((value & 0x7F) | 0x80));
  return text;
}

std::string chunk(const char* mark, const std::string& body) {
  return mark + big_endian(static_cast<std::uint32_t>(body.size()), 4) + body;
}

void add_notes(std::vector<Event>& events, const MidiFile& midi, std::uint32_t track) {
  std::array<int, 16> program{};
  program.fill(-1);
  for (const Note& note : midi.notes) {
    if (note.track != track) continue;
    if (note.channel > 15 || note.pitch > 127 || note.velocity < 1 || note.velocity > 127 ||
        note.end <= note.start)
      fail(ExitCode::kInternal,
           "a note of pitch {}, velocity {}, channel {} and ticks {} to {} cannot be written as MIDI",
           note.pitch, note.velocity, note.channel, note.start, note.end);
    int& used = program[note.channel];
    if (used == -1)
      events.push_back({0, Order::kSetting, bytes_of({0xC0 | note.channel, note.program})});
    else if (used != note.program)
      fail(ExitCode::kInternal, "channel {} of track {} has programs {} and {}; one can be written",
           note.channel, track, used, note.program);
    used = note.program;
    events.push_back(
        {note.start, Order::kNoteOn, bytes_of({0x90 | note.channel, note.pitch, note.velocity})});
    events.push_back({note.end, Order::kNoteOff, bytes_of({0x90 | note.channel, note.pitch, 0})});
  }
}

std::string track_bytes(std::vector<Event>& events) {
  std::stable_sort(events.begin(), events.end(), [](const Event& a, const Event& b) {
    return a.tick != b.tick ? a.tick < b.tick : a.order < b.order;
  });
  std::string body;
  std::uint32_t tick = 0;
  for (const Event& event : events) {
    body += variable_length(event.tick - tick) + event.bytes;
    tick = event.tick;
  }
  return chunk("MTrk", body + bytes_of({0, 0xFF, 0x2F, 0}));
}

}  // namespace

std::string midi_bytes(const MidiFile& midi) {
  std::uint32_t tracks = 1;
  for (const Note& note : midi.notes) tracks = std::max(tracks, note.track + 1);
  if (midi.format < 0 || midi.format > 1 || (midi.format == 0 && tracks > 1) || tracks > 0xFFFF)
    fail(ExitCode::kInternal, "MIDI format {} with {} tracks cannot be written", midi.format, tracks);
  if (midi.division.ticks_per_quarter < 1 || midi.division.ticks_per_quarter > 0x7FFF)
    fail(ExitCode::kInternal, "{} ticks a quarter cannot be written as MIDI",
         midi.division.ticks_per_quarter);

  std::string file =
      chunk("MThd", big_endian(static_cast<std::uint32_t>(midi.format), 2) + big_endian(tracks, 2) +
                        big_endian(static_cast<std::uint32_t>(midi.division.ticks_per_quarter), 2));
  for (std::uint32_t track = 0; track < tracks; ++track) {
    std::vector<Event> events;
    if (track == 0) {
      for (const TempoChange& tempo : midi.tempos)
        events.push_back(
            {tempo.tick, Order::kSetting, bytes_of({0xFF, 0x51, 3}) + big_endian(tempo.us_per_quarter, 3)});
    }
    add_notes(events, midi, track);
    file += track_bytes(events);
  }
  return file;
}

}  // namespace mofi
