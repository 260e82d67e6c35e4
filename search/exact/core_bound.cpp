#include "search/exact/core_bound.h"

#include <algorithm>

#include "search/mapping/splits.h"

namespace simdse {

PartCycles CoreBound::contraction(const Task& task, std::int64_t parts) {
  const auto signature = static_cast<std::size_t>(task.signature);
  if (known_.size() <= signature) known_.resize(signature + 1);
  std::vector<Known>& known = known_[signature];
  for (const Known& entry : known) {
    if (entry.parts == parts) return entry.cycles;
  }
  known.push_back({parts, find(task, parts)});
  return known.back().cycles;
}

PartCycles CoreBound::find(const Task& task, std::int64_t parts) {
  PartCycles best;
  const std::vector<Dataflow> dataflows = core_->dataflows();
  // Equal parts take equal time. None is both of whole and of split sums: that of a split of k has
  // less of k. So a time that was cut off at the best result still is no better than that.
  std::vector<std::pair<ContractionShape, double>> tried;
  for (const Split& split : splits_over(parts)) {
    if (!fills_all_parts(*task.contraction, split)) continue;
    if (!allows_follow_ups(split, task.follow_ups)) continue;
    if (split.k > 1 && task.has_vector_work()) continue;
    const ContractionShape part = part_shape(*task.contraction, split, 0);
    if (split.k > 1) best.most_sums = split.k;
    double& result = split.k > 1 ? best.split_sums : best.whole_sums;
    if (peak_cycles(task, part) >= result) continue;
    auto known = std::find_if(tried.begin(), tried.end(),
                              [&](const auto& other) { return other.first == part; });
    if (known == tried.end()) {
      double least = result;
      for (const Dataflow dataflow : dataflows) {
        least = tile_cycles(task, dataflow, part, least);
      }
      known = tried.insert(tried.end(), {part, least});
    }
    result = std::min(result, known->second);
  }
  return best;
}

double CoreBound::peak_cycles(const Task& task, const ContractionShape& part) const {
  return static_cast<double>(part.macs()) / core_->peak_macs_per_cycle_of(task.format);
}

double CoreBound::tile_cycles(const Task& task, Dataflow dataflow, const ContractionShape& part,
                              double least) {
  const ContractionShape& whole = *task.contraction;
  const auto batch = static_cast<double>(part.batch);
  const double a_bytes =
      to_double(task.inputs[0].bytes) / static_cast<double>(whole.batch * whole.m * whole.k);
  const double b_bytes =
      to_double(task.inputs[1].bytes) / static_cast<double>(whole.batch * whole.n * whole.k);
  const double a = batch * static_cast<double>(part.m * part.k) * a_bytes;
  const double b = batch * static_cast<double>(part.n * part.k) * b_bytes;
  // Products that follow make as many MACs again each, at the peak rate at best.
  const double follow_ups = static_cast<double>(task.follow_ups.size()) * peak_cycles(task, part);
  const double element_bytes = std::max({a_bytes, b_bytes, task.format.bits / 8.0});
  const TileShape size{part.m, part.n, part.k};
  // Below this no tile comes.
  const double floor = std::max(
      {peak_cycles(task, part) + follow_ups, (a + b) / port_,
       to_double(core_->least_body_of(task.format, dataflow, size, part.batch)) + follow_ups});
  if (floor >= least) return least;
  core_->find_timed_tiles(task.format, dataflow, size, element_bytes, part.batch, tiles_);
  calls_.add(static_cast<std::int64_t>(tiles_.size()));
  for (const auto& [tile, timing] : tiles_) {
    if (floor >= least) break;
    const double matrix = to_double(timing.body) + follow_ups;
    if (matrix >= least) continue;
    const auto tiles_m = static_cast<double>(ceil_div(part.m, tile.m));
    const auto tiles_n = static_cast<double>(ceil_div(part.n, tile.n));
    double loads = 0;
    if (!task.follow_ups.empty()) {
      loads = a + b;
    } else if (tile.k < part.k) {
      loads = a * tiles_n + b * tiles_m;
    } else if (tiles_m == 1 || tiles_n == 1) {
      loads = a + b;
    } else {
      loads = std::min(a + b * tiles_m, b + a * tiles_n);
    }
    least = std::min(least, std::max(matrix, loads / port_));
  }
  return least;
}

double VectorBound::work(const Task& task) {
  const auto signature = static_cast<std::size_t>(task.signature);
  if (known_.size() <= signature) known_.resize(signature + 1, -1);
  if (known_[signature] >= 0) return known_[signature];
  double cycles = 0;
  for (const VectorShape& shape : task.vector) {
    // What one full register takes, without reductions: chunks may be cut so that they have none.
    VectorShape full = shape;
    full.rows = 1;
    full.columns = core_.peak_operations_per_cycle();
    full.reductions = 0;
    const TileTiming timing = core_.timing(full);
    const double elements = task.contraction
                                ? static_cast<double>(task.contraction->batch *
                                                      task.contraction->m * task.contraction->n)
                                : static_cast<double>(shape.elements());
    const double per_element =
        to_double(timing.setup + timing.body) / static_cast<double>(full.columns);
    // A register of no operations still takes a cycle per chunk, which is not counted.
    const bool is_free = shape.alu_ops + shape.special_ops == 0;
    cycles += is_free ? 0 : elements * per_element;
  }
  known_[signature] = cycles;
  return cycles;
}

double VectorBound::share(const Task& task, std::int64_t parts) {
  // As map_vector counts them: rows where one is reduced, else elements.
  std::int64_t units = task.vector.front().elements();
  for (const VectorShape& shape : task.vector) {
    if (shape.reductions > 0) units = std::min(units, shape.rows);
  }
  return static_cast<double>(units / parts) / static_cast<double>(units);
}

}  // namespace simdse
