#include "storage/torch_checkpoint.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <map>
#include <optional>
#include <set>

#include "core/error.h"
#include "core/files.h"
#include "core/utf8.h"
#include "storage/pickle.h"
#include "storage/zip_archive.h"

namespace mofi {
namespace {

using Kind = PickleValue::Kind;

constexpr std::size_t kLargestFile = std::size_t{1} << 40;
constexpr std::size_t kMostDimensions = 16;
constexpr std::size_t kMostShown = 12;        // keys in a message, numbers of a score
constexpr std::size_t kMostDescribed = 1000;  // entries beside the weights
constexpr std::size_t kLongestShown = 80;     // bytes of a text beside the weights
constexpr std::string_view kMagic{"\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19",
                                  10};          // torch.serialization.MAGIC_NUMBER
constexpr std::int64_t kLegacyProtocol = 1001;  // torch.serialization.PROTOCOL_VERSION

/// All that is taken out of a file, unpacked or shared, is below so many times its size (or a megabyte, if
/// that is more): real weights hardly compress, and a tensor is shared by a few names at most.
constexpr std::uint64_t kMostExpansion = 64, kLeastAllowance = 1 << 20;

struct StorageType {
  std::string_view global, dtype;
  std::uint64_t element_bytes;
};
constexpr std::array<StorageType, 10> kStorageTypes = {{{"torch FloatStorage", "F32", 4},
                                                        {"torch DoubleStorage", "F64", 8},
                                                        {"torch HalfStorage", "F16", 2},
                                                        {"torch BFloat16Storage", "BF16", 2},
                                                        {"torch LongStorage", "I64", 8},
                                                        {"torch IntStorage", "I32", 4},
                                                        {"torch ShortStorage", "I16", 2},
                                                        {"torch CharStorage", "I8", 1},
                                                        {"torch ByteStorage", "U8", 1},
                                                        {"torch BoolStorage", "BOOL", 1}}};

/// The names that a checkpoint of weights, optimiser state and scores speaks of.
constexpr std::array<std::string_view, 24> kKnownGlobals = {
    "torch FloatStorage",
    "torch DoubleStorage",
    "torch HalfStorage",
    "torch BFloat16Storage",
    "torch LongStorage",
    "torch IntStorage",
    "torch ShortStorage",
    "torch CharStorage",
    "torch ByteStorage",
    "torch BoolStorage",
    "torch._utils _rebuild_tensor_v2",
    "torch._utils _rebuild_tensor",
    "torch._utils _rebuild_parameter",
    "torch Size",
    "torch device",
    "collections OrderedDict",
    "collections Counter",  // of MultiStepLR
    // scores that NumPy computed
    "numpy.core.multiarray scalar",
    "numpy._core.multiarray scalar",
    "numpy dtype",
    "numpy.core.multiarray _reconstruct",
    "numpy._core.multiarray _reconstruct",
    "numpy ndarray",
    "_codecs encode",
};

struct Storage {
  const StorageType* type = nullptr;
  std::uint64_t count = 0;
  std::uint64_t users = 0;                          ///< tensors of the state_dict
  std::optional<std::span<const std::byte>> bytes;  ///< once read
};

/// A tensor as the pickle tells of it.
struct Geometry {
  std::string_view storage;
  std::uint64_t offset = 0;  ///< in elements, as the strides
  std::vector<std::int64_t> shape, strides;
};

class Reader {
 public:
  Reader(std::span<const std::byte> bytes, const std::string& name)
      : bytes_(bytes), name_(name), allowance_(std::max(kMostExpansion * bytes.size(), kLeastAllowance)) {}

  TorchCheckpoint read() {
    const std::string_view beginning(reinterpret_cast<const char*>(bytes_.data()),
                                     std::min<std::size_t>(bytes_.size(), 64));
    if (!begins_as_torch_checkpoint(beginning))
      fail(ExitCode::kData,
           "{}: begins neither as a zip archive nor as a pickle, one of which a PyTorch checkpoint is",
           name_);
    if (beginning.starts_with("PK"))
      open_zip();
    else
      open_legacy();
    read_root();
    return std::move(checkpoint_);
  }

 private:
  template <class... Args>
  [[noreturn]] void refuse(fmt::format_string<Args...> format, Args&&... args) const {
    fail(ExitCode::kData, "{}: {}", name_, fmt::format(format, std::forward<Args>(args)...));
  }

  /// Counts what is taken out of the file, before it is.
  void spend(std::uint64_t count, std::uint64_t& spent, const char* what) const {
    if (count > allowance_ - spent)
      refuse("{} more than {} bytes, {} times what the file has: no weights are like that", what, allowance_,
             kMostExpansion);
    spent += count;
  }

  // --- containers ---

  void open_zip() {
    checkpoint_.container = "zip";
    zip_.emplace(bytes_, name_);
    std::vector<std::string> roots;
    constexpr std::string_view kData = "/data.pkl";
    for (const auto& [entry, known] : zip_->entries())
      if (entry.ends_with(kData)) roots.push_back(entry.substr(0, entry.size() - kData.size()));
    if (roots.size() != 1)
      refuse("is a zip archive with {} entries named data.pkl; a PyTorch checkpoint has one", roots.size());
    zip_root_ = roots[0];
    if (zip_->entries().contains(zip_root_ + "/constants.pkl"))
      refuse(
          "is a TorchScript module, a program; expected a checkpoint: torch.save({{'state_dict': "
          "model.state_dict()}}, FILE)");
    if (zip_->entries().contains(zip_root_ + "/byteorder")) {
      const auto order = read_entry(zip_root_ + "/byteorder");
      if (std::string_view(reinterpret_cast<const char*>(order.data()), order.size()) != "little")
        refuse("its numbers are not little-endian");
    }
    object_ = parse_pickle(read_entry(zip_root_ + "/data.pkl"), kKnownGlobals, name_ + ": data.pkl");
    list_storages();
  }

  std::span<const std::byte> read_entry(const std::string& entry) {
    const ZipEntry& known = zip_->entries().at(entry);
    if (!known.is_deflated) return zip_->read(entry, nothing_);
    spend(known.size, unpacked_bytes_, "it would unpack to");
    return zip_->read(entry, checkpoint_.unpacked.emplace_back());
  }

  Pickle next_pickle(const char* what) {
    Pickle pickle = parse_pickle(bytes_.subspan(at_), kKnownGlobals,
                                 fmt::format("{}: {} (byte {} and on)", name_, what, at_));
    at_ += pickle.size;
    return pickle;
  }

  void open_legacy() {
    checkpoint_.container = "legacy";
    const Pickle magic = next_pickle("its mark");
    if (magic.top().kind != Kind::kBigInteger || magic.top().text != kMagic)
      refuse("is a pickle, but not one of PyTorch's: it does not begin with PyTorch's mark");
    const Pickle protocol = next_pickle("its version");
    if (protocol.top().kind != Kind::kInteger || protocol.top().integer != kLegacyProtocol)
      refuse("is of another version of the legacy format than {}", kLegacyProtocol);
    const Pickle system = next_pickle("what it says of its system");
    const PickleValue* little = member(system, system.top(), "little_endian");
    if (little == nullptr || little->kind != Kind::kTruth)
      refuse("does not say which byte order its numbers have");
    if (little->integer == 0) refuse("its numbers are not little-endian");
    object_ = next_pickle("its object");
    list_storages();
    const Pickle keys = next_pickle("its list of storages");
    if (keys.top().kind != Kind::kList) refuse("its list of storages is no list");
    for (const PickleIndex item : keys.top().items) {
      const PickleValue& key = keys[item];
      const auto found = key.kind == Kind::kText ? storages_.find(key.text) : storages_.end();
      if (found == storages_.end())
        refuse("its list of storages names one that nothing uses, so its size is not known");
      if (found->second.bytes) refuse("its list of storages names {} twice", printable(key.text));
      take_legacy_storage(found->second, key.text);
    }
    if (at_ != bytes_.size()) refuse("{} bytes at its end belong to no storage", bytes_.size() - at_);
  }

  void take_legacy_storage(Storage& storage, std::string_view key) {
    std::uint64_t count = 0;
    if (bytes_.size() - at_ < sizeof count) refuse("ends before storage {}", printable(key));
    std::memcpy(&count, bytes_.data() + at_, sizeof count);
    at_ += sizeof count;
    if (count != storage.count)
      refuse("storage {} has {} elements at byte {}, but {} where it is named", printable(key), count, at_,
             storage.count);
    if (count > (bytes_.size() - at_) / storage.type->element_bytes)
      refuse("ends within storage {}, which has {} elements", printable(key), count);
    storage.bytes = bytes_.subspan(at_, count * storage.type->element_bytes);
    at_ += storage.bytes->size();
  }

  // --- storages ---

  static const StorageType* type_of(std::string_view global) {
    const auto* found = std::ranges::find(kStorageTypes, global, &StorageType::global);
    return found == kStorageTypes.end() ? nullptr : found;
  }

  /// Every storage that the object speaks of: ("storage", type, key, location, elements), and in legacy files
  /// a sixth, None. Where it lay ("cpu", "cuda:0") does not matter here.
  void list_storages() {
    for (const PickleValue& value : object_.values) {
      if (value.kind != Kind::kPersistent) continue;
      const std::vector<PickleIndex>& id = object_[value.arguments].items;
      if (object_[value.arguments].kind != Kind::kTuple || id.size() < 5 || id.size() > 6 ||
          object_[id[0]].kind != Kind::kText || object_[id[0]].text != "storage" ||
          object_[id[2]].kind != Kind::kText)
        refuse("speaks of something outside its pickle that is no storage of PyTorch");
      const std::string_view key = object_[id[2]].text;
      const StorageType* type = object_[id[1]].kind == Kind::kGlobal ? type_of(object_[id[1]].text) : nullptr;
      if (type == nullptr) refuse("storage {} is of no type that is known", printable(key));
      if (object_[id[4]].kind != Kind::kInteger || object_[id[4]].integer < 0)
        refuse("storage {} does not say how many elements it has", printable(key));
      if (static_cast<std::uint64_t>(object_[id[4]].integer) > allowance_ / type->element_bytes)
        refuse("storage {} claims {} elements, which a file of {} bytes does not have", printable(key),
               object_[id[4]].integer, bytes_.size());
      if (id.size() == 6 && object_[id[5]].kind != Kind::kNone)
        refuse(
            "storage {} is a view of another, as only PyTorch before 0.4 wrote it: save the file again with "
            "a newer one",
            printable(key));
      const auto count = static_cast<std::uint64_t>(object_[id[4]].integer);
      const auto [found, is_new] = storages_.try_emplace(key, Storage{type, count, 0, {}});
      if (found->second.type != type || found->second.count != count)
        refuse("storage {} is spoken of as two different ones", printable(key));
    }
  }

  std::span<const std::byte> bytes_of(std::string_view key) {
    Storage& storage = storages_.at(key);
    if (storage.bytes) return *storage.bytes;
    if (!zip_) refuse("lacks storage {}", printable(key));
    const std::string entry = fmt::format("{}/data/{}", zip_root_, key);
    const auto found = zip_->entries().find(entry);
    if (found == zip_->entries().end()) refuse("lacks the entry {} with a tensor's data", printable(entry));
    if (storage.count > found->second.size / storage.type->element_bytes ||
        storage.count * storage.type->element_bytes != found->second.size)
      refuse("its entry {} has {} bytes, but is to hold {} elements of type {}", printable(entry),
             found->second.size, storage.count, storage.type->dtype);
    storage.bytes = read_entry(entry);
    return *storage.bytes;
  }

  // --- the pickled object ---

  /// Keys and values of a dict or an OrderedDict; nothing where the value is neither.
  std::optional<std::vector<std::pair<PickleIndex, PickleIndex>>> pairs_of(const Pickle& pickle,
                                                                           const PickleValue& value) const {
    std::vector<std::pair<PickleIndex, PickleIndex>> pairs;
    if (value.kind == Kind::kObject) {
      if (pickle[value.callable].text != "collections OrderedDict") return std::nullopt;
      // Python 3 sets the items afterwards; Python 2 gives a list of pairs to the constructor.
      const auto& arguments = pickle[value.arguments].items;
      if (arguments.size() > 1) return std::nullopt;
      if (arguments.size() == 1) {
        if (pickle[arguments[0]].kind != Kind::kList) return std::nullopt;
        for (const PickleIndex item : pickle[arguments[0]].items) {
          const PickleValue& pair = pickle[item];
          if ((pair.kind != Kind::kList && pair.kind != Kind::kTuple) || pair.items.size() != 2)
            return std::nullopt;
          pairs.emplace_back(pair.items[0], pair.items[1]);
        }
      }
    } else if (value.kind != Kind::kDict) {
      return std::nullopt;
    }
    for (std::size_t i = 0; i + 1 < value.items.size(); i += 2)
      pairs.emplace_back(value.items[i], value.items[i + 1]);
    return pairs;
  }

  const PickleValue* member(const Pickle& pickle, const PickleValue& value, std::string_view key) const {
    const auto pairs = pairs_of(pickle, value);
    if (!pairs) return nullptr;
    for (const auto& [name, item] : *pairs)
      if (pickle[name].kind == Kind::kText && pickle[name].text == key) return &pickle[item];
    return nullptr;
  }

  /// The object is a call of this.
  bool calls(const PickleValue& value, std::string_view global) const {
    return value.kind == Kind::kObject && object_[value.callable].text == global;
  }

  /// The call that makes a tensor; null for what is none.
  const PickleValue* tensor_call(const PickleValue& value) const {
    const PickleValue* call = &value;
    if (calls(value, "torch._utils _rebuild_parameter")) {
      const auto& arguments = object_[value.arguments].items;
      if (arguments.empty()) return nullptr;
      call = &object_[arguments[0]];
    }
    return calls(*call, "torch._utils _rebuild_tensor_v2") || calls(*call, "torch._utils _rebuild_tensor")
               ? call
               : nullptr;
  }

  std::vector<std::int64_t> extents_of(PickleIndex index, const std::string& tensor) const {
    const PickleValue* tuple = &object_[index];
    if (calls(*tuple, "torch Size") && object_[tuple->arguments].items.size() == 1)
      tuple = &object_[object_[tuple->arguments].items[0]];
    if (tuple->kind != Kind::kTuple || tuple->items.size() > kMostDimensions)
      refuse("tensor {} has no shape that is known: a tuple of at most {} numbers", tensor, kMostDimensions);
    std::vector<std::int64_t> extents;
    for (const PickleIndex item : tuple->items) {
      if (object_[item].kind != Kind::kInteger || object_[item].integer < 0)
        refuse("tensor {} has an extent or a stride that is no whole number from 0", tensor);
      extents.push_back(object_[item].integer);
    }
    return extents;
  }

  /// Checks a tensor against its storage: every element is inside, and no two are the same.
  Geometry geometry_of(const PickleValue& call, const std::string& tensor) const {
    const auto& arguments =
        object_[call.arguments].items;  // storage, offset, shape, strides, what training needs
    if (arguments.size() < 4 || object_[arguments[0]].kind != Kind::kPersistent ||
        object_[arguments[1]].kind != Kind::kInteger || object_[arguments[1]].integer < 0)
      refuse("tensor {} is not put together as PyTorch does it", tensor);
    // Flags of lazily negated or conjugated tensors. That a tensor has hooks or needs gradients does not
    // matter.
    if (arguments.size() > 6 && object_[arguments[6]].kind != Kind::kNone &&
        !object_[arguments[6]].items.empty())
      refuse("tensor {} is negated or conjugated; expected its plain values", tensor);
    Geometry geometry;
    geometry.storage = object_[object_[object_[arguments[0]].arguments].items[2]].text;
    geometry.offset = static_cast<std::uint64_t>(object_[arguments[1]].integer);
    geometry.shape = extents_of(arguments[2], tensor);
    geometry.strides = extents_of(arguments[3], tensor);
    if (geometry.shape.size() != geometry.strides.size())
      refuse("tensor {} has {} extents and {} strides", tensor, geometry.shape.size(),
             geometry.strides.size());
    if (std::ranges::find(geometry.shape, 0) != geometry.shape.end()) return geometry;

    std::vector<std::pair<std::uint64_t, std::uint64_t>> steps;  // stride and extent, by stride
    for (std::size_t i = 0; i < geometry.shape.size(); ++i)
      if (geometry.shape[i] > 1)
        steps.emplace_back(static_cast<std::uint64_t>(geometry.strides[i]),
                           static_cast<std::uint64_t>(geometry.shape[i]));
    std::ranges::sort(steps);
    const std::uint64_t count = storages_.at(geometry.storage).count;
    std::uint64_t last = 0;  // the furthest element from the first, below `count`: nothing overflows
    for (const auto& [stride, extent] : steps) {
      if (stride <= last)
        refuse("tensor {} of shape [{}] and strides [{}] has elements that are the same one", tensor,
               fmt::join(geometry.shape, ", "), fmt::join(geometry.strides, ", "));
      if (stride > count / (extent - 1)) refuse_outside(geometry, tensor, count);
      last += stride * (extent - 1);
      if (last >= count) refuse_outside(geometry, tensor, count);
    }
    if (last >= count || geometry.offset > count - 1 - last) refuse_outside(geometry, tensor, count);
    return geometry;
  }

  [[noreturn]] void refuse_outside(const Geometry& geometry, const std::string& tensor,
                                   std::uint64_t count) const {
    refuse("tensor {} of shape [{}], strides [{}] and offset {} reaches beyond its storage of {} elements",
           tensor, fmt::join(geometry.shape, ", "), fmt::join(geometry.strides, ", "), geometry.offset,
           count);
  }

  static bool is_row_major(const Geometry& geometry) {
    std::int64_t stride = 1;
    for (std::size_t i = geometry.shape.size(); i-- > 0;) {
      if (geometry.shape[i] > 1 && geometry.strides[i] != stride) return false;
      stride *= geometry.shape[i];
    }
    return true;
  }

  /// The elements in row-major order.
  static void gather(const Geometry& geometry, std::span<const std::byte> storage,
                     std::uint64_t element_bytes, std::vector<std::byte>& ordered) {
    std::vector<std::int64_t> at(geometry.shape.size(), 0);
    std::uint64_t element = geometry.offset;
    for (std::size_t done = 0; done < ordered.size(); done += element_bytes) {
      std::memcpy(ordered.data() + done, storage.data() + element * element_bytes, element_bytes);
      for (std::size_t i = at.size(); i-- > 0;) {
        element += static_cast<std::uint64_t>(geometry.strides[i]);
        if (++at[i] < geometry.shape[i]) break;
        element -=
            static_cast<std::uint64_t>(geometry.strides[i]) * static_cast<std::uint64_t>(geometry.shape[i]);
        at[i] = 0;
      }
    }
  }

  /// Its name in messages is not always its own, which may have letters beyond ASCII.
  SafeTensor tensor_of(const PickleValue& call, std::string_view name) {
    const Geometry geometry = geometry_of(call, printable(name));
    const StorageType& type = *storages_.at(geometry.storage).type;
    SafeTensor made{std::string(name), std::string(type.dtype), geometry.shape, {}};
    if (std::ranges::find(geometry.shape, 0) != geometry.shape.end()) return made;
    std::uint64_t count = 1;  // no more than the storage has, as no element is there twice
    for (const std::int64_t extent : geometry.shape) count *= static_cast<std::uint64_t>(extent);
    spend(count * type.element_bytes, tensor_bytes_, "its tensors would have");
    const std::span<const std::byte> storage = bytes_of(geometry.storage);
    if (is_row_major(geometry)) {
      made.bytes = storage.subspan(geometry.offset * type.element_bytes, count * type.element_bytes);
      return made;
    }
    auto& ordered = checkpoint_.unpacked.emplace_back(count * type.element_bytes);
    gather(geometry, storage, type.element_bytes, ordered);
    made.bytes = ordered;
    ++checkpoint_.gathered;
    return made;
  }

  // --- what is beside the weights, in words ---

  /// A text that the pickle may repeat as often as it likes is shortened, which bounds what all of them need.
  static std::string shown(std::string_view text) {
    return printable(text.substr(0, kLongestShown)) + (text.size() > kLongestShown ? "..." : "");
  }

  /// A number of one of the types that scores have; nothing for another.
  static std::optional<std::string> number_text(std::string_view dtype, std::string_view bytes) {
    const auto as = [&]<class T>(T number) -> std::optional<std::string> {
      if (bytes.size() != sizeof number) return std::nullopt;
      std::memcpy(&number, bytes.data(), sizeof number);
      return fmt::format("{}", number);
    };
    if (dtype == "F32" || dtype == "f4") return as(0.0F);
    if (dtype == "F64" || dtype == "f8") return as(0.0);
    if (dtype == "I64" || dtype == "i8") return as(std::int64_t{0});
    if (dtype == "I32" || dtype == "i4") return as(std::int32_t{0});
    return std::nullopt;
  }

  /// numpy.float64(0.5): scalar(dtype('f8', False, True), its bytes). Pickled by protocol 2, the bytes are
  /// encode(text, 'latin1'), a letter for each.
  std::optional<std::string> numpy_text(const PickleValue& value) const {
    if (!calls(value, "numpy.core.multiarray scalar") && !calls(value, "numpy._core.multiarray scalar"))
      return std::nullopt;
    const auto& arguments = object_[value.arguments].items;
    if (arguments.size() != 2 || !calls(object_[arguments[0]], "numpy dtype")) return std::nullopt;
    const auto& dtype = object_[object_[arguments[0]].arguments].items;
    if (dtype.empty() || object_[dtype[0]].kind != Kind::kText) return std::nullopt;
    const PickleValue& data = object_[arguments[1]];
    if (data.kind == Kind::kBytes || data.kind == Kind::kText)
      return number_text(object_[dtype[0]].text, data.text);
    if (!calls(data, "_codecs encode")) return std::nullopt;
    const auto& encoded = object_[data.arguments].items;
    if (encoded.empty() || object_[encoded[0]].kind != Kind::kText) return std::nullopt;
    std::string bytes;
    const std::string_view letters = object_[encoded[0]].text;
    for (std::size_t i = 0; i < letters.size() && bytes.size() <= sizeof(double); ++i) {
      const auto first = static_cast<std::uint8_t>(letters[i]);
      if (first < 0x80)
        bytes += letters[i];
      else if (first < 0xC4 && i + 1 < letters.size())  // U+0080 to U+00FF are two bytes of UTF-8
        bytes += static_cast<char>(first << 6 | (static_cast<std::uint8_t>(letters[++i]) & 0x3F));
      else
        return std::nullopt;
    }
    return number_text(object_[dtype[0]].text, bytes);
  }

  /// A number or a text in words; nothing for what is neither.
  std::optional<std::string> scalar_text(const PickleValue& value) {
    if (value.kind == Kind::kNone) return "none";
    if (value.kind == Kind::kTruth) return value.integer != 0 ? "yes" : "no";
    if (value.kind == Kind::kInteger) return fmt::format("{}", value.integer);
    if (value.kind == Kind::kReal) return fmt::format("{}", value.real);
    if (value.kind == Kind::kText) return shown(value.text);
    if (const PickleValue* call = tensor_call(value)) {
      const Geometry geometry = geometry_of(*call, "beside the state_dict");
      if (!std::ranges::all_of(geometry.shape, [](std::int64_t extent) { return extent == 1; }))
        return std::nullopt;
      const StorageType& type = *storages_.at(geometry.storage).type;
      const auto number =
          bytes_of(geometry.storage).subspan(geometry.offset * type.element_bytes, type.element_bytes);
      return number_text(type.dtype, {reinterpret_cast<const char*>(number.data()), number.size()});
    }
    return numpy_text(value);
  }

  /// A score, or a short list of them.
  std::optional<std::string> score_text(const PickleValue& value) {
    if (value.kind != Kind::kList && value.kind != Kind::kTuple) return scalar_text(value);
    if (value.items.empty() || value.items.size() > kMostShown) return std::nullopt;
    std::vector<std::string> texts;
    for (const PickleIndex item : value.items) {
      auto text = scalar_text(object_[item]);
      if (!text) return std::nullopt;
      texts.push_back(std::move(*text));
    }
    return fmt::format("[{}]", fmt::join(texts, ", "));
  }

  std::string kind_text(const PickleValue& value) const {
    if (value.kind == Kind::kDict || calls(value, "collections OrderedDict"))
      return fmt::format("a dictionary of {}", value.items.size() / 2);
    if (value.kind == Kind::kList || value.kind == Kind::kTuple)
      return fmt::format("a list of {}", value.items.size());
    if (tensor_call(value) != nullptr) return "a tensor";
    if (value.kind == Kind::kObject) return fmt::format("an object made by {}", object_[value.callable].text);
    return "something else";
  }

  void read_root() {
    const PickleValue& root = object_.top();
    const auto pairs = pairs_of(object_, root);
    if (!pairs) refuse("holds {}; expected a dictionary with a state_dict", kind_text(root));
    std::set<std::string_view> names;  // Python would take the last of equal ones
    for (const auto& [key, value] : *pairs)
      if (object_[key].kind == Kind::kText && !names.insert(object_[key].text).second)
        refuse("has the entry {} twice", printable(shown(object_[key].text)));
    const PickleValue* state = member(object_, root, "state_dict");
    if (state != nullptr) {
      read_state(*state, true);
      for (const auto& [key, value] : *pairs)
        if (&object_[value] != state) describe(object_[key], object_[value]);
    } else {
      read_state(root, false);
    }
    if (checkpoint_.tensors.empty()) refuse_without_tensors(*pairs);
    for (const auto& [key, storage] : storages_)
      if (storage.users > 1) checkpoint_.shared += storage.users;
  }

  [[noreturn]] void refuse_without_tensors(std::span<const std::pair<PickleIndex, PickleIndex>> pairs) const {
    std::vector<std::string> keys;
    for (const auto& [key, value] : pairs.first(std::min(pairs.size(), kMostShown)))
      keys.push_back(object_[key].kind == Kind::kText ? shown(object_[key].text) : "(no text)");
    refuse("has no tensors, neither under state_dict nor by themselves; it has {} ({}{})",
           pairs.empty() ? "nothing" : std::to_string(pairs.size()) + " entries", fmt::join(keys, ", "),
           pairs.size() > keys.size() ? " ..." : "");
  }

  /// The tensors of a dictionary. Beside them only a bare dictionary of tensors may have other things.
  void read_state(const PickleValue& state, bool all_tensors) {
    const auto pairs = pairs_of(object_, state);
    if (!pairs) refuse("its state_dict is {}; expected a dictionary", kind_text(state));
    std::set<std::string_view> names;
    for (const auto& [key, value] : *pairs) {
      const PickleValue* call = tensor_call(object_[value]);
      if (call == nullptr && !all_tensors) {
        describe(object_[key], object_[value]);
        continue;
      }
      if (object_[key].kind != Kind::kText) refuse("its state_dict has an entry whose name is no text");
      const std::string shown = printable(object_[key].text);
      if (call == nullptr)
        refuse("{} of its state_dict is {}; expected a tensor", shown, kind_text(object_[value]));
      if (!names.insert(object_[key].text).second) refuse("its state_dict has {} twice", shown);
      checkpoint_.tensors.push_back(tensor_of(*call, object_[key].text));
      ++storages_.at(object_[object_[object_[object_[call->arguments].items[0]].arguments].items[2]].text)
            .users;
    }
  }

  void describe(const PickleValue& key, const PickleValue& value) {
    if (checkpoint_.scores.size() + checkpoint_.unread.size() == kMostDescribed)
      refuse("has more than {} entries beside its weights", kMostDescribed);
    const std::string name = key.kind == Kind::kText ? shown(key.text) : "(no text)";
    if (auto text = score_text(value))
      checkpoint_.scores.emplace_back(name, std::move(*text));
    else
      checkpoint_.unread.emplace_back(name, kind_text(value));
  }

  std::span<const std::byte> bytes_;
  const std::string& name_;
  std::uint64_t allowance_, unpacked_bytes_ = 0;
  std::uint64_t tensor_bytes_ = 0;
  std::size_t at_ = 0;  ///< in a legacy file
  std::optional<ZipArchive> zip_;
  std::string zip_root_;
  std::vector<std::byte> nothing_;
  Pickle object_;
  std::map<std::string_view, Storage> storages_;
  TorchCheckpoint checkpoint_;
};

}  // namespace

bool begins_as_torch_checkpoint(std::string_view beginning) {
  return beginning.starts_with("PK\x03\x04") ||
         (beginning.starts_with('\x80') && beginning.size() > 1 && beginning[1] >= 2 && beginning[1] <= 5);
}

TorchCheckpoint parse_torch_checkpoint(std::span<const std::byte> bytes, const std::string& name) {
  return Reader(bytes, name).read();
}

TorchCheckpointFile read_torch_checkpoint(const std::filesystem::path& path) {
  TorchCheckpointFile file;
  file.contents = read_bytes(path, kLargestFile);
  file.checkpoint = parse_torch_checkpoint(file.contents, path.string());
  return file;
}

}  // namespace mofi
