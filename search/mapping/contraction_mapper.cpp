#include "search/mapping/contraction_mapper.h"

#include <algorithm>
#include <array>
#include <limits>
#include <tuple>

#include "search/mapping/operand_moves.h"
#include "search/mapping/splits.h"
#include "search/mapping/time_class.h"

namespace simdse {
namespace {

// A step moves at least this much, so that small arrays are not simulated tile by tile; but a part
// has enough steps for loads to hide behind work.
constexpr double kStepBytes = 256 * 1024;
constexpr std::int64_t kMinSteps = 16;

/// Measures by which mappings are compared, most important first.
struct Score {
  double cycles = 0;
  double memory_bytes = 0;
  double staging_bytes = 0;

  friend bool operator<(const Score& x, const Score& y) {
    const int order = compare_times(x.cycles, y.cycles);
    if (order != 0) return order < 0;
    return std::tie(x.memory_bytes, x.staging_bytes, x.cycles) <
           std::tie(y.memory_bytes, y.staging_bytes, y.cycles);
  }
};

/// A tile of a part, and what it costs on its core.
struct Tile {
  TileShape shape;
  TileShape block;  ///< tiles of one step
  std::int64_t batch_block = 1;
  double cycles = 0;
  double port_bytes = 0;
  double least = 0;  ///< cycles with the first operands' and the last result's way
};

/// Of two tiles, the one that the core needs less time for, once it runs; else that of which less
/// passes the port.
bool runs_sooner(const Tile& x, const Tile& y) {
  const int order = compare_times(x.cycles, y.cycles);
  return order != 0 ? order < 0 : x.port_bytes < y.port_bytes;
}

/// The same of the whole time, with first and last data.
bool ends_sooner(const Tile& x, const Tile& y) {
  const int order = compare_times(x.least, y.least);
  return order != 0 ? order < 0 : x.port_bytes < y.port_bytes;
}

/// The same, and of those that are equal in it the order of `runs_sooner`.
bool ends_or_runs_sooner(const Tile& x, const Tile& y) {
  const int order = compare_times(x.least, y.least);
  if (order != 0) return order < 0;
  return x.port_bytes != y.port_bytes ? x.port_bytes < y.port_bytes : runs_sooner(x, y);
}

/// Up to so many tiles of a part are looked at more closely: a few by either order.
constexpr std::size_t kTilesKept = 3;

/// Tiles in an order; of those that are equal in it, the one that was added first goes first.
/// Keeps the first few.
class FirstTiles {
 public:
  template <class Less>
  void add(const Tile& tile, Less&& less) {
    std::size_t at = count_;
    while (at > 0 && less(tile, *tiles_[at - 1])) --at;
    if (at == tiles_.size()) return;
    if (count_ < tiles_.size()) ++count_;
    for (std::size_t i = count_ - 1; i > at; --i) tiles_[i] = tiles_[i - 1];
    tiles_[at] = &tile;
  }

  const Tile* const* begin() const { return tiles_.data(); }
  const Tile* const* end() const { return tiles_.data() + count_; }

 private:
  std::array<const Tile*, kTilesKept> tiles_{};
  std::size_t count_ = 0;
};

class Mapper {
 public:
  Mapper(const ChipRates& rates, const TensorCore& core, const VectorCore& vector_core,
         const ContractionProblem& problem, std::int64_t parts, Bytes staging)
      : rates_(rates),
        core_(core),
        vector_core_(vector_core),
        problem_(problem),
        parts_(parts),
        staging_(to_double(staging)),
        is_serial_(core.buffering() == Buffering::single),
        a_bytes_(value_of(problem.a_bytes)),
        b_bytes_(value_of(problem.b_bytes)) {}

  std::int64_t calls() const { return calls_; }

  std::vector<MappedContraction> best() {
    std::vector<MappedContraction> result;
    const std::vector<Dataflow> dataflows = this->dataflows();
    const std::vector<Split> splits = axis_splits(parts_);
    for (const Dataflow dataflow : dataflows) {
      for (const Split& split : splits) try_tilings(tilings_of(dataflow, split));
    }
    if (best_) result.push_back(*best_);
    for (const Dataflow dataflow : dataflows) {
      for (const Tilings& tilings : best_grids(dataflow)) try_tilings(tilings);
    }
    const bool has_grid =
        best_ && (result.empty() || !(best_->mapping.split == result.front().mapping.split));
    if (has_grid) result.push_back(*best_);
    return result;
  }

 private:
  std::vector<Dataflow> dataflows() const {
    if (!problem_.dataflow) return core_.dataflows();
    std::vector<Dataflow> result;
    for (const Dataflow dataflow : core_.dataflows()) {
      if (dataflow == *problem_.dataflow) result.push_back(dataflow);
    }
    return result;
  }

  /// Tiles for a part of one split, the most promising first; none if the split is no use.
  struct Tilings {
    Dataflow dataflow = Dataflow::weight_stationary;
    Split split;
    ContractionShape part;
    std::vector<Tile> ranked;
  };

  /// The few grids that are worth a closer look: those with the least bound of the core and of what
  /// all cores read from the buffer together. All grids ask memory for the same bytes, as long as
  /// the buffer holds what they share, so they differ in how evenly they divide the work, how well
  /// its shares fill the array and how often that reads its operands.
  std::vector<Tilings> best_grids(Dataflow dataflow) {
    constexpr std::size_t grids_kept = 2;
    const double read_rate = std::min(rates_.network_buffer, rates_.buffer);
    std::vector<std::pair<double, Tilings>> grids;
    for (const Split& split : grid_splits(parts_)) {
      Tilings tilings = tilings_of(dataflow, split);
      if (tilings.ranked.empty()) continue;
      double least = std::numeric_limits<double>::infinity();
      for (const Tile& tile : tilings.ranked) {
        const double reads = tile.port_bytes * static_cast<double>(parts_) / read_rate;
        least = std::min(least, std::max(tile.least, reads));
      }
      grids.emplace_back(least, std::move(tilings));
    }
    std::stable_sort(grids.begin(), grids.end(),
                     [](const auto& x, const auto& y) { return x.first < y.first; });
    std::vector<Tilings> best;
    for (auto& [least, tilings] : grids) {
      if (best.size() == grids_kept) break;
      best.push_back(std::move(tilings));
    }
    return best;
  }

  Tilings tilings_of(Dataflow dataflow, const Split& split) {
    const ContractionShape& whole = problem_.shape;
    if (!fills_all_parts(whole, split)) return {};
    if (!allows_follow_ups(split, problem_.follow_ups)) return {};
    // What is fused behind needs finished sums, which a K split has only after its reduction.
    if (split.k > 1 && problem_.epilogue_operations > 0) return {};

    Tilings result{dataflow, split, part_shape(whole, split, 0), {}};
    part_ = result.part;
    const TileShape size{part_.m, part_.n, part_.k};
    const double element_bytes = std::max({a_bytes_, b_bytes_, problem_.format.bits / 8.0});
    tiles_.clear();
    core_.find_timed_tiles(problem_.format, dataflow, size, element_bytes, part_.batch,
                           timed_tiles_);
    for (const auto& [shape, timing] : timed_tiles_) {
      Tile& tile = tiles_.emplace_back();
      tile.shape = shape;
      const TileShape pieces{ceil_div(part_.m, shape.m), ceil_div(part_.n, shape.n),
                             ceil_div(part_.k, shape.k)};
      set_bound(tile, timing, pieces);
      ++calls_;
      choose_block(tile, pieces);
      tile.least =
          tile.cycles + (is_serial_ ? 0 : first_and_last(tile.block, tile.batch_block, split));
    }
    // Where transfers hide behind work, the core decides; else any tile may make up for it.
    std::vector<Tile>& ranked = result.ranked;
    if (is_serial_ || tiles_.size() <= kTilesKept) {
      ranked = tiles_;
    } else {
      FirstTiles by_core;
      FirstTiles by_end;
      for (const Tile& tile : tiles_) {
        by_core.add(tile, runs_sooner);
        by_end.add(tile, ends_or_runs_sooner);
      }
      ranked.reserve(2 * kTilesKept);
      for (const Tile* tile : by_core) ranked.push_back(*tile);
      for (const Tile* tile : by_end) {
        const bool is_new = std::none_of(by_core.begin(), by_core.end(), [&](const Tile* known) {
          return known->shape == tile->shape;
        });
        if (is_new) ranked.push_back(*tile);
      }
    }
    for (std::size_t i = 1; i < ranked.size(); ++i) {
      for (std::size_t j = i; j > 0 && ends_sooner(ranked[j], ranked[j - 1]); --j) {
        std::swap(ranked[j], ranked[j - 1]);
      }
    }
    return result;
  }

  void try_tilings(const Tilings& tilings) {
    part_ = tilings.part;
    ContractionMapping mapping;
    mapping.dataflow = tilings.dataflow;
    mapping.split = tilings.split;
    for (const Tile& tile : tilings.ranked) {
      if (best_ && compare_times(tile.least, best_score_.cycles) > 0) break;
      mapping.tile = tile.shape;
      mapping.block = tile.block;
      mapping.batch_block = tile.batch_block;
      if (problem_.follow_ups.empty()) {
        try_panels(mapping, tile.cycles);
      } else {
        try_fused(mapping, tile.cycles);
      }
    }
  }

  /// What one part needs on its core whatever the levels above do: arithmetic, its port, and what
  /// is fused behind. `pieces`: of the part along each axis.
  void set_bound(Tile& tile, const TileTiming& timing, const TileShape& pieces) const {
    const double matrix = to_double(timing.setup + timing.body + timing.tail);
    const auto tiles_m = static_cast<double>(pieces.m);
    const auto tiles_n = static_cast<double>(pieces.n);
    const auto batch = static_cast<double>(part_.batch);
    const double a =
        batch * static_cast<double>(part_.m * part_.k) * a_bytes_ * (pieces.k == 1 ? 1 : tiles_n);
    const double b = batch * static_cast<double>(part_.n * part_.k) * b_bytes_ *
                     (pieces.k == 1 && pieces.n == 1 ? 1 : tiles_m);
    const double c = output_bytes();
    const auto sums = static_cast<double>(part_.batch * part_.m * part_.n);
    const double vector = sums * static_cast<double>(problem_.epilogue_operations) /
                          static_cast<double>(vector_core_.peak_operations_per_cycle());
    // What is fused behind gets sums of 4 bytes.
    const double drain =
        problem_.epilogue_operations > 0 ? sums * 4 / core_.drain_width().value() : 0;
    tile.port_bytes = a + b;
    tile.cycles = is_serial_ ? matrix + c / rates_.port + std::max(vector, drain)
                             : std::max({matrix, std::max(a + b, c) / rates_.port, vector, drain});
  }

  double output_bytes() const {
    return static_cast<double>(part_.batch * part_.m * part_.n) * problem_.c_bytes;
  }

  /// Groups tiles into steps: along k first, then n, then m, then over the batch.
  void choose_block(Tile& tile, const TileShape& pieces) const {
    tile.block = tile.shape;
    tile.batch_block = 1;
    const TileShape whole{part_.m, part_.n, part_.k};
    if (is_serial_) {
      // A step is what the core's memory holds at a time.
      if (tile.shape == whole) fill_with_batch(tile);
      return;
    }
    const auto bytes = [&] {
      const auto batch = static_cast<double>(tile.batch_block);
      return batch * (static_cast<double>(tile.block.m * tile.block.k) * a_bytes_ +
                      static_cast<double>(tile.block.k * tile.block.n) * b_bytes_);
    };
    std::int64_t steps = part_.batch * pieces.m * pieces.n * pieces.k;
    const auto grow = [&](std::int64_t& extent, std::int64_t limit, std::int64_t count) {
      if (extent >= limit) return;
      const std::int64_t others = steps / count;
      while (extent < limit && steps > kMinSteps && bytes() < kStepBytes) {
        extent = std::min(extent * 2, limit);
        steps = others * ceil_div(limit, extent);
      }
    };
    grow(tile.block.k, part_.k, pieces.k);
    grow(tile.block.n, part_.n, pieces.n);
    grow(tile.block.m, part_.m, pieces.m);
    if (tile.block == whole) grow(tile.batch_block, part_.batch, part_.batch);
  }

  /// Takes as many whole products into a step as the core's memory holds beside their sums.
  void fill_with_batch(Tile& tile) const {
    constexpr double sum_bytes = 4;
    const double product = static_cast<double>(part_.m * part_.k) * a_bytes_ +
                           static_cast<double>(part_.k * part_.n) * b_bytes_ +
                           static_cast<double>(part_.m * part_.n) * sum_bytes;
    const auto fitting = static_cast<std::int64_t>(to_double(core_.private_memory()) / product);
    tile.batch_block = std::clamp<std::int64_t>(fitting, 1, part_.batch);
  }

  /// Panels of an axis that double from a block to all of it.
  static void find_panels(std::int64_t size, std::int64_t block,
                          std::vector<PanelledAxis>& panels) {
    panels.clear();
    std::int64_t panel = block;
    for (; panel < size; panel *= 2) panels.push_back(PanelledAxis::of(size, panel, block));
    panels.push_back(PanelledAxis::of(size, size, block));
  }

  /// What all mappings of one tiling have in common.
  struct Tiling {
    OperandMoves a;
    OperandMoves b;
    double core = 0;       ///< cycles of a part on its core, with first and last data
    double latencies = 0;  ///< cycles beside, where transfers do not hide behind work
    double output = 0;     ///< bytes to memory
    double reduction = 0;  ///< cycles of adding up partial sums
  };

  Tiling tiling_of(const ContractionMapping& mapping, double core_cycles) const {
    Tiling tiling{OperandMoves(part_, mapping, true, problem_.a_bytes, is_serial_),
                  OperandMoves(part_, mapping, false, problem_.b_bytes, is_serial_)};
    if (is_serial_) {
      tiling.core = core_cycles;
      tiling.latencies = step_latencies(mapping);
    } else {
      tiling.core = core_cycles + first_and_last(mapping.block, mapping.batch_block, mapping.split);
    }
    tiling.output = output_bytes() * static_cast<double>(parts_);
    if (mapping.split.k > 1) {
      // Partial sums of 4 bytes go out, come back and are added up.
      const double partial =
          static_cast<double>(part_.batch * part_.m * part_.n) * 4 * static_cast<double>(parts_);
      tiling.reduction = (partial + tiling.output) / rates_.memory + rates_.launch;
      tiling.output = partial;
    }
    return tiling;
  }

  void try_panels(ContractionMapping& mapping, double core_cycles) {
    find_panels(part_.m, mapping.block.m, row_panels_);
    find_panels(part_.n, mapping.block.n, column_panels_);
    constexpr std::array<std::pair<bool, bool>, 3> holds = {
        {{true, false}, {true, true}, {false, false}}};
    const Tiling tiling = tiling_of(mapping, core_cycles);
    if (is_no_use(tiling)) {
      calls_ +=
          static_cast<std::int64_t>(row_panels_.size() * column_panels_.size() * 2 * holds.size());
      return;
    }
    for (const PanelledAxis& m : row_panels_) {
      for (const PanelledAxis& n : column_panels_) {
        for (const bool n_is_outer : {false, true}) {
          mapping.n_is_outer = n_is_outer;
          for (const auto& [hold_outer, hold_inner] : holds) {
            mapping.hold_outer = hold_outer;
            mapping.hold_inner = hold_inner;
            consider(tiling, mapping, m, n);
          }
        }
      }
    }
  }

  /// Mappings of a product with follow-ups: what is summed over m (the gradients of keys and
  /// values) wants the blocks along m to follow each other, else those along n do.
  void try_fused(ContractionMapping mapping, double core_cycles) {
    mapping.block.k = part_.k;
    mapping.n_is_outer = problem_.sums_over_m();
    if (mapping.n_is_outer) fit_sums(mapping);
    const TileShape& block = mapping.block;
    const double blocks = static_cast<double>(ceil_div(part_.m, block.m)) *
                          static_cast<double>(ceil_div(part_.n, block.n)) *
                          static_cast<double>(part_.batch);
    for (const FollowUp& follow_up : problem_.follow_ups) {
      const TileShape size = follow_up_shape(follow_up, block);
      const double element_bytes = problem_.format.bits / 8.0;
      Cycles least(0);
      TileShape best_tile;
      for (const TileShape& tile :
           core_.tiles_of(problem_.format, mapping.dataflow, size, element_bytes)) {
        const Cycles cycles =
            core_.timing_of(problem_.format, mapping.dataflow, size, tile, 1).body;
        if (least != Cycles(0) && !(cycles < least)) continue;
        least = cycles;
        best_tile = tile;
      }
      mapping.follow_up_tiles.push_back(best_tile);
      core_cycles += blocks * to_double(least);
    }
    // The inner axis is one panel, or the blocks that share sums would not follow each other.
    const PanelledAxis whole_m = PanelledAxis::of(part_.m, part_.m, block.m);
    const PanelledAxis whole_n = PanelledAxis::of(part_.n, part_.n, block.n);
    const Tiling tiling = tiling_of(mapping, core_cycles);
    find_panels(mapping.n_is_outer ? part_.n : part_.m, mapping.n_is_outer ? block.n : block.m,
                outer_panels_);
    for (const PanelledAxis& outer : outer_panels_) {
      for (const bool hold_inner : {false, true}) {
        mapping.hold_inner = hold_inner;
        consider(tiling, mapping, mapping.n_is_outer ? whole_m : outer,
                 mapping.n_is_outer ? outer : whole_n);
      }
    }
  }

  /// Cuts the block until the sums of its columns, two gradients of 4 bytes, fit half of the core's
  /// memory.
  void fit_sums(ContractionMapping& mapping) const {
    constexpr std::int64_t bytes_per_number = 2 * 4;
    const std::int64_t half = core_.private_memory().value() / 2;
    while (mapping.block.n > mapping.tile.n &&
           bytes_per_number * mapping.block.n * part_.k * mapping.batch_block > half) {
      mapping.block.n = ceil_div(mapping.block.n, 2);
    }
  }

  /// Before its first step a core waits for that step's operands; after its last for the result to
  /// leave.
  double first_and_last(const TileShape& block, std::int64_t batch_block,
                        const Split& split) const {
    const auto batch = static_cast<double>(batch_block);
    const auto all = static_cast<double>(parts_);
    const double a = batch * static_cast<double>(block.m * block.k) * a_bytes_ *
                     static_cast<double>(split.rings(0));
    const double b = batch * static_cast<double>(block.k * block.n) * b_bytes_ *
                     static_cast<double>(split.rings(1));
    const double c = batch * static_cast<double>(block.m * block.n) * problem_.c_bytes;
    return (a + b) / rates_.memory + c / std::min(rates_.port, rates_.memory / all);
  }

  /// What passes between the steps of a core that does nothing else meanwhile: the way in, filling
  /// and draining the array, and the way out.
  double step_latencies(const ContractionMapping& mapping) const {
    const std::int64_t blocks = ceil_div(part_.batch, mapping.batch_block) *
                                ceil_div(part_.m, mapping.block.m) *
                                ceil_div(part_.n, mapping.block.n);
    const std::int64_t steps = blocks * ceil_div(part_.k, mapping.block.k);
    const TileTiming step = core_.timing_of(problem_.format, mapping.dataflow, mapping.block,
                                            mapping.tile, mapping.batch_block);
    const double way = 2 * rates_.noc_latency + rates_.memory_latency;
    return static_cast<double>(steps) * (to_double(step.setup + step.tail) + way) +
           static_cast<double>(blocks) * way;
  }

  /// `reads`: bytes that all parts read of the buffer, at the same time; `buffer`: all that it
  /// moves.
  double cycles_of(const Tiling& tiling, double memory_bytes, double reads, double buffer) const {
    const double memory = memory_bytes / rates_.memory;
    if (!is_serial_) {
      return tiling.reduction + std::max({tiling.core, memory, buffer / rates_.buffer});
    }
    const double read_rate =
        std::min({rates_.port * static_cast<double>(parts_), rates_.network_buffer, rates_.buffer});
    return tiling.reduction + (tiling.core + reads / read_rate + memory + tiling.latencies);
  }

  /// True if not even with the least traffic a mapping of this tiling would be better than the
  /// best.
  bool is_no_use(const Tiling& tiling) const {
    if (!best_) return false;
    Score least;
    least.memory_bytes = tiling.a.least_memory() + tiling.b.least_memory() + tiling.output;
    least.cycles = cycles_of(tiling, least.memory_bytes, 0, 0);
    return !(least < best_score_);
  }

  /// True if a mapping of this tiling with so many bytes from memory would be worse than the best,
  /// whatever it reads of the buffer.
  bool is_worse(const Tiling& tiling, double memory_bytes) const {
    if (!best_ || memory_bytes <= best_score_.memory_bytes) return false;
    return compare_times(cycles_of(tiling, memory_bytes, 0, 0), best_score_.cycles) >= 0;
  }

  /// `mapping`: all but the panels, which are `m` and `n`.
  void consider(const Tiling& tiling, ContractionMapping& mapping, const PanelledAxis& m,
                const PanelledAxis& n) {
    ++calls_;
    const bool holds_a = mapping.n_is_outer ? mapping.hold_inner : mapping.hold_outer;
    const bool holds_b = mapping.n_is_outer ? mapping.hold_outer : mapping.hold_inner;
    const double memory = tiling.a.memory(n, holds_a) + tiling.b.memory(m, holds_b) + tiling.output;
    if (!is_worse(tiling, memory)) keep_if_best(tiling, mapping, m, n, holds_a, holds_b);
  }

  void keep_if_best(const Tiling& tiling, ContractionMapping& mapping, const PanelledAxis& m,
                    const PanelledAxis& n, bool holds_a, bool holds_b) {
    const bool n_is_outer = mapping.n_is_outer;
    const Movement a = tiling.a.move(m, n, !n_is_outer, holds_a);
    const Movement b = tiling.b.move(n, m, n_is_outer, holds_b);
    if (a.ring + b.ring > staging_) return;
    Score score;
    score.memory_bytes = a.memory + b.memory + tiling.output;
    score.staging_bytes = a.ring + b.ring;
    score.cycles = cycles_of(tiling, score.memory_bytes, a.buffer - a.memory + b.buffer - b.memory,
                             a.buffer + b.buffer);
    if (best_ && !(score < best_score_)) return;
    mapping.panel_m = m.panel;
    mapping.panel_n = n.panel;
    if (!sharers_agree(problem_.shape, mapping)) return;
    best_score_ = score;
    best_ = MappedContraction{mapping, a.path, b.path, Bytes(static_cast<std::int64_t>(a.ring)),
                              Bytes(static_cast<std::int64_t>(b.ring))};
  }

  const ChipRates& rates_;
  const TensorCore& core_;
  const VectorCore& vector_core_;
  const ContractionProblem& problem_;
  std::int64_t parts_;
  double staging_;
  bool is_serial_;  ///< transfers do not hide behind work
  double a_bytes_;  ///< per element
  double b_bytes_;
  ContractionShape part_;
  std::vector<TimedTile> timed_tiles_;  ///< scratch, as the next four
  std::vector<Tile> tiles_;
  std::vector<PanelledAxis> row_panels_;
  std::vector<PanelledAxis> column_panels_;
  std::vector<PanelledAxis> outer_panels_;
  std::optional<MappedContraction> best_;
  Score best_score_;
  std::int64_t calls_ = 0;
};

}  // namespace

std::vector<MappedContraction> map_contraction(const ChipRates& rates, const TensorCore& core,
                                               const VectorCore& vector_core,
                                               const ContractionProblem& problem,
                                               std::int64_t parts, Bytes staging,
                                               CostCalls* calls) {
  Mapper mapper(rates, core, vector_core, problem, parts, staging);
  std::vector<MappedContraction> best = mapper.best();
  count_calls(calls, mapper.calls());
  return best;
}

}  // namespace simdse
