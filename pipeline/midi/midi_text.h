#pragma once
// A MIDI file in words.

#include <string>

#include "midi/midi_file.h"

namespace mofi {

/// Format, division, tempos, length, instruments, and the first `notes` notes by their start.
std::string text_of(const MidiFile& midi, std::size_t notes);

}  // namespace mofi
