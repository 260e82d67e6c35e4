#include "search/mapping/contraction_mapper.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <tuple>

#include "search/mapping/splits.h"

namespace simdse {
namespace {

// A step moves at least this much, so that small arrays are not simulated tile by tile; but a part
// has enough steps for loads to hide behind work.
constexpr double kStepBytes = 256 * 1024;
constexpr std::int64_t kMinSteps = 16;

/// Times within half a percent of each other fall into one class: a tie that traffic decides.
std::int64_t time_class(double cycles) {
  return static_cast<std::int64_t>(std::log(std::max(cycles, 1.0)) / std::log(1.005));
}

/// Measures by which mappings are compared, most important first.
struct Score {
  double cycles = 0;
  double memory_bytes = 0;
  double staging_bytes = 0;

  friend bool operator<(const Score& x, const Score& y) {
    const std::int64_t x_class = time_class(x.cycles);
    const std::int64_t y_class = time_class(y.cycles);
    return std::tie(x_class, x.memory_bytes, x.staging_bytes, x.cycles) <
           std::tie(y_class, y.memory_bytes, y.staging_bytes, y.cycles);
  }
};

/// What a tile costs on its core.
struct TileBound {
  double cycles = 0;
  double port_bytes = 0;
  double least = 0;  ///< cycles with the first operands' and the last result's way
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
        is_serial_(core.buffering() == Buffering::single) {}

  std::int64_t calls() const { return calls_; }

  std::vector<MappedContraction> best() {
    std::vector<MappedContraction> result;
    for (const Dataflow dataflow : dataflows()) {
      for (const Split& split : axis_splits(parts_)) try_tilings(tilings_of(dataflow, split));
    }
    if (best_) result.push_back(*best_);
    for (const Dataflow dataflow : dataflows()) {
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

  using Candidate = std::pair<TileBound, ContractionMapping>;

  /// Tiles for a part of one split, the most promising first; none if the split is no use.
  struct Tilings {
    ContractionShape part;
    std::vector<Candidate> ranked;
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
      for (const auto& [bound, mapping] : tilings.ranked) {
        const double reads = bound.port_bytes * static_cast<double>(parts_) / read_rate;
        least = std::min(least, std::max(bound.least, reads));
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
    ContractionMapping mapping;
    mapping.dataflow = dataflow;
    mapping.split = split;
    const ContractionShape& whole = problem_.shape;
    if (!fills_all_parts(whole, split)) return {};
    if (!allows_follow_ups(split, problem_.follow_ups)) return {};
    // What is fused behind needs finished sums, which a K split has only after its reduction.
    if (split.k > 1 && problem_.epilogue_operations > 0) return {};

    part_ = part_shape(whole, split, 0);
    const TileShape size{part_.m, part_.n, part_.k};
    const double element_bytes =
        std::max({ratio(problem_.a_bytes), ratio(problem_.b_bytes), problem_.format.bits / 8.0});
    std::vector<Candidate> ranked;
    for (const TileShape& tile : core_.tiles_of(problem_.format, dataflow, size, element_bytes)) {
      mapping.tile = tile;
      const TileBound bound = core_bound(mapping);
      ++calls_;
      choose_block(mapping);
      ranked.emplace_back(bound, mapping);
      ranked.back().first.least = bound.cycles + (is_serial_ ? 0 : first_and_last(mapping));
    }
    // Candidates by what the core needs once it runs, and by the whole with first and last data.
    const auto rank = [&](double TileBound::*cycles) {
      std::stable_sort(ranked.begin(), ranked.end(), [&](const Candidate& x, const Candidate& y) {
        return std::make_pair(time_class(x.first.*cycles), x.first.port_bytes) <
               std::make_pair(time_class(y.first.*cycles), y.first.port_bytes);
      });
    };
    // Where transfers hide behind work, the core decides; else any tile may make up for it.
    constexpr std::size_t tiles_kept = 3;
    if (!is_serial_ && ranked.size() > tiles_kept) {
      rank(&TileBound::cycles);
      std::vector<Candidate> kept(ranked.begin(), ranked.begin() + tiles_kept);
      rank(&TileBound::least);
      for (std::size_t i = 0; i < tiles_kept; ++i) {
        const bool is_new = std::none_of(kept.begin(), kept.end(), [&](const Candidate& known) {
          return known.second.tile == ranked[i].second.tile;
        });
        if (is_new) kept.push_back(ranked[i]);
      }
      ranked = std::move(kept);
    }
    rank(&TileBound::least);
    return {part_, std::move(ranked)};
  }

  void try_tilings(const Tilings& tilings) {
    part_ = tilings.part;
    for (const auto& [bound, candidate] : tilings.ranked) {
      if (best_ && time_class(bound.least) > time_class(best_score_.cycles)) break;
      if (problem_.follow_ups.empty()) {
        try_panels(candidate, bound.cycles);
      } else {
        try_fused(candidate, bound.cycles);
      }
    }
  }

  static double ratio(const Ratio& r) {
    return static_cast<double>(r.numerator) / static_cast<double>(r.denominator);
  }

  /// What one part needs on its core whatever the levels above do: arithmetic, its port, and what
  /// is fused behind.
  TileBound core_bound(const ContractionMapping& mapping) const {
    const TileTiming timing = core_.timing_of(
        problem_.format, mapping.dataflow, {part_.m, part_.n, part_.k}, mapping.tile, part_.batch);
    const double matrix = to_double(timing.setup + timing.body + timing.tail);
    const double tiles_k = static_cast<double>(ceil_div(part_.k, mapping.tile.k));
    const double tiles_m = static_cast<double>(ceil_div(part_.m, mapping.tile.m));
    const double tiles_n = static_cast<double>(ceil_div(part_.n, mapping.tile.n));
    const auto batch = static_cast<double>(part_.batch);
    const double a = batch * static_cast<double>(part_.m * part_.k) * ratio(problem_.a_bytes) *
                     (tiles_k == 1 ? 1 : tiles_n);
    const double b = batch * static_cast<double>(part_.n * part_.k) * ratio(problem_.b_bytes) *
                     (tiles_k == 1 && tiles_n == 1 ? 1 : tiles_m);
    const double c = output_bytes();
    const auto sums = static_cast<double>(part_.batch * part_.m * part_.n);
    const double vector = sums * static_cast<double>(problem_.epilogue_operations) /
                          static_cast<double>(vector_core_.peak_operations_per_cycle());
    // What is fused behind gets sums of 4 bytes.
    const double drain =
        problem_.epilogue_operations > 0 ? sums * 4 / core_.drain_width().value() : 0;
    if (is_serial_) {
      return {matrix + c / rates_.port + std::max(vector, drain), a + b, 0};
    }
    return {std::max({matrix, std::max(a + b, c) / rates_.port, vector, drain}), a + b, 0};
  }

  double output_bytes() const {
    return static_cast<double>(part_.batch * part_.m * part_.n) * problem_.c_bytes;
  }

  /// Groups tiles into steps: along k first, then n, then m, then over the batch.
  void choose_block(ContractionMapping& mapping) const {
    mapping.block = mapping.tile;
    mapping.batch_block = 1;
    if (is_serial_) {
      // A step is what the core's memory holds at a time.
      if (mapping.tile == TileShape{part_.m, part_.n, part_.k}) fill_with_batch(mapping);
      return;
    }
    const auto bytes = [&] {
      const auto batch = static_cast<double>(mapping.batch_block);
      return batch *
             (static_cast<double>(mapping.block.m * mapping.block.k) * ratio(problem_.a_bytes) +
              static_cast<double>(mapping.block.k * mapping.block.n) * ratio(problem_.b_bytes));
    };
    const auto steps = [&] {
      return ceil_div(part_.batch, mapping.batch_block) * ceil_div(part_.m, mapping.block.m) *
             ceil_div(part_.n, mapping.block.n) * ceil_div(part_.k, mapping.block.k);
    };
    const auto grow = [&](std::int64_t& extent, std::int64_t limit) {
      while (extent < limit && bytes() < kStepBytes && steps() > kMinSteps) {
        extent = std::min(extent * 2, limit);
      }
    };
    grow(mapping.block.k, part_.k);
    grow(mapping.block.n, part_.n);
    grow(mapping.block.m, part_.m);
    if (mapping.block == TileShape{part_.m, part_.n, part_.k}) {
      grow(mapping.batch_block, part_.batch);
    }
  }

  /// Takes as many whole products into a step as the core's memory holds beside their sums.
  void fill_with_batch(ContractionMapping& mapping) const {
    constexpr double sum_bytes = 4;
    const double product = static_cast<double>(part_.m * part_.k) * ratio(problem_.a_bytes) +
                           static_cast<double>(part_.k * part_.n) * ratio(problem_.b_bytes) +
                           static_cast<double>(part_.m * part_.n) * sum_bytes;
    const auto fitting = static_cast<std::int64_t>(to_double(core_.private_memory()) / product);
    mapping.batch_block = std::clamp<std::int64_t>(fitting, 1, part_.batch);
  }

  static std::vector<std::int64_t> doublings(std::int64_t from, std::int64_t to) {
    std::vector<std::int64_t> result;
    for (std::int64_t value = from; value < to; value *= 2) result.push_back(value);
    result.push_back(to);
    return result;
  }

  void try_panels(ContractionMapping mapping, double core_cycles) {
    for (const std::int64_t panel_m : doublings(mapping.block.m, part_.m)) {
      for (const std::int64_t panel_n : doublings(mapping.block.n, part_.n)) {
        mapping.panel_m = panel_m;
        mapping.panel_n = panel_n;
        for (const bool n_is_outer : {false, true}) {
          mapping.n_is_outer = n_is_outer;
          for (const auto& [hold_outer, hold_inner] :
               {std::pair(true, false), std::pair(true, true), std::pair(false, false)}) {
            mapping.hold_outer = hold_outer;
            mapping.hold_inner = hold_inner;
            consider(mapping, core_cycles);
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
    mapping.panel_m = part_.m;
    mapping.panel_n = part_.n;
    std::int64_t& outer_panel = mapping.n_is_outer ? mapping.panel_n : mapping.panel_m;
    const std::int64_t outer_block = mapping.n_is_outer ? block.n : block.m;
    for (const std::int64_t panel : doublings(outer_block, outer_panel)) {
      outer_panel = panel;
      for (const bool hold_inner : {false, true}) {
        mapping.hold_inner = hold_inner;
        consider(mapping, core_cycles);
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

  /// How one operand moves between memory, buffer and cores.
  struct Movement {
    Path path;
    double ring = 0;    ///< bytes, all parts
    double memory = 0;  ///< bytes from memory, all parts
    double buffer = 0;  ///< bytes in and out of the buffer
  };

  /// `is_outer`: the operand moves with the outer panels. `own` and `other` are the operand's own
  /// axis and the one it is reused along.
  Movement movement(const ContractionMapping& mapping, bool is_a) const {
    const bool is_outer = is_a != mapping.n_is_outer;
    const std::int64_t own = is_a ? part_.m : part_.n;
    const std::int64_t own_panel = is_a ? mapping.panel_m : mapping.panel_n;
    const std::int64_t own_block = is_a ? mapping.block.m : mapping.block.n;
    const std::int64_t other = is_a ? part_.n : part_.m;
    const std::int64_t other_panel = is_a ? mapping.panel_n : mapping.panel_m;
    const std::int64_t other_block = is_a ? mapping.block.n : mapping.block.m;
    const double bytes_per_element = ratio(is_a ? problem_.a_bytes : problem_.b_bytes);
    const auto bytes = [&](std::int64_t rows) {
      return static_cast<double>(mapping.batch_block * rows * part_.k) * bytes_per_element;
    };
    const std::size_t operand = is_a ? 0 : 1;
    const bool shared = mapping.split.is_shared(operand);
    const auto copies = static_cast<double>(mapping.split.rings(operand));
    const auto batches =
        static_cast<double>(part_.batch) / static_cast<double>(mapping.batch_block);

    // An operand that is held is fetched once, else once for each panel of the other axis.
    const bool is_held = is_outer ? mapping.hold_outer : mapping.hold_inner;
    const double fetches = is_held ? 1 : static_cast<double>(ceil_div(other, other_panel));
    // Loads of a block between fetch and release. One of the outer axis that is a single tile stays
    // in the core's memory while the inner panel's blocks pass.
    const bool stays = is_outer && mapping.batch_block == 1 && mapping.block == mapping.tile &&
                       mapping.block.k == part_.k;
    const std::int64_t uses =
        ceil_div(is_held ? other : other_panel, stays ? other_panel : other_block);

    Movement move;
    const double whole = bytes(own) * batches;
    move.memory = whole * fetches * copies;
    const double tile_reads =
        whole * static_cast<double>(ceil_div(other, stays ? other_panel : other_block)) *
        static_cast<double>(parts_);
    if (uses == 1 && !shared) {
      move.path = Path::direct;
      return move;
    }
    move.path = Path::staged;
    // Whole blocks, each rounded up to a byte, as they will lie in the ring.
    const auto block =
        static_cast<double>((is_a ? problem_.a_bytes : problem_.b_bytes)
                                .times(mapping.batch_block * own_block * mapping.block.k));
    const auto blocks_of = [&](std::int64_t rows) {
      return static_cast<double>(ceil_div(rows, own_block) * ceil_div(part_.k, mapping.block.k));
    };
    double live = 1;
    if (uses > 1) live = blocks_of(is_outer || !is_held ? own_panel : own);
    // Two blocks more are on their way in, unless everything is there already or nothing is fetched
    // ahead.
    const double ahead = is_serial_ ? 0 : 2;
    move.ring = std::min(live + ahead, blocks_of(own) * std::ceil(batches)) * block * copies;
    move.buffer = move.memory + tile_reads;
    return move;
  }

  /// Before its first step a core waits for that step's operands; after its last for the result to
  /// leave.
  double first_and_last(const ContractionMapping& mapping) const {
    const TileShape& block = mapping.block;
    const auto batch = static_cast<double>(mapping.batch_block);
    const auto all = static_cast<double>(parts_);
    const double a = batch * static_cast<double>(block.m * block.k) * ratio(problem_.a_bytes) *
                     static_cast<double>(mapping.split.rings(0));
    const double b = batch * static_cast<double>(block.k * block.n) * ratio(problem_.b_bytes) *
                     static_cast<double>(mapping.split.rings(1));
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

  void consider(const ContractionMapping& mapping, double core_cycles) {
    ++calls_;
    const Movement a = movement(mapping, true);
    const Movement b = movement(mapping, false);
    if (a.ring + b.ring > staging_ || !sharers_agree(problem_.shape, mapping)) return;
    double output = output_bytes() * static_cast<double>(parts_);
    double reduction = 0;
    if (mapping.split.k > 1) {
      // Partial sums of 4 bytes go out, come back and are added up.
      const double partial =
          static_cast<double>(part_.batch * part_.m * part_.n) * 4 * static_cast<double>(parts_);
      reduction = (partial + output) / rates_.memory + rates_.launch;
      output = partial;
    }
    Score score;
    score.memory_bytes = a.memory + b.memory + output;
    score.staging_bytes = a.ring + b.ring;
    const double memory = score.memory_bytes / rates_.memory;
    // Reads of the buffer, which all parts do at the same time.
    const double reads =
        (a.buffer - a.memory + b.buffer - b.memory) /
        std::min({rates_.port * static_cast<double>(parts_), rates_.network_buffer, rates_.buffer});
    score.cycles =
        reduction + (is_serial_ ? core_cycles + reads + memory + step_latencies(mapping)
                                : std::max({core_cycles + first_and_last(mapping), memory,
                                            (a.buffer + b.buffer) / rates_.buffer}));
    if (best_ && !(score < best_score_)) return;
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
  ContractionShape part_;
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
