#include "models/network/collective_steps.h"

#include <algorithm>
#include <deque>

namespace simdse {

std::uint32_t CollectiveSteps::add(const CollectiveMessage& message,
                                   const std::vector<Prerequisite>& waits) {
  messages_.push_back(message);
  waits_.insert(waits_.end(), waits.begin(), waits.end());
  first_.push_back(waits_.size());
  return static_cast<std::uint32_t>(messages_.size()) - 1;
}

namespace {

/// Pieces of a child that a member of a tree has room for: NCCL's slots per connection (NCCL_STEPS
/// in its src/include/device.h).
constexpr std::size_t kPiecesAhead = 8;

using Members = std::vector<std::int32_t>;  // of the group, by their numbers in it
using Kind = Prerequisite::Kind;

std::size_t index(std::int64_t i) { return static_cast<std::size_t>(i); }

/// Part `i` of `bytes` that are cut into `count` parts as equal as whole bytes allow.
std::int64_t share(std::int64_t bytes, std::int64_t i, std::int64_t count) {
  return bytes / count + (i < bytes % count ? 1 : 0);
}

/// Builds the steps of one request, phase after phase. What a member has received in the phases
/// before is what its first messages of a phase wait for.
class StepBuilder {
 public:
  StepBuilder(const Interconnect& network, const CollectiveRequest& request)
      : network_(network), request_(request), received_(request.group.size()) {
    for (std::size_t i = 0; i < request.group.size(); ++i) {
      everyone_.push_back(static_cast<std::int32_t>(i));
    }
  }

  CollectiveSteps build() {
    switch (request_.algorithm) {
      case CollectiveAlgorithm::ring:
        build_ring();
        break;
      case CollectiveAlgorithm::bidirectional_ring:
        build_both_ways();
        break;
      case CollectiveAlgorithm::tree:
        build_tree();
        break;
      case CollectiveAlgorithm::hierarchical:
        build_levels();
        break;
      case CollectiveAlgorithm::direct:
        build_direct();
        break;
    }
    return std::move(steps_);
  }

 private:
  std::int64_t bytes() const { return request_.bytes.value(); }
  std::int64_t count() const { return static_cast<std::int64_t>(request_.group.size()); }

  CollectiveMessage message(std::int32_t from, std::int32_t to, std::int64_t size,
                            RingWay way) const {
    return {request_.group[index(from)], request_.group[index(to)], size, way};
  }

  /// `rounds` steps around the ring of `members`: in each, every member sends the next one a part
  /// of `size`, which is what it received the step before. Reductions and gathers differ in what
  /// they do with it only.
  void pass_around(const Members& members, std::int64_t size, std::int64_t rounds, RingWay way) {
    const auto n = static_cast<std::int64_t>(members.size());
    pass(members, rounds, way, [&](std::int64_t round, std::int64_t i) {
      return share(size, ((i - round) % n + n) % n, n);
    });
  }

  /// The same with `size_of(round, place)` bytes.
  template <class SizeOf>
  void pass(const Members& members, std::int64_t rounds, RingWay way, const SizeOf& size_of) {
    const auto n = static_cast<std::int64_t>(members.size());
    std::vector<std::uint32_t> before;
    for (std::int64_t round = 0; round < rounds; ++round) {
      std::vector<std::uint32_t> now;
      for (std::int64_t i = 0; i < n; ++i) {
        const std::int32_t from = members[index(i)];
        const std::int32_t to = members[index((i + 1) % n)];
        std::vector<Prerequisite> waits;
        if (round == 0) {
          waits = received_[index(from)];
        } else {
          waits.push_back({before[index((i + n - 1) % n)], Kind::delivered});
          // Between two neighbours messages keep their order, and so what `from` had to wait for
          // before its first one has come.
          waits.push_back({before[index(i)], Kind::sent});
        }
        now.push_back(steps_.add(message(from, to, size_of(round, i), way), waits));
      }
      before = std::move(now);
    }
    if (before.empty()) return;
    for (std::int64_t i = 0; i < n; ++i) {
      arrived_.emplace_back(members[index((i + 1) % n)],
                            Prerequisite{before[index(i)], Kind::delivered});
    }
  }

  /// What has arrived is there for the next phase.
  void end_phase() {
    for (const auto& [member, arrival] : arrived_) received_[index(member)].push_back(arrival);
    arrived_.clear();
  }

  /// In pieces from each member to the next one; the first has them.
  void chain(const Members& members, std::int64_t size, RingWay way) {
    const std::int64_t pieces = pipeline_pieces(network_, Bytes(size), members.size());
    std::vector<std::uint32_t> before;
    for (std::int64_t piece = 0; piece < pieces; ++piece) {
      std::vector<std::uint32_t> now;
      for (std::size_t i = 0; i + 1 < members.size(); ++i) {
        std::vector<Prerequisite> waits;
        if (i == 0) waits = received_[index(members[0])];
        if (i > 0) waits.push_back({now[i - 1], Kind::delivered});
        if (piece > 0) waits.push_back({before[i], Kind::sent});
        now.push_back(steps_.add(
            message(members[i], members[i + 1], share(size, piece, pieces), way), waits));
      }
      before = std::move(now);
    }
    // Of what comes from one neighbour, in order, the last piece is the last.
    for (std::size_t i = 0; i + 1 < members.size(); ++i) {
      arrived_.emplace_back(members[i + 1], Prerequisite{before[i], Kind::delivered});
    }
  }

  /// Every member sends the one `distance` further on (modulo the group) after all that it has
  /// received.
  void exchange(std::int64_t distance, std::int64_t size) {
    const std::int64_t n = count();
    std::vector<std::uint32_t> sent;
    for (std::int64_t i = 0; i < n; ++i) {
      const std::int64_t to = (i + distance) % n;
      sent.push_back(
          steps_.add(message(everyone_[index(i)], everyone_[index(to)], size, RingWay::even),
                     received_[index(i)]));
    }
    for (std::int64_t i = 0; i < n; ++i) {
      received_[index((i + distance) % n)].push_back({sent[index(i)], Kind::delivered});
    }
  }

  void build_ring() {
    const std::int64_t n = count();
    switch (request_.op) {
      case CollectiveOp::all_reduce:
        return pass_around(everyone_, bytes(), 2 * (n - 1), RingWay::even);
      case CollectiveOp::reduce_scatter:
      case CollectiveOp::all_gather:
        return pass_around(everyone_, bytes(), n - 1, RingWay::even);
      case CollectiveOp::all_to_all:
        // In step s, n - s blocks aren't at home yet.
        return pass(everyone_, n - 1, RingWay::even, [&](std::int64_t round, std::int64_t i) {
          return (n - 1 - round) * share(bytes(), i, n);
        });
      case CollectiveOp::broadcast:
        return chain(everyone_, bytes(), RingWay::even);
    }
  }

  void build_both_ways() {
    const std::int64_t n = count();
    const Members backward(everyone_.rbegin(), everyone_.rend());
    const std::int64_t half[] = {share(bytes(), 0, 2), share(bytes(), 1, 2)};
    switch (request_.op) {
      case CollectiveOp::all_reduce:
      case CollectiveOp::reduce_scatter:
      case CollectiveOp::all_gather: {
        const std::int64_t rounds = request_.op == CollectiveOp::all_reduce ? 2 * (n - 1) : n - 1;
        pass_around(everyone_, half[0], rounds, RingWay::forward);
        pass_around(backward, half[1], rounds, RingWay::backward);
        return;
      }
      case CollectiveOp::all_to_all: {
        // Blocks for members that are as far either way go half and half.
        const auto size = [&](std::int64_t round, std::int64_t) {
          const std::int64_t whole = std::max<std::int64_t>(0, (n - 1) / 2 - round);
          return ceil_div((2 * whole + (n % 2 == 0 ? 1 : 0)) * bytes(), 2 * n);
        };
        pass(everyone_, n / 2, RingWay::forward, size);
        pass(backward, n / 2, RingWay::backward, size);
        return;
      }
      case CollectiveOp::broadcast: {
        Members one_way(everyone_.begin(), everyone_.begin() + n / 2 + 1);
        Members other_way = {everyone_.front()};
        for (std::int64_t i = n - 1; i > n / 2; --i) other_way.push_back(everyone_[index(i)]);
        chain(one_way, bytes(), RingWay::forward);
        if (other_way.size() > 1) chain(other_way, bytes(), RingWay::backward);
        return;
      }
    }
  }

  /// Bits of the group's numbers, highest first.
  std::vector<std::int64_t> powers() const {
    std::vector<std::int64_t> result;
    for (std::int64_t power = 1; power < count(); power *= 2) result.insert(result.begin(), power);
    return result;
  }

  void build_tree() {
    const std::int64_t n = count();
    std::vector<std::int64_t> distances = powers();
    switch (request_.op) {
      case CollectiveOp::all_reduce:
        return build_two_trees();
      case CollectiveOp::broadcast:
        return build_binomial_tree();
      case CollectiveOp::reduce_scatter:
        for (const std::int64_t d : distances) {
          exchange(d, std::min(d, n - d) * ceil_div(bytes(), n));
        }
        return;
      case CollectiveOp::all_gather:
        std::reverse(distances.begin(), distances.end());
        for (const std::int64_t d : distances) {
          exchange(d, std::min(d, n - d) * ceil_div(bytes(), n));
        }
        return;
      case CollectiveOp::all_to_all:
        std::reverse(distances.begin(), distances.end());
        for (const std::int64_t d : distances) {
          // Blocks for members whose distance has this bit.
          std::int64_t blocks = 0;
          for (std::int64_t far = 1; far < n; ++far) blocks += (far & d) != 0 ? 1 : 0;
          exchange(d, blocks * ceil_div(bytes(), n));
        }
        return;
    }
  }

  void build_binomial_tree() {
    std::vector<std::int64_t> distances = powers();
    std::vector<std::vector<Prerequisite>> ready(index(count()));
    for (const std::int64_t d : distances) {
      for (std::int64_t i = 0; i + d < count(); i += 2 * d) {
        const std::uint32_t sent = steps_.add(
            message(everyone_[index(i)], everyone_[index(i + d)], bytes(), RingWay::even),
            ready[index(i)]);
        ready[index(i)] = {{sent, Kind::sent}};
        ready[index(i + d)] = {{sent, Kind::delivered}};
      }
    }
  }

  void build_two_trees() {
    const std::vector<BinaryTree> trees = two_trees(index(count()));
    for (std::size_t t = 0; t < trees.size(); ++t) {
      const std::int64_t size = share(bytes(), static_cast<std::int64_t>(t), 2);
      const std::int64_t pieces = pipeline_pieces(network_, Bytes(size), index(count()));
      std::deque<Pieces> before;
      for (std::int64_t piece = 0; piece < pieces; ++piece) {
        before.push_back(send_through(trees[t], share(size, piece, pieces), before));
        if (before.size() > kPiecesAhead) before.pop_front();
      }
    }
  }

  /// The messages of a piece, by member: to its parent and from it.
  struct Pieces {
    std::vector<std::uint32_t> up;
    std::vector<std::uint32_t> down;
  };

  /// `before`: the last pieces, the oldest first.
  Pieces send_through(const BinaryTree& tree, std::int64_t size, const std::deque<Pieces>& before) {
    const std::size_t n = index(count());
    const bool is_first = before.empty();
    Pieces now{std::vector<std::uint32_t>(n), std::vector<std::uint32_t>(n)};
    std::vector<std::vector<Prerequisite>> ready(n);
    for (auto at = tree.downward.rbegin(); at != tree.downward.rend(); ++at) {
      const std::int32_t parent = tree.parent[index(*at)];
      if (parent < 0) continue;
      if (!is_first) ready[index(*at)].push_back({before.back().up[index(*at)], Kind::sent});
      // There is room for the piece when the parent has sent an earlier one on.
      if (before.size() == kPiecesAhead) {
        const bool is_root = tree.parent[index(parent)] < 0;
        const std::uint32_t on =
            is_root ? before.front().down[index(*at)] : before.front().up[index(parent)];
        ready[index(*at)].push_back({on, Kind::sent});
      }
      now.up[index(*at)] = steps_.add(message(*at, parent, size, RingWay::even), ready[index(*at)]);
      ready[index(parent)].push_back({now.up[index(*at)], Kind::delivered});
    }
    for (const std::int32_t at : tree.downward) {
      const std::int32_t parent = tree.parent[index(at)];
      if (parent < 0) continue;
      std::vector<Prerequisite> waits;
      if (tree.parent[index(parent)] < 0) {
        waits = ready[index(parent)];  // the root: once all of it has come up
      } else {
        waits.push_back({now.down[index(parent)], Kind::delivered});
      }
      if (!is_first) waits.push_back({before.back().down[index(at)], Kind::sent});
      now.down[index(at)] = steps_.add(message(parent, at, size, RingWay::even), waits);
    }
    return now;
  }

  void build_levels() {
    if (request_.op == CollectiveOp::broadcast) {
      return broadcast_by_level(level_rings(network_, request_.group));
    }
    const std::vector<LevelPart> parts = level_parts(network_, request_.group);
    for (std::size_t i = 0; i < parts.size(); ++i) {
      for (std::vector<Prerequisite>& received : received_) received.clear();
      build_part(parts[i], share(bytes(), static_cast<std::int64_t>(i),
                                 static_cast<std::int64_t>(parts.size())));
    }
  }

  void build_part(const LevelPart& part, std::int64_t size) {
    std::vector<std::int64_t> sizes;  // of what the rings of a level have
    for (const auto& level : part.levels) {
      sizes.push_back(size);
      if (request_.op == CollectiveOp::all_to_all) continue;
      size = ceil_div(size, static_cast<std::int64_t>(level.front().size()));
    }
    const auto go_around = [&](std::size_t l) {
      for (const Members& ring : part.levels[l]) {
        const auto n = static_cast<std::int64_t>(ring.size());
        if (request_.op != CollectiveOp::all_to_all) {
          pass_around(ring, sizes[l], n - 1, part.way);
          continue;
        }
        // All that is for members at the same place of the level, whole.
        pass(ring, n - 1, part.way, [&](std::int64_t round, std::int64_t i) {
          return (n - 1 - round) * share(sizes[l], i, n);
        });
      }
      end_phase();
    };
    if (request_.op != CollectiveOp::all_gather) {
      for (std::size_t l = 0; l < part.levels.size(); ++l) go_around(l);
    }
    if (request_.op == CollectiveOp::all_gather || request_.op == CollectiveOp::all_reduce) {
      for (std::size_t l = part.levels.size(); l-- > 0;) go_around(l);
    }
  }

  /// From the farthest level to the nearest: first to one member of every node, then within.
  void broadcast_by_level(const std::vector<std::vector<Members>>& levels) {
    std::vector<bool> has(index(count()), false);
    has[0] = true;
    for (std::size_t l = levels.size(); l-- > 0;) {
      for (Members ring : levels[l]) {
        const auto root = std::find_if(ring.begin(), ring.end(),
                                       [&](std::int32_t member) { return has[index(member)]; });
        if (root == ring.end()) continue;
        std::rotate(ring.begin(), root, ring.end());
        chain(ring, bytes(), RingWay::even);
      }
      for (const auto& [member, waits] : arrived_) has[index(member)] = true;
      end_phase();
    }
  }

  void build_direct() {
    const std::int64_t n = count();
    if (request_.op == CollectiveOp::broadcast) {
      for (std::int64_t i = 1; i < n; ++i) {
        steps_.add(message(0, everyone_[index(i)], bytes(), RingWay::even), {});
      }
      return;
    }
    const int times = request_.op == CollectiveOp::all_reduce ? 2 : 1;
    for (int time = 0; time < times; ++time) {
      for (std::int64_t i = 0; i < n; ++i) {
        std::vector<Prerequisite> waits = received_[index(i)];
        for (std::int64_t d = 1; d < n; ++d) {
          const std::int64_t to = (i + d) % n;
          // A reduction brings everyone the share that is his, a gather what the sender has.
          const std::int64_t part = time == 0 && request_.op != CollectiveOp::all_gather ? to : i;
          const std::uint32_t sent = steps_.add(message(everyone_[index(i)], everyone_[index(to)],
                                                        share(bytes(), part, n), RingWay::even),
                                                waits);
          if (d == 1) waits = {{sent, Kind::begun}};
          arrived_.emplace_back(everyone_[index(to)], Prerequisite{sent, Kind::delivered});
        }
      }
      end_phase();
    }
  }

  const Interconnect& network_;
  const CollectiveRequest& request_;
  Members everyone_;
  CollectiveSteps steps_;
  std::vector<std::vector<Prerequisite>> received_;             // by member, in the phases before
  std::vector<std::pair<std::int32_t, Prerequisite>> arrived_;  // in this one
};

}  // namespace

CollectiveSteps collective_steps(const Interconnect& network, const CollectiveRequest& request) {
  check_collective(network, request);
  return StepBuilder(network, request).build();
}

}  // namespace simdse
