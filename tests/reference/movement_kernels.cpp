// Views, copies, look-ups and elementwise functions.
#include <algorithm>
#include <stdexcept>

#include "reference/kernels.h"
#include "workloads/operators/elementwise.h"
#include "workloads/operators/embedding.h"
#include "workloads/operators/movement.h"
#include "workloads/operators/reduction.h"
#include "workloads/operators/rotary.h"
#include "workloads/operators/view.h"

namespace simdse {
namespace {

Shape shifted(Shape index, const Shape& by) {
  for (std::size_t i = 0; i < index.size(); ++i) index[i] += by[i];
  return index;
}

/// Copies between `whole` and `parts`, which lie in it one after another along `axis`.
void join_or_split(const Array& whole, const Arrays& parts, std::size_t axis, bool is_join) {
  Shape start(whole.shape.size(), 0);
  for (const Array& part : parts) {
    for_each_index(part.shape, [&](const Shape& index) {
      double& outside = whole[place_of(shifted(index, start), whole.shape)];
      double& inside = part[place_of(index, part.shape)];
      (is_join ? outside : inside) = is_join ? inside : outside;
    });
    start[axis] += part.shape[axis];
  }
}

void rotate(const Array& x, const Array& angles, const Array& y, bool is_inverse) {
  const std::int64_t width = x.shape.back();
  const std::int64_t half = width / 2;
  const std::int64_t rows_per_position = x.size() / (x.shape[0] * x.shape[1] * width);
  for (std::int64_t row = 0; row < x.size() / width; ++row) {
    const std::int64_t position = row / rows_per_position % x.shape[1];
    for (std::int64_t i = 0; i < half; ++i) {
      const double cosine = angles[position * width + i];
      const double sine = angles[position * width + half + i] * (is_inverse ? -1 : 1);
      const double a = x[row * width + i];
      const double b = x[row * width + half + i];
      y[row * width + i] = a * cosine - b * sine;
      y[row * width + half + i] = b * cosine + a * sine;
    }
  }
}

}  // namespace

void run_movement_kernel(const Operator& op, const Arrays& in, const Arrays& out, bool& is_known) {
  is_known = true;
  const OperatorKind* kind = op.kind.get();
  const Array& y = out[0];
  if (const auto* elementwise = dynamic_cast<const Elementwise*>(kind)) {
    for_each_index(y.shape, [&](const Shape& index) {
      const double a = in[0][place_of(index, in[0].shape)];
      const double b = in.size() > 1 ? in[1][place_of(index, in[1].shape)] : 0;
      y[place_of(index, y.shape)] = elementwise->function().value(a, b, elementwise->constants());
    });
  } else if (dynamic_cast<const SumTo*>(kind) != nullptr) {
    for_each_index(in[0].shape, [&](const Shape& index) {
      y[place_of(index, y.shape)] += in[0][place_of(index, in[0].shape)];
    });
  } else if (dynamic_cast<const BroadcastTo*>(kind) != nullptr) {
    for_each_index(y.shape, [&](const Shape& index) {
      y[place_of(index, y.shape)] = in[0][place_of(index, in[0].shape)];
    });
  } else if (dynamic_cast<const Reshape*>(kind) != nullptr) {
    *y.values = *in[0].values;
  } else if (const auto* select = dynamic_cast<const Select*>(kind)) {
    for (std::int64_t i = 0; i < y.size(); ++i) y[i] = in[0][select->index() * y.size() + i];
  } else if (dynamic_cast<const Stack*>(kind) != nullptr ||
             dynamic_cast<const StackCopy*>(kind) != nullptr) {
    std::int64_t at = 0;
    for (const Array& part : in) {
      for (std::int64_t i = 0; i < part.size(); ++i) y[at++] = part[i];
    }
  } else if (const auto* slice = dynamic_cast<const Slice*>(kind)) {
    for_each_index(y.shape, [&](const Shape& index) {
      y[place_of(index, y.shape)] = in[0][place_of(shifted(index, slice->starts()), in[0].shape)];
    });
  } else if (const auto* pad = dynamic_cast<const Pad*>(kind)) {
    for_each_index(in[0].shape, [&](const Shape& index) {
      y[place_of(shifted(index, pad->starts()), y.shape)] = in[0][place_of(index, in[0].shape)];
    });
  } else if (const auto* transpose = dynamic_cast<const Transpose*>(kind)) {
    for_each_index(y.shape, [&](const Shape& index) {
      Shape from(index.size());
      for (std::size_t i = 0; i < index.size(); ++i) from[transpose->order()[i]] = index[i];
      y[place_of(index, y.shape)] = in[0][place_of(from, in[0].shape)];
    });
  } else if (const auto* concat = dynamic_cast<const Concat*>(kind)) {
    join_or_split(y, in, concat->axis(), true);
  } else if (const auto* split = dynamic_cast<const Split*>(kind)) {
    join_or_split(in[0], out, split->axis(), false);
  } else if (dynamic_cast<const Embedding*>(kind) != nullptr) {
    const std::int64_t width = y.shape.back();
    for (std::int64_t i = 0; i < y.size(); ++i) {
      y[i] = in[1][static_cast<std::int64_t>(in[0][i / width]) * width + i % width];
    }
  } else if (dynamic_cast<const EmbeddingGradient*>(kind) != nullptr) {
    const std::int64_t width = y.shape.back();
    for (std::int64_t i = 0; i < in[0].size(); ++i) {
      y[static_cast<std::int64_t>(in[1][i / width]) * width + i % width] += in[0][i];
    }
  } else if (const auto* rotary = dynamic_cast<const Rotary*>(kind)) {
    rotate(in[0], in[1], y, rotary->is_inverse());
  } else {
    is_known = false;
  }
}

void run_kernel(const Operator& op, const Arrays& in, const Arrays& out) {
  bool is_known = false;
  run_matrix_kernel(op, in, out, is_known);
  if (!is_known) run_row_kernel(op, in, out, is_known);
  if (!is_known) run_attention_kernel(op, in, out, is_known);
  if (!is_known) run_movement_kernel(op, in, out, is_known);
  if (!is_known) throw std::logic_error("the interpreter does not know " + op.kind->name());
}

}  // namespace simdse
