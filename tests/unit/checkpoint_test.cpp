#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <cmath>
#include <cstring>
#include <fstream>

#include "core/config.h"
#include "core/files.h"
#include "refusal.h"
#include "storage/import_checkpoint.h"
#include "storage/pickle.h"
#include "storage/torch_checkpoint_text.h"
#include "temporary_folder.h"

namespace mofi {
namespace {

using namespace std::string_literals;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::Pair;
using testing::UnorderedElementsAre;

std::filesystem::path golden(const std::string& name) {
  return std::filesystem::path(MOFI_SOURCE) / "tests/golden/checkpoints" / name;
}

std::span<const std::byte> bytes_of(const std::string& text) { return std::as_bytes(std::span(text)); }

std::string refusal_of_bytes(const std::string& bytes) {
  return refusal_of([&] { parse_torch_checkpoint(bytes_of(bytes), "F"); });
}

template <class Number>
std::string little(Number number) {
  return {reinterpret_cast<const char*>(&number), sizeof number};
}

// --- pickles, by hand ---

const std::string kProtocol = "\x80\x02", kFloats = "ctorch\nFloatStorage\n",
                  kTensor = "ctorch._utils\n_rebuild_tensor_v2\n", kOrdered = "ccollections\nOrderedDict\n)R";

std::string text(const std::string& letters) {
  return "X" + little(static_cast<std::uint32_t>(letters.size())) + letters;
}
std::string number(std::int64_t value) { return "\x8a\x08" + little(value); }
std::string tuple(const std::vector<std::int64_t>& values) {
  std::string made = "(";
  for (const std::int64_t value : values) made += number(value);
  return made + "t";
}
/// A storage of floats and a tensor of it.
std::string storage(const std::string& key, std::int64_t count) {
  return "(" + text("storage") + kFloats + text(key) + text("cuda:0") + number(count) + "tQ";
}
std::string tensor(const std::string& of, std::int64_t offset, const std::vector<std::int64_t>& shape,
                   const std::vector<std::int64_t>& strides, const std::string& more = "") {
  return kTensor + "(" + of + number(offset) + tuple(shape) + tuple(strides) + "\x89" + kOrdered + more +
         "tR";
}
/// The dictionary of these names and values, as one pickle.
std::string dictionary(const std::vector<std::pair<std::string, std::string>>& items) {
  std::string made = kProtocol + "}(";
  for (const auto& [name, value] : items) made += text(name) + value;
  return made + "u.";
}

/// A legacy file of this object with one storage, "0", of the numbers 0, 1, 2 …
std::string legacy(const std::string& object, std::int64_t count = 12, const std::string& endian = "\x88") {
  std::string file = kProtocol + "\x8a\x0al\xfc\x9c"s + "F\xf9 j\xa8P\x19.";
  file += kProtocol + "M\xe9\x03.";
  file += kProtocol + "}" + text("little_endian") + endian + "s.";
  file += object + kProtocol + "]" + text("0") + "a." + little(count);
  for (std::int64_t i = 0; i < count; ++i) file += little(static_cast<float>(i));
  return file;
}
std::string refusal_of_tensor(const std::string& made) {
  return refusal_of_bytes(legacy(dictionary({{"w", made}})));
}

// --- zip archives, by hand ---

struct Entry {
  std::string name, contents;
  bool deflated = false;
  std::uint16_t flags = 0;
  std::uint32_t claimed = 0;  ///< bytes unpacked; 0: the truth
};

std::string deflated(const std::string& contents) {
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  std::string packed(deflateBound(&stream, contents.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(contents.data()));  // NOLINT: zlib's type
  stream.avail_in = static_cast<uInt>(contents.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

std::string zip(const std::vector<Entry>& entries) {
  std::string file, directory;
  for (const Entry& entry : entries) {
    const std::string data = entry.deflated ? deflated(entry.contents) : entry.contents;
    const auto crc = static_cast<std::uint32_t>(crc32(
        0, reinterpret_cast<const Bytef*>(entry.contents.data()), static_cast<uInt>(entry.contents.size())));
    const auto unpacked =
        entry.claimed != 0 ? entry.claimed : static_cast<std::uint32_t>(entry.contents.size());
    const std::string common =
        little(std::uint16_t{20}) + little(entry.flags) + little(std::uint16_t(entry.deflated ? 8 : 0)) +
        std::string(4, '\0') + little(crc) + little(static_cast<std::uint32_t>(data.size())) +
        little(unpacked) + little(static_cast<std::uint16_t>(entry.name.size())) + std::string(2, '\0');
    directory += "PK\x01\x02" + little(std::uint16_t{20}) + common + std::string(10, '\0') +
                 little(static_cast<std::uint32_t>(file.size())) + entry.name;
    file.append("PK\x03\x04").append(common).append(entry.name).append(data);
  }
  const auto at = static_cast<std::uint32_t>(file.size());
  const auto count = little(static_cast<std::uint16_t>(entries.size()));
  return file + directory + "PK\x05\x06" + std::string(4, '\0') + count + count +
         little(static_cast<std::uint32_t>(directory.size())) + little(at) + std::string(2, '\0');
}

// --- what PyTorch wrote ---

/// An element as a number; all of the recipe's are exact in every type.
double value_at(const SafeTensor& tensor, std::size_t i) {
  const auto read = [&]<class T>(T value) {
    std::memcpy(&value, tensor.bytes.data() + i * sizeof value, sizeof value);
    return value;
  };
  if (tensor.dtype == "F32") return read(0.0F);
  if (tensor.dtype == "F64") return read(0.0);
  if (tensor.dtype == "I64") return static_cast<double>(read(std::int64_t{0}));
  const auto bits = static_cast<std::uint32_t>(read(std::uint16_t{0}));
  if (tensor.dtype == "BF16") {
    const std::uint32_t wide = bits << 16;
    float single = 0;
    std::memcpy(&single, &wide, sizeof single);
    return single;
  }
  const double size =
      std::ldexp(1 + (bits & 0x3FF) / 1024.0, static_cast<int>(bits >> 10 & 0x1F) - 15);  // normal halves
  return (bits & 0x7FFF) == 0 ? 0 : (bits >> 15) != 0 ? -size : size;
}

struct GoldenFile {
  std::string name, container, dtype;
  std::size_t tensors, shared, gathered;
};

class GoldenCheckpoint : public testing::TestWithParam<GoldenFile> {};

// The recipe is in tests/golden/make_checkpoints.py. The file shared.ckpt has no position_ids, which are the
// 0th.
TEST_P(GoldenCheckpoint, of_pytorch_gives_every_number_that_was_saved) {
  const TorchCheckpointFile file = read_torch_checkpoint(golden(GetParam().name));
  const TorchCheckpoint& checkpoint = file.checkpoint;
  EXPECT_EQ(checkpoint.container, GetParam().container);
  EXPECT_EQ(checkpoint.shared, GetParam().shared);
  EXPECT_EQ(checkpoint.gathered, GetParam().gathered);
  ASSERT_EQ(checkpoint.tensors.size(), GetParam().tensors);
  std::size_t k = GetParam().shared > 0 ? 1 : 0;
  for (const SafeTensor& tensor : checkpoint.tensors) {
    const bool counts = tensor.name.ends_with("position_ids");
    EXPECT_EQ(tensor.dtype, counts ? "I64" : GetParam().dtype) << tensor.name;
    std::size_t elements = 1;
    for (const std::int64_t extent : tensor.shape) elements *= static_cast<std::size_t>(extent);
    ASSERT_EQ(tensor.bytes.size() % elements, 0U);
    for (std::size_t i = 0; i < elements; ++i)
      ASSERT_EQ(value_at(tensor, i),
                counts ? static_cast<double>(i) : (static_cast<double>((31 * k + 7 * i) % 97) - 48) / 64)
          << tensor.name << " " << i;
    ++k;
  }
}

INSTANTIATE_TEST_SUITE_P(Checkpoint, GoldenCheckpoint,
                         testing::Values(GoldenFile{"pretrained.ckpt", "zip", "F32", 31, 0, 0},
                                         GoldenFile{"pretrained_legacy.ckpt", "legacy", "F32", 31, 0, 0},
                                         GoldenFile{"fine_tuned.ckpt", "zip", "F32", 37, 0, 0},
                                         GoldenFile{"fine_tuned_legacy.ckpt", "legacy", "F32", 37, 0, 0},
                                         GoldenFile{"parallel_half.ckpt", "zip", "F16", 33, 0, 0},
                                         GoldenFile{"bare_bfloat16_legacy.ckpt", "legacy", "BF16", 27, 0, 0},
                                         GoldenFile{"bare_double.ckpt", "zip", "F64", 27, 0, 0},
                                         GoldenFile{"shared.ckpt", "zip", "F32", 26, 26, 0},
                                         GoldenFile{"transposed.ckpt", "zip", "F32", 27, 0, 13},
                                         GoldenFile{"transposed_legacy.ckpt", "legacy", "F32", 27, 0, 13},
                                         GoldenFile{"parameters.ckpt", "zip", "F32", 27, 0, 0}),
                         [](const auto& test) {
                           return test.param.name.substr(0, test.param.name.find('.'));
                         });

TEST(Checkpoint, what_stands_beside_the_weights_is_told_in_words) {
  const auto pretrained = read_torch_checkpoint(golden("pretrained.ckpt"));
  EXPECT_THAT(pretrained.checkpoint.scores,
              ElementsAre(Pair("epoch", "500"), Pair("best_acc", "0.7973"),
                          Pair("valid_acc", "[0.9, 0.5, 0.25, 0.75]"), Pair("valid_loss", "1.5"),
                          Pair("train_loss", "1.25")));
  EXPECT_THAT(pretrained.checkpoint.unread, ElementsAre(Pair("optimizer", "a dictionary of 2")));
  EXPECT_THAT(text_of(pretrained),
              AllOf(HasSubstr("container  zip\n"),
                    HasSubstr("1 layer of 4 (2 heads, 8 between), 4 columns, rows of at most 4 words\n"),
                    HasSubstr("best_acc    0.7973\n"), HasSubstr("optimizer   a dictionary of 2, not read\n"),
                    HasSubstr("word_emb.3.lut.weight")));
  const auto tuned = read_torch_checkpoint(golden("fine_tuned_legacy.ckpt"));  // its train_acc is a tensor
  EXPECT_THAT(tuned.checkpoint.scores, testing::Contains(Pair("train_acc", "0.875")));
  EXPECT_THAT(text_of(tuned), HasSubstr("a classifier of sequences, 4 classes, on MidiBERT"));
}

TEST(Checkpoint, a_score_that_numpy_computed_is_read) {
  const std::string dtype = "cnumpy\ndtype\n" + text("f8") + "\x89\x88\x87R(K\x03" + text("<") +
                            "NNNJ\xff\xff\xff\xff" + "J\xff\xff\xff\xffK\x00tb"s;
  const std::string encoded =
      "c_codecs\nencode\n" + text("ffffff\xc3\xa6?") + text("latin1") + "\x86R";  // 0x3fe6666666666666 is 0.7
  const std::string score = "cnumpy.core.multiarray\nscalar\n" + dtype + encoded + "\x86R";
  const std::string file = legacy(dictionary(
      {{"state_dict", "}" + text("w") + tensor(storage("0", 12), 0, {12}, {1}) + "s"}, {"best_acc", score}}));
  EXPECT_THAT(parse_torch_checkpoint(bytes_of(file), "F").scores, ElementsAre(Pair("best_acc", "0.7")));
}

TEST(Checkpoint, cut_short_at_any_byte_is_refused) {
  for (const char* name : {"shared.ckpt", "bare_bfloat16_legacy.ckpt"}) {
    const std::string whole = read_text(golden(name));
    for (std::size_t size = 0; size < whole.size(); ++size)
      ASSERT_NE(refusal_of_bytes(whole.substr(0, size)), "") << name << " cut to " << size << " bytes";
  }
}

TEST(Checkpoint, of_a_zip_archive_with_any_bit_of_a_weight_flipped_is_refused) {
  std::string whole = read_text(golden("shared.ckpt"));
  const std::string data = little((31 - 48) / 64.0F);  // the first weight
  const std::size_t at = whole.find(data);
  ASSERT_NE(at, std::string::npos);
  whole[at] = static_cast<char>(whole[at] ^ 1);
  EXPECT_THAT(refusal_of_bytes(whole), HasSubstr("is damaged: its checksum is another"));
}

// --- nothing is run, nothing exhausts ---

TEST(Checkpoint, that_would_run_something_is_refused_by_its_name) {
  const std::string call = "cos\nsystem\n" + text("touch ran") + "\x85R";
  EXPECT_EQ(
      refusal_of_tensor(call),
      "F: its object (byte 45 and on): byte 10: asks Python for system of the module os; expected tensors, "
      "numbers, texts, lists and dictionaries alone (nothing was looked up or called)");
  EXPECT_THAT(refusal_of_tensor("\x8c\x02os\x8c\x06system\x93" + text("x") + "\x85R"),
              HasSubstr("asks Python for system of the module os"));
  EXPECT_THAT(refusal_of_tensor("cbuiltins\neval\n" + text("1") + "\x85R"),
              HasSubstr("asks Python for eval"));
  EXPECT_THAT(refusal_of_tensor("cmodel\nMidiBert\n)\x81}b"),
              HasSubstr("asks Python for MidiBert of the module model"));
  EXPECT_THAT(refusal_of_tensor("ctorch\x1b[2J\nFloatStorage\n"), HasSubstr("torch\\x1b[2J"));
  EXPECT_FALSE(std::filesystem::exists("ran"));
}

TEST(Checkpoint, with_an_instruction_that_weights_do_not_need_is_refused_by_its_name) {
  const std::vector<std::pair<std::string, std::string>> instructions = {
      {"0", "POP"},         {"1", "POP_MARK"},     {"2", "DUP"},          {"F1\n", "FLOAT"},
      {"I1\n", "INT"},      {"L1\n", "LONG"},      {"Pa\n", "PERSID"},    {"S'a'\n", "STRING"},
      {"Va\n", "UNICODE"},  {"d", "DICT"},         {"g0\n", "GET"},       {"ios\nsystem\n", "INST"},
      {"l", "LIST"},        {"o", "OBJ"},          {"p0\n", "PUT"},       {"\x81", "NEWOBJ"},
      {"\x82\x01", "EXT1"}, {"\x8f", "EMPTY_SET"}, {"\x92", "NEWOBJ_EX"}, {"\x97", "NEXT_BUFFER"}};
  for (const auto& [bytes, name] : instructions)
    EXPECT_THAT(refusal_of_tensor(bytes), HasSubstr("the instruction " + name + " is none")) << name;
  EXPECT_THAT(refusal_of_tensor("\xff"), HasSubstr("the byte 0xff is no instruction"));
}

TEST(Checkpoint, whose_pickle_is_not_in_order_is_refused) {
  for (const char* bytes : {"a",
                            "u",
                            "s",
                            "t",
                            "\x85",
                            "R",
                            "b",
                            "Q",
                            "h\x07",
                            "j\xff\xff\xff\x7f",
                            "q\x05",
                            "Nr\xff\xff\xff\x7f",
                            "X\xff\xff\xff\xff",
                            "T\xff\xff\xff\xff",
                            "cos",
                            "NNs",
                            "]NNs",
                            "}Na",
                            "}(Nu",
                            "NNR",
                            "ctorch\nSize\nNR",
                            "}Nb",
                            "NN\x93",
                            "\x80\x09",
                            "\x80\x01",
                            "\x8a\xff",
                            "G",
                            "X\x01\x00\x00"})
    EXPECT_NE(refusal_of([&] {
                parse_pickle(bytes_of(kProtocol + bytes + "."), std::vector<std::string_view>{"torch Size"},
                             "F");
              }),
              "")
        << testing::PrintToString(bytes);
  EXPECT_THAT(refusal_of([&] { parse_pickle(bytes_of(kProtocol + "N"), {}, "F"); }),
              HasSubstr("ends where 1 more bytes are expected"));
  EXPECT_THAT(refusal_of([&] { parse_pickle(bytes_of(kProtocol + "NN."), {}, "F"); }),
              HasSubstr("values that belong to nothing"));
  EXPECT_THAT(refusal_of([&] { parse_pickle(bytes_of(kProtocol + text("\xff") + "."), {}, "F"); }),
              HasSubstr("not UTF-8"));
}

TEST(Checkpoint, nested_however_deeply_is_read_without_recursion) {
  std::string deep = "N";
  for (int i = 0; i < 200'000; ++i) deep += "\x85";
  const std::string weights = tensor(storage("0", 12), 0, {3, 4}, {4, 1});
  const std::string file = legacy(dictionary({{"w", weights}, {"deep", deep}}));
  EXPECT_THAT(parse_torch_checkpoint(bytes_of(file), "F").scores, testing::IsEmpty());
  EXPECT_THAT(refusal_of_tensor(std::string(200'000, '(')),
              HasSubstr("finds nothing on the stack to work on"));
}

// Each list holds the one before it twice: 2^60 items for whoever follows them.
TEST(Checkpoint, whose_memo_would_unfold_without_end_is_read_at_once) {
  std::string bomb = "(]q\x00"s;
  for (char i = 1; i < 60; ++i)
    bomb += "](h"s + static_cast<char>(i - 1) + "h" + static_cast<char>(i - 1) + "eq" + i;
  bomb += "t";
  const std::string weights = tensor(storage("0", 12), 0, {12}, {1});
  const auto checkpoint =
      parse_torch_checkpoint(bytes_of(legacy(dictionary({{"bomb", bomb}, {"w", weights}}))), "F");
  EXPECT_THAT(checkpoint.unread, ElementsAre(Pair("bomb", "a list of 60")));
  const std::string itself = "}q\x00"s + text("x") + weights + "s" + text("state_dict") + "h\x00s"s;
  EXPECT_THAT(refusal_of_bytes(legacy(kProtocol + itself + ".")),
              HasSubstr("state_dict of its state_dict is a dictionary of 2"));
}

TEST(Checkpoint, that_names_one_storage_more_often_than_weights_do_is_refused) {
  std::vector<std::pair<std::string, std::string>> items;
  const std::string once = tensor(storage("0", 500'000), 0, {500'000}, {1});
  for (int i = 0; i < 70; ++i) items.emplace_back("w" + std::to_string(i), once);
  EXPECT_THAT(refusal_of_bytes(legacy(dictionary(items), 500'000)),
              HasSubstr("its tensors would have more than"));
}

TEST(Checkpoint, tensors_that_reach_out_of_their_storage_or_repeat_it_are_refused) {
  const std::string twelve = storage("0", 12);
  const auto parsed =
      parse_torch_checkpoint(bytes_of(legacy(dictionary({{"w", tensor(twelve, 1, {2, 3}, {1, 4})},
                                                         {"s", tensor(twelve, 11, {}, {})},
                                                         {"e", tensor(twelve, 0, {0, 9}, {9, 1})},
                                                         {"one", tensor(twelve, 3, {1, 2}, {77, 1})}}))),
                             "F");
  std::vector<float> values(6);
  std::memcpy(values.data(), parsed.tensors[0].bytes.data(), 24);
  EXPECT_THAT(values, ElementsAre(1, 5, 9, 2, 6, 10));
  EXPECT_EQ(parsed.tensors[1].bytes.size(), 4U);
  EXPECT_EQ(parsed.tensors[2].bytes.size(), 0U);
  EXPECT_EQ(value_at(parsed.tensors[3], 1), 4);

  const std::int64_t huge = std::int64_t{1} << 62;
  EXPECT_THAT(refusal_of_tensor(tensor(twelve, 1, {3, 4}, {4, 1})),
              HasSubstr("reaches beyond its storage of 12 elements"));
  EXPECT_THAT(refusal_of_tensor(tensor(twelve, 12, {}, {})), HasSubstr("reaches beyond"));
  EXPECT_THAT(refusal_of_tensor(tensor(twelve, 0, {huge, huge}, {huge, 1})), HasSubstr("reaches beyond"));
  EXPECT_THAT(refusal_of_tensor(tensor(twelve, INT64_MAX, {2}, {INT64_MAX})), HasSubstr("reaches beyond"));
  EXPECT_THAT(refusal_of_tensor(tensor(twelve, 0, {huge, 2}, {0, 1})),
              HasSubstr("has elements that are the same one"));
  EXPECT_THAT(refusal_of_tensor(tensor(twelve, 0, {3, 3}, {1, 2})),
              HasSubstr("has elements that are the same one"));
  EXPECT_THAT(refusal_of_tensor(tensor(twelve, 0, {-1}, {1})), HasSubstr("no whole number from 0"));
  EXPECT_THAT(refusal_of_tensor(tensor(twelve, 0, {2}, {-1})), HasSubstr("no whole number from 0"));
  EXPECT_THAT(refusal_of_tensor(tensor(twelve, -1, {2}, {1})),
              HasSubstr("not put together as PyTorch does it"));
  EXPECT_THAT(refusal_of_tensor(tensor(twelve, 0, {2}, {1, 1})), HasSubstr("1 extents and 2 strides"));
  EXPECT_THAT(refusal_of_tensor(tensor(twelve, 0, std::vector<std::int64_t>(17, 1), {})),
              HasSubstr("at most 16"));
  EXPECT_THAT(refusal_of_tensor(tensor(twelve, 0, {2}, {1}, "}" + text("neg") + "\x88s")),
              HasSubstr("negated or conjugated"));
  EXPECT_THAT(refusal_of_bytes(
                  legacy(dictionary({{"w", tensor("N", 0, {2}, {1})}, {"x", tensor(twelve, 0, {2}, {1})}}))),
              HasSubstr("not put together"));
  EXPECT_THAT(refusal_of_tensor(tensor(storage("0", 13), 0, {2}, {1})), HasSubstr("has 12 elements at byte"));
  EXPECT_THAT(refusal_of_tensor(tensor(storage("0", huge), 0, {2}, {1})),
              HasSubstr("claims 4611686018427387904 elements"));
  EXPECT_THAT(refusal_of_tensor(tensor(storage("1", 12), 0, {2}, {1})),
              HasSubstr("names one that nothing uses"));
}

TEST(Checkpoint, legacy_files_that_are_not_whole_or_not_ours_to_read_are_refused) {
  const std::string object = dictionary({{"w", tensor(storage("0", 12), 0, {12}, {1})}});
  EXPECT_EQ(refusal_of_bytes(legacy(object)), "");
  EXPECT_THAT(refusal_of_bytes(legacy(object, 12, "\x89")), HasSubstr("its numbers are not little-endian"));
  EXPECT_THAT(refusal_of_bytes(legacy(object) + "x"), HasSubstr("1 bytes at its end belong to no storage"));
  EXPECT_THAT(refusal_of_bytes(kProtocol + "K\x07."), HasSubstr("does not begin with PyTorch's mark"));
  EXPECT_THAT(refusal_of_bytes(legacy(kProtocol + "]" + storage("0", 12) + "a.")),
              HasSubstr("holds a list of 1; expected a dictionary"));
  EXPECT_THAT(refusal_of_bytes(
                  legacy(dictionary({{"state_dict", "N"}, {"w", tensor(storage("0", 12), 0, {2}, {1})}}))),
              HasSubstr("its state_dict is something else; expected a dictionary"));
  EXPECT_THAT(refusal_of_bytes(legacy(dictionary({{"w", tensor(storage("0", 12), 0, {2}, {1})},
                                                  {"w", tensor(storage("0", 12), 0, {2}, {1})}}))),
              HasSubstr("has the entry w twice"));
  const std::string state = "}(" + text("w") + tensor(storage("0", 12), 0, {12}, {1}) + "u";
  EXPECT_EQ(refusal_of_bytes(legacy(dictionary({{"epoch", "K\x01"}, {"state_dict", state}}))), "");
  EXPECT_THAT(
      refusal_of_bytes(legacy(dictionary({{"epoch", "K\x01"}, {"epoch", "K\x02"}, {"state_dict", state}}))),
      HasSubstr("has the entry epoch twice"));
}

TEST(Checkpoint, with_more_beside_its_weights_than_anyone_reads_is_refused) {
  std::vector<std::pair<std::string, std::string>> items = {{"w", tensor(storage("0", 12), 0, {12}, {1})}};
  for (int i = 0; i < 1001; ++i) items.emplace_back(fmt::format("score {}", i), "K\x01");
  EXPECT_THAT(refusal_of_bytes(legacy(dictionary(items))),
              HasSubstr("more than 1000 entries beside its weights"));
}

TEST(Checkpoint, whose_memo_begins_at_one_as_python_2_writes_it_is_read) {
  const Pickle pickle = parse_pickle(bytes_of(kProtocol + "K\x05q\x01h\x01\x86."), {}, "F");
  EXPECT_EQ(pickle.top().items.size(), 2U);
  EXPECT_NE(refusal_of([&] { parse_pickle(bytes_of(kProtocol + "K\x05q\x01h\x00\x86."), {}, "F"); }), "");
}

TEST(Checkpoint, zip_archives_that_are_no_checkpoints_or_would_unpack_to_too_much_are_refused) {
  const std::string object = dictionary({{"w", tensor(storage("0", 12), 0, {12}, {1})}});
  const std::string data(48, '\0');
  const auto with = [&](const std::vector<Entry>& more) {
    std::vector<Entry> entries = {{"a/data.pkl", object}};
    entries.insert(entries.end(), more.begin(), more.end());
    return refusal_of_bytes(zip(entries));
  };
  EXPECT_EQ(with({{"a/data/0", data}}), "");
  EXPECT_EQ(with({{"a/data/0", data, true}, {"a/byteorder", "little", true}}), "");
  EXPECT_THAT(with({{"a/data/0", data}, {"a/byteorder", "big"}}), HasSubstr("not little-endian"));
  EXPECT_THAT(with({}), HasSubstr("lacks the entry a/data/0"));
  EXPECT_THAT(with({{"a/data/0", data + "x"}}),
              HasSubstr("has 49 bytes, but is to hold 12 elements of type F32"));
  EXPECT_THAT(with({{"a/data/0", data}, {"a/data/0", data}}),
              HasSubstr("two of its entries are named a/data/0"));
  EXPECT_THAT(with({{"a/data/0", data}, {"b/data.pkl", object}}), HasSubstr("2 entries named data.pkl"));
  EXPECT_THAT(with({{"a/data/0", data, false, 1}}), HasSubstr("encrypted"));
  EXPECT_THAT(with({{"a/data/0", "short", true, 0, 48}}), HasSubstr("does not unpack to as many bytes"));
  EXPECT_THAT(with({{"a/data/0", data}, {"a/constants.pkl", object}}), HasSubstr("TorchScript"));
  EXPECT_THAT(refusal_of_bytes(zip({{"x.npy", "..."}})), HasSubstr("0 entries named data.pkl"));
  EXPECT_THAT(refusal_of_bytes("PK\x03\x04..."), HasSubstr("was it copied whole?"));

  const std::string million(4'000'000, '\0');
  const std::string large = dictionary({{"w", tensor(storage("0", 1'000'000), 0, {1'000'000}, {1})}});
  EXPECT_THAT(refusal_of_bytes(zip({{"a/data.pkl", large}, {"a/data/0", million, true}})),
              HasSubstr("elements, which a file of"));
  EXPECT_THAT(refusal_of_bytes(zip({{"a/data.pkl", million, true}})),
              HasSubstr("it would unpack to more than"));
}

// --- MidiBERT's names ---

TEST(Checkpoint, of_pre_training_becomes_weights_with_the_model_in_their_metadata) {
  const ImportedCheckpoint imported = import_checkpoint(
      golden("pretrained.ckpt"), {false, {}, {{"cp4", {4, 18, 88, 66}}, {"cp6", {4, 18, 88, 67, 66, 67}}}});
  EXPECT_EQ(imported.layout.kind, "backbone");
  EXPECT_EQ(imported.layout.tensors.size(), 26U);
  EXPECT_EQ(imported.layout.tensors.front().name, "bert.embeddings.token_type_embeddings.weight");
  EXPECT_THAT(imported.layout.unused, ElementsAre("bert.embeddings.word_embeddings.weight",
                                                  "bert.embeddings.position_embeddings.weight",
                                                  "bert.pooler.dense.weight", "bert.pooler.dense.bias"));
  const auto& metadata = imported.metadata;
  EXPECT_EQ(metadata.at("layout"), "backbone");
  EXPECT_EQ(metadata.at("scheme"), "cp4");
  EXPECT_EQ(metadata.at("source"), "pretrained.ckpt");
  EXPECT_EQ(metadata.at("checkpoint.epoch"), "500");
  EXPECT_FALSE(metadata.contains("classes"));
  EXPECT_EQ(
      Json::parse(metadata.at("config")),
      Json::parse(
          R"({"data": {"max_words": 4}, "model": {"layers": 1, "hidden": 4, "heads": 2, "intermediate": 8,
                            "embedding_width": 2, "max_position": 4}})"));
}

TEST(Checkpoint, of_fine_tuning_becomes_a_classifier_whose_prefixes_and_classes_are_known) {
  const ImportedCheckpoint tuned =
      import_checkpoint(golden("parallel_half.ckpt"), {false, {"a", "b", "c"}, {}});
  EXPECT_EQ(tuned.layout.kind, "sequence");
  EXPECT_EQ(tuned.layout.tensors.front().name, "midibert.bert.embeddings.token_type_embeddings.weight");
  EXPECT_EQ(tuned.layout.tensors.back().name, "classifier.2.bias");
  EXPECT_EQ(tuned.metadata.at("classes"), R"(["a","b","c"])");
  const Json config = Json::parse(tuned.metadata.at("config"));
  EXPECT_EQ(config["head"], Json::parse(R"({"attention_width": 3, "attention_rows": 2, "hidden": 5})"));
  EXPECT_EQ(config["training"]["padding"], "attended");
  EXPECT_EQ(import_checkpoint(golden("fine_tuned.ckpt"), {}).metadata.at("classes"),
            R"(["Q1","Q2","Q3","Q4"])");
  EXPECT_THAT(refusal_of(
                  [] {
                    import_checkpoint(golden("fine_tuned.ckpt"), {false, {"a"}, {}});
                  },
                  ExitCode::kUsage),
              HasSubstr("--classes names 1 classes"));

  const ImportedCheckpoint backbone = import_checkpoint(golden("fine_tuned.ckpt"), {true, {}, {}});
  EXPECT_EQ(backbone.layout.kind, "backbone");
  EXPECT_EQ(backbone.layout.tensors.size(), 26U);
  EXPECT_EQ(backbone.layout.others.size(), 6U);
  EXPECT_FALSE(backbone.metadata.contains("classes"));
}

TEST(Checkpoint, a_state_dict_in_safetensors_is_imported_as_the_checkpoint_that_it_came_from) {
  const TemporaryFolder folder;
  const TorchCheckpointFile file = read_torch_checkpoint(golden("fine_tuned.ckpt"));
  write_safetensors(folder / "w.safetensors", file.checkpoint.tensors, {{"format", "pt"}});
  for (const bool backbone_only : {false, true}) {
    const CheckpointOptions options{backbone_only, {}, {{"cp4", {4, 18, 88, 66}}}};
    const ImportedCheckpoint ours = import_checkpoint(folder / "w.safetensors", options),
                             theirs = import_checkpoint(golden("fine_tuned.ckpt"), options);
    for (const char* key : {"config", "layout", "scheme"})
      EXPECT_EQ(ours.metadata.at(key), theirs.metadata.at(key));
    ASSERT_EQ(ours.layout.tensors.size(), theirs.layout.tensors.size());
    for (const SafeTensor& tensor : theirs.layout.tensors) {
      const auto found = std::ranges::find(ours.layout.tensors, tensor.name, &SafeTensor::name);
      ASSERT_NE(found, ours.layout.tensors.end()) << tensor.name;
      EXPECT_EQ(found->shape, tensor.shape);
      EXPECT_TRUE(std::ranges::equal(found->bytes, tensor.bytes)) << tensor.name;
    }
  }
  write_safetensors(folder / "empty.safetensors", {}, {});
  EXPECT_THAT(refusal_of([&] { import_checkpoint(folder / "empty.safetensors", {}); }),
              HasSubstr("has no tensors"));
}

/// The tensors of a golden file, to be spoilt.
struct Spoilt {
  TorchCheckpointFile file = read_torch_checkpoint(golden("fine_tuned.ckpt"));
  std::vector<SafeTensor> tensors = file.checkpoint.tensors;
  SafeTensor& named(const std::string& name) {
    for (SafeTensor& tensor : tensors)
      if (tensor.name == name) return tensor;
    ADD_FAILURE() << "no tensor " << name;
    return tensors.front();
  }
  void remove(const std::string& name) {
    std::erase_if(tensors, [&](const SafeTensor& tensor) { return tensor.name == name; });
  }
};

TEST(Checkpoint, everything_that_does_not_fit_midibert_is_listed) {
  Spoilt spoilt;
  spoilt.remove("midibert.bert.encoder.layer.0.attention.self.key.bias");
  spoilt.remove("midibert.in_linear.weight");
  spoilt.named("midibert.bert.encoder.layer.0.output.dense.weight").shape = {4, 7};
  spoilt.named("midibert.word_emb.1.lut.weight").dtype = "I64";
  spoilt.named("classifier.2.bias").name = "classifier.3.bias";
  const auto layout = midibert_layout(spoilt.tensors);
  ASSERT_TRUE(layout);
  EXPECT_THAT(
      layout->problems,
      UnorderedElementsAre(
          "missing: midibert.bert.encoder.layer.0.attention.self.key.bias [4]",
          "missing: midibert.in_linear.weight [4, 8]", "missing: classifier.2.bias [4]",
          "of a wrong shape: midibert.bert.encoder.layer.0.output.dense.weight [4, 7]; expected [4, 8]",
          "of a wrong type: midibert.word_emb.1.lut.weight I64; expected floating-point numbers",
          "not expected: classifier.3.bias [4] F32"));
  EXPECT_EQ(midibert_layout(spoilt.tensors, true)->problems.size(), 4U);
}

TEST(Checkpoint, what_some_versions_of_transformers_save_in_addition_or_not_is_no_matter) {
  Spoilt spoilt;
  spoilt.remove("midibert.bert.embeddings.position_ids");
  spoilt.remove("midibert.bert.embeddings.word_embeddings.weight");
  spoilt.tensors.push_back({"midibert.bert.embeddings.token_type_ids", "I64", {1, 4}, {}});
  const auto layout = midibert_layout(spoilt.tensors);
  ASSERT_TRUE(layout);
  EXPECT_THAT(layout->problems, testing::IsEmpty());
  EXPECT_EQ(layout->tensors.size(), 32U);
}

TEST(Checkpoint, heads_of_tokens_and_of_pre_training_are_known) {
  const auto with_head = [](const std::vector<SafeTensor>& head) {
    Spoilt spoilt;
    std::erase_if(spoilt.tensors,
                  [](const SafeTensor& tensor) { return !tensor.name.starts_with("midibert."); });
    spoilt.tensors.insert(spoilt.tensors.end(), head.begin(), head.end());
    return *midibert_layout(spoilt.tensors);
  };
  const MidibertLayout token = with_head({{"classifier.1.weight", "F32", {6, 4}, {}},
                                          {"classifier.1.bias", "F32", {6}, {}},
                                          {"classifier.3.weight", "F32", {9, 6}, {}},
                                          {"classifier.3.bias", "F32", {8}, {}}});
  EXPECT_EQ(token.kind, "token");
  EXPECT_THAT(token.problems, ElementsAre("of a wrong shape: classifier.3.bias [8]; expected [9]"));
  std::vector<SafeTensor> projections;
  for (const std::int64_t ids : {4, 18, 88, 66}) {
    const std::string name = "mask_lm.proj." + std::to_string(projections.size() / 2);
    projections.push_back({name + ".weight", "F32", {ids, 4}, {}});
    projections.push_back({name + ".bias", "F32", {ids}, {}});
  }
  const MidibertLayout masked = with_head(projections);
  EXPECT_EQ(masked.kind, "masked-LM");
  EXPECT_THAT(masked.problems, testing::IsEmpty());
  EXPECT_EQ(masked.tensors.size(), 26U + 8U);
}

TEST(Checkpoint, sizes_that_no_model_can_have_are_told) {
  const std::string distances = "midibert.bert.encoder.layer.0.attention.self.distance_embedding.weight";
  const auto problems_with = [&](const std::string& name, const std::vector<std::int64_t>& shape) {
    Spoilt spoilt;
    spoilt.named(name).shape = shape;
    return midibert_layout(spoilt.tensors)->problems;
  };
  EXPECT_THAT(problems_with(distances, {7, 3}),
              ElementsAre(HasSubstr("is for heads of 3, which do not divide the hidden width 4")));
  EXPECT_THAT(problems_with(distances, {8, 2}),
              ElementsAre(HasSubstr("has 8 offsets; expected 2 x positions - 1")));
  EXPECT_THAT(problems_with(distances, {7, 0}), ElementsAre(HasSubstr("heads of 0")));
  EXPECT_THAT(problems_with("midibert.word_emb.0.lut.weight", {0, 2}),
              ElementsAre(HasSubstr("size of a column is 0")));
  EXPECT_THAT(problems_with("midibert.word_emb.0.lut.weight", {0, INT64_MAX}), Not(testing::IsEmpty()));
  EXPECT_THAT(problems_with("midibert.bert.embeddings.LayerNorm.weight", {8}).size(), testing::Gt(15U));
  for (const std::int64_t classes : {std::int64_t{0}, std::int64_t{1} << 20, INT64_MAX})
    EXPECT_THAT(problems_with("classifier.2.weight", {classes, 0}), Not(testing::IsEmpty())) << classes;
}

TEST(Checkpoint, of_another_model_is_refused_before_anything_is_written) {
  const TemporaryFolder folder;
  const auto other = folder.write(
      "other.ckpt", legacy(dictionary({{"conv.weight", tensor(storage("0", 12), 0, {12}, {1})}})));
  EXPECT_THAT(refusal_of([&] { import_checkpoint(other, {}); }),
              HasSubstr("none of its 1 tensor has a name of MidiBERT's"));
  const auto torn = folder.write(
      "torn.ckpt", legacy(dictionary({{"word_emb.0.lut.weight", tensor(storage("0", 12), 0, {4, 3}, {3, 1})},
                                      {"x", tensor(storage("0", 12), 0, {2}, {1})}})));
  const std::string refusal = refusal_of([&] { import_checkpoint(torn, {}); });
  EXPECT_THAT(
      refusal,
      AllOf(HasSubstr("things do not fit MidiBERT; nothing was written:\n"),
            HasSubstr("\n  missing: bert.encoder.layer.0.attention.self.query.weight [any, any]"),
            HasSubstr("\n  missing: in_linear.weight [any, 3]"), HasSubstr("\n  not expected: x [2] F32")));
}

}  // namespace
}  // namespace mofi
