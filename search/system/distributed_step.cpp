#include "search/system/distributed_step.h"

#include <map>

#include "workloads/parallel/tensor_parallel.h"
#include "workloads/statistics.h"

namespace simdse {
namespace {

/// Bytes of the parameters' gradients by the node that makes them, the last one where several add
/// to one.
std::vector<Bytes> gradients_of(const Graph& step, const std::vector<StepNode>& nodes) {
  std::map<TensorId, std::size_t> maker;  // by the owner of the bytes
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (nodes[i].piece_class == PieceClass::update) continue;
    for (const OperatorId op : nodes[i].operators) {
      for (const TensorId output : step.op(op).outputs) {
        const TensorId owner = step.tensor(output).storage;
        if (step.tensor(owner).role == TensorRole::parameter_gradient) maker[owner] = i;
      }
    }
  }
  std::vector<Bytes> result(nodes.size());
  for (const auto& [tensor, node] : maker) result[node] += step.tensor(tensor).bytes();
  return result;
}

}  // namespace

PipelineShape DistributedStep::shape() const {
  return {static_cast<int>(parallelism_.pipeline),
          static_cast<int>(parallelism_.microbatch_count()),
          static_cast<int>(parallelism_.interleave)};
}

DistributedStep::DistributedStep(const Workload& workload, const Parallelism& parallelism,
                                 const std::vector<std::size_t>& first)
    : parallelism_(parallelism),
      reduces_afterwards_(workload.training.software.reduces_afterwards),
      exchanges_in_order_(workload.training.software.exchanges_in_order),
      batch_(workload.batch() * parallelism.microbatch_count() * parallelism.data) {
  parallelism.check();
  orders_ = pipeline_order(parallelism.schedule, shape());
  TensorParallelOptions options;
  options.degree = parallelism.tensor;
  options.sequence_parallel = parallelism.sequence_parallel;
  const Graph forward = shard(workload.forward, options);
  const std::vector<PipelineUnit> units = pipeline_units(forward);
  PieceOptions fineness;
  // Gradients are reduced layer by layer while the backward pass goes on.
  fineness.by_layer = parallelism.data > 1 && !reduces_afterwards();
  // Where nothing comes between, cores that the chain leaves idle do the weight gradients.
  fineness.weights_apart =
      parallelism.tensor > 1 || parallelism.schedule == PipelineSchedule::zero_bubble;
  for (const PipelineStage& stage : cut_stages(forward, units, first)) {
    const BoundedStep step = stage.training_step(workload.training);
    PartWork& part = parts_.emplace_back();
    part.nodes = cut_into_pieces(stage, step, pieces_, fineness);
    part.gradients = gradients_of(step.graph, part.nodes);
    const GraphStatistics statistics = graph_statistics(step.graph);
    part.parameters = statistics.memory.weights;
    part.send = stage.bytes_out();
    for (const StageTensor& input : stage.inputs) {
      if (input.has_gradient) part.send_back += stage.forward.tensor(input.tensor).bytes();
    }
    const double share = static_cast<double>(parallelism.tensor) * static_cast<double>(batch_) /
                         static_cast<double>(workload.batch());
    macs_ += share * static_cast<double>(statistics.macs);
    recomputed_macs_ += share * static_cast<double>(statistics.recomputed_macs);
  }
  for (std::size_t i = 0; i < pieces_.size(); ++i) {
    tasks_.push_back(
        build_task_graph(pieces_.piece(static_cast<int>(i)), workload.training.software.kernels));
  }
}

}  // namespace simdse
