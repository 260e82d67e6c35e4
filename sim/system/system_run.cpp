#include "sim/system/system_run.h"

#include <fmt/core.h>

#include <deque>
#include <map>
#include <memory>
#include <numeric>
#include <stdexcept>
#include <tuple>

#include "sim/kernel/event_queue.h"
#include "sim/system/collective_run.h"

namespace simdse {
namespace {

std::size_t index(std::int32_t i) { return static_cast<std::size_t>(i); }

/// Messages and collectives between ranks.
class Exchanges : public RankExchange, public MessageClient, public Timed {
 public:
  Exchanges(TimeService& time, SystemNetwork& network, const RankPrograms& programs,
            const SystemRunOptions& options)
      : time_(time),
        network_(network),
        programs_(programs),
        options_(options),
        meetings_(match_ranks(programs)),
        chips_(options.chips),
        messages_(meetings_.messages.size()),
        collectives_(meetings_.collectives.size()),
        groups_(programs.groups.size()) {
    if (chips_.empty()) {
      chips_.resize(programs.ranks.size());
      std::iota(chips_.begin(), chips_.end(), 0);
    }
    for (const RankProgram& program : programs.ranks) {
      meeting_of_.emplace_back(program.nodes.size(), 0);
    }
    for (std::size_t i = 0; i < meetings_.messages.size(); ++i) {
      meeting(meetings_.messages[i].send) = i;
      meeting(meetings_.messages[i].receive) = i;
    }
    for (std::size_t i = 0; i < meetings_.collectives.size(); ++i) {
      for (const RankNodeId id : meetings_.collectives[i]) meeting(id) = i;
    }
    time_.join(*this, "exchanges");
  }

  void set_ranks(const std::vector<std::unique_ptr<RankModule>>& ranks) { ranks_ = &ranks; }
  std::uint64_t messages() const { return sent_; }

  void begin(RankNodeId id) override {
    const std::size_t number = meeting(id);
    switch (programs_.node(id).action) {
      case RankAction::send: {
        Channel& channel = channel_of(number);
        channel.waiting.push_back(number);
        return send_next(channel);
      }
      case RankAction::receive:
        messages_[number].is_awaited = true;
        return end_receive(number);
      default:
        return join_collective(number);
    }
  }

 private:
  struct Channel {
    std::deque<std::size_t> waiting;  ///< messages, in the order of their sends
    bool is_busy = false;
  };
  struct MessageState {
    Picoseconds began = 0;
    Picoseconds arrived = 0;
    bool is_delivered = false;
    bool is_awaited = false;
  };
  struct CollectiveState {
    std::size_t members = 0;  ///< that have come to it
    Picoseconds began = 0;
    std::unique_ptr<CollectiveRun> run;
  };
  struct Group {
    std::set<std::pair<std::int32_t, std::size_t>> ready;  ///< by index at the first rank
    bool is_busy = false;
  };

  std::size_t& meeting(RankNodeId id) { return meeting_of_[index(id.rank)][index(id.node)]; }
  RankModule& module_of(std::int32_t number) { return *(*ranks_)[index(number)]; }
  Channel& channel_of(std::size_t message) {
    const RankMeetings::Message& m = meetings_.messages[message];
    return channels_[{m.send.rank, m.receive.rank}];
  }

  void send_next(Channel& channel) {
    if (channel.is_busy || channel.waiting.empty()) return;
    channel.is_busy = true;
    const std::size_t number = channel.waiting.front();
    channel.waiting.pop_front();
    const RankMeetings::Message& message = meetings_.messages[number];
    messages_[number].began = time_.now();
    ++sent_;
    network_.send(chips_[index(message.send.rank)], chips_[index(message.receive.rank)],
                  programs_.node(message.send).bytes, *this, number);
  }

  void message_sent(std::uint64_t number) override {
    Channel& channel = channel_of(number);
    channel.is_busy = false;
    send_next(channel);
  }

  void message_delivered(std::uint64_t number) override {
    messages_[number].is_delivered = true;
    messages_[number].arrived = time_.now();
    const RankNodeId send = meetings_.messages[number].send;
    module_of(send.rank).end(send.node, messages_[number].began, messages_[number].arrived);
    end_receive(number);
  }

  void end_receive(std::size_t number) {
    if (!messages_[number].is_delivered || !messages_[number].is_awaited) return;
    const RankNodeId receive = meetings_.messages[number].receive;
    module_of(receive.rank).end(receive.node, messages_[number].began, messages_[number].arrived);
  }

  void join_collective(std::size_t number) {
    const std::vector<RankNodeId>& nodes = meetings_.collectives[number];
    if (++collectives_[number].members < nodes.size()) return;
    const std::int32_t group = programs_.node(nodes.front()).group;
    groups_[index(group)].ready.insert({nodes.front().node, number});
    start_next(groups_[index(group)]);
  }

  void start_next(Group& group) {
    if (group.is_busy || group.ready.empty()) return;
    const std::size_t number = group.ready.begin()->second;
    group.ready.erase(group.ready.begin());
    const std::vector<RankNodeId>& nodes = meetings_.collectives[number];
    CollectiveState& state = collectives_[number];
    state.began = time_.now();
    if (nodes.size() == 1) {
      module_of(nodes[0].rank).end(nodes[0].node, state.began, state.began);
      return start_next(group);
    }
    group.is_busy = true;
    const CollectiveOrder& order = order_of(nodes);
    sent_ += order.steps.size();
    state.run = std::make_unique<CollectiveRun>(
        network_, time_, order, [this, number, &group](std::size_t member) {
          CollectiveState& own = collectives_[number];
          const RankNodeId id = meetings_.collectives[number][member];
          const bool is_last = own.run->is_done();
          if (is_last) {
            time_.call_at(time_.now(), Stage::completion, *this, number);
            group.is_busy = false;
          }
          module_of(id.rank).end(id.node, own.began, time_.now());
          if (is_last) start_next(group);
        });
    state.run->start();
  }

  /// The messages of a collective, made once for all that are alike.
  const CollectiveOrder& order_of(const std::vector<RankNodeId>& nodes) {
    const RankNode& node = programs_.node(nodes.front());
    const auto key = std::make_tuple(node.group, node.op, node.bytes.value());
    std::unique_ptr<CollectiveOrder>& order = orders_[key];
    if (order) return *order;
    CollectiveRequest request;
    request.op = node.op;
    for (const RankNodeId id : nodes) request.group.push_back(chips_[index(id.rank)]);
    request.bytes = largest_side(node.op, node.bytes, nodes.size());
    request.algorithm =
        options_.algorithm
            ? options_.algorithm(request.op, request.bytes, request.group)
            : fastest_algorithm(network_.interconnect(), request.op, request.bytes, request.group);
    order = std::make_unique<CollectiveOrder>(network_.interconnect(), std::move(request));
    return *order;
  }

  /// A collective that has ended is forgotten.
  void on_time(std::uint64_t number) override { collectives_[number].run.reset(); }

  TimeService& time_;
  SystemNetwork& network_;
  const RankPrograms& programs_;
  const SystemRunOptions& options_;
  RankMeetings meetings_;
  std::vector<std::int32_t> chips_;  // by rank
  const std::vector<std::unique_ptr<RankModule>>* ranks_ = nullptr;
  std::vector<std::vector<std::size_t>> meeting_of_;  // message or collective, by rank and node
  std::vector<MessageState> messages_;
  std::vector<CollectiveState> collectives_;
  std::map<std::pair<std::int32_t, std::int32_t>, Channel> channels_;  // by sender and receiver
  std::vector<Group> groups_;
  std::map<std::tuple<std::int32_t, CollectiveOp, std::int64_t>, std::unique_ptr<CollectiveOrder>>
      orders_;
  std::uint64_t sent_ = 0;
};

void check_chips(const Interconnect& network, const RankPrograms& programs,
                 const SystemRunOptions& options) {
  const std::size_t ranks = programs.ranks.size();
  const auto there = static_cast<std::size_t>(network.chips());
  if (ranks > there) {
    throw InputError(
        fmt::format("{} has {} ranks, but the system {} chips", programs.name, ranks, there));
  }
  if (options.chips.empty()) return;
  if (options.chips.size() != ranks) throw std::logic_error("a rank without a chip");
  const std::set<std::int32_t> different(options.chips.begin(), options.chips.end());
  if (different.size() != ranks || *different.begin() < 0 ||
      *different.rbegin() >= network.chips()) {
    throw std::logic_error("ranks on chips that aren't there, or on the same one");
  }
}

std::vector<Picoseconds> durations_of(const RankProgram& program, std::int32_t rank,
                                      const std::function<Seconds(RankNodeId)>& compute_time) {
  std::vector<Picoseconds> durations;
  Picoseconds total = 0;
  for (std::size_t i = 0; i < program.nodes.size(); ++i) {
    const RankAction action = program.nodes[i].action;
    Seconds time;
    if (action == RankAction::compute || action == RankAction::memory) {
      time = compute_time({rank, static_cast<std::int32_t>(i)});
    }
    try {
      durations.push_back(to_picoseconds(time));
    } catch (const InputError& error) {
      throw InputError(fmt::format("rank {} {} '{}': {}", rank, action_name(action),
                                   printable(program.nodes[i].name), error.what()));
    }
    if (durations.back() > kNever - total) {
      throw InputError(fmt::format("rank {} works for more than the {:.6g} s that can be counted",
                                   rank, kLongestTime.value()));
    }
    total += durations.back();
  }
  return durations;
}

}  // namespace

SystemRunResult run_system(const Interconnect& network, const RankPrograms& programs,
                           const std::function<Seconds(RankNodeId)>& compute_time,
                           const SystemRunOptions& options) {
  check_chips(network, programs, options);
  EventQueue queue("queue");
  queue.set_limit(options.most_events);
  SystemNetwork system("system", queue, network);
  Exchanges exchanges(queue, system, programs, options);
  std::vector<std::unique_ptr<RankModule>> ranks;
  for (std::size_t i = 0; i < programs.ranks.size(); ++i) {
    const auto number = static_cast<std::int32_t>(i);
    ranks.push_back(std::make_unique<RankModule>(
        fmt::format("rank{}", i).c_str(), queue, programs.ranks[i], number,
        durations_of(programs.ranks[i], number, compute_time), exchanges));
  }
  exchanges.set_ranks(ranks);
  sc_core::sc_start(sc_core::SC_ZERO_TIME);
  for (const auto& rank : ranks) rank->start();
  sc_core::sc_start();
  if (queue.time_exceeded()) {
    throw InputError(fmt::format("{} takes more than the {:.6g} s that can be counted",
                                 printable(programs.name), kLongestTime.value()));
  }
  for (std::size_t i = 0; i < ranks.size(); ++i) {
    if (ranks[i]->is_done()) continue;
    const RankNode& node = programs.ranks[i].nodes[index(ranks[i]->unfinished())];
    throw std::runtime_error(fmt::format("{}: rank {} {} '{}' has not ended",
                                         queue.limit_exceeded() ? "given up" : "stuck", i,
                                         action_name(node.action), printable(node.name)));
  }
  SystemRunResult result;
  result.messages = exchanges.messages();
  result.events = queue.delivered();
  for (const auto& rank : ranks) result.time = std::max(result.time, rank->last_finish());
  for (const auto& rank : ranks) result.ranks.push_back(rank->close(result.time));
  return result;
}

}  // namespace simdse
