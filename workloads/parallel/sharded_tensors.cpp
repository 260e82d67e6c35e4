#include "workloads/parallel/sharded_tensors.h"

#include <fmt/core.h>
#include <fmt/format.h>

#include "models/base/error.h"
#include "workloads/operators/collective.h"
#include "workloads/parallel/influence.h"

namespace simdse {

ShardedTensors::ShardedTensors(const Graph& original, const TensorParallelOptions& options)
    : original_(original),
      options_(options),
      layout_(original.tensors().size()),
      versions_(original.tensors().size()),
      needs_gradient_(influenced_by_parameters(original)) {}

void ShardedTensors::allow_padding(TensorId original, std::size_t axis) {
  if (original_.tensor(original).shape[axis] % options_.degree != 0) {
    padded_.insert({original, axis});
  }
}

Shape ShardedTensors::local_shape(TensorId original, ShardLayout layout) const {
  const Tensor& tensor = original_.tensor(original);
  Shape shape = tensor.shape;
  if (layout.kind != ShardLayout::Kind::split) return shape;
  std::int64_t& size = shape[layout.axis];
  if (is_padded(original, layout.axis)) {
    size = round_up(size, options_.vocabulary_multiple * options_.degree);
  }
  if (size % options_.degree != 0) {
    throw InputError(
        fmt::format("tensor parallelism{}: the degree {} does not divide axis {} of '{}' [{}]",
                    layout.is_sequence ? " with sequence_parallel" : "", options_.degree,
                    layout.axis, printable(tensor.name), fmt::join(tensor.shape, ", ")));
  }
  size /= options_.degree;
  return shape;
}

TensorId ShardedTensors::define(TensorId original, ShardLayout layout) {
  const Tensor& tensor = original_.tensor(original);
  adopt(original, layout,
        graph_.add_tensor(tensor.name, local_shape(original, layout), tensor.format, tensor.role));
  return versions_[original].at(layout);
}

void ShardedTensors::adopt(TensorId original, ShardLayout layout, TensorId tensor) {
  layout_[original] = layout;
  versions_[original][layout] = tensor;
}

TensorId ShardedTensors::version(TensorId original, ShardLayout layout) {
  const auto found = versions_[original].find(layout);
  if (found != versions_[original].end()) return found->second;
  const TensorId made = layout.kind == ShardLayout::Kind::varying && !needs_gradient_[original]
                            ? version(original, ShardLayout::replicated())
                        : original_.tensor(original).producer == kNone ? add_given(original, layout)
                                                                       : convert(original, layout);
  versions_[original][layout] = made;
  return made;
}

TensorId ShardedTensors::add_given(TensorId original, ShardLayout layout) {
  const Tensor& tensor = original_.tensor(original);
  if (layout.kind == ShardLayout::Kind::varying) return convert(original, layout);
  if (tensor.role == TensorRole::parameter) {
    if (is_used(original)) {
      throw InputError(
          fmt::format("tensor parallelism: some operators that share '{}' need it whole, others "
                      "in parts",
                      printable(tensor.name)));
    }
    layout_[original] = layout;
    has_split_parameter_ = has_split_parameter_ || layout.kind == ShardLayout::Kind::split;
  }
  return graph_.add_tensor(tensor.name, local_shape(original, layout), tensor.format, tensor.role);
}

TensorId ShardedTensors::convert(TensorId original, ShardLayout layout) {
  const ShardLayout from = layout_[original];
  const std::int64_t ranks = options_.degree;
  const bool is_split = from.kind == ShardLayout::Kind::split;
  const TensorId parts = is_split ? version(original, from) : kNone;
  if (layout.kind == ShardLayout::Kind::varying) {
    if (!is_split) {
      return add(original, ".replicate", layout, version(original, ShardLayout::replicated()),
                 std::make_shared<Replicate>(ranks));
    }
    return add(original, ".all_gather", layout, parts,
               std::make_shared<Collective>(CollectiveOp::all_gather, ranks, from.axis,
                                            CollectiveGradient::reduce_scatter));
  }
  if (layout.kind == ShardLayout::Kind::replicated) {
    return add(original, ".whole", layout, parts,
               std::make_shared<Collective>(CollectiveOp::all_gather, ranks, from.axis,
                                            CollectiveGradient::own_part));
  }
  return add(original, ".own_part", layout, version(original, ShardLayout::replicated()),
             std::make_shared<OwnPart>(ranks, layout.axis));
}

TensorId ShardedTensors::add(TensorId original, const std::string& suffix, ShardLayout layout,
                             TensorId from, std::shared_ptr<const OperatorKind> kind) {
  const Tensor& tensor = original_.tensor(original);
  const std::string name = tensor.name + suffix;
  const Shape shape = local_shape(original, layout);
  const TensorId made = kind->is_view()
                            ? graph_.add_view(name, shape, from)
                            : graph_.add_tensor(name, shape, tensor.format, tensor.role);
  graph_.add_operator(name, Phase::forward, std::move(kind), {from}, {made});
  return made;
}

}  // namespace simdse
