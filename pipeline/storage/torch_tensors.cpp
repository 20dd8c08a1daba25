#include "storage/torch_tensors.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cstring>

#include "core/utf8.h"
#include "storage/pickle_values.h"

namespace mofi {
namespace {

using Kind = PickleValue::Kind;

constexpr std::size_t kMostDimensions = 16;

}  // namespace

const PickleValue* TorchTensors::call_of(const PickleValue& value) const {
  const Pickle& object = container_.object();
  const PickleValue* call = &value;
  if (is_made_by(object, value, "torch._utils _rebuild_parameter")) {
    const auto& arguments = object[value.arguments].items;
    if (arguments.empty()) return nullptr;
    call = &object[arguments[0]];
  }
  return is_made_by(object, *call, "torch._utils _rebuild_tensor_v2") ||
                 is_made_by(object, *call, "torch._utils _rebuild_tensor")
             ? call
             : nullptr;
}

std::vector<std::int64_t> TorchTensors::extents_of(PickleIndex index, const std::string& tensor) const {
  const Pickle& object = container_.object();
  const PickleValue* tuple = &object[index];
  if (is_made_by(object, *tuple, "torch Size") && object[tuple->arguments].items.size() == 1)
    tuple = &object[object[tuple->arguments].items[0]];
  if (tuple->kind != Kind::kTuple || tuple->items.size() > kMostDimensions)
    container_.refuse("tensor {} has no shape that is known: a tuple of at most {} numbers", tensor,
                      kMostDimensions);
  std::vector<std::int64_t> extents;
  for (const PickleIndex item : tuple->items) {
    if (object[item].kind != Kind::kInteger || object[item].integer < 0)
      container_.refuse("tensor {} has an extent or a stride that is no whole number from 0", tensor);
    extents.push_back(object[item].integer);
  }
  return extents;
}

/// Checks a tensor against its storage: every element is inside, and no two are the same.
TorchTensors::Geometry TorchTensors::geometry_of(const PickleValue& call, const std::string& tensor) const {
  const Pickle& object = container_.object();
  const auto& arguments =
      object[call.arguments].items;  // storage, offset, shape, strides, what training needs
  if (arguments.size() < 4 || object[arguments[0]].kind != Kind::kPersistent ||
      object[arguments[1]].kind != Kind::kInteger || object[arguments[1]].integer < 0)
    container_.refuse("tensor {} is not put together as PyTorch does it", tensor);
  // Flags of lazily negated or conjugated tensors. That a tensor has hooks or needs gradients does not
  // matter.
  if (arguments.size() > 6 && object[arguments[6]].kind != Kind::kNone && !object[arguments[6]].items.empty())
    container_.refuse("tensor {} is negated or conjugated; expected its plain values", tensor);
  Geometry geometry;
  geometry.storage = object[object[object[arguments[0]].arguments].items[2]].text;
  geometry.offset = static_cast<std::uint64_t>(object[arguments[1]].integer);
  geometry.shape = extents_of(arguments[2], tensor);
  geometry.strides = extents_of(arguments[3], tensor);
  if (geometry.shape.size() != geometry.strides.size())
    container_.refuse("tensor {} has {} extents and {} strides", tensor, geometry.shape.size(),
                      geometry.strides.size());
  if (std::ranges::find(geometry.shape, 0) != geometry.shape.end()) return geometry;

  std::vector<std::pair<std::uint64_t, std::uint64_t>> steps;  // stride and extent, by stride
  for (std::size_t i = 0; i < geometry.shape.size(); ++i)
    if (geometry.shape[i] > 1)
      steps.emplace_back(static_cast<std::uint64_t>(geometry.strides[i]),
                         static_cast<std::uint64_t>(geometry.shape[i]));
  std::ranges::sort(steps);
  const std::uint64_t count = container_.storage(geometry.storage).count;
  std::uint64_t last = 0;  // the furthest element from the first, below `count`: nothing overflows
  for (const auto& [stride, extent] : steps) {
    if (stride <= last)
      container_.refuse("tensor {} of shape [{}] and strides [{}] has elements that are the same one", tensor,
                        fmt::join(geometry.shape, ", "), fmt::join(geometry.strides, ", "));
    if (stride > count / (extent - 1)) refuse_outside(geometry, tensor, count);
    last += stride * (extent - 1);
    if (last >= count) refuse_outside(geometry, tensor, count);
  }
  if (last >= count || geometry.offset > count - 1 - last) refuse_outside(geometry, tensor, count);
  return geometry;
}

void TorchTensors::refuse_outside(const Geometry& geometry, const std::string& tensor,
                                  std::uint64_t count) const {
  container_.refuse(
      "tensor {} of shape [{}], strides [{}] and offset {} reaches beyond its storage of {} elements", tensor,
      fmt::join(geometry.shape, ", "), fmt::join(geometry.strides, ", "), geometry.offset, count);
}

bool TorchTensors::is_row_major(const Geometry& geometry) {
  std::int64_t stride = 1;
  for (std::size_t i = geometry.shape.size(); i-- > 0;) {
    if (geometry.shape[i] > 1 && geometry.strides[i] != stride) return false;
    stride *= geometry.shape[i];
  }
  return true;
}

/// The elements in row-major order.
void TorchTensors::gather(const Geometry& geometry, std::span<const std::byte> storage,
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

TorchTensors::Tensor TorchTensors::read(const PickleValue& call, std::string_view name) {
  // Its name in messages is not always its own, which may have letters beyond ASCII.
  const Geometry geometry = geometry_of(call, printable(name));
  const TorchStorage& storage = container_.storage(geometry.storage);
  Tensor made{{std::string(name), std::string(storage.dtype), geometry.shape, {}}, geometry.storage, false};
  if (std::ranges::find(geometry.shape, 0) != geometry.shape.end()) return made;
  std::uint64_t count = 1;  // no more than the storage has, as no element is there twice
  for (const std::int64_t extent : geometry.shape) count *= static_cast<std::uint64_t>(extent);
  allowance_.spend(count * storage.element_bytes, "its tensors would have");
  const std::span<const std::byte> bytes = container_.bytes_of(geometry.storage);
  if (is_row_major(geometry)) {
    made.values.bytes = bytes.subspan(geometry.offset * storage.element_bytes, count * storage.element_bytes);
    return made;
  }
  auto& ordered = container_.unpacked().emplace_back(count * storage.element_bytes);
  gather(geometry, bytes, storage.element_bytes, ordered);
  made.values.bytes = ordered;
  made.was_gathered = true;
  return made;
}

std::optional<SafeTensor> TorchTensors::read_number(const PickleValue& call, const std::string& name) {
  const Geometry geometry = geometry_of(call, name);
  if (!std::ranges::all_of(geometry.shape, [](std::int64_t extent) { return extent == 1; }))
    return std::nullopt;
  const TorchStorage& storage = container_.storage(geometry.storage);
  return SafeTensor{name, std::string(storage.dtype), geometry.shape,
                    container_.bytes_of(geometry.storage)
                        .subspan(geometry.offset * storage.element_bytes, storage.element_bytes)};
}

}  // namespace mofi
