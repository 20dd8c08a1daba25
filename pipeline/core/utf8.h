#pragma once
// Texts that go into artifacts are UTF-8, so that every reader of HDF5, JSON and YAML can show them.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace mofi {

/// Where the text stops to be UTF-8 (RFC 3629), or nothing.
std::optional<std::size_t> first_byte_not_utf8(std::string_view text);

/// The text with every byte that is not printable ASCII as \xNN: for messages about bytes.
std::string printable(std::string_view bytes);

}  // namespace mofi
