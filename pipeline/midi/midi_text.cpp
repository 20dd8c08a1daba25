#include "midi/midi_text.h"

#include <fmt/core.h>

#include <algorithm>

#include "core/aligned.h"
#include "midi/pitch_name.h"
#include "midi/tempo_map.h"

namespace mofi {
namespace {

constexpr std::size_t kTemposShown = 4, kInstrumentsShown = 32;
constexpr int kDrumChannel = 9;

/// General MIDI's families of eight programs.
constexpr const char* kFamilies[] = {"piano",
                                     "chromatic percussion",
                                     "organ",
                                     "guitar",
                                     "bass",
                                     "strings",
                                     "ensemble",
                                     "brass",
                                     "reed",
                                     "pipe",
                                     "lead synthesiser",
                                     "pad synthesiser",
                                     "synthesiser effects",
                                     "ethnic",
                                     "percussive",
                                     "sound effects"};

std::string division_text(const TimeDivision& division) {
  if (division.ticks_per_quarter > 0) return fmt::format("{} ticks a quarter", division.ticks_per_quarter);
  return fmt::format("{} ticks a frame, {} frames a second (SMPTE)", division.ticks_per_frame,
                     division.frames_per_second);
}

std::string tempos_text(const MidiFile& midi) {
  if (midi.tempos.empty()) return "none given, which means 120 quarters a minute";
  std::string text;
  for (std::size_t i = 0; i < std::min(kTemposShown, midi.tempos.size()); ++i)
    text += fmt::format("{}{:.6g} quarters a minute from tick {}", i > 0 ? ", " : "",
                        6e7 / midi.tempos[i].us_per_quarter, midi.tempos[i].tick);
  if (midi.tempos.size() > kTemposShown)
    text += fmt::format(" … and {} more", thousands(midi.tempos.size() - kTemposShown));
  return text;
}

std::string pitches_text(int lowest, int highest) {
  return fmt::format("{} ({}) to {} ({})", pitch_name(lowest), lowest, pitch_name(highest), highest);
}

std::string instruments_text(const MidiFile& midi) {
  struct Instrument {
    Note first;
    std::size_t notes = 0;
    int lowest = 127, highest = 0;
  };
  std::vector<Instrument> instruments;  // notes of one are together
  for (const Note& note : midi.notes) {
    if (instruments.empty() || !same_instrument(instruments.back().first, note))
      instruments.push_back({note});
    Instrument& instrument = instruments.back();
    ++instrument.notes;
    instrument.lowest = std::min<int>(instrument.lowest, note.pitch);
    instrument.highest = std::max<int>(instrument.highest, note.pitch);
  }
  std::vector<std::vector<std::string>> lines = {
      {"track", "channel", "program", "family", "notes", "pitches"}};
  for (std::size_t i = 0; i < std::min(kInstrumentsShown, instruments.size()); ++i) {
    const Instrument& instrument = instruments[i];
    const Note& note = instrument.first;
    lines.push_back({std::to_string(note.track), std::to_string(note.channel + 1),
                     std::to_string(note.program),
                     note.channel == kDrumChannel ? "drums" : kFamilies[note.program / 8 % 16],
                     thousands(instrument.notes), pitches_text(instrument.lowest, instrument.highest)});
  }
  std::string text = aligned(lines, "rrrlrl");
  if (instruments.size() > kInstrumentsShown)
    text += fmt::format("  … and {} more\n", thousands(instruments.size() - kInstrumentsShown));
  return text;
}

/// What a tolerant reader had to mend, or nothing.
std::string repairs_text(const MidiFile& midi) {
  std::vector<std::vector<std::string>> lines = {{"times", "mended", "how"}};
  for (std::size_t kind = 0; kind < kRepairTexts.size(); ++kind)
    if (const std::uint32_t times = midi.repairs.times[kind]; times > 0)
      lines.push_back({thousands(times), kRepairTexts[kind].found, kRepairTexts[kind].done});
  return lines.size() == 1 ? "" : "\n" + aligned(lines, "rll");
}

std::string notes_text(const MidiFile& midi, std::size_t wanted) {
  std::vector<Note> notes = midi.notes;
  std::ranges::stable_sort(notes, [](const Note& a, const Note& b) { return a.start < b.start; });
  const std::size_t shown = std::min(wanted, notes.size());
  std::vector<std::vector<std::string>> lines = {{"start", "end", "pitch", "velocity", "track", "channel"}};
  for (std::size_t i = 0; i < shown; ++i)
    lines.push_back({std::to_string(notes[i].start), std::to_string(notes[i].end),
                     fmt::format("{} ({})", pitch_name(notes[i].pitch), notes[i].pitch),
                     std::to_string(notes[i].velocity), std::to_string(notes[i].track),
                     std::to_string(notes[i].channel + 1)});
  std::string text = aligned(lines, "rrlrrr");
  if (shown < notes.size()) text += fmt::format("  … and {} more\n", thousands(notes.size() - shown));
  return text;
}

}  // namespace

std::string text_of(const MidiFile& midi, std::size_t notes) {
  constexpr const char* kFormats[] = {"one track", "simultaneous tracks", "independent tracks"};
  std::vector<std::vector<std::string>> facts = {
      {"format", fmt::format("{} ({})", midi.format, kFormats[std::clamp(midi.format, 0, 2)])},
      {"division", division_text(midi.division)},
      {"tempo", tempos_text(midi)}};
  if (midi.notes.empty())
    return "A Standard MIDI File\n" + aligned(facts) + "  It has no note.\n" + repairs_text(midi);
  std::uint32_t end = 0;
  int lowest = 127, highest = 0;
  for (const Note& note : midi.notes) {
    end = std::max(end, note.end);
    lowest = std::min<int>(lowest, note.pitch);
    highest = std::max<int>(highest, note.pitch);
  }
  facts.push_back({"length", fmt::format("{}, {:.1f} s, to the end of the last note", counted(end, "tick"),
                                         TempoMap(midi).seconds(end))});
  facts.push_back({"notes", thousands(midi.notes.size())});
  if (midi.unpaired_notes > 0)
    facts.push_back({"left out", fmt::format("{} of no length, or without an end",
                                             counted(midi.unpaired_notes, "note"))});
  facts.push_back({"pitches", pitches_text(lowest, highest)});
  std::string text =
      "A Standard MIDI File\n" + aligned(facts) + repairs_text(midi) + "\n" + instruments_text(midi);
  if (notes > 0) text += "\n" + notes_text(midi, notes);
  return text;
}

}  // namespace mofi
