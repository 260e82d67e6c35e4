#include "models/memory/hbm_command_core.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace simdse {

HbmCommandCore::HbmCommandCore(const Hbm& hbm)
    : interleave_(hbm.channels(), hbm.interleave().value()),
      queue_depth_(static_cast<std::size_t>(hbm.queue_depth())),
      burst_bytes_(hbm.access_size().value()),
      clock_(hbm.clock_time().value() * 1e12),
      t_controller_(to_picoseconds(hbm.params().t_controller)),
      wake_at_(static_cast<std::size_t>(hbm.channels()), kNever) {
  for (std::int64_t i = 0; i < hbm.channels(); ++i) controllers_.emplace_back(hbm, i);
}

StorageSpan HbmCommandCore::serve(Picoseconds, const StorageRequest&) {
  throw std::logic_error("a command-level memory answers later");
}

void HbmCommandCore::attach(TimeService& time, const std::string& name, StorageClient& client) {
  time_ = &time;
  client_ = &client;
  time.join(*this, name);
}

void HbmCommandCore::watch(DramCommandObserver* observer) {
  for (HbmController& controller : controllers_) controller.watch(observer);
}

Picoseconds HbmCommandCore::edge(std::int64_t cycle) const {
  return static_cast<Picoseconds>(std::llround(static_cast<double>(cycle) * clock_));
}

std::int64_t HbmCommandCore::next_edge(Picoseconds time) const {
  auto cycle = static_cast<std::int64_t>(static_cast<double>(time) / clock_);
  while (edge(cycle) < time) ++cycle;
  while (cycle > 0 && edge(cycle - 1) >= time) --cycle;
  return cycle;
}

void HbmCommandCore::submit(Picoseconds now, const StorageRequest& request, std::uint64_t tag) {
  if (free_.empty()) {
    free_.push_back(transfers_.size());
    transfers_.emplace_back();
  }
  const std::uint64_t index = free_.back();
  free_.pop_back();
  transfers_[index] = {tag, 0, kNever, now};
  const std::int64_t ready = next_edge(now + t_controller_);
  const Picoseconds at = edge(next_edge(now));
  interleave_.for_each(request.address, request.bytes,
                       [&](std::int64_t channel, std::int64_t bytes, std::int64_t first) {
                         const std::int64_t begin = first / burst_bytes_;
                         const std::int64_t count = (first + bytes - 1) / burst_bytes_ + 1 - begin;
                         transfers_[index].bursts_left += count;
                         const auto c = static_cast<std::size_t>(channel);
                         controllers_[c].add({index, request.is_write, begin, count, ready});
                         if (at < wake_at_[c]) {
                           wake_at_[c] = at;
                           time_->call_at(at, Stage::storage, *this, c);
                         }
                       });
}

void HbmCommandCore::on_time(std::uint64_t channel) {
  // An earlier call has done what this one was asked for.
  if (wake_at_[channel] != time_->now()) return;
  wake_at_[channel] = kNever;
  running_ = channel;
  const std::int64_t next = controllers_[channel].step(next_edge(time_->now()), *this);
  if (next == HbmClocks::kNoRefresh) return;
  const Picoseconds at = edge(next);
  if (at < wake_at_[channel]) {
    wake_at_[channel] = at;
    time_->call_at(at, Stage::storage, *this, channel);
  }
}

void HbmCommandCore::burst_done(std::uint64_t index, std::int64_t begin, std::int64_t end) {
  Transfer& transfer = transfers_[index];
  const Picoseconds head = edge(begin);
  const Picoseconds tail = edge(end);
  if (observer_ != nullptr && tail > head) {
    observer_->busy(static_cast<std::int64_t>(running_), head, tail, burst_bytes_);
  }
  transfer.head = std::min(transfer.head, head);
  transfer.tail = std::max(transfer.tail, tail);
  if (--transfer.bursts_left > 0) return;
  const Transfer done = transfer;
  free_.push_back(index);
  client_->served(done.tag, {std::max(done.head, time_->now()), done.tail});
}

}  // namespace simdse
