#include "storage/torch_container.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "core/utf8.h"
#include "storage/pickle_values.h"

namespace mofi {
namespace {

using Kind = PickleValue::Kind;

constexpr std::string_view kMagic{"\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19",
                                  10};          // torch.serialization.MAGIC_NUMBER
constexpr std::int64_t kLegacyProtocol = 1001;  // torch.serialization.PROTOCOL_VERSION
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

const StorageType* type_of(std::string_view global) {
  const auto* found = std::ranges::find(kStorageTypes, global, &StorageType::global);
  return found == kStorageTypes.end() ? nullptr : found;
}

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

}  // namespace

TorchAllowance::TorchAllowance(std::size_t file_bytes, std::string name)
    : name_(std::move(name)), bytes_(std::max(kMostExpansion * std::uint64_t{file_bytes}, kLeastAllowance)) {}

void TorchAllowance::spend(std::uint64_t bytes, const char* what) {
  if (bytes > bytes_ - spent_)
    fail(ExitCode::kData, "{}: {} more than {} bytes, {} times what the file has: no weights are like that",
         name_, what, bytes_, kMostExpansion);
  spent_ += bytes;
}

TorchContainer::TorchContainer(std::span<const std::byte> bytes, std::string name,
                               std::deque<std::vector<std::byte>>& unpacked)
    : bytes_(bytes), name_(std::move(name)), unpacked_(unpacked), allowance_(bytes.size(), name_) {
  constexpr std::string_view kZip = "PK";
  if (bytes_.size() >= kZip.size() && std::memcmp(bytes_.data(), kZip.data(), kZip.size()) == 0)
    open_zip();
  else
    open_legacy();
}

// --- zip ---

void TorchContainer::open_zip() {
  kind_ = "zip";
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

std::span<const std::byte> TorchContainer::read_entry(const std::string& entry) {
  const ZipEntry& known = zip_->entries().at(entry);
  if (!known.is_deflated) return zip_->read(entry, nothing_);
  allowance_.spend(known.size, "it would unpack to");
  return zip_->read(entry, unpacked_.emplace_back());
}

std::span<const std::byte> TorchContainer::bytes_of(std::string_view key) {
  TorchStorage& storage = storages_.at(key);
  if (storage.bytes) return *storage.bytes;
  if (!zip_) refuse("lacks storage {}", printable(key));
  const std::string entry = fmt::format("{}/data/{}", zip_root_, key);
  const auto found = zip_->entries().find(entry);
  if (found == zip_->entries().end()) refuse("lacks the entry {} with a tensor's data", printable(entry));
  if (storage.count > found->second.size / storage.element_bytes ||
      storage.count * storage.element_bytes != found->second.size)
    refuse("its entry {} has {} bytes, but is to hold {} elements of type {}", printable(entry),
           found->second.size, storage.count, storage.dtype);
  storage.bytes = read_entry(entry);
  return *storage.bytes;
}

// --- legacy ---

Pickle TorchContainer::next_pickle(const char* what) {
  Pickle pickle = parse_pickle(bytes_.subspan(at_), kKnownGlobals,
                               fmt::format("{}: {} (byte {} and on)", name_, what, at_));
  at_ += pickle.size;
  return pickle;
}

void TorchContainer::open_legacy() {
  kind_ = "legacy";
  const Pickle magic = next_pickle("its mark");
  if (magic.top().kind != Kind::kBigInteger || magic.top().text != kMagic)
    refuse("is a pickle, but not one of PyTorch's: it does not begin with PyTorch's mark");
  const Pickle protocol = next_pickle("its version");
  if (protocol.top().kind != Kind::kInteger || protocol.top().integer != kLegacyProtocol)
    refuse("is of another version of the legacy format than {}", kLegacyProtocol);
  const Pickle system = next_pickle("what it says of its system");
  const PickleValue* little = member_of(system, system.top(), "little_endian");
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

void TorchContainer::take_legacy_storage(TorchStorage& storage, std::string_view key) {
  std::uint64_t count = 0;
  if (bytes_.size() - at_ < sizeof count) refuse("ends before storage {}", printable(key));
  std::memcpy(&count, bytes_.data() + at_, sizeof count);
  at_ += sizeof count;
  if (count != storage.count)
    refuse("storage {} has {} elements at byte {}, but {} where it is named", printable(key), count, at_,
           storage.count);
  if (count > (bytes_.size() - at_) / storage.element_bytes)
    refuse("ends within storage {}, which has {} elements", printable(key), count);
  storage.bytes = bytes_.subspan(at_, count * storage.element_bytes);
  at_ += storage.bytes->size();
}

// --- both ---

/// Every storage that the object speaks of: ("storage", type, key, location, elements), and in legacy files
/// a sixth, None. Where it lay ("cpu", "cuda:0") does not matter here.
void TorchContainer::list_storages() {
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
    if (static_cast<std::uint64_t>(object_[id[4]].integer) > allowance_.bytes() / type->element_bytes)
      refuse("storage {} claims {} elements, which a file of {} bytes does not have", printable(key),
             object_[id[4]].integer, bytes_.size());
    if (id.size() == 6 && object_[id[5]].kind != Kind::kNone)
      refuse(
          "storage {} is a view of another, as only PyTorch before 0.4 wrote it: save the file again with "
          "a newer one",
          printable(key));
    const auto count = static_cast<std::uint64_t>(object_[id[4]].integer);
    const auto [found, is_new] =
        storages_.try_emplace(key, TorchStorage{type->dtype, type->element_bytes, count, {}});
    if (found->second.dtype != type->dtype || found->second.count != count)
      refuse("storage {} is spoken of as two different ones", printable(key));
  }
}

}  // namespace mofi
