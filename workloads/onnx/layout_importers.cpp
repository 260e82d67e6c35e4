// Operators that rename, move or pick elements.
#include <fmt/core.h>
#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "workloads/onnx/onnx_node.h"

namespace simdse {
namespace {

/// Gives output 0 the elements of input 0, in their order, under another shape.
void give_reshaped(OnnxNode& node, const Shape& shape) {
  const OnnxValue& x = node.input(0);
  if (x.tensor == kNone && x.contents != nullptr && !x.is_weight()) {
    if (element_count(shape) != x.elements()) {
      throw std::invalid_argument(fmt::format("{} elements can't take the shape [{}]", x.elements(),
                                              fmt::join(shape, ", ")));
    }
    OnnxValue result = x;
    result.shape = shape;
    node.give(0, std::move(result));
    return;
  }
  const TensorId tensor = node.tensor(0);
  node.give(0, node.builder().reshape(node.name(), tensor, shape), x.element);
}

std::int64_t product(const Shape& shape, std::size_t count) {
  return std::accumulate(shape.begin(), shape.begin() + static_cast<std::ptrdiff_t>(count),
                         std::int64_t{1}, std::multiplies<>());
}

/// `target` as Reshape has it (0: the input's size, -1: what is left) for an input of `shape`.
Shape resolve(const Shape& target, const Shape& shape, bool allows_zero) {
  Shape result = target;
  std::int64_t known = 1;
  std::size_t open = result.size();
  for (std::size_t i = 0; i < result.size(); ++i) {
    if (result[i] == 0 && !allows_zero) {
      if (i >= shape.size()) throw std::invalid_argument("copies an axis that the input lacks");
      result[i] = shape[i];
    }
    if (result[i] == -1 && open == result.size()) {
      open = i;
      continue;
    }
    if (result[i] < 1 || result[i] > (std::int64_t{1} << 40) / known) {
      throw std::invalid_argument(fmt::format("[{}] is no shape for it", fmt::join(target, ", ")));
    }
    known *= result[i];
  }
  if (open < result.size()) result[open] = element_count(shape) / known;
  return result;
}

/// The result's shape at this batch, from its shape at the file's own. The axis that has grown in
/// the input begins, in the order of elements, behind the same number of steps in the result.
Shape regrow(OnnxNode& node, const Shape& before, Shape result) {
  const Shape& now = node.shape(0);
  std::size_t grown = now.size();
  for (std::size_t i = 0; i < now.size(); ++i) {
    if (now[i] == before[i]) continue;
    if (grown != now.size()) throw std::invalid_argument("the batch is in two axes of its input");
    grown = i;
  }
  if (grown == now.size()) return result;
  const std::int64_t outer = product(before, grown);
  std::size_t axis = result.size();
  for (std::size_t i = result.size(); i-- > 0;) {
    // Where axes of size 1 leave a choice, the first that can be the batch.
    if (product(result, i) == outer && (before[grown] == 1 || result[i] > 1)) axis = i;
  }
  const bool is_same_place =
      grown < result.size() &&
      std::equal(before.begin(), before.begin() + static_cast<std::ptrdiff_t>(grown) + 1,
                 result.begin());
  if (is_same_place) axis = grown;
  if (axis == result.size() || result[axis] * now[grown] % before[grown] != 0) {
    throw std::invalid_argument(
        fmt::format("its stored target [{}] hard-codes the batch in a way that can't be re-set",
                    fmt::join(result, ", ")));
  }
  result[axis] = result[axis] * now[grown] / before[grown];
  return result;
}

void import_reshape(OnnxNode& node) {
  const Shape target = node.integers_or_input("shape", 1);
  const bool allows_zero = node.integer("allowzero", 0) != 0;
  const bool is_stored = node.attribute("shape") != nullptr || node.input(1).is_stored;
  if (!node.values().is_rebatched()) {
    give_reshaped(node, resolve(target, node.shape(0), allows_zero));
    return;
  }
  const Shape before = node.values().file_shape(node.input_name(0));
  if (is_stored) {
    give_reshaped(node, regrow(node, before, resolve(target, before, allows_zero)));
    return;
  }
  // A computed target may have a stored 1 for the batch, which then lands in the axis that is left
  // open.
  Shape shape = resolve(target, node.shape(0), allows_zero);
  const Shape result = node.values().file_shape(node.output_name(0));
  const bool is_changed_by_hand = [&] {
    for (std::size_t i = 0; i < target.size(); ++i) {
      if (target[i] != -1 && shape[i] != result[i]) return true;
    }
    return false;
  }();
  if (!is_changed_by_hand) shape = regrow(node, before, result);
  give_reshaped(node, shape);
}

void import_flatten(OnnxNode& node) {
  const Shape& shape = node.shape(0);
  const auto rank = static_cast<std::int64_t>(shape.size());
  std::int64_t axis = node.integer("axis", 1);
  if (axis < 0) axis += rank;
  if (axis < 0 || axis > rank) throw std::invalid_argument(fmt::format("has no axis {}", axis));
  const std::int64_t rows = product(shape, static_cast<std::size_t>(axis));
  give_reshaped(node, {rows, element_count(shape) / rows});
}

void import_squeeze(OnnxNode& node) {
  const Shape& shape = node.shape(0);
  const Shape axes = node.integers_or_input("axes", 1);
  std::vector<bool> is_gone(shape.size(), false);
  for (std::size_t i = 0; i < shape.size(); ++i) is_gone[i] = axes.empty() && shape[i] == 1;
  for (const std::int64_t given : axes) {
    const std::size_t axis = OnnxNode::axis_of(given, shape.size());
    if (shape[axis] != 1) throw std::invalid_argument("squeezes an axis that is not of size 1");
    is_gone[axis] = true;
  }
  Shape result;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (!is_gone[i]) result.push_back(shape[i]);
  }
  give_reshaped(node, result);
}

void import_unsqueeze(OnnxNode& node) {
  const Shape& shape = node.shape(0);
  const Shape axes = node.integers_or_input("axes", 1);
  std::vector<bool> is_new(shape.size() + axes.size(), false);
  for (const std::int64_t axis : axes) is_new[OnnxNode::axis_of(axis, is_new.size())] = true;
  if (static_cast<std::size_t>(std::count(is_new.begin(), is_new.end(), true)) != axes.size()) {
    throw std::invalid_argument("an axis is given twice");
  }
  Shape result;
  std::size_t next = 0;
  for (const bool is_one : is_new) result.push_back(is_one ? 1 : shape[next++]);
  give_reshaped(node, result);
}

void import_identity(OnnxNode& node) {
  OnnxValue value = node.input(0);
  if (value.element == OnnxElement::other)
    throw UnknownOnnxOperator("a copy of no numbers is not supported");
  if (value.tensor == kNone && value.contents == nullptr && value.weight.empty()) {
    throw UnknownOnnxOperator("a copy of that is not supported");
  }
  node.give(0, std::move(value));
}

/// Formats are the workload's, so a cast between kinds of real numbers does nothing.
void import_cast(OnnxNode& node) {
  const OnnxElement to = onnx_element(static_cast<int>(node.integer("to", 1)));
  OnnxValue value = node.input(0);
  if (node.op() == "CastLike") {
    value.element = node.input(1).element;
  } else {
    value.element = to;
  }
  if (value.element == OnnxElement::other || node.input(0).element == OnnxElement::other) {
    throw UnknownOnnxOperator("a cast of or to what is no number is not supported");
  }
  if (node.input(0).is_weight() && value.element != OnnxElement::real) {
    throw UnknownOnnxOperator("a cast of weights to integers is not supported");
  }
  if (value.element == node.input(0).element) {
    node.give(0, std::move(value));
    return;
  }
  node.give(0, node.tensor(0), value.element);
}

void import_transpose(OnnxNode& node) {
  OnnxValue value = node.input(0);
  const std::size_t rank = value.shape.size();
  Shape order = node.integers("perm");
  if (order.empty()) {
    for (std::size_t i = rank; i-- > 0;) order.push_back(static_cast<std::int64_t>(i));
  }
  std::vector<std::size_t> axes;
  for (const std::int64_t axis : order) axes.push_back(OnnxNode::axis_of(axis, rank));
  std::vector<std::size_t> sorted = axes;
  std::sort(sorted.begin(), sorted.end());
  for (std::size_t i = 0; i < std::max(rank, sorted.size()); ++i) {
    if (i >= rank || i >= sorted.size() || sorted[i] != i) {
      throw std::invalid_argument("perm is no permutation of the axes");
    }
  }
  // Nobody moves anything yet: a contraction reads any layout.
  if (value.tensor == kNone && value.weight.empty()) value.tensor = node.tensor(0);
  OnnxValue result = value;
  result.contents = value.is_uniform() ? value.contents : nullptr;
  result.order.clear();
  for (std::size_t i = 0; i < rank; ++i) {
    result.shape[i] = value.shape[axes[i]];
    result.order.push_back(value.order.empty() ? axes[i] : value.order[axes[i]]);
  }
  node.give(0, std::move(result));
}

void import_concat(OnnxNode& node) {
  if (node.opset() >= 4 && node.attribute("axis") == nullptr) {
    throw std::invalid_argument("has no axis");
  }
  const std::size_t axis = OnnxNode::axis_of(node.integer("axis", 1), node.rank(0));
  // A part with a hard-coded batch of 1 is repeated.
  Shape widest = node.shape(0);
  for (std::size_t i = 1; i < node.input_count(); ++i) {
    const Shape& part = node.shape(i);
    for (std::size_t k = 0; k < std::min(part.size(), widest.size()); ++k) {
      if (widest[k] == 1) widest[k] = part[k];
    }
  }
  std::vector<TensorId> parts;
  for (std::size_t i = 0; i < node.input_count(); ++i) {
    TensorId part = node.tensor(i);
    Shape shape = widest;
    if (node.rank(i) != shape.size()) throw std::invalid_argument("the inputs differ in rank");
    shape[axis] = node.shape(i)[axis];
    if (node.values().is_rebatched() && shape != node.shape(i)) {
      part = node.builder().broadcast(fmt::format("{}.part{}", node.name(), i), part, shape);
    }
    parts.push_back(part);
  }
  if (parts.size() == 1) {
    node.give(0, OnnxValue(node.input(0)));
    return;
  }
  node.give(0, node.builder().concat(node.name(), parts, axis));
}

void import_split(OnnxNode& node) {
  const std::size_t axis = OnnxNode::axis_of(node.integer("axis", 0), node.rank(0));
  const auto count = static_cast<std::int64_t>(node.output_count());
  Shape lengths = node.integers_or_input("split", 1);
  if (lengths.empty() && count > 0) {
    // Equal parts, the last one smaller where they can't be.
    const std::int64_t size = node.shape(0)[axis];
    lengths.assign(node.output_count(), ceil_div(size, count));
    lengths.back() = size - (count - 1) * lengths.front();
  }
  if (lengths.size() != node.output_count()) throw std::invalid_argument("gives other parts");
  const TensorId x = node.tensor(0);
  const std::vector<TensorId> parts = node.builder().split(node.name(), x, axis, lengths);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (node.wants(i)) node.give(i, parts[i]);
  }
}

void import_slice(OnnxNode& node) {
  const Shape starts = node.integers_or_input("starts", 1);
  const Shape ends = node.integers_or_input("ends", 2);
  Shape axes = node.integers_or_input("axes", 3);
  for (std::size_t i = axes.size(); i < starts.size(); ++i) {
    axes.push_back(static_cast<std::int64_t>(i));
  }
  const Shape steps = node.has(4) ? node.integers_of(4, "input 'steps'") : Shape(starts.size(), 1);
  if (ends.size() != starts.size() || axes.size() != starts.size() ||
      steps.size() != starts.size()) {
    throw std::invalid_argument("starts, ends, axes and steps differ in length");
  }
  const Shape& shape = node.shape(0);
  Shape first(shape.size(), 0);
  Shape lengths = shape;
  for (std::size_t i = 0; i < starts.size(); ++i) {
    const std::size_t axis = OnnxNode::axis_of(axes[i], shape.size());
    const std::int64_t size = shape[axis];
    if (steps[i] != 1)
      throw UnknownOnnxOperator(fmt::format("a step of {} is not supported", steps[i]));
    const auto clamp = [size](std::int64_t at) {
      if (at < 0) at = std::max(at, -size) + size;
      return std::min(at, size);
    };
    first[axis] = clamp(starts[i]);
    lengths[axis] = clamp(ends[i]) - first[axis];
    if (lengths[axis] < 1) throw std::invalid_argument("nothing is left of an axis");
  }
  if (lengths == shape) {
    node.give(0, OnnxValue(node.input(0)));
    return;
  }
  node.give(0, node.builder().slice(node.name(), node.tensor(0), first, lengths),
            node.input(0).element);
}

void import_pad(OnnxNode& node) {
  if (node.text("mode", "constant") != "constant") {
    throw UnknownOnnxOperator(
        fmt::format("padding of mode '{}' is not supported", node.text("mode", "")));
  }
  // Any constant fills as zeros do: the cost is the same, and so is the gradient.
  const std::size_t rank = node.rank(0);
  const Shape pads = node.attribute("paddings") != nullptr ? node.integers("paddings")
                                                           : node.integers_or_input("pads", 1);
  if (pads.size() != 2 * rank) throw std::invalid_argument("needs two paddings for each axis");
  Shape before, after, first, lengths;
  bool is_cut = false;
  bool is_padded = false;
  for (std::size_t i = 0; i < rank; ++i) {
    const std::int64_t begin = pads[i];
    const std::int64_t end = pads[i + rank];
    before.push_back(std::max<std::int64_t>(begin, 0));
    after.push_back(std::max<std::int64_t>(end, 0));
    first.push_back(std::max<std::int64_t>(-begin, 0));
    lengths.push_back(node.shape(0)[i] + std::min<std::int64_t>(begin, 0) +
                      std::min<std::int64_t>(end, 0));
    is_cut = is_cut || begin < 0 || end < 0;
    is_padded = is_padded || begin > 0 || end > 0;
  }
  if (!is_cut && !is_padded) {
    node.give(0, OnnxValue(node.input(0)));
    return;
  }
  TensorId x = node.tensor(0);
  if (is_cut) x = node.builder().slice(node.name() + (is_padded ? ".cut" : ""), x, first, lengths);
  if (is_padded) x = node.builder().pad(node.name(), x, before, after);
  node.give(0, x);
}

void import_gather(OnnxNode& node) {
  GraphBuilder& builder = node.builder();
  const Shape shape = node.shape(0);
  const std::size_t axis = OnnxNode::axis_of(node.integer("axis", 0), shape.size());
  const OnnxValue& ids = node.input(1);
  const bool is_one = ids.is_uniform() && ids.elements() == 1;
  Shape result(shape.begin(), shape.begin() + static_cast<std::ptrdiff_t>(axis));
  result.insert(result.end(), ids.shape.begin(), ids.shape.end());
  result.insert(result.end(), shape.begin() + static_cast<std::ptrdiff_t>(axis) + 1, shape.end());
  if (is_one) {
    const std::int64_t index = to_integer(ids.at(0));
    const TensorId entry =
        builder.slice(node.name(), node.tensor(0), static_cast<std::int64_t>(axis),
                      index < 0 ? index + shape[axis] : index, 1);
    node.give(0, builder.reshape(node.name() + ".entry", entry, result), node.input(0).element);
    return;
  }
  if (axis != 0)
    throw UnknownOnnxOperator(fmt::format("gathering along axis {} is not supported", axis));
  if (node.input(0).element != OnnxElement::real) {
    throw UnknownOnnxOperator("gathering what is not real is not supported");
  }
  TensorId table = node.tensor(0);
  if (shape.size() != 2) {
    table = builder.reshape(node.name() + ".table", table, {shape[0], -1});
  }
  TensorId rows = builder.embedding(node.name(), node.tensor(1), table);
  if (builder.shape(rows) != result) rows = builder.reshape(node.name() + ".rows", rows, result);
  node.give(0, rows);
}

void import_expand(OnnxNode& node) {
  const Shape shape = broadcast_shape(node.shape(0), node.integers_of(1, "the shape"));
  if (shape == node.shape(0)) {
    node.give(0, OnnxValue(node.input(0)));
    return;
  }
  node.give(0, node.builder().broadcast(node.name(), node.tensor(0), shape), node.input(0).element);
}

void import_tile(OnnxNode& node) {
  const Shape repeats = node.integers_of(1, "the repeats");
  const Shape& shape = node.shape(0);
  if (repeats.size() != shape.size()) throw std::invalid_argument("needs a repeat for each axis");
  // [a] repeated r times is [1, a] spread to [r, a].
  Shape apart, spread, result;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (repeats[i] < 1 || repeats[i] > (std::int64_t{1} << 30)) {
      throw std::invalid_argument(fmt::format("repeats an axis {} times", repeats[i]));
    }
    apart.insert(apart.end(), {1, shape[i]});
    spread.insert(spread.end(), {repeats[i], shape[i]});
    result.push_back(repeats[i] * shape[i]);
  }
  GraphBuilder& builder = node.builder();
  const TensorId x = builder.reshape(node.name() + ".apart", node.tensor(0), apart);
  const TensorId y = builder.broadcast(node.name(), x, spread);
  node.give(0, builder.reshape(node.name() + ".joined", y, result), node.input(0).element);
}

/// Moves blocks of an image to channels or back: a transposition of six axes.
void import_blocks(OnnxNode& node) {
  const Shape& x = node.shape(0);
  const std::int64_t b = node.integer("blocksize", 0);
  if (x.size() != 4 || b < 1) throw std::invalid_argument("needs 4 axes and a blocksize");
  const bool to_space = node.op() == "DepthToSpace";
  if (to_space ? x[1] % (b * b) != 0 : x[2] % b != 0 || x[3] % b != 0) {
    throw std::invalid_argument("the blocks don't divide the image");
  }
  Shape apart, result;
  std::vector<std::size_t> order;
  if (to_space) {
    const std::int64_t channels = x[1] / (b * b);
    const bool is_dcr = node.text("mode", "DCR") == "DCR";
    apart =
        is_dcr ? Shape{x[0], b, b, channels, x[2], x[3]} : Shape{x[0], channels, b, b, x[2], x[3]};
    order = is_dcr ? std::vector<std::size_t>{0, 3, 4, 1, 5, 2}
                   : std::vector<std::size_t>{0, 1, 4, 2, 5, 3};
    result = {x[0], channels, x[2] * b, x[3] * b};
  } else {
    apart = {x[0], x[1], x[2] / b, b, x[3] / b, b};
    order = {0, 3, 5, 1, 2, 4};
    result = {x[0], x[1] * b * b, x[2] / b, x[3] / b};
  }
  GraphBuilder& builder = node.builder();
  const TensorId parts = builder.reshape(node.name() + ".apart", node.tensor(0), apart);
  const TensorId moved = builder.transpose(node.name(), parts, order);
  node.give(0, builder.reshape(node.name() + ".joined", moved, result));
}

}  // namespace

const std::vector<OnnxImporterEntry>& layout_importers() {
  static const std::vector<OnnxImporterEntry> entries = {
      {"Reshape", import_reshape},     {"Flatten", import_flatten},     {"Squeeze", import_squeeze},
      {"Unsqueeze", import_unsqueeze}, {"Identity", import_identity},   {"Cast", import_cast},
      {"CastLike", import_cast},       {"Transpose", import_transpose}, {"Concat", import_concat},
      {"Split", import_split},         {"Slice", import_slice},         {"Pad", import_pad},
      {"Gather", import_gather},       {"Expand", import_expand},       {"Tile", import_tile},
      {"DepthToSpace", import_blocks}, {"SpaceToDepth", import_blocks}};
  return entries;
}

}  // namespace simdse
