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

PartChain::PartChain(const Region& region, const MoveCosts& costs, std::int64_t vector_turns)
    : region_(region), costs_(costs), vector_turns_(vector_turns), parts_(costs.parts) {
  constexpr std::size_t few_steps = 32;
  (region.vector_cores.empty() ? blocks_freed_ : results_freed_).reserve(few_steps);
  if (!region.contraction) return;
  for (std::size_t i = 0; i < rings_.size(); ++i) {
    const std::int64_t rings = region.mapping.split.rings(i);
    rings_[i].capacity = region.inputs[i].ring_bytes.value() / rings;
    rings_[i].copies = static_cast<double>(rings);
    if (region.inputs[i].path == Path::staged) rings_[i].releases.reserve(few_steps);
  }
}

Cycles PartChain::load_time(const Moved& moved) const {
  const Waits& waits = costs_.waits;
  return move_time(moved, waits.memory + waits.way(Way::from_memory),
                   waits.buffer + waits.way(Way::from_buffer));
}

Cycles PartChain::load_time(const Moved& moved, LastMoves& last) const {
  const LastMoves::Known* known = last.find(moved);
  return known != nullptr ? known->time : last.add(moved, load_time(moved));
}

Cycles PartChain::store_time(const Moved& moved) {
  if (const LastMoves::Known* known = store_.find(moved)) return known->time;
  const Waits& waits = costs_.waits;
  return store_.add(moved, move_time(moved, waits.memory + waits.way(Way::to_memory),
                                     waits.buffer + waits.way(Way::to_buffer)));
}

Cycles PartChain::move_time(const Moved& moved, Cycles memory_wait, Cycles buffer_wait) const {
  // Data flows through all levels at once, as fast as the slowest of them lets it.
  const double port = (moved.memory + moved.buffer) / costs_.port;
  Cycles time(0);
  if (moved.memory > 0) {
    time = whole(costs_.memory_latency + std::max(port, moved.memory * parts_ / costs_.memory)) +
           memory_wait;
  }
  if (moved.buffer > 0) {
    time = std::max(
        time, whole(costs_.buffer_latency + std::max(port, moved.buffer * parts_ / costs_.buffer)) +
                  buffer_wait);
  }
  return time;
}

Cycles PartChain::staged_by(const ProgramStep& step) {
  Cycles there(0);
  for (const StageTransfer& block : step.staged) {
    Ring& ring = rings_[static_cast<std::size_t>(block.operand)];
    ring.requested += block.bytes.value();
    const std::int64_t needed = ring.requested - ring.capacity;
    if (needed > 0) {
      while (ring.next_release < ring.releases.size() &&
             ring.releases[ring.next_release].second < needed) {
        ++ring.next_release;
      }
      if (ring.next_release < ring.releases.size()) {
        requested_ = std::max(requested_, ring.releases[ring.next_release].first);
      }
    }
    if (ring.last_bytes != block.bytes.value()) {
      ring.last_bytes = block.bytes.value();
      ring.last_time =
          whole(costs_.stage_latency + to_double(block.bytes) * ring.copies / costs_.memory) +
          costs_.waits.memory + costs_.waits.buffer;
    }
    there = std::max(there, requested_ + ring.last_time);
  }
  return there;
}

Cycles PartChain::loaded(Cycles issued, const Moved& moved, LastMoves& last) {
  const Cycles alone = issued + load_time(moved, last);
  if (items_ >= kItemsInStep) return alone;
  first_moved_ += moved;
  if (items_ == 0) {
    first_issued_ = issued;
    return alone;
  }
  return std::max(alone, first_issued_ + load_time(first_moved_));
}

void PartChain::note_item(Cycles begin) {
  if (items_ == 0) first_begin_ = begin;
  if (++items_ != kItemsInStep) return;
  parts_ = 1;
  tensor_load_ = vector_load_ = store_ = LastMoves{};
}

Cycles PartChain::place_free(const std::vector<Cycles>& freed, std::size_t begun,
                             std::int64_t places) {
  const auto held = static_cast<std::size_t>(places);
  return begun >= held ? freed[begun - held] : Cycles(0);
}

void PartChain::append(const ProgramStep& step, const StepMoves& moves) {
  Cycles ready(0);
  Cycles done(0);
  if (region_.contraction) {
    const Cycles issued = std::max(tensor_places_.free_at(), staged_by(step));
    ready = loaded(issued, moves.tensor_loads, tensor_load_);
    Cycles place(0);
    if (step.starts_output) {
      place = place_free(blocks_freed_, blocks_begun_++, step.output_places);
    }
    const TilePipeline::Span span = tensor_.append(step.tensor, ready, place);
    tensor_places_.take(span.end);
    for (std::size_t i = 0; i < rings_.size(); ++i) {
      if (step.released[i] == Bytes(0)) continue;
      rings_[i].freed += step.released[i].value();
      rings_[i].releases.emplace_back(span.end, rings_[i].freed);
    }
    note_item(span.begin);
    done = span.done;
    finish_ = std::max(finish_, span.done);
    if (!step.has_output) return;
  }
  const bool has_vector = !region_.vector_cores.empty();
  if (has_vector) {
    const Cycles issued = std::max(done, vector_places_.free_at());
    const bool is_behind = region_.contraction.has_value();
    ready = is_behind ? issued + load_time(moves.vector_loads, vector_load_)
                      : loaded(issued, moves.vector_loads, vector_load_);
    const Cycles place = place_free(results_freed_, results_begun_++,
                                    is_behind ? std::int64_t{2} : step.output_places);
    TileTiming timing = step.vector;
    timing.setup = timing.setup * vector_turns_;
    timing.open = timing.open * vector_turns_;
    timing.body = timing.body * vector_turns_;
    const TilePipeline::Span span = vector_.append(timing, ready, place);
    vector_places_.take(span.end);
    if (is_behind) blocks_freed_.push_back(vector_.open);
    if (!is_behind) note_item(span.begin);
    done = span.done;
  }
  last_store_ = done;
  done = done + store_time(moves.stores);
  (has_vector ? results_freed_ : blocks_freed_).push_back(done);
  finish_ = std::max(finish_, done);
}

}  // namespace simdse
