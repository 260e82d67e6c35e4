#include <algorithm>
#include <functional>

#include "models/network/collective.h"

namespace simdse {
namespace {

using Members = std::vector<std::int32_t>;

std::size_t index(std::int64_t i) { return static_cast<std::size_t>(i); }

/// Messages that are under way at the same time, each of `weight` times as many bytes as the step's
/// size says. The time of a step is that of its slowest message.
class Step {
 public:
  explicit Step(const Interconnect& network)
      : network_(network), load_(network.lines().size(), 0) {}

  void add(std::int32_t from, std::int32_t to, RingWay way, double weight = 1) {
    Ways ways;
    network_.route(from, to, way, ways.hops);
    ways.latency = network_.latency(ways.hops).value();
    for (const Hop& hop : ways.hops) {
      const double time = weight / bandwidth(hop);
      load_[index(hop.line)] += time;
      ways.alone = std::max(ways.alone, time);
    }
    messages_.push_back(std::move(ways));
  }

  double time(double bytes) const {
    double longest = 0;
    for (std::size_t i = 0; i < messages_.size(); ++i) longest = std::max(longest, takes(i, bytes));
    return longest;
  }

  /// Rounds of a ring's messages, or of several rings' of as many `members`, one ring after the
  /// other, of so many bytes each: in a round a member hands on what it got in the one before, and
  /// does not wait for the others. So the slowest chain of messages counts: around the ring, each
  /// with its latency; or always on the slowest line, where they go without a break.
  double around(const std::vector<double>& rounds, double members) const {
    const auto size = static_cast<std::size_t>(members);
    std::vector<double> pace;
    for (const Ways& ways : messages_) pace.push_back(busiest_of(ways));
    double bytes = 0;
    for (const double round : rounds) bytes += round;
    double longest = 0;
    for (std::size_t i = 0; i < messages_.size(); ++i) {
      const std::size_t ring = i / size * size;
      double chain = 0;
      for (std::size_t round = 0; round < rounds.size(); ++round) {
        const std::size_t at = ring + (i + round) % size;
        chain += messages_[at].latency + pace[at] * rounds[round];
      }
      longest = std::max({longest, chain, messages_[i].latency + pace[i] * bytes});
    }
    return longest;
  }

  /// Of message number `i`, on lines that carry all messages of the step.
  double takes(std::size_t i, double bytes) const {
    return messages_[i].latency + busiest_of(messages_[i]) * bytes;
  }

  /// Seconds per byte of the most loaded line.
  double busiest() const { return *std::max_element(load_.begin(), load_.end()); }
  /// Seconds per byte of the slowest message, had each its lines to itself.
  double slowest() const {
    double result = 0;
    for (const Ways& ways : messages_) result = std::max(result, ways.alone);
    return result;
  }
  /// Of message number `i` when it has its lines to itself.
  double alone(std::size_t i, double bytes) const {
    return messages_[i].latency + messages_[i].alone * bytes;
  }

 private:
  struct Ways {
    std::vector<Hop> hops;
    double latency = 0;
    double alone = 0;  // seconds per byte on its slowest line
  };

  /// Seconds per byte of the most loaded line that it takes.
  double busiest_of(const Ways& ways) const {
    double busiest = 0;
    for (const Hop& hop : ways.hops) busiest = std::max(busiest, load_[index(hop.line)]);
    return busiest;
  }

  double bandwidth(const Hop& hop) const {
    return network_.lines()[index(hop.line)].bandwidth.value();
  }

  const Interconnect& network_;
  std::vector<double> load_;  // seconds per byte, by line
  std::vector<Ways> messages_;
};

class CollectiveFormula {
 public:
  CollectiveFormula(const Interconnect& network, const CollectiveRequest& request)
      : network_(network), group_(request.group), op_(request.op) {
    for (std::size_t i = 0; i < group_.size(); ++i) {
      everyone_.push_back(static_cast<std::int32_t>(i));
    }
    bytes_ = to_double(request.bytes);
  }

  double time(CollectiveAlgorithm algorithm) const {
    switch (algorithm) {
      case CollectiveAlgorithm::ring:
        return ring();
      case CollectiveAlgorithm::bidirectional_ring:
        return both_ways();
      case CollectiveAlgorithm::tree:
        return tree();
      case CollectiveAlgorithm::hierarchical:
        return levels();
      case CollectiveAlgorithm::direct:
        return direct();
    }
    return 0;
  }

 private:
  double n() const { return static_cast<double>(group_.size()); }

  void add(Step& step, std::int32_t from, std::int32_t to, RingWay way, double weight = 1) const {
    step.add(group_[index(from)], group_[index(to)], way, weight);
  }

  void add_ring(Step& step, const Members& members, RingWay way, double weight = 1) const {
    for (std::size_t i = 0; i < members.size(); ++i) {
      add(step, members[i], members[(i + 1) % members.size()], way, weight);
    }
  }

  /// Steps of a ring of `members` chips whose messages are parts of `bytes`.
  static double steps_of_ring(const Step& step, CollectiveOp op, double members, double bytes) {
    const std::size_t rounds = static_cast<std::size_t>(members) - 1;
    const double part = bytes / members;
    if (op == CollectiveOp::all_to_all) return step.around(handed_on(members - 1, part), members);
    const std::size_t times = op == CollectiveOp::all_reduce ? 2 : 1;
    return step.around(std::vector<double>(times * rounds, part), members);
  }

  /// Bytes by round, of everybody to everybody: as many parts as have not come home yet.
  static std::vector<double> handed_on(double first, double part) {
    std::vector<double> rounds;
    for (double left = first; left > 0; --left) rounds.push_back(left * part);
    return rounds;
  }

  /// From the first of so many pieces to the last one: one follows the other when the busiest line
  /// has carried it, and when its sender, which takes its overhead for each message, has.
  double following(const Step& step, double pieces, double piece) const {
    const double overhead = network_.config().params.send_overhead.value();
    return (pieces - 1) * std::max(step.busiest() * piece, overhead + step.slowest() * piece);
  }

  /// Chains at the same time, in pieces: the first piece goes through them, then the others follow.
  double chains(const std::vector<Members>& all, RingWay first_way) const {
    Step step(network_);
    double longest = 0;
    std::vector<double> pieces;
    std::size_t at = 0;
    RingWay way = first_way;
    for (const Members& members : all) {
      pieces.push_back(static_cast<double>(
          pipeline_pieces(network_, Bytes(static_cast<std::int64_t>(bytes_)), members.size())));
      double fill = 0;
      for (std::size_t i = 0; i + 1 < members.size(); ++i, ++at) {
        add(step, members[i], members[i + 1], way);
        fill += step.alone(at, bytes_ / pieces.back());
      }
      longest = std::max(longest, fill);
      if (first_way == RingWay::forward) way = RingWay::backward;
    }
    double rest = 0;
    for (const double count : pieces) rest = std::max(rest, following(step, count, bytes_ / count));
    return longest + rest;
  }

  double ring() const {
    if (op_ == CollectiveOp::broadcast) return chains({everyone_}, RingWay::even);
    Step step(network_);
    add_ring(step, everyone_, RingWay::even);
    return steps_of_ring(step, op_, n(), bytes_);
  }

  double both_ways() const {
    const Members backward(everyone_.rbegin(), everyone_.rend());
    if (op_ == CollectiveOp::broadcast) {
      const std::int64_t half = static_cast<std::int64_t>(group_.size()) / 2;
      std::vector<Members> all = {{everyone_.begin(), everyone_.begin() + half + 1},
                                  {everyone_.front()}};
      all.back().insert(all.back().end(), backward.begin(), backward.end() - half - 1);
      return chains(all, RingWay::forward);
    }
    Step step(network_);
    add_ring(step, everyone_, RingWay::forward);
    add_ring(step, backward, RingWay::backward);
    if (op_ != CollectiveOp::all_to_all) return steps_of_ring(step, op_, n(), bytes_ / 2);
    return step.around(handed_on((n() - 1) / 2, bytes_ / n()), n());
  }

  /// Everyone sends the one `distance` further on what it has by the time that `ready` says, which
  /// becomes that of what it has then. What the slowest message takes, but for its latency.
  double exchange(std::int64_t distance, double bytes, std::vector<double>& ready) const {
    Step step(network_);
    const std::size_t count = group_.size();
    const auto to = [&](std::size_t i) { return (i + index(distance)) % count; };
    for (std::size_t i = 0; i < count; ++i) {
      add(step, everyone_[i], everyone_[to(i)], RingWay::even);
    }
    const std::vector<double> before = ready;
    double slowest = 0;
    for (std::size_t i = 0; i < count; ++i) {
      ready[to(i)] = std::max(ready[to(i)], before[i] + step.takes(i, bytes));
      slowest = std::max(slowest, step.takes(i, bytes) - step.takes(i, 0));
    }
    return slowest;
  }

  double tree() const {
    if (op_ == CollectiveOp::all_reduce) return trees();
    const auto count = static_cast<std::int64_t>(group_.size());
    double total = 0;
    double slowest = 0;
    std::vector<double> ready(group_.size(), 0);
    for (std::int64_t d = 1; d < count; d *= 2) {
      if (op_ == CollectiveOp::broadcast) {
        Step step(network_);
        for (std::int64_t i = 0; i + d < count; i += 2 * d) {
          add(step, everyone_[index(i)], everyone_[index(i + d)], RingWay::even);
        }
        total += step.time(bytes_);
        continue;
      }
      std::int64_t blocks = std::min(d, count - d);
      if (op_ == CollectiveOp::all_to_all) {
        blocks = 0;
        for (std::int64_t far = 1; far < count; ++far) blocks += (far & d) != 0 ? 1 : 0;
      }
      slowest += exchange(d, static_cast<double>(blocks) * bytes_ / n(), ready);
    }
    // Who is early sends on lines that those who are late still want.
    return total + std::max(slowest, *std::max_element(ready.begin(), ready.end()));
  }

  /// Up and down the deeper of two trees with the first piece, then the others follow.
  double trees() const {
    Step step(network_);
    std::size_t at = 0;
    double longest = 0;
    const auto pieces = static_cast<double>(
        pipeline_pieces(network_, Bytes(static_cast<std::int64_t>(bytes_ / 2)), group_.size()));
    const double piece = bytes_ / 2 / pieces;
    for (const BinaryTree& tree : two_trees(group_.size())) {
      std::vector<double> depth(group_.size(), 0);
      double deepest_up = 0;
      double deepest_down = 0;
      std::vector<double> down(group_.size(), 0);
      for (const std::int32_t place : tree.downward) {
        const std::int32_t parent = tree.parent[index(place)];
        if (parent < 0) continue;
        add(step, place, parent, RingWay::even);
        depth[index(place)] = depth[index(parent)] + step.alone(at++, piece);
        add(step, parent, place, RingWay::even);
        down[index(place)] = down[index(parent)] + step.alone(at++, piece);
        deepest_up = std::max(deepest_up, depth[index(place)]);
        deepest_down = std::max(deepest_down, down[index(place)]);
      }
      longest = std::max(longest, deepest_up + deepest_down);
    }
    return longest + following(step, pieces, piece);
  }

  double levels() const {
    if (op_ == CollectiveOp::broadcast) return broadcast_by_level();
    // Parts have lines of their own while they are equally far; what a line carries of all of them
    // it carries in no less time.
    const std::vector<LevelPart> parts = level_parts(network_, group_);
    Step all(network_);
    double longest = 0;
    for (const LevelPart& part : parts) {
      double total = 0;
      double left = bytes_ / static_cast<double>(parts.size());
      for (const auto& rings : part.levels) {
        const auto members = static_cast<double>(rings.front().size());
        Step step(network_);
        for (const Members& ring : rings) {
          add_ring(step, ring, part.way);
          add_ring(all, ring, part.way, carried_by_ring(members, left));
        }
        total += steps_of_ring(step, op_, members, left);
        if (op_ != CollectiveOp::all_to_all) left /= members;
      }
      longest = std::max(longest, total);
    }
    return std::max(longest, all.busiest());
  }

  /// Bytes that every member of a ring sends in all its steps.
  double carried_by_ring(double members, double bytes) const {
    if (op_ == CollectiveOp::all_to_all) return bytes * (members - 1) / 2;
    return (op_ == CollectiveOp::all_reduce ? 2 : 1) * bytes * (members - 1) / members;
  }

  double broadcast_by_level() const {
    const auto rings_by_level = level_rings(network_, group_);
    double total = 0;
    std::vector<bool> has(group_.size(), false);
    has[0] = true;
    for (std::size_t l = rings_by_level.size(); l-- > 0;) {
      std::vector<Members> all;
      for (Members ring : rings_by_level[l]) {
        const auto root = std::find_if(ring.begin(), ring.end(),
                                       [&](std::int32_t member) { return has[index(member)]; });
        if (root == ring.end()) continue;
        std::rotate(ring.begin(), root, ring.end());
        all.push_back(ring);
      }
      for (const Members& ring : all) {
        for (const std::int32_t member : ring) has[index(member)] = true;
      }
      total += chains(all, RingWay::even);
    }
    return total;
  }

  double direct() const {
    Step step(network_);
    const auto count = static_cast<std::int64_t>(group_.size());
    if (op_ == CollectiveOp::broadcast) {
      for (std::int64_t i = 1; i < count; ++i) add(step, 0, everyone_[index(i)], RingWay::even);
      return step.time(bytes_);
    }
    for (std::int64_t i = 0; i < count; ++i) {
      for (std::int64_t to = 0; to < count; ++to) {
        if (to != i) add(step, everyone_[index(i)], everyone_[index(to)], RingWay::even);
      }
    }
    return (op_ == CollectiveOp::all_reduce ? 2 : 1) * step.time(bytes_ / n());
  }

  const Interconnect& network_;
  const std::vector<std::int32_t>& group_;
  CollectiveOp op_;
  Members everyone_;
  double bytes_ = 0;
};

bool fills_levels(const Interconnect& network, const std::vector<std::int32_t>& group) {
  try {
    level_rings(network, group);
    return true;
  } catch (const InputError&) {
    return false;
  }
}

}  // namespace

Seconds collective_time(const Interconnect& network, const CollectiveRequest& request) {
  check_collective(network, request);
  return Seconds(CollectiveFormula(network, request).time(request.algorithm));
}

CollectiveAlgorithm fastest_algorithm(const Interconnect& network, CollectiveOp op, Bytes bytes,
                                      const std::vector<std::int32_t>& group) {
  // An assumption, without a source: that many messages to everybody at once (n^2 in all) are more
  // than a chip keeps under way. It also bounds what a search tries and a simulation has to carry.
  constexpr std::size_t most_direct = 64;
  CollectiveRequest request{op, CollectiveAlgorithm::ring, bytes, group};
  CollectiveAlgorithm best = request.algorithm;
  Seconds shortest = collective_time(network, request);
  for (std::size_t i = 1; i < collective_algorithm_names().size(); ++i) {
    request.algorithm = static_cast<CollectiveAlgorithm>(i);
    if (request.algorithm == CollectiveAlgorithm::direct && group.size() > most_direct) continue;
    if (request.algorithm == CollectiveAlgorithm::hierarchical && !fills_levels(network, group)) {
      continue;
    }
    const Seconds time = collective_time(network, request);
    if (time < shortest) {
      shortest = time;
      best = request.algorithm;
    }
  }
  return best;
}

}  // namespace simdse
