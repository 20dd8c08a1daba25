// The reader of TensorBoard's event files, and their description. The bytes are read as a file, and as an
// event whose checksums are right, which are rarely hit by chance.

#include "hostile_input.h"
#include "storage/tensorboard_text.h"

namespace mofi {
namespace {

// A scalar of 7 bytes becomes a structure of 56 in a list that grows by doubling, and a record of its own.
constexpr MemoryBound kBound{.bytes_per_input_byte = 128};

TensorboardFile parsed(std::string_view text) {
  return parse_tensorboard(std::as_bytes(std::span(text)), "input");
}

void check(std::string_view text) {
  const TensorboardFile file = parsed(text);
  require(file.cut_bytes <= text.size(), "what is cut off is a part of the file");
  require(text_of(file, 5).size() > 20, "it is described");
  if (file.cut_bytes == text.size()) return;
  require(begins_as_tensorboard(text), "what is read is recognised by its beginning");
  const TensorboardFile whole = parsed(text.substr(0, text.size() - file.cut_bytes));
  require(whole.cut_bytes == 0 && whole.others == file.others && whole.scalars.size() == file.scalars.size(),
          "without what is cut off it is the same file");
}

const std::string kVersionRecord = tensorboard_record(
    "\x1a\x0d"
    "brain.Event:2");

/// Scalars that are written again are the same.
void check_event(const std::string& file) {
  const std::vector<Scalar> scalars = parsed(file).scalars;
  std::string again = kVersionRecord;
  for (const Scalar& scalar : scalars) again += tensorboard_record(tensorboard_event(scalar));
  const TensorboardFile back = parsed(again);
  require(back.scalars.size() == scalars.size() && back.others == 0 && back.cut_bytes == 0,
          "what was written again is read whole");
  for (std::size_t i = 0; i < scalars.size(); ++i)
    require(tensorboard_event(back.scalars[i]) == tensorboard_event(scalars[i]), "and is the same");
}

}  // namespace
}  // namespace mofi

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mofi;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  accepts(std::as_bytes(std::span(text)), ExitCode::kData, kBound, [&] { check(text); });
  const std::string file = kVersionRecord + tensorboard_record(text);
  accepts(std::as_bytes(std::span(file)), ExitCode::kData, kBound, [&] {
    check(file);
    check_event(file);
  });
  return 0;
}
