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

  struct Arrival {
    Picoseconds time;
    std::size_t port;
    T item;
    std::size_t turn = 0;  ///< among the arrivals of its port in one instant
  };

  /// True if nothing else is announced for that time, so that the caller must ask to be called.
  bool add(Picoseconds time, std::size_t port, T item) {
    const bool is_first =
        std::none_of(waiting_.begin(), waiting_.end(),
                     [&](const Arrival& arrival) { return arrival.time == time; });
    waiting_.push_back({time, port, std::move(item)});
    return is_first;
  }

  /// Moves what is due at `now` into `due`, in order.
  void take_due(Picoseconds now, std::vector<Arrival>& due) {
    due.clear();
    if (waiting_.size() == 1 && waiting_.front().time <= now) {
      due.push_back(std::move(waiting_.front()));
      waiting_.clear();
      last_port_ = due.front().port;
      return;
    }
    auto keep = waiting_.begin();
    for (auto at = waiting_.begin(); at != waiting_.end(); ++at) {
      if (at->time <= now) {
        due.push_back(std::move(*at));
      } else {
        if (keep != at) *keep = std::move(*at);
        ++keep;
      }
    }
    waiting_.erase(keep, waiting_.end());
    if (due.size() > 1) take_turns(due);
    if (!due.empty()) last_port_ = due.back().port;
  }

  bool empty() const { return waiting_.empty(); }

 private:
  void take_turns(std::vector<Arrival>& due) {
    turns_.assign(ports_, 0);
    for (Arrival& arrival : due) arrival.turn = turns_[arrival.port]++;
    std::sort(due.begin(), due.end(), [this](const Arrival& a, const Arrival& b) {
      return a.turn != b.turn ? a.turn < b.turn : key(a.port) < key(b.port);
    });
  }

  std::size_t key(std::size_t port) const { return (port + ports_ - last_port_ - 1) % ports_; }

  std::size_t ports_;
  std::size_t last_port_ = 0;
  std::vector<Arrival> waiting_;
  std::vector<std::size_t> turns_;  ///< scratch
};

}  // namespace simdse
