#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <set>
#include <tuple>

#include "models/base/error.h"
#include "workloads/ranks/rank_program.h"

namespace simdse {
namespace {

std::string describe(const RankPrograms& programs, RankNodeId id) {
  const RankNode& node = programs.node(id);
  return fmt::format("rank {} {} '{}'", id.rank, action_name(node.action), printable(node.name));
}

void check_references(const RankPrograms& programs) {
  const auto rank_count = static_cast<std::int32_t>(programs.ranks.size());
  for (const RankGroup& group : programs.groups) {
    std::set<std::int32_t> seen;
    for (const std::int32_t rank : group.ranks) {
      if (rank < 0 || rank >= rank_count || !seen.insert(rank).second) {
        throw InputError(fmt::format(
            "group '{}' names rank {} {}", printable(group.name), rank,
            rank < 0 || rank >= rank_count ? fmt::format("of {}", rank_count) : "twice"));
      }
    }
  }
  for (std::int32_t rank = 0; rank < rank_count; ++rank) {
    const auto count = static_cast<std::int32_t>(programs.ranks[rank].nodes.size());
    for (std::int32_t index = 0; index < count; ++index) {
      const RankNode& node = programs.node({rank, index});
      for (const std::int32_t before : node.after) {
        if (before < 0 || before >= count) {
          throw InputError(fmt::format("{} comes after node {}, of {}",
                                       describe(programs, {rank, index}), before, count));
        }
      }
      const bool has_peer = node.action == RankAction::send || node.action == RankAction::receive;
      if (has_peer && (node.peer < 0 || node.peer >= rank_count || node.peer == rank)) {
        throw InputError(fmt::format("{} names rank {} as its peer; there are ranks 0 to {}",
                                     describe(programs, {rank, index}), node.peer, rank_count - 1));
      }
      if (node.action != RankAction::collective) continue;
      if (node.group < 0 || node.group >= static_cast<std::int32_t>(programs.groups.size())) {
        throw InputError(fmt::format("{} names no group", describe(programs, {rank, index})));
      }
      const std::vector<std::int32_t>& ranks = programs.groups[node.group].ranks;
      if (std::find(ranks.begin(), ranks.end(), rank) == ranks.end()) {
        throw InputError(fmt::format("{} is in group '{}', to which the rank does not belong",
                                     describe(programs, {rank, index}),
                                     printable(programs.groups[node.group].name)));
      }
    }
  }
}

void match_messages(const RankPrograms& programs, RankMeetings& meetings) {
  using Channel = std::tuple<std::int32_t, std::int32_t, std::int64_t>;  // from, to, tag
  struct Ends {
    std::vector<RankNodeId> sends;
    std::vector<RankNodeId> receives;
  };
  std::map<Channel, Ends> channels;
  for (std::size_t r = 0; r < programs.ranks.size(); ++r) {
    const auto rank = static_cast<std::int32_t>(r);
    for (std::size_t i = 0; i < programs.ranks[r].nodes.size(); ++i) {
      const RankNode& node = programs.ranks[r].nodes[i];
      const RankNodeId id{rank, static_cast<std::int32_t>(i)};
      if (node.action == RankAction::send) {
        channels[{rank, node.peer, node.tag}].sends.push_back(id);
      } else if (node.action == RankAction::receive) {
        channels[{node.peer, rank, node.tag}].receives.push_back(id);
      }
    }
  }
  for (const auto& [channel, ends] : channels) {
    const auto& [from, to, tag] = channel;
    const std::size_t pairs = std::min(ends.sends.size(), ends.receives.size());
    if (ends.sends.size() != ends.receives.size()) {
      const bool is_send = ends.sends.size() > pairs;
      throw InputError(
          fmt::format("{} (tag {}) has no {} at rank {}",
                      describe(programs, is_send ? ends.sends[pairs] : ends.receives[pairs]), tag,
                      is_send ? "receive" : "send", is_send ? to : from));
    }
    for (std::size_t i = 0; i < pairs; ++i) {
      const Bytes sent = programs.node(ends.sends[i]).bytes;
      const Bytes received = programs.node(ends.receives[i]).bytes;
      if (sent != received) {
        throw InputError(fmt::format("{} sends {} bytes, {} takes {} (tag {})",
                                     describe(programs, ends.sends[i]), sent.value(),
                                     describe(programs, ends.receives[i]), received.value(), tag));
      }
      meetings.messages.push_back({ends.sends[i], ends.receives[i]});
    }
  }
}

void match_collectives(const RankPrograms& programs, RankMeetings& meetings) {
  // Per group and rank, the rank's collectives in order of index.
  std::vector<std::map<std::int32_t, std::vector<RankNodeId>>> calls(programs.groups.size());
  for (std::size_t r = 0; r < programs.ranks.size(); ++r) {
    for (std::size_t i = 0; i < programs.ranks[r].nodes.size(); ++i) {
      const RankNode& node = programs.ranks[r].nodes[i];
      if (node.action != RankAction::collective) continue;
      const auto rank = static_cast<std::int32_t>(r);
      calls[node.group][rank].push_back({rank, static_cast<std::int32_t>(i)});
    }
  }
  for (std::size_t g = 0; g < programs.groups.size(); ++g) {
    const RankGroup& group = programs.groups[g];
    if (group.ranks.empty()) continue;
    const std::vector<RankNodeId>& first = calls[g][group.ranks.front()];
    for (const std::int32_t rank : group.ranks) {
      if (calls[g][rank].size() != first.size()) {
        throw InputError(fmt::format(
            "group '{}': rank {} takes part in {} collectives, rank {} in {}",
            printable(group.name), group.ranks.front(), first.size(), rank, calls[g][rank].size()));
      }
    }
    for (std::size_t k = 0; k < first.size(); ++k) {
      std::vector<RankNodeId> members;
      for (const std::int32_t rank : group.ranks) {
        const RankNodeId id = calls[g][rank][k];
        const RankNode& mine = programs.node(id);
        const RankNode& other = programs.node(first[k]);
        if (mine.op != other.op || mine.bytes != other.bytes) {
          throw InputError(
              fmt::format("group '{}', collective {}: {} is {} of {} bytes, {} is {} of {}",
                          printable(group.name), k, describe(programs, first[k]),
                          collective_name(other.op), other.bytes.value(), describe(programs, id),
                          collective_name(mine.op), mine.bytes.value()));
        }
        members.push_back(id);
      }
      meetings.collectives.push_back(std::move(members));
    }
  }
}

/// All nodes of all ranks as one graph of who waits for whom: a receive also for its send, and a
/// collective for what each of its members waits for.
class WaitGraph {
 public:
  WaitGraph(const RankPrograms& programs, const RankMeetings& meetings) {
    std::size_t count = 0;
    for (const RankProgram& rank : programs.ranks) {
      first_.push_back(count);
      count += rank.nodes.size();
    }
    waits_for_.resize(count);
    for (std::size_t r = 0; r < programs.ranks.size(); ++r) {
      for (std::size_t i = 0; i < programs.ranks[r].nodes.size(); ++i) {
        const RankNodeId id{static_cast<std::int32_t>(r), static_cast<std::int32_t>(i)};
        ids_.push_back(id);
        for (const std::int32_t before : programs.ranks[r].nodes[i].after) {
          waits_for_[place(id)].push_back(place({id.rank, before}));
        }
      }
    }
    for (const RankMeetings::Message& message : meetings.messages) {
      waits_for_[place(message.receive)].push_back(place(message.send));
    }
    // A collective is a place of its own, or each of n members would list what n members wait for.
    for (const std::vector<RankNodeId>& members : meetings.collectives) {
      const std::size_t meeting = waits_for_.size();
      std::vector<std::size_t> all;
      for (const RankNodeId id : members) {
        std::vector<std::size_t>& own = waits_for_[place(id)];
        all.insert(all.end(), own.begin(), own.end());
        own = {meeting};
      }
      waits_for_.push_back(std::move(all));
    }
  }

  /// Nodes of which each waits for the next and the last for the first; empty if there are none.
  std::vector<RankNodeId> circle() const {
    enum class State { unseen, open, done };
    std::vector<State> state(waits_for_.size(), State::unseen);
    struct Step {
      std::size_t node;
      std::size_t next;
    };
    for (std::size_t root = 0; root < ids_.size(); ++root) {
      std::vector<Step> path;
      if (state[root] == State::unseen) path.push_back({root, 0});
      while (!path.empty()) {
        Step& step = path.back();
        state[step.node] = State::open;
        if (step.next == waits_for_[step.node].size()) {
          state[step.node] = State::done;
          path.pop_back();
          continue;
        }
        const std::size_t other = waits_for_[step.node][step.next++];
        if (state[other] == State::unseen) path.push_back({other, 0});
        if (state[other] == State::open) return tail_from(path, other);
      }
    }
    return {};
  }

 private:
  template <class Path>
  std::vector<RankNodeId> tail_from(const Path& path, std::size_t begin) const {
    std::vector<RankNodeId> result;
    bool is_inside = false;
    for (const auto& step : path) {
      is_inside = is_inside || step.node == begin;
      if (is_inside && step.node < ids_.size()) result.push_back(ids_[step.node]);
    }
    return result;
  }
  std::size_t place(RankNodeId id) const {
    return first_[static_cast<std::size_t>(id.rank)] + static_cast<std::size_t>(id.node);
  }

  std::vector<std::size_t> first_;
  std::vector<RankNodeId> ids_;
  std::vector<std::vector<std::size_t>> waits_for_;
};

}  // namespace

RankMeetings match_ranks(const RankPrograms& programs) {
  check_references(programs);
  RankMeetings meetings;
  match_messages(programs, meetings);
  match_collectives(programs, meetings);
  const std::vector<RankNodeId> circle = WaitGraph(programs, meetings).circle();
  if (!circle.empty()) {
    constexpr std::size_t shown = 12;
    std::string text;
    for (std::size_t i = 0; i < circle.size() && i < shown; ++i) {
      text += describe(programs, circle[i]) + " waits for ";
    }
    if (circle.size() > shown) text += fmt::format("... ({} more) ", circle.size() - shown);
    throw InputError("deadlock: " + text + describe(programs, circle.front()));
  }
  return meetings;
}

}  // namespace simdse
