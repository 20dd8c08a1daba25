#pragma once
// The stack of an exception, from where it was thrown: whoever catches it stands elsewhere, and the frames in
// between are gone.
//
// A program that links this has a __cxa_throw of its own in front of the C++ runtime's, for its libraries
// too. It notes return addresses, a few microseconds a throw, and goes on to the runtime's; nothing else
// costs anything. Names are looked up, and files of symbols read, by who asks for them. A library of its own,
// since most programs need no such thing.

#include <string>
#include <vector>

namespace mofi {

/// While one lives, throws are noted, of all threads.
class NoteThrows {
 public:
  NoteThrows();
  ~NoteThrows();
  NoteThrows(const NoteThrows&) = delete;
  NoteThrows& operator=(const NoteThrows&) = delete;
};

/// For a handler: the frames of the exception that it handles, the one that threw first, a line each, as
/// "mofi::read_text(…) (mofi-sweep+0x1234)"; with file and line where there is debug information, without a
/// name where there are no symbols. Also of one that came from another thread. Empty where it was thrown
/// while nothing was noted, or so long ago that too many others were thrown since.
std::vector<std::string> stack_of_current_exception();

}  // namespace mofi
