#pragma once
// Tensors of a PyTorch checkpoint: each is a view of a storage by an offset, a shape and strides, all of
// which a file may claim as it likes. What is given out lies inside its storage, and has no element twice.

#include <optional>

#include "storage/safetensors.h"
#include "storage/torch_container.h"

namespace mofi {

class TorchTensors {
 public:
  explicit TorchTensors(TorchContainer& container)
      : container_(container), allowance_(container.file_bytes(), container.name()) {}

  /// The call in the pickled object that makes a tensor; null for a value that is none.
  const PickleValue* call_of(const PickleValue& value) const;

  struct Tensor {
    SafeTensor values;          ///< row-major
    std::string_view storage;   ///< its key, which other tensors may share
    bool was_gathered = false;  ///< it was no row-major part of its storage, and was put in order
  };
  /// Throws kData where the tensor does not fit its storage, or all tensors read would take more memory than
  /// the file can be worth.
  Tensor read(const PickleValue& call, std::string_view name);

  /// A tensor of a single number; nothing for a larger one.
  std::optional<SafeTensor> read_number(const PickleValue& call, const std::string& name);

 private:
  /// A tensor as the pickle tells of it.
  struct Geometry {
    std::string_view storage;
    std::uint64_t offset = 0;  ///< in elements, as the strides
    std::vector<std::int64_t> shape, strides;
  };
  std::vector<std::int64_t> extents_of(PickleIndex index, const std::string& tensor) const;
  Geometry geometry_of(const PickleValue& call, const std::string& tensor) const;
  [[noreturn]] void refuse_outside(const Geometry& geometry, const std::string& tensor,
                                   std::uint64_t count) const;
  static bool is_row_major(const Geometry& geometry);
  static void gather(const Geometry& geometry, std::span<const std::byte> storage,
                     std::uint64_t element_bytes, std::vector<std::byte>& ordered);

  TorchContainer& container_;
  TorchAllowance allowance_;
};

}  // namespace mofi
