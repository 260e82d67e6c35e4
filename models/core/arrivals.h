// What has been announced for a time and waits for it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "models/base/clock.h"

namespace simdse {

/// Collects arrivals by the time at which they take effect. All arrivals of one instant are taken
/// together, round robin: the first of each port, then the second of each, ports in the order of
/// their numbers from the one after the port that was served last. The order in which ports
/// announced theirs plays no part; arrivals of one port stay in sequence.
template <class T>
class Arrivals {
 public:
  explicit Arrivals(std::size_t ports) : ports_(ports) {}

  /// True if nothing else is announced for that time, so that the caller must ask to be called.
  bool add(Picoseconds time, std::size_t port, T item) {
    bool is_first = true;
    for (const Arrival& arrival : waiting_) is_first = is_first && arrival.time != time;
    // Written where it stays, member by member: copied whole right after that, it would have to be
    // waited for.
    waiting_.emplace_back(time, port, std::move(item));
    return is_first;
  }

  /// Takes what is due at `now` and calls visit(item) for each, in order. Visits may announce more,
  /// which is not among them.
  template <class Visit>
  void deliver(Picoseconds now, Visit&& visit) {
    if (waiting_.size() == 1 && waiting_.front().time <= now) {
      last_port_ = waiting_.front().port;
      const T only = std::move(waiting_.front().item);
      waiting_.clear();
      visit(only);
      return;
    }
    take_due(now);
    for (const Due& due : due_) visit(due.arrival.item);
  }

  bool empty() const { return waiting_.empty(); }

 private:
  struct Arrival {
    Arrival(Picoseconds at, std::size_t from, T what)
        : time(at), port(from), item(std::move(what)) {}

    Picoseconds time;
    std::size_t port;
    T item;
  };
  struct Due {
    Arrival arrival;
    std::size_t turn = 0;  ///< among the arrivals of its port in one instant
  };

  // Out of line: mostly a single arrival waits.
  [[gnu::noinline]] void take_due(Picoseconds now) {
    due_.clear();
    auto keep = waiting_.begin();
    for (auto at = waiting_.begin(); at != waiting_.end(); ++at) {
      if (at->time <= now) {
        due_.push_back({std::move(*at)});
      } else {
        if (keep != at) *keep = std::move(*at);
        ++keep;
      }
    }
    waiting_.erase(keep, waiting_.end());
    if (due_.size() > 1) take_turns();
    if (!due_.empty()) last_port_ = due_.back().arrival.port;
  }

  void take_turns() {
    turns_.assign(ports_, 0);
    for (Due& due : due_) due.turn = turns_[due.arrival.port]++;
    std::sort(due_.begin(), due_.end(), [this](const Due& a, const Due& b) {
      return a.turn != b.turn ? a.turn < b.turn : key(a.arrival.port) < key(b.arrival.port);
    });
  }

  std::size_t key(std::size_t port) const { return (port + ports_ - last_port_ - 1) % ports_; }

  std::size_t ports_;
  std::size_t last_port_ = 0;
  std::vector<Arrival> waiting_;
  std::vector<Due> due_;            ///< scratch
  std::vector<std::size_t> turns_;  ///< scratch
};

}  // namespace simdse
