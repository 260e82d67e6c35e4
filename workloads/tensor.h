// Tensors: the edges of a training graph.
#pragma once

#include <cstdint>
#include <functional>
#include <numeric>
#include <string>
#include <vector>

#include "models/base/number_format.h"
#include "models/base/units.h"

namespace simdse {

using TensorId = std::int32_t;
using OperatorId = std::int32_t;
using Shape = std::vector<std::int64_t>;
constexpr std::int32_t kNone = -1;

inline std::int64_t element_count(const Shape& shape) {
  return std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>());
}

/// Why a tensor exists; decides how long its bytes live and which class of memory they count in.
enum class TensorRole {
  input,               ///< given with each sample (tokens, images, labels)
  parameter,           ///< trained weights
  activation,          ///< made in the forward (or recomputed) pass
  gradient,            ///< of an activation
  parameter_gradient,  ///< of a parameter
  optimizer_state,     ///< master weights and moments
};

const char* role_name(TensorRole role);

/// One edge. A view shares the bytes of another tensor: `storage` names the tensor that owns them
/// (itself, unless it is a view) and `storage_offset` where the view begins.
struct Tensor {
  std::string name;
  Shape shape;
  NumberFormat format;
  TensorRole role = TensorRole::activation;
  OperatorId producer = kNone;  ///< kNone: there from the start of the iteration
  std::vector<OperatorId> consumers;
  TensorId storage = kNone;
  Bytes storage_offset;

  std::int64_t elements() const { return element_count(shape); }
  Bytes bytes() const { return format.bytes(elements()); }
};

}  // namespace simdse
