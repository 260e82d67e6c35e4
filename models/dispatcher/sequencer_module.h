// The dispatcher: launches commands one after another and hears of their ends.
#pragma once

#include <deque>
#include <vector>

#include "models/base/timed.h"
#include "models/core/time_account.h"
#include "models/dispatcher/dispatcher.h"
#include "sim/kernel/systemc.h"

namespace simdse {

/// Who gives the dispatcher its commands.
class DispatchClient {
 public:
  virtual ~DispatchClient() = default;
  /// The command reaches its cores.
  virtual void launched(std::uint32_t command) = 0;
  /// Its end is known.
  virtual void completed(std::uint32_t command) = 0;
};

/// Sends commands in the order given, at the issue interval, each arriving after the launch
/// latency; ends are known after the completion latency.
class SequencerModule : public sc_core::sc_module, public Timed {
 public:
  SequencerModule(const sc_core::sc_module_name& name, TimeService& time, const Clock& clock,
                  const Dispatcher& dispatcher, TimeAccount& account);

  /// Lets commands of one instant leave together, to find out what queueing costs.
  void make_private() { issue_interval_ = Cycles(0); }

  void set_client(DispatchClient& client) { client_ = &client; }

  /// The command can start; commands of one instant leave in the order of their numbers.
  void launch(std::uint32_t command);
  /// Its work is done.
  void complete(std::uint32_t command);

  std::uint64_t commands() const { return commands_; }

 private:
  void on_time(std::uint64_t token) override;

  TimeService& time_;
  Clock clock_;
  Cycles issue_interval_;
  Cycles launch_latency_;
  Cycles completion_latency_;
  TimeAccount& account_;
  DispatchClient* client_ = nullptr;
  std::vector<std::uint32_t> ready_;  ///< of this instant
  Picoseconds free_at_ = 0;
  std::uint64_t commands_ = 0;
};

}  // namespace simdse
