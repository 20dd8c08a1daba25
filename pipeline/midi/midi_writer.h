#pragma once
// Standard MIDI Files from notes, in format 0 or 1: what read_midi reads back as the same notes.

#include <string>

#include "midi/midi_file.h"

namespace mofi {

/// The bytes of a file with the tempos in its first track and every note in its own. Notes of one channel and
/// pitch of a track must not overlap (the format cannot tell them apart), and a channel of a track has one
/// program.
std::string midi_bytes(const MidiFile& midi);

}  // namespace mofi
