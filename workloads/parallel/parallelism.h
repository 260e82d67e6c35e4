// How a training step is to be split over chips, as the key `parallel` of a file says it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "models/base/config_value.h"
#include "workloads/recomputation.h"

namespace simdse {

enum class PipelineSchedule {
  gpipe,        ///< all forward, then all backward (Huang et al. 2019)
  one_f_one_b,  ///< backward as early as can be (Narayanan et al. 2019, 2021: 1F1B)
  interleaved,  ///< 1F1B with several chunks of the model per stage (Narayanan et al. 2021)
  zero_bubble,  ///< ZB-H1: 1F1B's memory, weight gradients fill bubbles (Qi et al. 2023)
};

/// Names as in files, in the order of the schedules.
const std::vector<std::string>& pipeline_schedule_names();

/// A degree that is to be found is kAuto.
constexpr std::int64_t kAuto = 0;

/// The degree as files have it: a number, or auto.
std::string degree_text(std::int64_t degree);

/// The chips are data x pipeline x tensor: each of `data` replicas of the network is a pipeline of
/// groups of `tensor` chips.
struct Parallelism {
  std::int64_t tensor = 1;
  std::int64_t pipeline = 1;
  std::int64_t data = 1;
  std::int64_t chips = 1;
  bool sequence_parallel = false;
  /// What of the parameters' state the replicas share out (Rajbhandari et al. 2020): 0 nothing, 1
  /// the optimizer's state, 3 gradients and parameters too.
  int zero = 0;

  std::int64_t microbatch = 1;  ///< samples that pass a stage at once
  /// Microbatches of a replica in an iteration, or the samples of all replicas; one of them is
  /// given.
  std::optional<std::int64_t> microbatches;
  std::optional<std::int64_t> global_batch;

  PipelineSchedule schedule = PipelineSchedule::one_f_one_b;
  std::int64_t interleave = 1;             ///< chunks of the network per stage
  std::vector<std::int64_t> cuts;          ///< turns with which stages begin; empty: to be found
  std::optional<Recomputation> recompute;  ///< instead of the workload's

  bool is_complete() const { return tensor != kAuto && pipeline != kAuto && data != kAuto; }

  /// Microbatches of a replica. Needs the data degree; throws InputError when the global batch does
  /// not divide into whole microbatches.
  std::int64_t microbatch_count() const;

  /// Throws InputError unless the degrees, which must all be there, fit the chips, the cuts, the
  /// schedule and the batch, and a stage has 1,000,000 passes (microbatches x chunks) at most.
  void check() const;

  /// Takes back what has no effect with the degrees: sequence_parallel where tensor is 1, zero
  /// where data is 1.
  void drop_idle_options();
};

/// Reads `parallel: {...}`, found at `path`. Keys: tensor, pipeline, data (numbers or `auto`),
/// chips (needed with `auto`), sequence_parallel, zero (0, 1, 3), microbatch, microbatches or
/// global_batch, schedule, interleave, cuts, recompute. What would have no effect is refused.
/// Throws InputError with the place.
Parallelism read_parallelism(const ConfigValue& value, const std::string& path = "parallel");

/// All complete ways to fill in the degrees that are auto so that their product is the chips', in
/// ascending order of tensor, then pipeline, without options that have no effect there. Other
/// conditions (heads, layers, batch, memory) are not looked at.
std::vector<Parallelism> fill_in_degrees(const Parallelism& parallelism);

}  // namespace simdse
