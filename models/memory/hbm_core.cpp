#include "models/memory/hbm_core.h"

#include <algorithm>
#include <cmath>

namespace simdse {
namespace {

Picoseconds to_picoseconds(Seconds time) {
  if (std::isinf(time.value())) return kNever;
  return static_cast<Picoseconds>(std::llround(time.value() * 1e12));
}

unsigned shift_of(std::int64_t power_of_two) {
  unsigned shift = 0;
  while ((std::int64_t{1} << shift) < power_of_two) ++shift;
  return shift;
}

}  // namespace

HbmCore::HbmCore(const Hbm& hbm)
    : interleave_(hbm.channels(), hbm.interleave().value()),
      channels_(static_cast<std::size_t>(hbm.channels())),
      banks_(static_cast<std::size_t>(hbm.channels() * hbm.params().banks)),
      queue_depth_(static_cast<std::size_t>(hbm.queue_depth())),
      bank_count_(hbm.params().banks),
      bank_mask_(bank_count_ - 1),
      row_shift_(shift_of(hbm.params().row_size.value())),
      burst_bytes_(hbm.params().burst_length * hbm.params().channel_bits / 8),
      turnaround_batch_(hbm.params().turnaround_batch.value()),
      burst_time_(static_cast<double>(burst_bytes_) / hbm.channel_bandwidth().value() * 1e12),
      t_rcd_(to_picoseconds(hbm.params().t_rcd)),
      t_rp_(to_picoseconds(hbm.params().t_rp)),
      t_cl_(to_picoseconds(hbm.params().t_cl)),
      t_rrd_(to_picoseconds(hbm.params().t_rrd)),
      t_faw_(to_picoseconds(hbm.params().t_faw)),
      t_rc_(to_picoseconds(hbm.params().t_rc)),
      t_rfc_(to_picoseconds(hbm.params().t_rfc)),
      t_refi_(to_picoseconds(hbm.params().t_refi)),
      t_turnaround_(to_picoseconds(hbm.params().t_turnaround)),
      t_controller_(to_picoseconds(hbm.params().t_controller)) {
  const auto row_time =
      static_cast<Picoseconds>(static_cast<double>(std::int64_t{1} << row_shift_) /
                               static_cast<double>(burst_bytes_) * burst_time_);
  // A long run is as fast as its data, its activates, and the bank whose turn comes again allow.
  const Picoseconds bank_period = std::max(t_rc_, row_time + t_rp_ + t_rcd_);
  row_period_ =
      std::max({row_time, t_rrd_, ceil_div(t_faw_, 4), ceil_div(bank_period, bank_count_)});
  exposed_row_change_ = row_period_ - row_time;
  reopen_ = std::max(t_rp_, t_rc_ - row_period_ - t_rcd_);
  window_rows_ = std::min<std::int64_t>(ceil_div(t_faw_, row_period_), 4);
  for (std::size_t i = 0; i < channels_.size(); ++i) {
    if (t_refi_ == kNever) continue;
    // Channels refresh one after the other, so that some always work.
    channels_[i].next_refresh =
        t_refi_ / static_cast<Picoseconds>(channels_.size()) * static_cast<Picoseconds>(i + 1);
  }
}

void HbmCore::begin_refresh(std::int64_t index, Picoseconds time) {
  Channel& channel = channels_[static_cast<std::size_t>(index)];
  // The last refresh that began by `time`; those before it are over.
  const Picoseconds missed = (time - channel.next_refresh) / t_refi_;
  const Picoseconds begun = channel.next_refresh + missed * t_refi_;
  channel.next_refresh = begun + t_refi_;
  channel.refreshed_at = begun + t_rp_ + t_rfc_;
  Bank* const banks = banks_of(index);
  for (std::int64_t b = 0; b < bank_count_; ++b) banks[b].open_row = -1;
}

inline Picoseconds HbmCore::activate_slot(Channel& channel, Picoseconds command) const {
  const Picoseconds newest = channel.activates[(channel.oldest_activate + 3) % 4];
  const Picoseconds oldest = channel.activates[channel.oldest_activate % 4];
  const Picoseconds slot = std::max({command, newest + t_rrd_, oldest + t_faw_});
  note_activate(channel, slot);
  return slot;
}

inline Picoseconds HbmCore::transfer_time(std::int64_t bytes) {
  if (bytes != known_bytes_) {
    known_bytes_ = bytes;
    known_time_ = std::llround(static_cast<double>(ceil_div(bytes, burst_bytes_)) * burst_time_);
  }
  return known_time_;
}

inline StorageSpan HbmCore::serve_run(std::int64_t index, Picoseconds now, bool is_write,
                                      std::int64_t bytes, std::int64_t first) {
  const std::int64_t row = first >> row_shift_;
  const std::int64_t rows = ((first + bytes - 1) >> row_shift_) - row + 1;
  Channel& channel = channels_[static_cast<std::size_t>(index)];
  Bank* const banks = banks_of(index);
  Bank& bank = banks[row & bank_mask_];
  const Picoseconds arrival = now + t_controller_;
  refresh(index, std::max(arrival, channel.free_at - t_cl_));
  const Picoseconds command = std::max(arrival, channel.refreshed_at);

  Picoseconds column = command;  // as far as the channel is concerned ...
  Picoseconds bank_wait = 0;     // ... and what its own bank adds
  if (bank.open_row != row) {
    const Picoseconds slot = activate_slot(channel, command);
    const Picoseconds closed = bank.open_row >= 0 ? command + t_rp_ : command;
    const Picoseconds activated = std::max({slot, closed, bank.ready_at});
    column = slot + t_rcd_;
    bank_wait = activated - slot;
    bank.open_row = row;
    bank.ready_at = activated + t_rc_;
  } else {
    bank_wait = std::max<Picoseconds>(0, bank.column_at - column);
  }
  Picoseconds bus = channel.free_at;
  if (channel.is_used && channel.was_write != is_write) {
    bus += bytes >= turnaround_batch_ ? t_turnaround_ : t_turnaround_ * bytes / turnaround_batch_;
  }
  const Picoseconds on_bus = std::max(bus, column + t_cl_);
  const Picoseconds start = std::max(on_bus, column + bank_wait + t_cl_);

  Picoseconds remaining = transfer_time(bytes) + (rows - 1) * exposed_row_change_;
  Picoseconds finish = start;
  // Work until the next refresh, stand still, go on.
  while (finish + remaining - t_cl_ > channel.next_refresh) {
    remaining -= std::max<Picoseconds>(0, channel.next_refresh + t_cl_ - finish);
    refresh(index, std::max(finish - t_cl_, channel.next_refresh));
    finish = std::max(finish, channel.refreshed_at + t_rcd_ + t_cl_);
  }
  finish += remaining;

  // Rows after the first were opened in time for their data, one row period apart.
  const Picoseconds last_command = finish - t_cl_;
  bank.column_at = last_command - (rows - 1) * row_period_;
  bank.ready_at = std::max(bank.ready_at, bank.column_at + t_rp_);
  if (rows > 1) {
    Picoseconds at = last_command;
    for (std::int64_t r = row + rows - 1;
         r > row + std::max<std::int64_t>(0, rows - 1 - bank_count_); --r, at -= row_period_) {
      banks[r & bank_mask_] = {r, at, at + reopen_};
    }
    for (std::int64_t left = std::min(rows - 1, window_rows_); left > 0; --left) {
      note_activate(channel, last_command - t_rcd_ - left * row_period_);
    }
  }
  channel.is_used = true;
  channel.was_write = is_write;
  channel.free_at = finish - (start - on_bus);
  return {start, finish};
}

StorageSpan HbmCore::serve(Picoseconds now, const StorageRequest& request) {
  StorageSpan span{kNever, now};
  interleave_.for_each(request.address, request.bytes,
                       [&](std::int64_t channel, std::int64_t bytes, std::int64_t first) {
                         const StorageSpan run =
                             serve_run(channel, now, request.is_write, bytes, first);
                         if (observer_ != nullptr)
                           observer_->busy(channel, run.head, run.tail, bytes);
                         span.head = std::min(span.head, run.head);
                         span.tail = std::max(span.tail, run.tail);
                       });
  return span;
}

}  // namespace simdse
