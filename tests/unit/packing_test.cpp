#include "core/packing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>

#include "refusal.h"

namespace mofi {
namespace {

using testing::HasSubstr;

enum class Colour : std::uint8_t { kRed, kBlue };

/// One of every kind that a Packer takes.
struct Message {
  std::int64_t number = 0;
  double fraction = 0;
  bool truth = false;
  Colour colour = Colour::kRed;
  std::array<float, 3> plain{};
  std::string text, no_text;
  std::vector<std::uint16_t> numbers, no_numbers;
  std::vector<std::string> texts;
  std::vector<std::vector<int>> nested;
  std::pair<std::string, int> pair;
  std::vector<std::pair<int, std::string>> pairs;

  bool operator==(const Message&) const = default;
};

Packer& operator<<(Packer& packer, const Message& m) {
  return packer << m.number << m.fraction << m.truth << m.colour << m.plain << m.text << m.no_text
                << m.numbers << m.no_numbers << m.texts << m.nested << m.pair << m.pairs;
}

Unpacker& operator>>(Unpacker& unpacker, Message& m) {
  return unpacker >> m.number >> m.fraction >> m.truth >> m.colour >> m.plain >> m.text >> m.no_text >>
         m.numbers >> m.no_numbers >> m.texts >> m.nested >> m.pair >> m.pairs;
}

Message message() {
  return {.number = std::numeric_limits<std::int64_t>::min(),
          .fraction = 0.1,
          .truth = true,
          .colour = Colour::kBlue,
          .plain = {1.5F, -2, 0},
          .text = std::string("zero \0 inside", 13),
          .numbers = {1, 65535, 3},
          .texts = {"", "one", "two"},
          .nested = {{}, {1, 2}, {3}},
          .pair = {"a", -1},
          .pairs = {{1, "b"}, {2, ""}}};
}

std::string packed(const auto& value) {
  Packer packer;
  packer << value;
  return packer.take();
}

TEST(Packing, every_kind_of_value_is_unpacked_as_it_was_packed) {
  const std::string bytes = packed(message());
  Unpacker unpacker(bytes);
  // Into values that hold something else already.
  Message again = message();
  again.no_text = "old";
  again.no_numbers = {1};
  again.texts.assign(9, "old");
  again.nested.assign(9, {9});
  EXPECT_FALSE(unpacker.at_end());
  unpacker >> again;
  EXPECT_EQ(again, message());
  EXPECT_TRUE(unpacker.at_end());
}

TEST(Packing, a_message_that_is_cut_anywhere_is_an_internal_error) {
  const std::string whole = packed(message());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const std::string cut = whole.substr(0, size);
    EXPECT_THAT(refusal_of([&] { Unpacker(cut).read<Message>(); }, ExitCode::kInternal),
                HasSubstr("a message between ranks ends after " + std::to_string(size) + " bytes"));
  }
}

TEST(Packing, a_message_that_is_read_on_after_its_end_is_an_internal_error) {
  const std::string bytes = packed(7);
  Unpacker unpacker(bytes);
  EXPECT_EQ(unpacker.read<int>(), 7);
  EXPECT_THAT(refusal_of([&] { unpacker.read<char>(); }, ExitCode::kInternal),
              HasSubstr("ends after 4 bytes"));
}

TEST(Packing, counts_that_the_message_cannot_hold_are_refused_before_memory_is_taken) {
  for (const std::size_t count :
       {std::size_t{2}, std::size_t{1} << 61, std::numeric_limits<std::size_t>::max()}) {
    const std::string bytes = packed(count) + "x";
    const auto refusal = [&](auto value) {
      return refusal_of([&] { Unpacker(bytes) >> value; }, ExitCode::kInternal);
    };
    EXPECT_THAT(refusal(std::string()), HasSubstr("where " + std::to_string(count) + " values of 1 follow"));
    EXPECT_THAT(refusal(std::vector<double>()), HasSubstr("values of 8 follow"));
    EXPECT_THAT(refusal(std::vector<std::string>()), HasSubstr("1 values of 8 follow"));
  }
}

TEST(Packing, addresses_are_no_values) {
  EXPECT_FALSE(PlainValue<const char*>);
  EXPECT_FALSE(PlainValue<std::string_view>);
  EXPECT_FALSE(PlainValue<std::span<int>>);
  EXPECT_FALSE(PlainValue<std::string>);
}

}  // namespace
}  // namespace mofi
