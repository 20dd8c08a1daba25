#include "storage/pickle.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>

#include "core/error.h"
#include "core/utf8.h"

namespace mofi {
namespace {

using Kind = PickleValue::Kind;

constexpr PickleIndex kNothing = std::numeric_limits<PickleIndex>::max();
/// What follows is not read, so that indices of 32 bits are enough. Of a legacy file, all the rest is given.
/// A checkpoint's names and numbers take less than a megabyte; a value may take 64 times its instruction.
constexpr std::size_t kLargestPickle = std::size_t{1} << 26;
constexpr std::size_t kLongestShown = 60;  // letters of a name in a message

/// The instructions that are taken; the letters are Python's.
enum Opcode : std::uint8_t {
  kMark = '(',
  kStop = '.',
  kBinInt = 'J',
  kBinInt1 = 'K',
  kBinInt2 = 'M',
  kNoneOpcode = 'N',
  kBinPersId = 'Q',
  kReduce = 'R',
  kBinString = 'T',
  kShortBinString = 'U',
  kBinUnicode = 'X',
  kAppend = 'a',
  kBuild = 'b',
  kGlobalOpcode = 'c',
  kEmptyDict = '}',
  kAppends = 'e',
  kBinGet = 'h',
  kLongBinGet = 'j',
  kEmptyList = ']',
  kBinPut = 'q',
  kLongBinPut = 'r',
  kSetItem = 's',
  kTuple = 't',
  kEmptyTuple = ')',
  kSetItems = 'u',
  kBinFloat = 'G',
  kBinBytes = 'B',
  kShortBinBytes = 'C',
  kProto = 0x80,
  kTuple1 = 0x85,
  kTuple2 = 0x86,
  kTuple3 = 0x87,
  kNewTrue = 0x88,
  kNewFalse = 0x89,
  kLong1 = 0x8A,
  kShortBinUnicode = 0x8C,
  kStackGlobal = 0x93,
  kMemoize = 0x94,
  kFrame = 0x95,
};

/// The name of an instruction that is not taken; empty for a byte that is none.
std::string_view name_of_refused(std::uint8_t opcode) {
  switch (opcode) {
    case '0':
      return "POP";
    case '1':
      return "POP_MARK";
    case '2':
      return "DUP";
    case 'F':
      return "FLOAT";
    case 'I':
      return "INT";
    case 'L':
      return "LONG";
    case 'P':
      return "PERSID";
    case 'S':
      return "STRING";
    case 'V':
      return "UNICODE";
    case 'd':
      return "DICT";
    case 'g':
      return "GET";
    case 'i':
      return "INST";
    case 'l':
      return "LIST";
    case 'o':
      return "OBJ";
    case 'p':
      return "PUT";
    case 0x81:
      return "NEWOBJ";
    case 0x82:
      return "EXT1";
    case 0x83:
      return "EXT2";
    case 0x84:
      return "EXT4";
    case 0x8B:
      return "LONG4";
    case 0x8D:
      return "BINUNICODE8";
    case 0x8E:
      return "BINBYTES8";
    case 0x8F:
      return "EMPTY_SET";
    case 0x90:
      return "ADDITEMS";
    case 0x91:
      return "FROZENSET";
    case 0x92:
      return "NEWOBJ_EX";
    case 0x96:
      return "BYTEARRAY8";
    case 0x97:
      return "NEXT_BUFFER";
    case 0x98:
      return "READONLY_BUFFER";
    default:
      return "";
  }
}

class Machine {
 public:
  Machine(std::span<const std::byte> bytes, std::span<const std::string_view> known, const std::string& name)
      : bytes_(reinterpret_cast<const char*>(bytes.data()), std::min(bytes.size(), kLargestPickle)),
        known_(known),
        name_(name) {}

  Pickle run() {
    if (bytes_.size() < 2 || static_cast<std::uint8_t>(bytes_[0]) != kProto)
      fail(ExitCode::kData, "{}: does not begin as a pickle of protocol 2 to 5", name_);
    while (step()) {
    }
    return std::move(pickle_);
  }

 private:
  template <class... Args>
  [[noreturn]] void refuse(fmt::format_string<Args...> format, Args&&... args) const {
    fail(ExitCode::kData, "{}: byte {}: {}", name_, opcode_at_,
         fmt::format(format, std::forward<Args>(args)...));
  }

  std::string_view take(std::size_t count) {
    if (count > bytes_.size() - at_)
      refuse("the pickle ends where {} more bytes are expected", count - (bytes_.size() - at_));
    at_ += count;
    return bytes_.substr(at_ - count, count);
  }

  template <class T>
  T take_number() {
    T number;
    std::memcpy(&number, take(sizeof number).data(), sizeof number);
    return number;
  }

  std::string_view take_line() {
    const std::size_t end = bytes_.find('\n', at_);
    if (end == std::string_view::npos) refuse("the pickle ends within a name");
    const std::string_view line = bytes_.substr(at_, end - at_);
    at_ = end + 1;
    return line;
  }

  std::string shown(std::string_view text) const {
    return printable(text.substr(0, kLongestShown)) + (text.size() > kLongestShown ? "..." : "");
  }

  // --- the stack ---
  PickleValue& make(Kind kind) {
    stack_.push_back(static_cast<PickleIndex>(pickle_.values.size()));
    PickleValue& value = pickle_.values.emplace_back();
    value.kind = kind;
    return value;
  }
  void make_integer(Kind kind, std::int64_t integer) { make(kind).integer = integer; }
  void make_text(std::string_view text) {
    if (const auto wrong = first_byte_not_utf8(text)) refuse("byte {} of a text is not UTF-8", *wrong);
    make(Kind::kText).text = text;
  }
  /// Python 2 had one type for texts and bytes.
  void make_string(std::string_view text) {
    make(first_byte_not_utf8(text) ? Kind::kBytes : Kind::kText).text = text;
  }

  std::size_t bottom() const { return marks_.empty() ? 0 : marks_.back(); }
  PickleIndex pop() {
    if (stack_.size() <= bottom()) refuse("an instruction finds nothing on the stack to work on");
    const PickleIndex top = stack_.back();
    stack_.pop_back();
    return top;
  }
  PickleValue& peek() {
    if (stack_.size() <= bottom()) refuse("an instruction finds nothing on the stack to work on");
    return pickle_.values[stack_.back()];
  }
  /// What stands above the last mark, which goes.
  std::vector<PickleIndex> pop_to_mark() {
    if (marks_.empty()) refuse("an instruction finds no mark on the stack");
    const auto first = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
    std::vector<PickleIndex> items(first, stack_.end());
    stack_.erase(first, stack_.end());
    marks_.pop_back();
    return items;
  }
  std::vector<PickleIndex> pop_many(std::size_t count) {
    if (stack_.size() - bottom() < count) refuse("an instruction finds too little on the stack to work on");
    std::vector<PickleIndex> items(stack_.end() - static_cast<std::ptrdiff_t>(count), stack_.end());
    stack_.resize(stack_.size() - count);
    return items;
  }

  // --- instructions ---
  void make_global(std::string_view module, std::string_view member) {
    const auto found = std::ranges::find(known_, fmt::format("{} {}", module, member));
    if (found == known_.end())
      refuse(
          "asks Python for {} of the module {}; expected tensors, numbers, texts, lists and dictionaries "
          "alone (nothing was "
          "looked up or called)",
          shown(member), shown(module));
    make(Kind::kGlobal).text = *found;
  }
  void stack_global() {
    const std::vector<PickleIndex> names = pop_many(2);
    const PickleValue &module = pickle_[names[0]], &member = pickle_[names[1]];
    if (module.kind != Kind::kText || member.kind != Kind::kText) refuse("STACK_GLOBAL is given no texts");
    make_global(module.text, member.text);
  }
  void reduce() {
    const std::vector<PickleIndex> call = pop_many(2);
    if (pickle_[call[0]].kind != Kind::kGlobal) refuse("REDUCE would call what is no name");
    if (pickle_[call[1]].kind != Kind::kTuple) refuse("REDUCE is given arguments that are no tuple");
    PickleValue& object = make(Kind::kObject);
    object.callable = call[0];
    object.arguments = call[1];
  }
  void append(std::span<const PickleIndex> items) {
    PickleValue& list = peek();
    if (list.kind != Kind::kList) refuse("an item is appended to what is no list");
    list.items.insert(list.items.end(), items.begin(), items.end());
  }
  void set_items(std::span<const PickleIndex> items) {
    PickleValue& dict = peek();
    if (dict.kind != Kind::kDict && dict.kind != Kind::kObject)
      refuse("an item is set in what is no dictionary");
    if (items.size() % 2 != 0) refuse("a key is set without a value");
    dict.items.insert(dict.items.end(), items.begin(), items.end());
  }
  void build() {
    pop();  // the object's attributes, such as the _metadata of a state_dict: nothing here needs any
    if (peek().kind != Kind::kObject) refuse("BUILD is given what is no object");
  }
  void memoize(std::size_t key) {
    peek();
    // Python numbers them one after the other, Python 2 from 1 on: no sound pickle leaves a gap, and a gap
    // costs memory.
    if (key > std::max<std::size_t>(memo_.size(), 1))
      refuse("entry {} of the memo is filled where {} is next", key, memo_.size());
    while (memo_.size() <= key) memo_.push_back(kNothing);
    memo_[key] = stack_.back();
  }
  void recall(std::size_t key) {
    if (key >= memo_.size() || memo_[key] == kNothing)
      refuse("entry {} of the memo is asked for, which has {}", key, memo_.size());
    stack_.push_back(memo_[key]);
  }
  void make_tuple(std::vector<PickleIndex> items) { make(Kind::kTuple).items = std::move(items); }
  void make_long(std::string_view digits) {
    if (digits.size() > sizeof(std::int64_t)) {
      make(Kind::kBigInteger).text = digits;
      return;
    }
    const bool is_negative = !digits.empty() && (static_cast<std::uint8_t>(digits.back()) & 0x80) != 0;
    std::int64_t integer = is_negative ? -1 : 0;
    std::memcpy(&integer, digits.data(), digits.size());
    make_integer(Kind::kInteger, integer);
  }
  void make_real() {
    std::uint64_t bits = 0;  // big-endian, the only such number of the format
    for (const char byte : take(sizeof bits)) bits = bits << 8 | static_cast<std::uint8_t>(byte);
    make(Kind::kReal).real = std::bit_cast<double>(bits);
  }
  void begin() {
    const auto protocol = take_number<std::uint8_t>();
    if (protocol < 2 || protocol > 5) refuse("the pickle is of protocol {}; expected 2 to 5", protocol);
  }
  void stop() {
    pickle_.root = pop();
    if (!stack_.empty() || !marks_.empty()) refuse("the pickle ends with values that belong to nothing");
    pickle_.size = at_;
  }

  /// One instruction. False after the last.
  bool step() {
    opcode_at_ = at_;
    const auto opcode = take_number<std::uint8_t>();
    switch (opcode) {
      case kProto:
        begin();
        break;
      case kFrame:
        take_number<std::uint64_t>();  // a hint for reading ahead
        break;
      case kStop:
        stop();
        return false;
      case kMark:
        marks_.push_back(stack_.size());
        break;
      case kNoneOpcode:
        make(Kind::kNone);
        break;
      case kNewTrue:
      case kNewFalse:
        make_integer(Kind::kTruth, opcode == kNewTrue);
        break;
      case kBinInt:
        make_integer(Kind::kInteger, take_number<std::int32_t>());
        break;
      case kBinInt1:
        make_integer(Kind::kInteger, take_number<std::uint8_t>());
        break;
      case kBinInt2:
        make_integer(Kind::kInteger, take_number<std::uint16_t>());
        break;
      case kLong1:
        make_long(take(take_number<std::uint8_t>()));
        break;
      case kBinFloat:
        make_real();
        break;
      case kBinUnicode:
        make_text(take(take_number<std::uint32_t>()));
        break;
      case kShortBinUnicode:
        make_text(take(take_number<std::uint8_t>()));
        break;
      case kBinString:
        make_string(take(take_number<std::uint32_t>()));
        break;
      case kShortBinString:
        make_string(take(take_number<std::uint8_t>()));
        break;
      case kBinBytes:
        make(Kind::kBytes).text = take(take_number<std::uint32_t>());
        break;
      case kShortBinBytes:
        make(Kind::kBytes).text = take(take_number<std::uint8_t>());
        break;
      case kEmptyTuple:
        make(Kind::kTuple);
        break;
      case kTuple1:
      case kTuple2:
      case kTuple3:
        make_tuple(pop_many(static_cast<std::size_t>(opcode - kTuple1) + 1));
        break;
      case kTuple:
        make_tuple(pop_to_mark());
        break;
      case kEmptyList:
        make(Kind::kList);
        break;
      case kAppend:
        append(pop_many(1));
        break;
      case kAppends:
        append(pop_to_mark());
        break;
      case kEmptyDict:
        make(Kind::kDict);
        break;
      case kSetItem:
        set_items(pop_many(2));
        break;
      case kSetItems:
        set_items(pop_to_mark());
        break;
      case kGlobalOpcode: {
        const std::string_view module = take_line();
        make_global(module, take_line());
        break;
      }
      case kStackGlobal:
        stack_global();
        break;
      case kReduce:
        reduce();
        break;
      case kBuild:
        build();
        break;
      case kBinPersId: {
        const PickleIndex identifier = pop();
        make(Kind::kPersistent).arguments = identifier;
        break;
      }
      case kBinPut:
        memoize(take_number<std::uint8_t>());
        break;
      case kLongBinPut:
        memoize(take_number<std::uint32_t>());
        break;
      case kMemoize:
        memoize(memo_.size());
        break;
      case kBinGet:
        recall(take_number<std::uint8_t>());
        break;
      case kLongBinGet:
        recall(take_number<std::uint32_t>());
        break;
      default:
        refuse_opcode(opcode);
    }
    return true;
  }

  [[noreturn]] void refuse_opcode(std::uint8_t opcode) const {
    const std::string_view known = name_of_refused(opcode);
    if (known.empty()) refuse("the byte 0x{:02x} is no instruction of a pickle", opcode);
    refuse("the instruction {} is none that tensors, numbers, texts, lists and dictionaries are written with",
           known);
  }

  std::string_view bytes_;
  std::span<const std::string_view> known_;
  const std::string& name_;
  std::size_t at_ = 0, opcode_at_ = 0;
  Pickle pickle_;
  std::vector<PickleIndex> stack_, memo_;
  std::vector<std::size_t> marks_;  ///< heights of the stack
};

}  // namespace

Pickle parse_pickle(std::span<const std::byte> bytes, std::span<const std::string_view> known_globals,
                    const std::string& name) {
  return Machine(bytes, known_globals, name).run();
}

}  // namespace mofi
