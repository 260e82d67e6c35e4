#include "search/estimate/sharing.h"

#include <algorithm>
#include <cmath>

namespace simdse {
namespace {

double speed_at(const Response& response, double wait) {
  return 1 / std::max(1.0, response.base + response.waits * wait);
}

class Resource {
 public:
  Resource(const std::vector<Sharer>& sharers, std::size_t index)
      : sharers_(sharers), index_(index) {}

  /// What is used of the resource when everyone waits `wait` and is no faster than its limit.
  double used(const std::vector<double>& limits, double wait) const {
    double sum = 0;
    for (std::size_t i = 0; i < sharers_.size(); ++i) {
      const double demand = sharers_[i].demand[index_];
      if (demand > 0) sum += demand * std::min(limits[i], speed(i, wait));
    }
    return sum;
  }

  double speed(std::size_t i, double wait) const {
    return sharers_[i].demand[index_] > 0 ? speed_at(sharers_[i].responses[index_], wait) : 1;
  }

  /// The wait at which no more than all of the resource is used.
  double find_wait(const std::vector<double>& limits) const {
    if (used(limits, 0) <= 1) return 0;
    // With this one nobody uses more than an equal share.
    double high = 0;
    for (const Sharer& sharer : sharers_) {
      if (sharer.demand[index_] == 0) continue;
      high = std::max(high, sharer.demand[index_] * static_cast<double>(sharers_.size()) /
                                sharer.responses[index_].waits);
    }
    double low = 0;
    const Bracket root = bracket(limits, high);
    constexpr double precision = 1e-9;
    while (high - low > precision * high) {
      const double middle = (low + high) / 2;
      const bool is_too_short = middle <= root.low    ? true
                                : middle >= root.high ? false
                                                      : used(limits, middle) > 1;
      (is_too_short ? low : high) = middle;
    }
    return high;
  }

 private:
  /// Waits of which the first is too short, and the second is not.
  struct Bracket {
    double low = 0;
    double high = 0;
  };

  /// Narrows 0 to `high` down by false position (the Illinois variant: a side that stays counts
  /// half), which takes fewer looks than halving. What it leaves open is looked at again.
  Bracket bracket(const std::vector<double>& limits, double high) const {
    constexpr int most_looks = 10;
    constexpr double narrow = 1e-9;
    Bracket root{0, high};
    double over_low = used(limits, 0) - 1;
    double over_high = used(limits, high) - 1;
    int stays = 0;  // how often the low side has (below 0: the high one)
    for (int look = 0; look < most_looks && root.high - root.low > narrow * root.high; ++look) {
      const double wait = root.high - over_high * (root.high - root.low) / (over_high - over_low);
      if (!(wait > root.low && wait < root.high)) break;
      const double over = used(limits, wait) - 1;
      if (over > 0) {
        root.low = wait;
        over_low = over;
        stays = std::min(stays, 0) - 1;
        if (stays < -1) over_high /= 2;
      } else {
        root.high = wait;
        over_high = over;
        stays = std::max(stays, 0) + 1;
        if (stays > 1) over_low /= 2;
      }
    }
    return root;
  }

  const std::vector<Sharer>& sharers_;
  std::size_t index_;
};

}  // namespace

bool share_speeds(const std::vector<Sharer>& sharers, std::vector<Share>& shares) {
  shares.assign(sharers.size(), {});
  if (sharers.size() < 2) return true;
  std::array<double, kSharedCount> waits{};
  // Nobody waits for what would be enough if all ran at full speed.
  std::array<bool, kSharedCount> is_scarce{};
  for (std::size_t r = 0; r < kSharedCount; ++r) {
    double demand = 0;
    for (const Sharer& sharer : sharers) demand += sharer.demand[r];
    is_scarce[r] = demand > 1;
  }
  std::vector<double> limits(sharers.size());
  // By region: what each resource leaves it with these waits.
  std::vector<std::array<double, kSharedCount>> speeds(sharers.size());
  const auto set_speeds = [&](std::size_t r) {
    for (std::size_t i = 0; i < sharers.size(); ++i) {
      speeds[i][r] = Resource(sharers, r).speed(i, waits[r]);
    }
  };
  for (std::size_t r = 0; r < kSharedCount; ++r) set_speeds(r);
  // How long one resource lets wait depends on what the others let through: solved in turn, to
  // where nothing moves any more.
  constexpr double settled = 1e-6;
  constexpr int max_rounds = 100;
  bool has_moved = true;
  for (int round = 0; has_moved && round < max_rounds; ++round) {
    has_moved = false;
    for (std::size_t r = 0; r < kSharedCount; ++r) {
      if (!is_scarce[r]) continue;
      for (std::size_t i = 0; i < sharers.size(); ++i) {
        limits[i] = 1;
        for (std::size_t other = 0; other < kSharedCount; ++other) {
          if (other == r) continue;
          limits[i] = std::min(limits[i], speeds[i][other]);
        }
      }
      const double wait = Resource(sharers, r).find_wait(limits);
      has_moved |= std::abs(wait - waits[r]) > settled * wait;
      if (wait == waits[r]) continue;
      waits[r] = wait;
      set_speeds(r);
    }
  }
  for (std::size_t i = 0; i < sharers.size(); ++i) {
    for (std::size_t r = 0; r < kSharedCount; ++r) {
      if (speeds[i][r] < shares[i].speed) shares[i] = {speeds[i][r], r};
    }
  }
  if (!has_moved) return true;
  // One round of the circle: no resource gives more than it has all the same.
  for (std::size_t r = 0; r < kSharedCount; ++r) {
    double used = 0;
    for (std::size_t i = 0; i < sharers.size(); ++i) used += sharers[i].demand[r] * shares[i].speed;
    if (used <= 1) continue;
    for (std::size_t i = 0; i < sharers.size(); ++i) {
      if (sharers[i].demand[r] > 0) shares[i] = {shares[i].speed / used, r};
    }
  }
  return false;
}

}  // namespace simdse
