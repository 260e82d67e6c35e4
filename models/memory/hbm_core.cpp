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
      queue_depth_(static_cast<std::size_t>(hbm.queue_depth())),
      banks_(hbm.params().banks),
      bank_mask_(banks_ - 1),
      row_shift_(shift_of(hbm.params().row_size.value())),
      burst_bytes_(hbm.params().burst_length * hbm.params().channel_bits / 8),
      turnaround_batch_(hbm.params().turnaround_batch.value()),
      burst_time_(static_cast<double>(burst_bytes_) / hbm.channel_bandwidth().value() * 1e12),
      t_rcd_(to_picoseconds(hbm.params().t_rcd)),
      t_rp_(to_picoseconds(hbm.params().t_rp)),
      t_cl_(to_picoseconds(hbm.params().t_cl)),
      t_rfc_(to_picoseconds(hbm.params().t_rfc)),
      t_refi_(to_picoseconds(hbm.params().t_refi)),
      t_turnaround_(to_picoseconds(hbm.params().t_turnaround)),
      t_controller_(to_picoseconds(hbm.params().t_controller)) {
  const auto row_time =
      static_cast<Picoseconds>(static_cast<double>(std::int64_t{1} << row_shift_) /
                               static_cast<double>(burst_bytes_) * burst_time_);
  exposed_row_change_ = std::max<Picoseconds>(0, t_rp_ + t_rcd_ - (banks_ - 1) * row_time);
  for (std::size_t i = 0; i < channels_.size(); ++i) {
    channels_[i].open_rows.assign(static_cast<std::size_t>(banks_), -1);
    if (t_refi_ == kNever) continue;
    // Channels refresh one after the other, so that some always work.
    channels_[i].next_refresh =
        t_refi_ / static_cast<Picoseconds>(channels_.size()) * static_cast<Picoseconds>(i + 1);
  }
}

StorageSpan HbmCore::serve(Picoseconds now, const StorageRequest& request) {
  StorageSpan span{kNever, now};
  interleave_.for_each(request.address, request.bytes,
                       [&](std::int64_t channel, std::int64_t bytes, std::int64_t first) {
                         const StorageSpan run =
                             serve_run(channels_[static_cast<std::size_t>(channel)], now,
                                       request.is_write, bytes, first);
                         if (observer_ != nullptr)
                           observer_->busy(channel, run.head, run.tail, bytes);
                         span.head = std::min(span.head, run.head);
                         span.tail = std::max(span.tail, run.tail);
                       });
  return span;
}

Picoseconds HbmCore::after_refresh(Channel& channel, Picoseconds time) {
  if (channel.next_refresh > time) return time;
  // The last refresh that began by `time`; those before it are over.
  const Picoseconds missed = (time - channel.next_refresh) / t_refi_;
  const Picoseconds begun = channel.next_refresh + missed * t_refi_;
  channel.next_refresh = begun + t_refi_;
  std::fill(channel.open_rows.begin(), channel.open_rows.end(), -1);
  return std::max(time, begun + t_rfc_);
}

Picoseconds HbmCore::transfer_time(std::int64_t bytes) {
  if (bytes != known_bytes_) {
    known_bytes_ = bytes;
    known_time_ = std::llround(static_cast<double>(ceil_div(bytes, burst_bytes_)) * burst_time_);
  }
  return known_time_;
}

StorageSpan HbmCore::serve_run(Channel& channel, Picoseconds now, bool is_write, std::int64_t bytes,
                               std::int64_t first) {
  const std::int64_t row = first >> row_shift_;
  const auto bank = static_cast<std::size_t>(row & bank_mask_);
  const Picoseconds command = now + t_controller_;
  const bool is_idle = channel.free_at <= command;
  Picoseconds start = after_refresh(channel, std::max(command, channel.free_at));

  std::int64_t& open_row = channel.open_rows[bank];
  Picoseconds row_delay = 0;
  if (open_row != row) row_delay = t_rcd_ + (open_row >= 0 ? t_rp_ : 0);
  const bool is_hidden = !is_idle && static_cast<std::int64_t>(bank) != channel.last_bank;
  if (is_idle) start += t_cl_;
  if (!is_hidden) start += row_delay;
  if (channel.last_bank >= 0 && channel.was_write != is_write) {
    start += bytes >= turnaround_batch_ ? t_turnaround_ : t_turnaround_ * bytes / turnaround_batch_;
  }

  const std::int64_t rows = ((first + bytes - 1) >> row_shift_) - row + 1;
  Picoseconds remaining = transfer_time(bytes) + (rows - 1) * exposed_row_change_;
  Picoseconds finish = start;
  // Work until the next refresh, stand still, go on.
  while (finish + remaining > channel.next_refresh) {
    remaining -= std::max<Picoseconds>(0, channel.next_refresh - finish);
    finish = after_refresh(channel, std::max(finish, channel.next_refresh)) + t_rcd_;
  }
  finish += remaining;

  for (std::int64_t r = row + rows - std::min(rows, banks_); r < row + rows; ++r) {
    channel.open_rows[static_cast<std::size_t>(r & bank_mask_)] = r;
  }
  channel.last_bank = (row + rows - 1) & bank_mask_;
  channel.was_write = is_write;
  channel.free_at = finish;
  return {start, finish};
}

}  // namespace simdse
