// A systolic array stepped cycle by cycle, register by register, with real numbers in it: what the
// closed forms of the tensor core are checked against.
#pragma once

#include <cstdint>
#include <vector>

#include "models/tensor_core/systolic.h"

namespace simdse {

/// Integer matrices keep the comparison exact.
struct Matrix {
  std::int64_t rows = 0;
  std::int64_t columns = 0;
  std::vector<std::int64_t> values;

  Matrix(std::int64_t r, std::int64_t c)
      : rows(r), columns(c), values(static_cast<std::size_t>(r * c)) {}
  std::int64_t& at(std::int64_t r, std::int64_t c) {
    return values[static_cast<std::size_t>(r * columns + c)];
  }
  std::int64_t at(std::int64_t r, std::int64_t c) const {
    return values[static_cast<std::size_t>(r * columns + c)];
  }
};

/// Two matrices to multiply.
struct Factors {
  Matrix a;
  Matrix b;
};

/// a x b, the plain way.
Matrix product_of(const Factors& factors);

struct ArrayRun {
  std::vector<Matrix> products;
  std::int64_t last_cycle = 0;  ///< number of the cycle in which the last result leaves; the first
                                ///< operand enters in cycle 0
  std::int64_t macs = 0;
};

/// Computes the products of a batch of equal sizes, one after another, on an array of rows x
/// columns PEs. The stream axis is cut into pieces of at most `piece`; folds follow each other as
/// `overlap` allows, within a product and from one to the next. Pieces are the outermost loop of a
/// product. Where its sum is cut into folds, they add to the accumulators behind the array.
/// Operands of `at_hand` products (0: of all) are there at a time; those of the next come when the
/// last of them has entered the array.
ArrayRun run_pe_array(std::int64_t rows, std::int64_t columns, Dataflow dataflow,
                      Systolic::Overlap overlap, const std::vector<Factors>& batch,
                      std::int64_t piece, std::size_t at_hand = 0);

}  // namespace simdse
