#include "reference/pipeline_run.h"

#include <algorithm>
#include <stdexcept>

namespace simdse {
namespace {

constexpr double kNotYet = -1;

class Runner {
 public:
  Runner(const std::vector<std::vector<PipelineItem>>& orders, PipelineShape shape,
         const PipelineTimes& times)
      : orders_(orders),
        shape_(shape),
        times_(times),
        forward_(shape.parts(), std::vector<double>(shape.microbatches, kNotYet)),
        backward_(forward_) {}

  PipelineRun run() {
    PipelineRun result;
    result.spans.resize(orders_.size());
    result.busy.resize(orders_.size());
    std::vector<double> free_at(orders_.size(), 0);
    bool is_done = false;
    while (!is_done) {
      is_done = true;
      bool has_moved = false;
      for (std::size_t stage = 0; stage < orders_.size(); ++stage) {
        std::vector<ItemSpan>& spans = result.spans[stage];
        while (spans.size() < orders_[stage].size()) {
          const PipelineItem& item = orders_[stage][spans.size()];
          const int part = item.chunk * shape_.stages + static_cast<int>(stage);
          const double ready = ready_at(item, part);
          if (ready == kNotYet) break;
          const double start = std::max(free_at[stage], ready);
          const double duration = duration_of(item, part);
          free_at[stage] = start + duration;
          finish(item, part, free_at[stage]);
          spans.push_back({Seconds(start), Seconds(free_at[stage])});
          result.busy[stage] += Seconds(duration);
          has_moved = true;
        }
        is_done = is_done && spans.size() == orders_[stage].size();
      }
      if (!is_done && !has_moved) throw std::logic_error("the stages' orders wait for each other");
    }
    result.time = Seconds(*std::max_element(free_at.begin(), free_at.end()));
    return result;
  }

 private:
  /// When what the item needs is there, or kNotYet.
  double ready_at(const PipelineItem& item, int part) const {
    const auto plus = [](double time, Seconds more) {
      return time == kNotYet ? kNotYet : time + more.value();
    };
    const int last = shape_.parts() - 1;
    switch (item.kind) {
      case PipelineWork::forward:
        return part == 0 ? 0 : plus(forward_[part - 1][item.microbatch], times_.send[part - 1]);
      case PipelineWork::backward:
      case PipelineWork::input_gradient:
        // Its own forward is earlier in the same order, but must be there.
        if (forward_[part][item.microbatch] == kNotYet || part == last) {
          return forward_[part][item.microbatch];
        }
        return plus(backward_[part + 1][item.microbatch], times_.send_back[part]);
      case PipelineWork::weight_gradient:
        return backward_[part][item.microbatch];
    }
    return kNotYet;
  }

  double duration_of(const PipelineItem& item, int part) const {
    switch (item.kind) {
      case PipelineWork::forward:
        return times_.forward[part].value();
      case PipelineWork::backward:
        return (times_.input_gradient[part] + times_.weight_gradient[part]).value();
      case PipelineWork::input_gradient:
        return times_.input_gradient[part].value();
      case PipelineWork::weight_gradient:
        return times_.weight_gradient[part].value();
    }
    return 0;
  }

  void finish(const PipelineItem& item, int part, double time) {
    if (item.kind == PipelineWork::forward) forward_[part][item.microbatch] = time;
    if (item.kind == PipelineWork::backward || item.kind == PipelineWork::input_gradient) {
      backward_[part][item.microbatch] = time;
    }
  }

  const std::vector<std::vector<PipelineItem>>& orders_;
  PipelineShape shape_;
  const PipelineTimes& times_;
  std::vector<std::vector<double>> forward_;   ///< finish, by part and microbatch
  std::vector<std::vector<double>> backward_;  ///< of the input gradients
};

}  // namespace

PipelineTimes PipelineTimes::uniform(PipelineShape shape, Seconds forward, Seconds input_gradient,
                                     Seconds weight_gradient, Seconds transfer) {
  const auto parts = static_cast<std::size_t>(shape.parts());
  PipelineTimes times;
  times.forward.assign(parts, forward);
  times.input_gradient.assign(parts, input_gradient);
  times.weight_gradient.assign(parts, weight_gradient);
  times.send.assign(parts - 1, transfer);
  times.send_back.assign(parts - 1, transfer);
  return times;
}

double PipelineRun::bubble() const {
  Seconds total;
  for (const Seconds stage : busy) total += stage;
  return 1 - total / (time * static_cast<double>(busy.size()));
}

PipelineRun run_pipeline(const std::vector<std::vector<PipelineItem>>& orders, PipelineShape shape,
                         const PipelineTimes& times) {
  return Runner(orders, shape, times).run();
}

}  // namespace simdse
