#include "models/dispatcher/sequencer_module.h"

#include <algorithm>

namespace simdse {
namespace {
// Tokens of on_time: what happens, and to which command.
constexpr std::uint64_t kSend = 0;
constexpr std::uint64_t kLaunched = 1;
constexpr std::uint64_t kCompleted = 2;
constexpr unsigned kKindBits = 2;
}  // namespace

SequencerModule::SequencerModule(const sc_core::sc_module_name& name, TimeService& time,
                                 const Clock& clock, const Dispatcher& dispatcher,
                                 TimeAccount& account)
    : sc_module(name),
      time_(time),
      clock_(clock),
      issue_interval_(dispatcher.issue_interval()),
      launch_latency_(dispatcher.launch_latency()),
      completion_latency_(dispatcher.completion_latency()),
      account_(account) {
  time_.join(*this, this->name());
}

void SequencerModule::launch(std::uint32_t command) {
  if (ready_.empty()) time_.call_at(time_.now(), Stage::request_network, *this, kSend);
  ready_.push_back(command);
}

void SequencerModule::complete(std::uint32_t command) {
  const Picoseconds known = clock_.after(time_.now(), completion_latency_);
  time_.call_at(known, Stage::arrival, *this,
                static_cast<std::uint64_t>(command) << kKindBits | kCompleted);
}

void SequencerModule::on_time(std::uint64_t token) {
  const auto command = static_cast<std::uint32_t>(token >> kKindBits);
  switch (token & ((1u << kKindBits) - 1)) {
    case kSend: {
      std::sort(ready_.begin(), ready_.end());
      for (const std::uint32_t ready : ready_) {
        const Picoseconds send = std::max(time_.now(), free_at_);
        free_at_ = clock_.after(send, issue_interval_);
        ++commands_;
        time_.call_at(clock_.after(send, launch_latency_), Stage::arrival, *this,
                      static_cast<std::uint64_t>(ready) << kKindBits | kLaunched);
      }
      ready_.clear();
      return;
    }
    case kLaunched:
      account_.explain(Cause::dispatch, time_.now());
      client_->launched(command);
      return;
    default:
      account_.explain(Cause::dispatch, time_.now());
      client_->completed(command);
      return;
  }
}

}  // namespace simdse
