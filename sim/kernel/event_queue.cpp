#include "sim/kernel/event_queue.h"

#include <algorithm>

namespace simdse {
namespace {
constexpr unsigned kAgeBits = 40;
constexpr unsigned kRankBits = 20;
constexpr std::uint64_t kAgeMask = (std::uint64_t{1} << kAgeBits) - 1;

std::size_t count_processes(const std::vector<sc_core::sc_object*>& objects) {
  std::size_t count = 0;
  for (sc_core::sc_object* object : objects) {
    if (dynamic_cast<sc_core::sc_process_b*>(object) != nullptr) ++count;
    count += count_processes(object->get_child_objects());
  }
  return count;
}
}  // namespace

EventQueue::EventQueue(const sc_core::sc_module_name& name) : sc_module(name) {
  SC_HAS_PROCESS(EventQueue);
  SC_METHOD(process);
  sensitive << wake_;
  dont_initialize();
}

void EventQueue::join(Timed& block, const std::string& name) { blocks_.emplace_back(name, &block); }

void EventQueue::end_of_elaboration() {
  is_alone_ = count_processes(sc_core::sc_get_top_level_objects()) == 1;
  std::sort(blocks_.begin(), blocks_.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  for (std::size_t i = 0; i < blocks_.size(); ++i) {
    blocks_[i].second->rank = static_cast<std::uint32_t>(i) & ((1u << kRankBits) - 1);
  }
}

void EventQueue::call_at(Picoseconds time, Stage stage, Timed& target, std::uint64_t token) {
  if (time < 0) {  // a sum that 64 bits don't hold
    time_exceeded_ = true;
    return;
  }
  const std::uint64_t order = static_cast<std::uint64_t>(stage) << (kAgeBits + kRankBits) |
                              static_cast<std::uint64_t>(target.rank) << kAgeBits |
                              (age_++ & kAgeMask);
  pending_.push({time, order, &target, token});
  // Outside a call-back (before the run, or from a foreign process) the method has to be woken.
  if (!is_delivering()) wake_.notify(sc_core::SC_ZERO_TIME);
}

/// Delivers what is due now, and, while nobody else has processes, what is due later. False when
/// the limit is reached.
bool EventQueue::deliver() {
  while (!pending_.empty()) {
    const Entry& next = pending_.front();
    if (next.time > instant()) {
      if (!is_alone_) break;
      begin_instant(next.time);
    }
    if (delivered_ == limit_) {
      limit_exceeded_ = true;
      return false;
    }
    ++delivered_;
    // Not the whole entry: read at once after it was written by halves, it would be waited for.
    Timed& target = *next.target;
    const std::uint64_t token = next.token;
    pending_.take();
    target.on_time(token);
    pending_.settle();
  }
  return true;
}

void EventQueue::process() {
  const auto kernel_now = static_cast<Picoseconds>(sc_core::sc_time_stamp().value());
  begin_instant(kernel_now);
  const bool may_go_on = deliver();
  end_delivery();
  if (!may_go_on) return;  // nothing more is asked for, so the simulation ends here
  const Picoseconds next = pending_.empty() ? instant() : pending_.front().time;
  if (next > kernel_now) {
    // The event stays part of it: a plain time-out would suspend the sensitivity to it, and a
    // foreign process that asks for an earlier call-back would not be heard.
    next_trigger(sc_core::sc_time::from_value(static_cast<sc_dt::uint64>(next - kernel_now)),
                 wake_);
  }
}

}  // namespace simdse
