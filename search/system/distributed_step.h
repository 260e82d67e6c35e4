// The training step of a network that is spread over chips: who does what with each microbatch.
#pragma once

#include <memory>
#include <vector>

#include "search/pipeline/pipeline_order.h"
#include "search/schedule/task_graph.h"
#include "workloads/parallel/parallelism.h"
#include "workloads/parallel/pieces.h"
#include "workloads/workload.h"

namespace simdse {

/// Chip `t` of the tensor-parallel group, of replica `d`, at pipeline place `p`: chips of a
/// tensor-parallel group are neighbours, then those of a data-parallel one.
inline std::int32_t chip_number(const Parallelism& parallelism, std::int64_t t, std::int64_t d,
                                std::int64_t p) {
  return static_cast<std::int32_t>((p * parallelism.data + d) * parallelism.tensor + t);
}

/// What a part of the model (see PipelineShape) is for one chip of its tensor-parallel group.
struct PartWork {
  std::vector<StepNode> nodes;
  /// By node: bytes of the parameters' gradients that it makes, for each microbatch anew.
  std::vector<Bytes> gradients;
  Bytes parameters;
  Bytes send;       ///< activations to the next part, per microbatch
  Bytes send_back;  ///< gradients to the part before
};

/// Chip-independent. Tensor-parallel ranks and data-parallel replicas all do the same.
class DistributedStep {
 public:
  /// `parallelism` is complete, and its microbatch the workload's batch; `first` has the first unit
  /// of each part (MemoryPlan::first). Throws InputError where the degrees don't suit the network.
  DistributedStep(const Workload& workload, const Parallelism& parallelism,
                  const std::vector<std::size_t>& first);
  DistributedStep(const DistributedStep&) = delete;  // tasks refer to their pieces
  DistributedStep& operator=(const DistributedStep&) = delete;
  DistributedStep(DistributedStep&&) = default;

  const Parallelism& parallelism() const { return parallelism_; }
  PipelineShape shape() const;
  /// What each pipeline place does, in order.
  const std::vector<std::vector<PipelineItem>>& orders() const { return orders_; }
  /// The part of an update that one chip does: under ZeRO a data-parallel group shares it out.
  double update_share() const {
    return parallelism_.zero == 0 ? 1 : 1 / static_cast<double>(parallelism_.data);
  }
  /// Whether replicas exchange gradients after the backward pass, not during it. Under ZeRO-3,
  /// which keeps no whole gradients, they always do so at once.
  bool reduces_afterwards() const { return reduces_afterwards_ && parallelism_.zero != 3; }
  /// Whether weight gradients wait for the exchanges on the way of the gradients.
  bool exchanges_in_order() const { return exchanges_in_order_; }
  /// Samples of one iteration.
  std::int64_t batch() const { return batch_; }
  const std::vector<PartWork>& parts() const { return parts_; }
  const PieceBook& pieces() const { return pieces_; }
  /// Of each piece, what the scheduler sees.
  const std::vector<TaskGraph>& tasks() const { return tasks_; }
  /// Multiply-accumulates of an iteration, over all chips, and those that are done again.
  double macs() const { return macs_; }
  double recomputed_macs() const { return recomputed_macs_; }

 private:
  Parallelism parallelism_;
  bool reduces_afterwards_ = false;
  bool exchanges_in_order_ = false;
  std::vector<std::vector<PipelineItem>> orders_;
  std::int64_t batch_;
  PieceBook pieces_;
  std::vector<TaskGraph> tasks_;
  std::vector<PartWork> parts_;
  double macs_ = 0;
  double recomputed_macs_ = 0;
};

}  // namespace simdse
