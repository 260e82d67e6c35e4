#include "sim/kernel/event_queue.h"

#include <algorithm>

namespace simdse {
namespace {
constexpr unsigned kAgeBits = 40;
constexpr unsigned kRankBits = 20;
constexpr std::uint64_t kAgeMask = (std::uint64_t{1} << kAgeBits) - 1;
}  // namespace

EventQueue::EventQueue(const sc_core::sc_module_name& name) : sc_module(name) {
  SC_HAS_PROCESS(EventQueue);
  SC_METHOD(process);
  sensitive << wake_;
  dont_initialize();
}

void EventQueue::join(Timed& block, const std::string& name) { blocks_.emplace_back(name, &block); }

void EventQueue::end_of_elaboration() {
  std::sort(blocks_.begin(), blocks_.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  for (std::size_t i = 0; i < blocks_.size(); ++i) {
    blocks_[i].second->rank = static_cast<std::uint32_t>(i) & ((1u << kRankBits) - 1);
  }
}

void EventQueue::call_at(Picoseconds time, Stage stage, Timed& target, std::uint64_t token) {
  const std::uint64_t order = static_cast<std::uint64_t>(stage) << (kAgeBits + kRankBits) |
                              static_cast<std::uint64_t>(target.rank) << kAgeBits |
                              (age_++ & kAgeMask);
  push({time, order, &target, token});
  // Outside a call-back (before the run, or from a foreign process) the method has to be woken.
  if (!in_process_) wake_.notify(sc_core::SC_ZERO_TIME);
}

void EventQueue::process() {
  now_ = static_cast<Picoseconds>(sc_core::sc_time_stamp().value());
  in_process_ = true;
  while (!heap_.empty() && heap_.front().time <= now_) {
    if (delivered_ == limit_) {
      limit_exceeded_ = true;
      in_process_ = false;
      return;  // nothing more is asked for, so the simulation ends here
    }
    const Entry entry = heap_.front();
    pop();
    ++delivered_;
    entry.target->on_time(entry.token);
  }
  in_process_ = false;
  if (!heap_.empty()) {
    // The event stays part of it: a plain time-out would suspend the sensitivity to it, and a
    // foreign process that asks for an earlier call-back would not be heard.
    next_trigger(
        sc_core::sc_time::from_value(static_cast<sc_dt::uint64>(heap_.front().time - now_)), wake_);
  }
}

void EventQueue::push(const Entry& entry) {
  std::size_t at = heap_.size();
  heap_.push_back(entry);
  while (at > 0) {
    const std::size_t parent = (at - 1) / 4;
    if (!(entry < heap_[parent])) break;
    heap_[at] = heap_[parent];
    at = parent;
  }
  heap_[at] = entry;
}

void EventQueue::pop() {
  const Entry last = heap_.back();
  heap_.pop_back();
  const std::size_t size = heap_.size();
  if (size == 0) return;
  std::size_t at = 0;
  for (;;) {
    const std::size_t first = 4 * at + 1;
    if (first >= size) break;
    std::size_t best = first;
    const std::size_t end = std::min(first + 4, size);
    for (std::size_t child = first + 1; child < end; ++child) {
      if (heap_[child] < heap_[best]) best = child;
    }
    if (!(heap_[best] < last)) break;
    heap_[at] = heap_[best];
    at = best;
  }
  heap_[at] = last;
}

}  // namespace simdse
