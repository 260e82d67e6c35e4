#include "search/system/rank_timeline.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <queue>
#include <set>

namespace simdse {
namespace {

/// One who does its jobs one after another: a rank's cores, a group, or the way between two ranks.
struct Server {
  std::set<std::size_t> ready;  ///< jobs that could begin
  bool is_busy = false;
};

/// A job is a compute node, a message or a collective.
struct Job {
  std::size_t server = 0;
  std::size_t waits_for = 0;           ///< nodes that are not done
  std::vector<RankNodeId> nodes;       ///< those that it is
  std::vector<std::size_t> followers;  ///< once per wait
  bool is_exchange_last = false;  ///< of the jobs that it waited for, the last was a collective
};

class PaperRun {
 public:
  PaperRun(const RankPrograms& programs, const RankNodeTime& time)
      : programs_(programs), time_(time), meetings_(match_ranks(programs)) {
    number_nodes();
    make_jobs();
  }

  RankTimeline run() {
    for (std::size_t job = 0; job < jobs_.size(); ++job) {
      if (jobs_[job].waits_for == 0) servers_[jobs_[job].server].ready.insert(job);
    }
    std::set<std::size_t> touched;
    for (std::size_t server = 0; server < servers_.size(); ++server) touched.insert(server);
    Seconds now;
    for (;;) {
      for (const std::size_t server : touched) start_next(server, now);
      touched.clear();
      if (under_way_.empty()) break;
      now = Seconds(under_way_.top().first);
      while (!under_way_.empty() && under_way_.top().first == now.value()) {
        const std::size_t job = under_way_.top().second;
        under_way_.pop();
        finish(job, now, touched);
      }
    }
    return result(now);
  }

 private:
  void number_nodes() {
    for (const RankProgram& rank : programs_.ranks) {
      job_of_.emplace_back(rank.nodes.size(), 0);
      finish_.emplace_back(rank.nodes.size());
      compute_.emplace_back();
      exchange_.emplace_back();
      idle_since_.emplace_back();
    }
  }

  std::size_t& job_of(RankNodeId id) {
    return job_of_[static_cast<std::size_t>(id.rank)][static_cast<std::size_t>(id.node)];
  }

  void add_job(std::size_t server, std::vector<RankNodeId> nodes) {
    for (const RankNodeId id : nodes) job_of(id) = jobs_.size();
    Job& job = jobs_.emplace_back();
    job.server = server;
    job.nodes = std::move(nodes);
  }

  void make_jobs() {
    servers_.resize(programs_.ranks.size() + programs_.groups.size());
    for (std::size_t rank = 0; rank < programs_.ranks.size(); ++rank) {
      for (std::size_t i = 0; i < programs_.ranks[rank].nodes.size(); ++i) {
        const RankAction action = programs_.ranks[rank].nodes[i].action;
        if (action == RankAction::compute || action == RankAction::memory) {
          add_job(rank, {{static_cast<std::int32_t>(rank), static_cast<std::int32_t>(i)}});
        }
      }
    }
    std::map<std::pair<std::int32_t, std::int32_t>, std::size_t> ways;
    for (const RankMeetings::Message& message : meetings_.messages) {
      const auto [place, is_new] =
          ways.emplace(std::pair(message.send.rank, message.receive.rank), servers_.size());
      if (is_new) servers_.emplace_back();
      add_job(place->second, {message.send});
      // A receive that the rank has come to ends when the message is there.
      servers_.emplace_back();
      add_job(servers_.size() - 1, {message.receive});
      jobs_.back().waits_for = 1;
      jobs_[job_of(message.send)].followers.push_back(jobs_.size() - 1);
    }
    for (const std::vector<RankNodeId>& members : meetings_.collectives) {
      const auto group = static_cast<std::size_t>(programs_.node(members.front()).group);
      add_job(programs_.ranks.size() + group, members);
    }
    for (std::size_t job = 0; job < jobs_.size(); ++job) {
      for (const RankNodeId id : jobs_[job].nodes) {
        for (const std::int32_t before : programs_.node(id).after) {
          ++jobs_[job].waits_for;
          jobs_[job_of({id.rank, before})].followers.push_back(job);
        }
      }
    }
  }

  bool is_compute(std::size_t job) const { return jobs_[job].server < programs_.ranks.size(); }

  void start_next(std::size_t server, Seconds now) {
    Server& s = servers_[server];
    if (s.is_busy || s.ready.empty()) return;
    const std::size_t job = *s.ready.begin();
    s.ready.erase(s.ready.begin());
    s.is_busy = true;
    const RankNodeId first = jobs_[job].nodes.front();
    const bool is_receive = programs_.node(first).action == RankAction::receive;
    const Seconds time = is_receive ? Seconds(0) : time_(first);
    if (is_compute(job)) {
      if (jobs_[job].is_exchange_last) exchange_[server] += now - idle_since_[server];
      compute_[server] += time;
      idle_since_[server] = now + time;
    }
    under_way_.push({(now + time).value(), job});
  }

  void finish(std::size_t job, Seconds now, std::set<std::size_t>& touched) {
    servers_[jobs_[job].server].is_busy = false;
    touched.insert(jobs_[job].server);
    for (const RankNodeId id : jobs_[job].nodes) {
      finish_[static_cast<std::size_t>(id.rank)][static_cast<std::size_t>(id.node)] = now;
    }
    const bool is_collective =
        programs_.node(jobs_[job].nodes.front()).action == RankAction::collective;
    for (const std::size_t follower : jobs_[job].followers) {
      Job& next = jobs_[follower];
      next.is_exchange_last = is_collective;
      if (--next.waits_for > 0) continue;
      servers_[next.server].ready.insert(follower);
      touched.insert(next.server);
    }
  }

  RankTimeline result(Seconds end) {
    RankTimeline timeline;
    timeline.finish = std::move(finish_);
    timeline.time = end;
    for (std::size_t rank = 0; rank < programs_.ranks.size(); ++rank) {
      RankShares shares{0, 0, 1};
      if (end > Seconds(0)) {
        shares.compute = compute_[rank] / end;
        shares.exchange = exchange_[rank] / end;
        shares.pipeline = 1 - shares.compute - shares.exchange;
      }
      timeline.shares.push_back(shares);
    }
    return timeline;
  }

  using Ending = std::pair<double, std::size_t>;  // when, and which job

  const RankPrograms& programs_;
  const RankNodeTime& time_;
  RankMeetings meetings_;
  std::vector<std::vector<std::size_t>> job_of_;
  std::vector<Job> jobs_;
  std::vector<Server> servers_;  // ranks, groups, ways
  std::priority_queue<Ending, std::vector<Ending>, std::greater<>> under_way_;
  std::vector<std::vector<Seconds>> finish_;
  std::vector<Seconds> compute_;
  std::vector<Seconds> exchange_;
  std::vector<Seconds> idle_since_;
};

}  // namespace

RankTimeline run_on_paper(const RankPrograms& programs, const RankNodeTime& time) {
  return PaperRun(programs, time).run();
}

}  // namespace simdse
