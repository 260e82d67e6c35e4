#include "unit/pe_array.h"

#include <algorithm>
#include <functional>
#include <stdexcept>

namespace simdse {
namespace {

/// A stationary fold: one value per PE, and rows of operands that stream past.
struct StationaryFold {
  std::function<std::int64_t(std::int64_t, std::int64_t)> weight;        // (row, column)
  std::function<std::int64_t(std::int64_t, std::int64_t)> operand;       // (stream index, row)
  std::function<void(std::int64_t, std::int64_t, std::int64_t)> result;  // (stream, column, sum)
  std::int64_t length = 0;
  std::int64_t load_start = 0;    // cycle in which row 0's weight of column 0 is loaded
  std::int64_t stream_start = 0;  // cycle in which the first operand enters row 0
};

/// Operands move right, sums move down, one PE per cycle. Weights reach the PEs over column buses,
/// row by row and skewed by column, into a shadow register; the first operand of a fold makes a PE
/// take its shadow over.
class StationaryArray {
 public:
  StationaryArray(std::int64_t rows, std::int64_t columns) : rows_(rows), columns_(columns) {}

  std::int64_t run(std::vector<StationaryFold>& folds, std::int64_t& macs) {
    struct Pe {
      std::int64_t shadow = 0, active = 0;
      std::int64_t operand = 0, sum = 0;
      std::int64_t fold = -1, index = -1;  // of the operand and sum in the registers
      std::size_t loaded = 0;              // folds whose weight has arrived
    };
    std::vector<Pe> now(static_cast<std::size_t>(rows_ * columns_));
    std::vector<std::size_t> entering(static_cast<std::size_t>(rows_));  // fold, by row
    std::int64_t expected = 0;
    for (const StationaryFold& fold : folds) expected += fold.length * columns_;
    std::int64_t last = -1;
    for (std::int64_t cycle = 0; expected > 0; ++cycle) {
      std::vector<Pe> next = now;
      for (std::int64_t r = 0; r < rows_; ++r) {
        for (std::int64_t c = 0; c < columns_; ++c) {
          Pe& pe = next[static_cast<std::size_t>(r * columns_ + c)];
          // What the neighbours held at the end of the cycle before.
          std::int64_t fold = -1, index = -1, operand = 0, sum = 0;
          if (c > 0) {
            const Pe& left = now[static_cast<std::size_t>(r * columns_ + c - 1)];
            fold = left.fold;
            index = left.index;
            operand = left.operand;
          } else {
            std::size_t& f = entering[static_cast<std::size_t>(r)];
            const auto index_of = [&](std::size_t which) {
              return which < folds.size() ? cycle - folds[which].stream_start - r : -1;
            };
            if (f < folds.size() && index_of(f) == folds[f].length) ++f;
            if (index_of(f) >= 0) {
              if (index_of(f + 1) >= 0) throw std::logic_error("two operands enter a row at once");
              fold = static_cast<std::int64_t>(f);
              index = index_of(f);
              operand = folds[f].operand(index, r);
            }
          }
          if (r > 0) {
            const Pe& above = now[static_cast<std::size_t>((r - 1) * columns_ + c)];
            if (above.fold != fold || above.index != index) {
              throw std::logic_error("a sum meets another fold's operand");
            }
            sum = above.sum;
          }
          if (fold >= 0 && index == 0) pe.active = pe.shadow;
          // A weight arrives after the active register has had its chance to take the old one.
          if (pe.loaded < folds.size() && cycle == folds[pe.loaded].load_start + r + c) {
            pe.shadow = folds[pe.loaded].weight(r, c);
            ++pe.loaded;
          }
          pe.fold = fold;
          pe.index = index;
          pe.operand = operand;
          pe.sum = sum + (fold >= 0 ? pe.active * operand : 0);
          if (fold < 0) continue;
          ++macs;
          if (r == rows_ - 1) {
            folds[static_cast<std::size_t>(fold)].result(index, c, pe.sum);
            --expected;
            last = cycle;
          }
        }
      }
      now = std::move(next);
    }
    return last;
  }

 private:
  std::int64_t rows_;
  std::int64_t columns_;
};

struct OutputFold {
  std::function<std::int64_t(std::int64_t, std::int64_t)> left;          // (k, row)
  std::function<std::int64_t(std::int64_t, std::int64_t)> above;         // (k, column)
  std::function<void(std::int64_t, std::int64_t, std::int64_t)> result;  // (row, column, sum)
  std::int64_t length = 0;
  std::int64_t start = 0;
};

/// Operands of both sides move through; each PE keeps its sum and hands it to its column's bus when
/// it is complete. A bus carries one result per cycle.
class OutputArray {
 public:
  OutputArray(std::int64_t rows, std::int64_t columns) : rows_(rows), columns_(columns) {}

  std::int64_t run(std::vector<OutputFold>& folds, std::int64_t& macs) {
    struct Pe {
      std::int64_t left = 0, above = 0, sum = 0;
      std::int64_t fold = -1, k = -1;
      std::size_t turn = 0;  // fold that is worked on or comes next
    };
    std::vector<Pe> now(static_cast<std::size_t>(rows_ * columns_));
    std::int64_t expected = static_cast<std::int64_t>(folds.size()) * rows_ * columns_;
    std::int64_t last = -1;
    for (std::int64_t cycle = 0; expected > 0; ++cycle) {
      std::vector<Pe> next = now;
      std::vector<int> bus(static_cast<std::size_t>(columns_));
      for (std::int64_t r = 0; r < rows_; ++r) {
        for (std::int64_t c = 0; c < columns_; ++c) {
          Pe& pe = next[static_cast<std::size_t>(r * columns_ + c)];
          pe.fold = -1;
          const auto k_of = [&](std::size_t which) {
            return which < folds.size() ? cycle - folds[which].start - r - c : -1;
          };
          if (pe.turn < folds.size() && k_of(pe.turn) == folds[pe.turn].length) ++pe.turn;
          if (k_of(pe.turn) >= 0) {
            if (k_of(pe.turn + 1) >= 0) throw std::logic_error("two folds meet in a PE");
            const OutputFold& fold = folds[pe.turn];
            pe.fold = static_cast<std::int64_t>(pe.turn);
            pe.k = k_of(pe.turn);
            pe.left = c > 0 ? now[static_cast<std::size_t>(r * columns_ + c - 1)].left
                            : fold.left(pe.k, r);
            pe.above = r > 0 ? now[static_cast<std::size_t>((r - 1) * columns_ + c)].above
                             : fold.above(pe.k, c);
          }
          if (pe.fold < 0) continue;
          OutputFold& fold = folds[static_cast<std::size_t>(pe.fold)];
          pe.sum = (pe.k == 0 ? 0 : pe.sum) + pe.left * pe.above;
          ++macs;
          if (pe.k + 1 < fold.length) continue;
          if (++bus[static_cast<std::size_t>(c)] > 1) {
            throw std::logic_error("two results meet on a column's bus");
          }
          fold.result(r, c, pe.sum);
          --expected;
          last = cycle;
        }
      }
      now = std::move(next);
    }
    return last;
  }

 private:
  std::int64_t rows_;
  std::int64_t columns_;
};

/// Element (r, c), or 0 beyond the matrix: what idle PEs of a ragged fold are fed.
std::int64_t padded(const Matrix& m, std::int64_t r, std::int64_t c) {
  return r < m.rows && c < m.columns ? m.at(r, c) : 0;
}

/// Where the sums of a fold are added up.
using Accumulate = std::function<void(std::int64_t m, std::int64_t n, std::int64_t sum)>;

/// Appends the folds of one product, output-stationary. `slot` is the first cycle that the next
/// fold may use.
void append_folds(std::int64_t rows, std::int64_t columns, Systolic::Overlap overlap,
                  const Factors& factors, std::int64_t piece, const Accumulate& add,
                  std::vector<OutputFold>& folds, std::int64_t& slot) {
  const Matrix& a = factors.a;
  const Matrix& b = factors.b;
  for (std::int64_t k0 = 0; k0 < a.columns; k0 += piece) {
    for (std::int64_t m0 = 0; m0 < a.rows; m0 += rows) {
      for (std::int64_t n0 = 0; n0 < b.columns; n0 += columns) {
        OutputFold fold;
        fold.length = std::min(piece, a.columns - k0);
        fold.left = [&a, m0, k0](std::int64_t k, std::int64_t r) {
          return padded(a, m0 + r, k0 + k);
        };
        fold.above = [&b, n0, k0](std::int64_t k, std::int64_t c) {
          return padded(b, k0 + k, n0 + c);
        };
        fold.result = [add, m0, n0](std::int64_t r, std::int64_t c, std::int64_t sum) {
          add(m0 + r, n0 + c, sum);
        };
        if (overlap == Systolic::Overlap::none) {
          fold.start = slot;
          slot += fold.length + rows + columns - 2;
        } else {
          const std::int64_t padding = std::max<std::int64_t>(rows - fold.length, 0);
          fold.start = slot + padding;
          slot += padding + fold.length;
        }
        folds.push_back(std::move(fold));
      }
    }
  }
}

/// The same weight-stationary, where B stays and M streams, or input-stationary, where A stays and
/// N streams. With `waits`, no stationary operand of the product is there before those of the
/// product before have streamed.
void append_folds(std::int64_t rows, std::int64_t columns, bool is_weight,
                  Systolic::Overlap overlap, const Factors& factors, std::int64_t piece, bool waits,
                  const Accumulate& add, std::vector<StationaryFold>& folds) {
  const std::size_t first = folds.size();
  const Matrix& a = factors.a;
  const Matrix& b = factors.b;
  const std::int64_t stream = is_weight ? a.rows : b.columns;
  const std::int64_t across = is_weight ? b.columns : a.rows;
  for (std::int64_t s0 = 0; s0 < stream; s0 += piece) {
    for (std::int64_t k0 = 0; k0 < a.columns; k0 += rows) {
      for (std::int64_t c0 = 0; c0 < across; c0 += columns) {
        StationaryFold fold;
        fold.length = std::min(piece, stream - s0);
        fold.weight = [&a, &b, is_weight, k0, c0](std::int64_t r, std::int64_t c) {
          return is_weight ? padded(b, k0 + r, c0 + c) : padded(a, c0 + c, k0 + r);
        };
        fold.operand = [&a, &b, is_weight, k0, s0](std::int64_t i, std::int64_t r) {
          return is_weight ? padded(a, s0 + i, k0 + r) : padded(b, k0 + r, s0 + i);
        };
        fold.result = [add, s0, c0, is_weight](std::int64_t i, std::int64_t c, std::int64_t sum) {
          is_weight ? add(s0 + i, c0 + c, sum) : add(c0 + c, s0 + i, sum);
        };
        if (!folds.empty()) {
          const StationaryFold& before = folds.back();
          switch (overlap) {
            case Systolic::Overlap::none:
              fold.load_start = before.stream_start + before.length + rows + columns - 2;
              break;
            case Systolic::Overlap::drain:
              fold.load_start = before.stream_start + before.length;
              break;
            case Systolic::Overlap::full:
              fold.load_start = before.stream_start;
              break;
          }
          if (waits && folds.size() == first) {
            fold.load_start = std::max(fold.load_start, before.stream_start + before.length);
          }
          fold.stream_start = std::max(fold.load_start + rows, before.stream_start + before.length);
        } else {
          fold.stream_start = rows;
        }
        folds.push_back(std::move(fold));
      }
    }
  }
}

}  // namespace

Matrix product_of(const Factors& factors) {
  Matrix product(factors.a.rows, factors.b.columns);
  for (std::int64_t m = 0; m < product.rows; ++m) {
    for (std::int64_t n = 0; n < product.columns; ++n) {
      for (std::int64_t k = 0; k < factors.a.columns; ++k) {
        product.at(m, n) += factors.a.at(m, k) * factors.b.at(k, n);
      }
    }
  }
  return product;
}

ArrayRun run_pe_array(std::int64_t rows, std::int64_t columns, Dataflow dataflow,
                      Systolic::Overlap overlap, const std::vector<Factors>& batch,
                      std::int64_t piece, std::size_t at_hand) {
  ArrayRun run;
  for (const Factors& factors : batch) {
    run.products.emplace_back(factors.a.rows, factors.b.columns);
  }
  const auto accumulate = [&run](std::size_t product) {
    return [&sums = run.products[product]](std::int64_t m, std::int64_t n, std::int64_t sum) {
      if (m < sums.rows && n < sums.columns) sums.at(m, n) += sum;
    };
  };
  if (dataflow == Dataflow::output_stationary) {
    std::vector<OutputFold> folds;
    std::int64_t slot = 0;
    for (std::size_t i = 0; i < batch.size(); ++i) {
      append_folds(rows, columns, overlap, batch[i], piece, accumulate(i), folds, slot);
    }
    run.last_cycle = OutputArray(rows, columns).run(folds, run.macs);
    return run;
  }
  std::vector<StationaryFold> folds;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    append_folds(rows, columns, dataflow == Dataflow::weight_stationary, overlap, batch[i], piece,
                 at_hand > 0 && i % at_hand == 0, accumulate(i), folds);
  }
  run.last_cycle = StationaryArray(rows, columns).run(folds, run.macs);
  return run;
}

}  // namespace simdse
