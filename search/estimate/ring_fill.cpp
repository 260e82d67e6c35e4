#include "search/estimate/ring_fill.h"

#include <algorithm>

namespace simdse {

RingFill::RingFill(const Region& region) {
  if (!region.contraction) return;
  for (std::size_t i = 0; i < capacity_.size(); ++i) {
    const std::int64_t rings = region.mapping.split.rings(i);
    capacity_[i] = region.inputs[i].ring_bytes.value() / rings;
    rings_[i] = static_cast<double>(rings);
  }
}

void RingFill::append(const ProgramStep& step, Cycles finish) {
  ++steps_;
  bool fills = false;
  for (const StageTransfer& block : step.staged) {
    const auto i = static_cast<std::size_t>(block.operand);
    requested_[i] += block.bytes.value();
    fills |= requested_[i] <= capacity_[i];
  }
  if (!fills) return;
  fill_steps_ = steps_;
  fill_finish_ = finish;
  fill_staged_ = 0;
  for (std::size_t i = 0; i < rings_.size(); ++i) {
    fill_staged_ += static_cast<double>(requested_[i]) * rings_[i];
  }
}

RegionPhases RingFill::phases(const RegionWork& work) const {
  const double chain = to_double(fill_finish_);
  if (fill_steps_ == 0 || fill_steps_ == steps_ || chain >= work.chain) {
    return {{{}, {work.cycles, work.memory, work.buffer, work.staged}}};
  }
  // Parts at the edge may have smaller blocks.
  const double staged = std::min(fill_staged_, work.staged);
  const double of_staged = staged / work.staged;
  const double of_steps = static_cast<double>(fill_steps_) / static_cast<double>(steps_);
  const auto until_then = [&](double all, double all_staged) {
    return all_staged * of_staged + (all - all_staged) * of_steps;
  };
  RegionPhase begin;
  begin.memory = until_then(work.memory, work.staged_memory);
  begin.buffer = until_then(work.buffer, work.staged_buffer);
  begin.staged = staged;
  begin.cycles = std::max({work.launch + chain, begin.memory, begin.buffer});
  RegionPhase rest;
  rest.memory = work.memory - begin.memory;
  rest.buffer = work.buffer - begin.buffer;
  rest.staged = work.staged - staged;
  rest.cycles =
      std::max({work.chain - chain, rest.memory, rest.buffer, work.cycles - begin.cycles});
  return {{begin, rest}};
}

}  // namespace simdse
