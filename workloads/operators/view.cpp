#include "workloads/operators/view.h"

#include <algorithm>
#include <map>

#include "workloads/differentiator.h"
#include "workloads/operators/movement.h"

namespace simdse {
namespace {

Work no_work(const Operator& op) {
  Work work;
  work.read.resize(op.inputs.size());
  work.written.resize(op.outputs.size());
  return work;
}

}  // namespace

Work Reshape::work(const Graph&, const Operator& op) const { return no_work(op); }
Work Select::work(const Graph&, const Operator& op) const { return no_work(op); }
Work Stack::work(const Graph&, const Operator& op) const { return no_work(op); }

void Reshape::differentiate(Differentiator& backward, const Operator& op) const {
  const TensorId input = op.inputs[0];
  if (!backward.needs_gradient(input)) return;
  Graph& graph = backward.graph();
  const std::string name = op.name + ".gradient";
  const TensorId dy = backward.gradient(op.outputs[0]);
  const TensorId dx = graph.add_view(name, graph.tensor(input).shape, dy);
  graph.set_forward(graph.add_operator(name, Phase::gradient, op.kind, {dy}, {dx}), op.id);
  backward.contribute(input, dx);
}

void Select::differentiate(Differentiator& backward, const Operator& op) const {
  if (!backward.needs_gradient(op.inputs[0])) return;
  backward.contribute_entry(op, index_, backward.gradient(op.outputs[0]));
}

void Stack::differentiate(Differentiator& backward, const Operator& op) const {
  differentiate_stack(backward, op);
}

void differentiate_stack(Differentiator& backward, const Operator& op) {
  Graph& graph = backward.graph();
  const TensorId dy = backward.gradient(op.outputs[0]);
  Bytes offset(0);
  for (std::size_t i = 0; i < op.inputs.size(); ++i) {
    const TensorId input = op.inputs[i];
    const std::string name = op.name + ".gradient" + std::to_string(i);
    const Bytes bytes = graph.tensor(dy).format.bytes(graph.tensor(input).elements());
    if (backward.needs_gradient(input)) {
      const TensorId part = graph.add_view(name, graph.tensor(input).shape, dy, offset);
      const auto index = static_cast<std::int64_t>(i);
      graph.set_forward(
          graph.add_operator(name, Phase::gradient, std::make_shared<Select>(index), {dy}, {part}),
          op.id);
      backward.contribute(input, part);
    }
    offset += bytes;
  }
}

namespace {

/// True when giving `parts` neighbouring places breaks nobody else's layout: no part comes twice or
/// is given from outside, and what already shares bytes with a part is a part too, at the same
/// distance.
bool can_be_placed(const Graph& graph, const std::vector<TensorId>& parts) {
  struct Group {
    Bytes origin;  ///< where the storage begins, counted from the stack's begin
    Bytes covered;
  };
  std::map<TensorId, Group> groups;
  Bytes offset(0);
  for (const TensorId part : parts) {
    const Tensor& tensor = graph.tensor(part);
    if (graph.tensor(tensor.storage).producer == kNone) return false;
    const Bytes origin = offset - tensor.storage_offset;
    Group& group = groups.try_emplace(tensor.storage, Group{origin, Bytes(0)}).first->second;
    if (group.origin != origin) return false;
    group.covered += tensor.bytes();
    offset += tensor.bytes();
  }
  return std::all_of(groups.begin(), groups.end(), [&](const auto& entry) {
    return entry.second.covered == graph.tensor(entry.first).bytes();
  });
}

}  // namespace

TensorId stack_in_place(Graph& graph, const std::string& name, Phase phase,
                        const std::vector<TensorId>& parts) {
  const Tensor first = graph.tensor(parts.front());
  Shape shape = first.shape;
  shape.insert(shape.begin(), static_cast<std::int64_t>(parts.size()));
  bool are_neighbours = true;
  Bytes offset = first.storage_offset;
  for (const TensorId part : parts) {
    const Tensor& tensor = graph.tensor(part);
    are_neighbours =
        are_neighbours && tensor.storage == first.storage && tensor.storage_offset == offset;
    offset += tensor.bytes();
  }
  if (are_neighbours) {
    const TensorId stack = graph.add_view(name, std::move(shape), parts.front());
    graph.add_operator(name, phase, std::make_shared<Stack>(), parts, {stack});
    return stack;
  }
  const TensorId stack = graph.add_tensor(name, std::move(shape), first.format, first.role);
  if (!can_be_placed(graph, parts)) {
    graph.add_operator(name, phase, std::make_shared<StackCopy>(), parts, {stack});
    return stack;
  }
  graph.place_inside(parts, stack);
  graph.add_operator(name, phase, std::make_shared<Stack>(), parts, {stack});
  return stack;
}

}  // namespace simdse
