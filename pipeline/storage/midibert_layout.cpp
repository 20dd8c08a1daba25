#include "storage/midibert_layout.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <set>

#include "core/aligned.h"
#include "core/utf8.h"

namespace mofi {
namespace {

using Shape = std::vector<std::int64_t>;

constexpr std::string_view kParallelPrefix = "module.", kBackbonePrefix = "midibert.";
constexpr std::string_view kLayerPrefix = "bert.encoder.layer.";
constexpr std::int64_t kMostLayers = 48, kMostColumns = 16;
constexpr std::int64_t kAnyExtent = -1;
constexpr std::int64_t kLargestExtent = std::int64_t{1} << 31;  // so that products of two do not overflow
constexpr std::int64_t kWidestHead = 65'536;

std::string shape_text(const Shape& shape) {
  std::vector<std::string> extents;
  for (const std::int64_t extent : shape)
    extents.push_back(extent == kAnyExtent ? "any" : std::to_string(extent));
  return fmt::format("[{}]", fmt::join(extents, ", "));
}

bool fits(const Shape& found, const Shape& expected) {
  return std::ranges::equal(found, expected, [](auto a, auto b) { return b == kAnyExtent || a == b; });
}

bool is_floating(const std::string& dtype) {
  return dtype == "F32" || dtype == "F64" || dtype == "F16" || dtype == "BF16";
}

/// A tensor that is expected.
struct Expected {
  enum class Need {
    kLoaded,   ///< a parameter of the model
    kUnused,   ///< the reference has it, and no forward pass uses it
    kCounter,  ///< a buffer of position or type ids, in some versions of transformers
  };
  Shape shape;
  Need need = Need::kLoaded;
};

/// The number that `name` goes on with after `prefix`, up to a dot; nothing for another name.
std::optional<std::int64_t> number_after(std::string_view name, std::string_view prefix) {
  if (!name.starts_with(prefix)) return std::nullopt;
  name.remove_prefix(prefix.size());
  std::int64_t number = 0;
  const auto [end, failure] = std::from_chars(name.data(), name.data() + name.size(), number);
  const bool is_plain = failure == std::errc() && end != name.data() + name.size() && *end == '.' &&
                        number >= 0 &&
                        std::to_string(number).size() == static_cast<std::size_t>(end - name.data());
  return is_plain ? std::optional(number) : std::nullopt;
}

/// The state_dict by name, without "module.".
class Layout {
 public:
  Layout(std::span<const SafeTensor> tensors, bool backbone_only) : backbone_only_(backbone_only) {
    for (const SafeTensor& tensor : tensors) {
      std::string_view name = tensor.name;
      if (name.starts_with(kParallelPrefix)) name.remove_prefix(kParallelPrefix.size());
      if (!by_name_.emplace(name, &tensor).second)
        made_.problems.push_back(
            fmt::format("twice: {}, with and without the prefix {}", printable(name), kParallelPrefix));
      names_.push_back(name);
      if (name.starts_with(kBackbonePrefix)) prefix_ = kBackbonePrefix;
    }
  }

  std::optional<MidibertLayout> read(std::span<const SafeTensor> tensors) {
    const bool is_midibert = std::ranges::any_of(names_, [&](std::string_view name) {
      return name.starts_with(prefix_) && (name.substr(prefix_.size()).starts_with("bert.") ||
                                           name.substr(prefix_.size()).starts_with("word_emb."));
    });
    if (!is_midibert) return std::nullopt;
    find_sizes();
    expect_backbone();
    if (!backbone_only_) expect_head();
    if (made_.kind.empty()) made_.kind = "backbone";
    for (std::size_t i = 0; i < tensors.size(); ++i) judge(names_[i], tensors[i]);
    for (const auto& [name, expected] : expected_)
      if (expected.need == Expected::Need::kLoaded && !by_name_.contains(name))
        made_.problems.push_back(fmt::format("missing: {} {}", name, shape_text(expected.shape)));
    return std::move(made_);
  }

 private:
  /// The tensor of that name if it has so many dimensions; else null, as its shape tells nothing.
  const SafeTensor* find(const std::string& name, std::size_t dimensions) const {
    const auto found = by_name_.find(name);
    return found == by_name_.end() || found->second->shape.size() != dimensions ? nullptr : found->second;
  }
  std::string backbone(std::string_view name) const { return fmt::format("{}{}", prefix_, name); }

  /// An extent of the tensor; kAnyExtent, which every extent fits, where there is no such tensor.
  std::int64_t extent(const std::string& name, std::size_t dimensions, std::size_t axis) {
    const SafeTensor* found = find(name, dimensions);
    if (found == nullptr) return kAnyExtent;
    if (found->shape[axis] <= kLargestExtent) return found->shape[axis];
    made_.problems.push_back(fmt::format("of a wrong shape: {} {} is beyond any model", printable(name),
                                         shape_text(found->shape)));
    return kAnyExtent;
  }

  void find_sizes() {
    MidibertSizes& sizes = made_.sizes;
    sizes.hidden = extent(backbone("bert.embeddings.LayerNorm.weight"), 1, 0);
    if (sizes.hidden == kAnyExtent) sizes.hidden = extent(backbone("in_linear.weight"), 2, 0);
    std::string first_layer;
    std::int64_t columns = 0;
    for (const std::string_view name : names_) {
      if (const auto layer = number_after(name, backbone(kLayerPrefix)); layer && *layer < kMostLayers) {
        sizes.layers = std::max(sizes.layers, *layer + 1);
        if (first_layer.empty()) first_layer = backbone(fmt::format("{}{}.", kLayerPrefix, *layer));
      }
      if (const auto column = number_after(name, backbone("word_emb.")); column && *column < kMostColumns)
        columns = std::max(columns, *column + 1);
    }
    sizes.layers = std::max<std::int64_t>(sizes.layers, 1);  // so that what is missing of it is told
    columns = std::max<std::int64_t>(columns, 1);
    sizes.intermediate = extent(first_layer + "intermediate.dense.weight", 2, 0);
    for (std::int64_t i = 0; i < columns; ++i)
      sizes.column_sizes.push_back(extent(backbone(fmt::format("word_emb.{}.lut.weight", i)), 2, 0));
    sizes.embedding_width = extent(backbone("word_emb.0.lut.weight"), 2, 1);

    const std::string distances = first_layer + "attention.self.distance_embedding.weight";
    offsets_ = extent(distances, 2, 0);
    head_width_ = extent(distances, 2, 1);
    sizes.max_position = offsets_ == kAnyExtent ? kAnyExtent : (offsets_ + 1) / 2;
    sizes.heads = head_width_ <= 0 || sizes.hidden == kAnyExtent ? kAnyExtent : sizes.hidden / head_width_;
    if (offsets_ != kAnyExtent && (offsets_ < 3 || offsets_ % 2 == 0))
      made_.problems.push_back(fmt::format("of a wrong shape: {} has {} offsets; expected 2 x positions - 1",
                                           distances, offsets_));
    if (head_width_ == 0 ||
        (sizes.heads != kAnyExtent && (sizes.heads == 0 || sizes.hidden % head_width_ != 0)))
      made_.problems.push_back(
          fmt::format("of a wrong shape: {} is for heads of {}, which do not divide the hidden width {}",
                      distances, head_width_, sizes.hidden));
    if (sizes.hidden == 0 || sizes.intermediate == 0 || sizes.embedding_width == 0 ||
        std::ranges::find(sizes.column_sizes, 0) != sizes.column_sizes.end())
      made_.problems.push_back("of a wrong shape: a width of the model or the size of a column is 0");
  }

  void expect(const std::string& name, Shape shape, Expected::Need need = Expected::Need::kLoaded) {
    expected_[backbone(name)] = {std::move(shape), need};
  }
  void expect_linear(const std::string& name, std::int64_t in, std::int64_t out,
                     Expected::Need need = Expected::Need::kLoaded) {
    expect(name + ".weight", {out, in}, need);
    expect(name + ".bias", {out}, need);
  }
  void expect_norm(const std::string& name) {
    expect(name + ".weight", {made_.sizes.hidden});
    expect(name + ".bias", {made_.sizes.hidden});
  }

  void expect_backbone() {
    const MidibertSizes& s = made_.sizes;
    const std::string embeddings = "bert.embeddings.";
    expect(embeddings + "position_ids", {1, kAnyExtent}, Expected::Need::kCounter);
    expect(embeddings + "token_type_ids", {1, kAnyExtent}, Expected::Need::kCounter);
    expect(embeddings + "word_embeddings.weight", {kAnyExtent, s.hidden}, Expected::Need::kUnused);
    expect(embeddings + "position_embeddings.weight", {kAnyExtent, s.hidden}, Expected::Need::kUnused);
    expect_linear("bert.pooler.dense", s.hidden, s.hidden, Expected::Need::kUnused);
    expect(embeddings + "token_type_embeddings.weight", {2, s.hidden});
    expect_norm(embeddings + "LayerNorm");
    for (std::int64_t i = 0; i < s.layers; ++i) {
      const std::string layer = fmt::format("{}{}.", kLayerPrefix, i);
      for (const char* part : {"query", "key", "value"})
        expect_linear(layer + "attention.self." + part, s.hidden, s.hidden);
      expect(layer + "attention.self.distance_embedding.weight", {offsets_, head_width_});
      expect_linear(layer + "attention.output.dense", s.hidden, s.hidden);
      expect_norm(layer + "attention.output.LayerNorm");
      expect_linear(layer + "intermediate.dense", s.hidden, s.intermediate);
      expect_linear(layer + "output.dense", s.intermediate, s.hidden);
      expect_norm(layer + "output.LayerNorm");
    }
    const auto columns = static_cast<std::int64_t>(s.column_sizes.size());
    for (std::int64_t i = 0; i < columns; ++i)
      expect(fmt::format("word_emb.{}.lut.weight", i),
             {s.column_sizes[static_cast<std::size_t>(i)], s.embedding_width});
    expect_linear("in_linear", s.embedding_width == kAnyExtent ? kAnyExtent : columns * s.embedding_width,
                  s.hidden);
  }

  /// Heads have no prefix, and stand only beside a backbone that has one.
  void expect_head() {
    const std::int64_t hidden = made_.sizes.hidden;
    if (prefix_.empty()) return;
    const auto expect_plain = [&](const std::string& name, Shape shape) {
      expected_[name] = {std::move(shape)};
    };
    const auto expect_plain_linear = [&](const std::string& name, std::int64_t in, std::int64_t out) {
      expect_plain(name + ".weight", {out, in});
      expect_plain(name + ".bias", {out});
    };
    const auto has = [&](std::string_view prefix) {
      return std::ranges::any_of(names_, [&](std::string_view name) { return name.starts_with(prefix); });
    };
    const auto require_widths = [&](std::initializer_list<std::int64_t> widths) {
      if (std::ranges::any_of(widths, [](std::int64_t width) { return width == 0 || width > kWidestHead; }))
        made_.problems.push_back(fmt::format(
            "of a wrong shape: a width of the head or the number of classes is not in 1..{}", kWidestHead));
    };
    if (has("attention.ws") || has("classifier.0.")) {
      made_.kind = "sequence";
      SequenceHeadSizes& head = made_.head;
      head.attention_width = extent("attention.ws1.weight", 2, 0);
      head.attention_rows = extent("attention.ws2.weight", 2, 0);
      head.hidden = extent("classifier.0.weight", 2, 0);
      head.classes = extent("classifier.2.weight", 2, 0);
      require_widths({head.attention_width, head.attention_rows, head.hidden, head.classes});
      expect_plain("attention.ws1.weight", {head.attention_width, hidden});
      expect_plain("attention.ws2.weight", {head.attention_rows, head.attention_width});
      const bool is_known = head.attention_rows != kAnyExtent && hidden != kAnyExtent;
      expect_plain_linear("classifier.0", is_known ? head.attention_rows * hidden : kAnyExtent, head.hidden);
      expect_plain_linear("classifier.2", head.hidden, head.classes);
    } else if (has("classifier.")) {
      made_.kind = "token";
      const std::int64_t width = extent("classifier.1.weight", 2, 0),
                         classes = extent("classifier.3.weight", 2, 0);
      require_widths({width, classes});
      expect_plain_linear("classifier.1", hidden, width);
      expect_plain_linear("classifier.3", width, classes);
    } else if (has("mask_lm.")) {
      made_.kind = "masked-LM";
      for (std::size_t i = 0; i < made_.sizes.column_sizes.size(); ++i)
        expect_plain_linear(fmt::format("mask_lm.proj.{}", i), hidden, made_.sizes.column_sizes[i]);
    }
  }

  void judge(std::string_view name, const SafeTensor& tensor) {
    const auto found = expected_.find(name);
    if (found == expected_.end()) {
      if (backbone_only_ && !name.starts_with(backbone("bert.")))
        made_.others.push_back(printable(name));
      else
        made_.problems.push_back(
            fmt::format("not expected: {} {} {}", printable(name), shape_text(tensor.shape), tensor.dtype));
      return;
    }
    const Expected& expected = found->second;
    if (expected.need == Expected::Need::kCounter) return;
    if (!fits(tensor.shape, expected.shape))
      made_.problems.push_back(fmt::format("of a wrong shape: {} {}; expected {}", name,
                                           shape_text(tensor.shape), shape_text(expected.shape)));
    if (!is_floating(tensor.dtype))
      made_.problems.push_back(
          fmt::format("of a wrong type: {} {}; expected floating-point numbers", name, tensor.dtype));
    if (expected.need == Expected::Need::kUnused) {
      made_.unused.emplace_back(name);
      return;
    }
    made_.tensors.push_back(tensor);
    made_.tensors.back().name = name;
  }

  bool backbone_only_;
  std::string_view prefix_;
  std::vector<std::string_view> names_;
  std::map<std::string_view, const SafeTensor*> by_name_;
  std::map<std::string, Expected, std::less<>> expected_;
  std::int64_t offsets_ = kAnyExtent, head_width_ = kAnyExtent;
  MidibertLayout made_;
};

}  // namespace

std::optional<MidibertLayout> midibert_layout(std::span<const SafeTensor> tensors, bool backbone_only) {
  return Layout(tensors, backbone_only).read(tensors);
}

std::string text_of(const MidibertLayout& layout) {
  const std::string kind =
      layout.kind == "sequence"
          ? fmt::format("a classifier of sequences, {} classes, on MidiBERT", layout.head.classes)
      : layout.kind == "token"     ? "a classifier of tokens on MidiBERT"
      : layout.kind == "masked-LM" ? "MidiBERT with its pre-training head"
                                   : "MidiBERT alone, as pre-training saves it";
  if (!layout.problems.empty())
    return fmt::format(
        "{}, of which {} not fit, such as one {}", kind,
        layout.problems.size() == 1 ? "1 thing does" : thousands(layout.problems.size()) + " things do",
        layout.problems.front());
  const MidibertSizes& sizes = layout.sizes;
  return fmt::format("{}: {} of {} ({} heads, {} between), {}, rows of at most {} words", kind,
                     counted(static_cast<std::uint64_t>(sizes.layers), "layer"), sizes.hidden, sizes.heads,
                     sizes.intermediate, counted(sizes.column_sizes.size(), "column"), sizes.max_position);
}

}  // namespace mofi
