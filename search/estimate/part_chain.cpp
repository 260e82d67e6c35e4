#include "search/estimate/part_chain.h"

#include <algorithm>
#include <cmath>

namespace simdse {
namespace {

/// Items for whose operands there are places at the beginning.
constexpr std::size_t kItemsInStep = 2;

Cycles whole(double cycles) { return Cycles(static_cast<std::int64_t>(std::ceil(cycles))); }

Moved moved_by(const std::vector<StepTransfer>& transfers, const std::vector<Operand>& operands) {
  Moved result;
  for (const StepTransfer& transfer : transfers) {
    const bool is_direct = operands[transfer.operand].path == Path::direct;
    (is_direct ? result.memory : result.buffer) += to_double(transfer.bytes);
  }
  return result;
}

}  // namespace

StepMoves StepMoves::of(const ProgramStep& step, const Region& region) {
  return {moved_by(step.tensor_loads, region.inputs), moved_by(step.vector_loads, region.inputs),
          moved_by(step.stores, region.outputs)};
}

PartChains::PartChains(const Region& region, const MoveCosts& costs, std::int64_t vector_turns)
    : region_(region),
      costs_(costs),
      vector_turns_(vector_turns),
      has_vector_(!region.vector_cores.empty()),
      parts_(costs.parts) {
  if (!region.contraction) return;
  for (std::size_t i = 0; i < rings_.size(); ++i) {
    const std::int64_t rings = region.mapping.split.rings(i);
    rings_[i].capacity = region.inputs[i].ring_bytes.value() / rings;
    rings_[i].copies = static_cast<double>(rings);
  }
}

std::size_t PartChains::add(const Waits& waits) {
  Chain& chain = chains_[count_];
  chain.load_memory = waits.memory + waits.way(Way::from_memory);
  chain.load_buffer = waits.buffer + waits.way(Way::from_buffer);
  chain.store_memory = waits.memory + waits.way(Way::to_memory);
  chain.store_buffer = waits.buffer + waits.way(Way::to_buffer);
  chain.stage = waits.memory + waits.buffer;
  return count_++;
}

void PartChains::reserve() {
  constexpr std::size_t few_steps = 32;
  (has_vector_ ? results_freed_ : blocks_freed_).reserve(few_steps, count_);
  if (!region_.contraction) return;
  for (std::size_t i = 0; i < rings_.size(); ++i) {
    if (region_.inputs[i].path != Path::staged) continue;
    rings_[i].freed.reserve(few_steps);
    rings_[i].releases.reserve(few_steps, count_);
  }
}

// Data flows through all levels at once, as fast as the slowest of them lets it.
Cycles PartChains::memory_time(const Moved& moved) const {
  const double port = (moved.memory + moved.buffer) / costs_.port;
  return whole(costs_.memory_latency + std::max(port, moved.memory * parts_ / costs_.memory));
}

Cycles PartChains::buffer_time(const Moved& moved) const {
  const double port = (moved.memory + moved.buffer) / costs_.port;
  return whole(costs_.buffer_latency + std::max(port, moved.buffer * parts_ / costs_.buffer));
}

PartChains::Times PartChains::move_times(const Moved& moved, Cycles Chain::*memory_wait,
                                         Cycles Chain::*buffer_wait) const {
  Times times{};
  if (moved.memory > 0) {
    const Cycles time = memory_time(moved);
    for (std::size_t i = 0; i < count_; ++i) times[i] = time + chains_[i].*memory_wait;
  }
  if (moved.buffer > 0) {
    const Cycles time = buffer_time(moved);
    for (std::size_t i = 0; i < count_; ++i) {
      times[i] = std::max(times[i], time + chains_[i].*buffer_wait);
    }
  }
  return times;
}

PartChains::Times PartChains::load_times(const Moved& moved) const {
  return move_times(moved, &Chain::load_memory, &Chain::load_buffer);
}

const PartChains::Times& PartChains::load_times(const Moved& moved, LastMoves& last) const {
  const Times* known = last.find(moved);
  return known != nullptr ? *known : last.add(moved, load_times(moved));
}

const PartChains::Times& PartChains::store_times(const Moved& moved) {
  const Times* known = store_.find(moved);
  if (known != nullptr) return *known;
  return store_.add(moved, move_times(moved, &Chain::store_memory, &Chain::store_buffer));
}

void PartChains::wait_for_staged(const ProgramStep& step) {
  for (const StageTransfer& block : step.staged) {
    Ring& ring = rings_[static_cast<std::size_t>(block.operand)];
    ring.requested += block.bytes.value();
    const std::int64_t needed = ring.requested - ring.capacity;
    if (needed > 0) {
      while (ring.next_release < ring.freed.size() && ring.freed[ring.next_release] < needed) {
        ++ring.next_release;
      }
      if (ring.next_release < ring.freed.size()) {
        const Cycles* released = ring.releases.at(ring.next_release, count_);
        for_each_chain([&](Chain& chain, std::size_t i) {
          chain.requested = std::max(chain.requested, released[i]);
        });
      }
    }
    if (ring.last_bytes != block.bytes.value()) {
      ring.last_bytes = block.bytes.value();
      ring.last_time =
          whole(costs_.stage_latency + to_double(block.bytes) * ring.copies / costs_.memory);
    }
    for_each_chain([&](Chain& chain, std::size_t) {
      chain.now = std::max(chain.now, chain.requested + ring.last_time + chain.stage);
    });
  }
}

void PartChains::load_item(const Moved& moved, LastMoves& last) {
  const Times& alone = load_times(moved, last);
  if (items_ >= kItemsInStep) {
    for_each_chain([&](Chain& chain, std::size_t i) { chain.now += alone[i]; });
    return;
  }
  first_moved_ += moved;
  if (items_ == 0) {
    for_each_chain([&](Chain& chain, std::size_t i) {
      chain.first_issued = chain.now;
      chain.now += alone[i];
    });
    return;
  }
  const Times all = load_times(first_moved_);
  for_each_chain([&](Chain& chain, std::size_t i) {
    chain.now = std::max(chain.now + alone[i], chain.first_issued + all[i]);
  });
}

void PartChains::note_item() {
  if (++items_ != kItemsInStep) return;
  parts_ = 1;
  for (LastMoves* last : {&tensor_load_, &vector_load_, &store_}) last->forget();
}

const Cycles* PartChains::place_free(const Events& freed, std::size_t begun,
                                     std::int64_t places) const {
  const auto held = static_cast<std::size_t>(places);
  return begun >= held ? freed.at(begun - held, count_) : kFromTheStart.data();
}

void PartChains::run_tensor(const ProgramStep& step, const StepMoves& moves) {
  for_each_chain([&](Chain& chain, std::size_t) { chain.now = chain.tensor_ends[tensor_place_]; });
  wait_for_staged(step);
  load_item(moves.tensor_loads, tensor_load_);
  const Cycles* place = step.starts_output
                            ? place_free(blocks_freed_, blocks_begun_++, step.output_places)
                            : kFromTheStart.data();
  for_each_chain([&](Chain& chain, std::size_t i) {
    const TilePipeline::Span span = chain.tensor.append(step.tensor, chain.now, place[i]);
    chain.tensor_ends[tensor_place_] = span.end;
    if (items_ == 0) chain.first_begin = span.begin;
    chain.now = span.done;
    chain.finish = std::max(chain.finish, span.done);
  });
  for (std::size_t r = 0; r < rings_.size(); ++r) {
    if (step.released[r] == Bytes(0)) continue;
    Ring& ring = rings_[r];
    ring.freed.push_back((ring.freed.empty() ? 0 : ring.freed.back()) + step.released[r].value());
    for_each_chain([&](Chain& chain, std::size_t) { ring.releases.push_back(chain.tensor.end); });
  }
  tensor_place_ = 1 - tensor_place_;
  note_item();
}

void PartChains::run_vector(const ProgramStep& step, const StepMoves& moves) {
  const bool is_behind = region_.contraction.has_value();
  for_each_chain([&](Chain& chain, std::size_t) {
    chain.now = std::max(chain.now, chain.vector_ends[vector_place_]);
  });
  if (is_behind) {
    const Times& load = load_times(moves.vector_loads, vector_load_);
    for_each_chain([&](Chain& chain, std::size_t i) { chain.now += load[i]; });
  } else {
    load_item(moves.vector_loads, vector_load_);
  }
  const Cycles* place = place_free(results_freed_, results_begun_++,
                                   is_behind ? std::int64_t{2} : step.output_places);
  TileTiming timing = step.vector;
  timing.setup = timing.setup * vector_turns_;
  timing.open = timing.open * vector_turns_;
  timing.body = timing.body * vector_turns_;
  for_each_chain([&](Chain& chain, std::size_t i) {
    const TilePipeline::Span span = chain.vector.append(timing, chain.now, place[i]);
    chain.vector_ends[vector_place_] = span.end;
    if (!is_behind && items_ == 0) chain.first_begin = span.begin;
    chain.now = span.done;
  });
  if (is_behind) {
    for_each_chain([&](Chain& chain, std::size_t) { blocks_freed_.push_back(chain.vector.open); });
  } else {
    note_item();
  }
  vector_place_ = 1 - vector_place_;
}

void PartChains::append(const ProgramStep& step, const StepMoves& moves) {
  if (items_ == 0) reserve();
  if (region_.contraction) {
    run_tensor(step, moves);
    if (!step.has_output) return;
  } else {
    for_each_chain([&](Chain& chain, std::size_t) { chain.now = Cycles(0); });
  }
  if (has_vector_) run_vector(step, moves);
  const Times& store = store_times(moves.stores);
  Events& freed = has_vector_ ? results_freed_ : blocks_freed_;
  for_each_chain([&](Chain& chain, std::size_t i) {
    chain.last_store = chain.now;
    chain.now += store[i];
    freed.push_back(chain.now);
    chain.finish = std::max(chain.finish, chain.now);
  });
}

}  // namespace simdse
