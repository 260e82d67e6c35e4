// One rank of a distributed step: a chip that runs its program.
#pragma once

#include <cstdint>
#include <set>
#include <vector>

#include "models/base/timed.h"
#include "sim/kernel/systemc.h"
#include "workloads/ranks/rank_program.h"

namespace simdse {

/// Carries out what a rank does with others.
class RankExchange {
 public:
  virtual ~RankExchange() = default;
  /// The rank has come to this send, receive or collective. RankModule::end is called when it has
  /// ended, perhaps within this call.
  virtual void begin(RankNodeId node) = 0;
};

/// What a rank did with its time.
struct RankRecord {
  std::vector<Picoseconds> finish;  ///< by node
  Picoseconds compute = 0;
  /// Nothing to compute, and what the next compute node waited for last was under way: a message
  /// between its leaving and its arrival, a collective between the arrival of its last rank and its
  /// end. After the last compute node, the last exchange counts likewise.
  Picoseconds exchange = 0;
  /// Nothing to compute, and what was waited for had not begun, or nothing was left to wait for.
  Picoseconds bubble = 0;
};

/// Runs the nodes whose predecessors are done: compute and memory nodes one at a time, of those
/// that could begin at an instant the one of lowest index; exchanges as soon as they can begin.
class RankModule : public sc_core::sc_module, public Timed {
 public:
  /// `number` is the rank's; `durations` are those of compute and memory nodes, by node.
  RankModule(const sc_core::sc_module_name& name, TimeService& time, const RankProgram& program,
             std::int32_t number, std::vector<Picoseconds> durations, RankExchange& exchange);

  void start();
  /// An exchange has ended now; its bytes were under way from `began` to `arrived`, which is
  /// earlier than now where a message has waited for its receive.
  void end(std::int32_t node, Picoseconds began, Picoseconds arrived);

  bool is_done() const { return left_ == 0; }
  /// The first node that could begin and is not done. There is one as long as is_done() is false
  /// and nothing waits in a circle.
  std::int32_t unfinished() const;
  /// When the last node was done, so far.
  Picoseconds last_finish() const { return last_finish_; }
  /// Books what is left of `total`, the time of all ranks, and returns the record. Once.
  RankRecord close(Picoseconds total);

 private:
  void on_time(std::uint64_t token) override;
  void make_ready(std::int32_t node);
  void decide();
  void done(std::int32_t node);
  /// Books the time from the end of the last compute node to `until`, in which `node` was waited
  /// for.
  void book_idle(Picoseconds until, std::int32_t node);

  TimeService& time_;
  const RankProgram& program_;
  std::int32_t number_;
  std::vector<Picoseconds> durations_;
  RankExchange& exchange_;
  std::vector<std::vector<std::int32_t>> followers_;
  std::vector<std::int32_t> waits_;
  std::vector<std::int32_t> last_awaited_;  // of its predecessors, the one done last; -1: none yet
  std::vector<bool> is_done_;
  std::vector<Picoseconds> began_;    // of exchanges
  std::vector<Picoseconds> arrived_;  // of exchanges
  std::set<std::int32_t> ready_;      // to compute
  std::size_t left_;
  std::int32_t last_exchange_ = -1;  // that was done last
  bool is_busy_ = false;
  bool is_deciding_ = false;
  Picoseconds idle_since_ = 0;
  Picoseconds last_finish_ = 0;
  RankRecord record_;
};

}  // namespace simdse
