#include "search/pipeline/pipeline_order.h"

#include <fmt/core.h>

#include <algorithm>

#include "models/base/error.h"

namespace simdse {
namespace {

using Order = std::vector<PipelineItem>;

Order gpipe(const PipelineShape& shape) {
  Order order;
  for (int i = 0; i < shape.microbatches; ++i) order.push_back({PipelineWork::forward, i, 0});
  for (int i = shape.microbatches; i-- > 0;) order.push_back({PipelineWork::backward, i, 0});
  return order;
}

/// Chunk passes that run forward before the first backward, as in Megatron-LM.
int warm_up(const PipelineShape& shape, int stage) {
  const int behind = shape.stages - 1 - stage;
  const int passes = shape.microbatches * shape.interleave;
  if (shape.interleave == 1) return std::min(passes, behind);
  return std::min(passes, 2 * behind + (shape.interleave - 1) * shape.stages);
}

/// The k-th chunk pass: groups of as many microbatches as stages go through one chunk after the
/// other.
PipelineItem forward_pass(const PipelineShape& shape, int k) {
  const int group = shape.stages * shape.interleave;
  if (shape.interleave == 1) return {PipelineWork::forward, k, 0};
  return {PipelineWork::forward, k / group * shape.stages + k % shape.stages,
          k % group / shape.stages};
}

PipelineItem backward_pass(const PipelineShape& shape, int k) {
  PipelineItem item = forward_pass(shape, k);
  item.kind = PipelineWork::backward;
  item.chunk = shape.interleave - 1 - item.chunk;
  return item;
}

Order one_f_one_b(const PipelineShape& shape, int stage) {
  const int passes = shape.microbatches * shape.interleave;
  const int first = warm_up(shape, stage);
  Order order;
  for (int k = 0; k < first; ++k) order.push_back(forward_pass(shape, k));
  for (int k = 0; k < passes; ++k) {
    if (first + k < passes) order.push_back(forward_pass(shape, first + k));
    order.push_back(backward_pass(shape, k));
  }
  return order;
}

/// As 1F1B, but stage i puts its weight gradients off by i microbatches, which it has in store for
/// the end: then every stage has as many activations as the first.
Order zero_bubble(const PipelineShape& shape, int stage) {
  const int first = warm_up(shape, stage);
  Order order;
  for (int k = 0; k < first; ++k) order.push_back({PipelineWork::forward, k, 0});
  int weights = 0;
  for (int k = 0; k < shape.microbatches; ++k) {
    if (first + k < shape.microbatches) order.push_back({PipelineWork::forward, first + k, 0});
    order.push_back({PipelineWork::input_gradient, k, 0});
    if (k >= stage) order.push_back({PipelineWork::weight_gradient, weights++, 0});
  }
  while (weights < shape.microbatches)
    order.push_back({PipelineWork::weight_gradient, weights++, 0});
  return order;
}

}  // namespace

std::vector<Order> pipeline_order(PipelineSchedule schedule, PipelineShape shape) {
  const bool is_interleaved = schedule == PipelineSchedule::interleaved;
  if (is_interleaved != (shape.interleave > 1)) {
    throw InputError(
        is_interleaved
            ? "the interleaved schedule needs an interleave of 2 or more chunks"
            : fmt::format("an interleave of {} needs the interleaved schedule", shape.interleave));
  }
  if (is_interleaved && shape.microbatches % shape.stages != 0) {
    throw InputError(fmt::format(
        "the interleaved schedule needs a multiple of {} microbatches, as many as stages; found {}",
        shape.stages, shape.microbatches));
  }
  std::vector<Order> orders;
  for (int stage = 0; stage < shape.stages; ++stage) {
    switch (schedule) {
      case PipelineSchedule::gpipe:
        orders.push_back(gpipe(shape));
        break;
      case PipelineSchedule::one_f_one_b:
      case PipelineSchedule::interleaved:
        orders.push_back(one_f_one_b(shape, stage));
        break;
      case PipelineSchedule::zero_bubble:
        orders.push_back(zero_bubble(shape, stage));
        break;
    }
  }
  return orders;
}

Bytes peak_activations(const Order& order, const std::vector<Bytes>& kept,
                       const std::vector<Bytes>& for_weights) {
  Bytes now;
  Bytes peak;
  for (const PipelineItem& item : order) {
    const auto chunk = static_cast<std::size_t>(item.chunk);
    switch (item.kind) {
      case PipelineWork::forward:
        now += kept[chunk];
        break;
      case PipelineWork::backward:
        now -= kept[chunk];
        break;
      case PipelineWork::input_gradient:
        now += for_weights[chunk] - kept[chunk];
        break;
      case PipelineWork::weight_gradient:
        now -= for_weights[chunk];
        break;
    }
    peak = std::max(peak, now);
  }
  return peak;
}

double bubble_fraction(PipelineSchedule schedule, PipelineShape shape, double forward,
                       double input_gradient, double weight_gradient) {
  const double work = forward + input_gradient + weight_gradient;
  const double idle_stages = shape.stages - 1;
  double bubble = idle_stages * work;
  if (schedule == PipelineSchedule::interleaved) bubble /= shape.interleave;
  if (schedule == PipelineSchedule::zero_bubble) {
    bubble = idle_stages * std::max(0.0, forward + input_gradient - weight_gradient);
  }
  return bubble / (shape.microbatches * work + bubble);
}

std::string microbatch_warning(PipelineSchedule schedule, PipelineShape shape) {
  if (shape.microbatches >= shape.stages) return "";
  // Too few to fill any bubble by weight gradients.
  const auto simple =
      schedule == PipelineSchedule::zero_bubble ? PipelineSchedule::one_f_one_b : schedule;
  PipelineShape more = shape;
  more.microbatches = 4 * shape.stages;
  const auto percent = [&](const PipelineShape& of) {
    return 100 * bubble_fraction(simple, of, 1, 1, 1);
  };
  return fmt::format(
      "{} microbatches are fewer than {} pipeline stages: about {:.0f} % of the time is bubble; "
      "with {} microbatches it would be {:.0f} %",
      shape.microbatches, shape.stages, percent(shape), more.microbatches, percent(more));
}

}  // namespace simdse
