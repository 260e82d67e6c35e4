// Fused attention, with the scores written out.
#include <cmath>

#include "reference/kernels.h"
#include "workloads/operators/attention.h"

namespace simdse {
namespace {

/// Places of the numbers: rows of q for one sample and group, and rows of keys and values.
struct Layout {
  Layout(const Shape& q, const Shape& kv)
      : samples(q[0]),
        queries(q[1]),
        groups(q[2]),
        width(q.back()),
        keys(kv[2]),
        heads(element_count(q) / (q[0] * q[1] * q[2] * q.back())),
        samples_in_kv(kv[1]) {}

  std::int64_t rows() const { return samples * queries * groups * heads; }
  /// Row r of q belongs to this sample and group.
  std::int64_t sample(std::int64_t r) const { return r / (queries * groups * heads); }
  std::int64_t group(std::int64_t r) const { return r / heads % groups; }
  std::int64_t key(std::int64_t r, std::int64_t j, bool is_value) const {
    return (((is_value ? samples_in_kv : 0) + sample(r)) * keys + j) * groups * width +
           group(r) * width;
  }

  std::int64_t samples, queries, groups, width, keys, heads, samples_in_kv;
};

double dot(const Array& x, std::int64_t at, const Array& y, std::int64_t other,
           std::int64_t width) {
  double sum = 0;
  for (std::int64_t d = 0; d < width; ++d) sum += x[at + d] * y[other + d];
  return sum;
}

void add(const Array& to, std::int64_t at, const Array& from, std::int64_t other, double factor,
         std::int64_t width) {
  for (std::int64_t d = 0; d < width; ++d) to[at + d] += factor * from[other + d];
}

void attend(const Operator& op, const AttentionConstants& c, const Arrays& in, const Arrays& out) {
  const Layout l(in[0].shape, in[1].shape);
  const std::vector<double> mask = dropout_mask(op, c.dropout, l.rows() * l.keys);
  for (std::int64_t r = 0; r < l.rows(); ++r) {
    double sum = 0;
    const auto score = [&](std::int64_t j) {
      return std::exp(c.scale * dot(in[0], r * l.width, in[1], l.key(r, j, false), l.width));
    };
    for (std::int64_t j = 0; j < l.keys; ++j) sum += score(j);
    out[1][r] = std::log(sum);
    for (std::int64_t j = 0; j < l.keys; ++j) {
      const double kept = mask[r * l.keys + j] / (1 - c.dropout);
      add(out[0], r * l.width, in[1], l.key(r, j, true), kept * score(j) / sum, l.width);
    }
  }
}

void attend_backward(const Operator& op, const AttentionConstants& c, const Arrays& in,
                     const Arrays& out) {
  const Array& q = in[0];
  const Array& kv = in[1];
  const Array& gradient = in[2];
  const Layout l(q.shape, kv.shape);
  const std::vector<double> mask = dropout_mask(op, c.dropout, l.rows() * l.keys);
  for (std::int64_t r = 0; r < l.rows(); ++r) {
    const std::int64_t at = r * l.width;
    const double total = dot(gradient, at, in[3], at, l.width);
    for (std::int64_t j = 0; j < l.keys; ++j) {
      const std::int64_t k = l.key(r, j, false);
      const std::int64_t v = l.key(r, j, true);
      const double p = std::exp(c.scale * dot(q, at, kv, k, l.width) - in[4][r]);
      const double kept = mask[r * l.keys + j] / (1 - c.dropout);
      add(out[1], v, gradient, at, p * kept, l.width);
      const double ds = c.scale * p * (kept * dot(gradient, at, kv, v, l.width) - total);
      add(out[0], at, kv, k, ds, l.width);
      add(out[1], k, q, at, ds, l.width);
    }
  }
}

}  // namespace

void run_attention_kernel(const Operator& op, const Arrays& in, const Arrays& out, bool& is_known) {
  is_known = true;
  if (const auto* forward = dynamic_cast<const Attention*>(op.kind.get())) {
    attend(op, forward->constants(), in, out);
  } else if (const auto* backward = dynamic_cast<const AttentionGradient*>(op.kind.get())) {
    attend_backward(op, backward->constants(), in, out);
  } else {
    is_known = false;
  }
}

}  // namespace simdse
