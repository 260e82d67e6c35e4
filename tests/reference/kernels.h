// What each operator kind computes, on plain arrays.
#pragma once

#include <vector>

#include "workloads/graph.h"

namespace simdse {

/// One operand or result: its shape and its numbers in row-major order.
struct Array {
  Shape shape;
  std::vector<double>* values = nullptr;

  double& operator[](std::int64_t index) const {
    return (*values)[static_cast<std::size_t>(index)];
  }
  std::int64_t size() const { return element_count(shape); }
};

using Arrays = std::vector<Array>;

/// Runs `op`. Throws std::logic_error for a kind that it does not know.
void run_kernel(const Operator& op, const Arrays& in, const Arrays& out);

void run_matrix_kernel(const Operator& op, const Arrays& in, const Arrays& out, bool& is_known);
void run_row_kernel(const Operator& op, const Arrays& in, const Arrays& out, bool& is_known);
void run_attention_kernel(const Operator& op, const Arrays& in, const Arrays& out, bool& is_known);
void run_movement_kernel(const Operator& op, const Arrays& in, const Arrays& out, bool& is_known);

/// 0 or 1 for each element, 0 at `rate`; the same whenever an operator that mirrors the same
/// forward operator asks, recomputed or not.
std::vector<double> dropout_mask(const Operator& op, double rate, std::int64_t elements);

/// Walks over all index tuples of `shape`, last axis fastest.
template <typename Visit>
void for_each_index(const Shape& shape, Visit visit) {
  Shape index(shape.size(), 0);
  for (;;) {
    visit(static_cast<const Shape&>(index));
    std::size_t axis = shape.size();
    for (;;) {
      if (axis == 0) return;
      --axis;
      if (++index[axis] < shape[axis]) break;
      index[axis] = 0;
    }
  }
}

/// Row-major place of `index`; axes of size 1 and missing leading axes broadcast.
inline std::int64_t place_of(const Shape& index, const Shape& shape) {
  std::int64_t place = 0;
  const std::size_t missing = index.size() - shape.size();
  for (std::size_t i = 0; i < shape.size(); ++i) {
    place = place * shape[i] + (shape[i] == 1 ? 0 : index[i + missing]);
  }
  return place;
}

}  // namespace simdse
