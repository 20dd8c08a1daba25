#include "storage/torch_checkpoint.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <optional>
#include <set>

#include "core/files.h"
#include "core/utf8.h"
#include "storage/pickle_values.h"
#include "storage/torch_tensors.h"

namespace mofi {
namespace {

using Kind = PickleValue::Kind;

constexpr std::size_t kLargestFile = std::size_t{1} << 40;
constexpr std::size_t kMostShown = 12;        // keys in a message, numbers of a score
constexpr std::size_t kMostDescribed = 1000;  // entries beside the weights
constexpr std::size_t kLongestShown = 80;     // bytes of a text beside the weights

/// Reads the pickled object: which of its entries are weights, and what the others say.
class Reader {
 public:
  Reader(std::span<const std::byte> bytes, const std::string& name)
      : container_(bytes, name, checkpoint_.unpacked), object_(container_.object()), tensors_(container_) {
    checkpoint_.container = container_.kind();
  }

  TorchCheckpoint read() {
    read_root();
    return std::move(checkpoint_);
  }

 private:
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
    if (!is_made_by(object_, value, "numpy.core.multiarray scalar") &&
        !is_made_by(object_, value, "numpy._core.multiarray scalar"))
      return std::nullopt;
    const auto& arguments = object_[value.arguments].items;
    if (arguments.size() != 2 || !is_made_by(object_, object_[arguments[0]], "numpy dtype"))
      return std::nullopt;
    const auto& dtype = object_[object_[arguments[0]].arguments].items;
    if (dtype.empty() || object_[dtype[0]].kind != Kind::kText) return std::nullopt;
    const PickleValue& data = object_[arguments[1]];
    if (data.kind == Kind::kBytes || data.kind == Kind::kText)
      return number_text(object_[dtype[0]].text, data.text);
    if (!is_made_by(object_, data, "_codecs encode")) return std::nullopt;
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
    if (const PickleValue* call = tensors_.call_of(value)) {
      const auto number = tensors_.read_number(*call, "beside the state_dict");
      if (!number) return std::nullopt;
      return number_text(number->dtype,
                         {reinterpret_cast<const char*>(number->bytes.data()), number->bytes.size()});
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
    if (value.kind == Kind::kDict || is_made_by(object_, value, "collections OrderedDict"))
      return fmt::format("a dictionary of {}", value.items.size() / 2);
    if (value.kind == Kind::kList || value.kind == Kind::kTuple)
      return fmt::format("a list of {}", value.items.size());
    if (tensors_.call_of(value) != nullptr) return "a tensor";
    if (value.kind == Kind::kObject) return fmt::format("an object made by {}", object_[value.callable].text);
    return "something else";
  }

  void read_root() {
    const PickleValue& root = object_.top();
    const auto pairs = pairs_of(object_, root);
    if (!pairs) container_.refuse("holds {}; expected a dictionary with a state_dict", kind_text(root));
    std::set<std::string_view> names;  // Python would take the last of equal ones
    for (const auto& [key, value] : *pairs)
      if (object_[key].kind == Kind::kText && !names.insert(object_[key].text).second)
        container_.refuse("has the entry {} twice", printable(shown(object_[key].text)));
    const PickleValue* state = member_of(object_, root, "state_dict");
    if (state != nullptr) {
      read_state(*state, true);
      for (const auto& [key, value] : *pairs)
        if (&object_[value] != state) describe(object_[key], object_[value]);
    } else {
      read_state(root, false);
    }
    if (checkpoint_.tensors.empty()) refuse_without_tensors(*pairs);
    for (const auto& [key, users] : users_of_)
      if (users > 1) checkpoint_.shared += users;
  }

  [[noreturn]] void refuse_without_tensors(const PicklePairs& pairs) const {
    std::vector<std::string> keys;
    for (const auto& [key, value] : std::span(pairs).first(std::min(pairs.size(), kMostShown)))
      keys.push_back(object_[key].kind == Kind::kText ? shown(object_[key].text) : "(no text)");
    container_.refuse("has no tensors, neither under state_dict nor by themselves; it has {} ({}{})",
                      pairs.empty() ? "nothing" : std::to_string(pairs.size()) + " entries",
                      fmt::join(keys, ", "), pairs.size() > keys.size() ? " ..." : "");
  }

  /// The tensors of a dictionary. Beside them only a bare dictionary of tensors may have other things.
  void read_state(const PickleValue& state, bool all_tensors) {
    const auto pairs = pairs_of(object_, state);
    if (!pairs) container_.refuse("its state_dict is {}; expected a dictionary", kind_text(state));
    std::set<std::string_view> names;
    for (const auto& [key, value] : *pairs) {
      const PickleValue* call = tensors_.call_of(object_[value]);
      if (call == nullptr && !all_tensors) {
        describe(object_[key], object_[value]);
        continue;
      }
      if (object_[key].kind != Kind::kText)
        container_.refuse("its state_dict has an entry whose name is no text");
      const std::string shown = printable(object_[key].text);
      if (call == nullptr)
        container_.refuse("{} of its state_dict is {}; expected a tensor", shown, kind_text(object_[value]));
      if (!names.insert(object_[key].text).second) container_.refuse("its state_dict has {} twice", shown);
      TorchTensors::Tensor tensor = tensors_.read(*call, object_[key].text);
      if (tensor.was_gathered) ++checkpoint_.gathered;
      ++users_of_[tensor.storage];
      checkpoint_.tensors.push_back(std::move(tensor.values));
    }
  }

  void describe(const PickleValue& key, const PickleValue& value) {
    if (checkpoint_.scores.size() + checkpoint_.unread.size() == kMostDescribed)
      container_.refuse("has more than {} entries beside its weights", kMostDescribed);
    const std::string name = key.kind == Kind::kText ? shown(key.text) : "(no text)";
    if (auto text = score_text(value))
      checkpoint_.scores.emplace_back(name, std::move(*text));
    else
      checkpoint_.unread.emplace_back(name, kind_text(value));
  }

  TorchCheckpoint checkpoint_;  // before the container, which unpacks into it
  TorchContainer container_;
  const Pickle& object_;
  TorchTensors tensors_;
  std::map<std::string_view, std::size_t> users_of_;  ///< tensors of the state_dict by their storage
};

}  // namespace

bool begins_as_torch_checkpoint(std::string_view beginning) {
  return beginning.starts_with("PK\x03\x04") ||
         (beginning.starts_with('\x80') && beginning.size() > 1 && beginning[1] >= 2 && beginning[1] <= 5);
}

TorchCheckpoint parse_torch_checkpoint(std::span<const std::byte> bytes, const std::string& name) {
  const std::string_view beginning(reinterpret_cast<const char*>(bytes.data()),
                                   std::min<std::size_t>(bytes.size(), 64));
  if (!begins_as_torch_checkpoint(beginning))
    fail(ExitCode::kData,
         "{}: begins neither as a zip archive nor as a pickle, one of which a PyTorch checkpoint is", name);
  return Reader(bytes, name).read();
}

TorchCheckpointFile read_torch_checkpoint(const std::filesystem::path& path) {
  TorchCheckpointFile file;
  file.contents = read_bytes(path, kLargestFile);
  file.checkpoint = parse_torch_checkpoint(file.contents, path.string());
  return file;
}

}  // namespace mofi
