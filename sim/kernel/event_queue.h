// The queue of all timed call-backs of one simulation: a private queue served by one SC_METHOD,
// which costs a fraction of an sc_event per block. While no other process exists, the method goes
// from instant to instant by itself and lets the kernel's time follow at the end, which saves the
// kernel's own way from one instant to the next.
#pragma once

#include <cstdint>
#include <vector>

#include "models/base/timed.h"
#include "sim/kernel/pending_queue.h"
#include "sim/kernel/systemc.h"

namespace simdse {

class EventQueue final : public TimeService, public sc_core::sc_module {
 public:
  explicit EventQueue(const sc_core::sc_module_name& name);

  void call_at(Picoseconds time, Stage stage, Timed& target, std::uint64_t token) override;
  void join(Timed& block, const std::string& name) override;

  /// Call-backs delivered so far.
  std::uint64_t delivered() const { return delivered_; }

  /// A run that needs more call-backs than this stops: a guard against models that never end.
  void set_limit(std::uint64_t limit) { limit_ = limit; }
  bool limit_exceeded() const { return limit_exceeded_; }
  /// A call-back was asked for later than times can be counted, and was not made.
  bool time_exceeded() const { return time_exceeded_; }

 private:
  struct Entry {
    Picoseconds time;
    std::uint64_t order;  // stage, block and age: what decides within one instant
    Timed* target;
    std::uint64_t token;

    // One comparison of time and order together, without branches: which of two entries comes first
    // can't be predicted. Times are not negative.
    friend bool operator<(const Entry& a, const Entry& b) { return a.key() < b.key(); }

   private:
    __extension__ typedef unsigned __int128 Key;
    Key key() const { return static_cast<Key>(time) << 64 | order; }
  };

  /// A foreign process asks: the kernel's.
  Picoseconds time_between() const override {
    return static_cast<Picoseconds>(sc_core::sc_time_stamp().value());
  }
  void end_of_elaboration() override;
  void process();
  bool deliver();

  PendingQueue<Entry> pending_{Entry{kNever, ~std::uint64_t{0}, nullptr, 0}};
  std::vector<std::pair<std::string, Timed*>> blocks_;
  std::uint64_t age_ = 0;
  std::uint64_t delivered_ = 0;
  std::uint64_t limit_ = ~std::uint64_t{0};
  bool limit_exceeded_ = false;
  bool time_exceeded_ = false;
  bool is_alone_ = false;  ///< nobody else has processes, so nobody sees the kernel's time
  sc_core::sc_event wake_;
};

}  // namespace simdse
