#include "core/utf8.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace mofi {
namespace {

/// `value` in `length` bytes by the bit patterns of RFC 3629 section 3, whether or not it may be so long.
std::string in_bytes(std::uint32_t value, int length) {
  std::string bytes(static_cast<std::size_t>(length), '\0');
  for (std::size_t i = bytes.size() - 1; i > 0; --i, value >>= 6)
    bytes[i] = static_cast<char>(0x80 | (value & 0x3F));
  bytes[0] = static_cast<char>((length == 2 ? 0xC0 : length == 3 ? 0xE0 : 0xF0) | value);
  return bytes;
}

// The bits of 2, 3 and 4 bytes: of each what fits into fewer, and the rest.
TEST(Utf8,
     of_all_that_two_to_four_bytes_can_say_just_the_letters_of_unicode_in_their_shortest_form_are_text) {
  constexpr std::uint32_t kLeast[] = {0x80, 0x800, 0x10000}, kEnd[] = {0x800, 0x10000, 0x200000};
  for (const int length : {2, 3, 4}) {
    const std::uint32_t least = kLeast[length - 2], end = kEnd[length - 2];
    std::uint32_t first_wrong = end;
    for (std::uint32_t value = 0; value < end && first_wrong == end; ++value) {
      const bool is_surrogate = value >= 0xD800 && value <= 0xDFFF;
      const bool is_letter = value >= least && value <= 0x10FFFF && !is_surrogate;
      if (first_byte_not_utf8(in_bytes(value, length)).has_value() == is_letter) first_wrong = value;
    }
    EXPECT_EQ(first_wrong, end) << "in " << length << " bytes";
  }
}

TEST(Utf8, a_byte_alone_is_text_up_to_127) {
  EXPECT_FALSE(first_byte_not_utf8(""));
  for (int byte = 0; byte < 256; ++byte)
    EXPECT_EQ(first_byte_not_utf8(std::string(1, static_cast<char>(byte))).has_value(), byte > 127) << byte;
}

TEST(Utf8, bytes_that_begin_no_letter_are_found_where_they_stand) {
  for (int byte = 0x80; byte < 0x100; ++byte) {
    if (byte >= 0xC2 && byte <= 0xF4) continue;
    EXPECT_EQ(first_byte_not_utf8("a\u00e9" + std::string(1, static_cast<char>(byte)) + "\x80\x80\x80"), 3U)
        << byte;
  }
}

TEST(Utf8, a_letter_that_is_cut_or_broken_is_found_where_it_begins) {
  for (const std::string letter : {"\u00e9", "\u20ac", "\U0001D11E"}) {
    EXPECT_FALSE(first_byte_not_utf8("ab" + letter + letter));
    for (std::size_t size = 1; size < letter.size(); ++size) {
      EXPECT_EQ(first_byte_not_utf8("ab" + letter.substr(0, size)), 2U);
      for (const char wrong : {'\x7F', '\xC0', '\xFF', '\0'}) {
        std::string broken = letter;
        broken[size] = wrong;
        EXPECT_EQ(first_byte_not_utf8("ab" + broken + "\x80"), 2U);
      }
    }
  }
}

TEST(Utf8, printable_shows_every_other_byte_as_its_number) {
  EXPECT_EQ(printable("a ~\x7F\n\xE9"), "a ~\\x7f\\x0a\\xe9");
}

}  // namespace
}  // namespace mofi
