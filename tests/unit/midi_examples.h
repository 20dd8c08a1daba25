#pragma once
// Small MIDI files, byte by byte.

#include <initializer_list>
#include <string>
#include <vector>

#include "midi/midi_file.h"
#include "refusal.h"
#include "temporary_folder.h"

namespace mofi {

inline std::string bytes_of(std::initializer_list<int> values) {
  std::string text;
  for (const int value : values) text += static_cast<char>(value);
  return text;
}

inline std::string chunk_of(const std::string& mark, const std::string& body) {
  const auto size = static_cast<int>(body.size());
  return mark + bytes_of({size >> 24 & 255, size >> 16 & 255, size >> 8 & 255, size & 255}) + body;
}

/// A file of these track bodies, at 480 ticks a quarter.
inline std::string file_of(const std::vector<std::string>& tracks, int format = 1) {
  std::string text = chunk_of("MThd", bytes_of({0, format, 0, static_cast<int>(tracks.size()), 0x01, 0xE0}));
  for (const std::string& track : tracks) text += chunk_of("MTrk", track);
  return text;
}

inline MidiFile read_text_as_midi(const std::string& text, const MidiReading& reading = {}) {
  // A buffer of exactly this size on the heap, so that the sanitizer sees a read past its end.
  std::vector<char> exact(text.begin(), text.end());
  return read_midi(std::as_bytes(std::span(exact)), "example.mid", reading);
}

}  // namespace mofi
