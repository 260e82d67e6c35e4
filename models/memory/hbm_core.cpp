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

Picoseconds clocks(const Hbm& hbm, std::int64_t count) {
  return to_picoseconds(hbm.clock_time() * static_cast<double>(count));
}

}  // namespace

HbmCore::HbmCore(const Hbm& hbm)
    : interleave_(hbm.channels(), hbm.interleave().value()),
      channels_(static_cast<std::size_t>(hbm.channels())),
      banks_(static_cast<std::size_t>(hbm.channels() * hbm.params().banks)),
      groups_(static_cast<std::size_t>(hbm.channels() * hbm.params().bank_groups)),
      queue_depth_(static_cast<std::size_t>(hbm.queue_depth())),
      bank_count_(hbm.params().banks),
      group_count_(hbm.params().bank_groups),
      lanes_(hbm.lanes()),
      set_mask_(bank_count_ / lanes_ - 1),
      row_shift_(shift_of(hbm.params().row_size.value() * lanes_)),
      burst_shift_(shift_of(hbm.access_size().value())),
      batch_((hbm.params().write_high - hbm.params().write_low) * hbm.access_size().value()),
      bus_period_(
          std::max(hbm.burst_time(), hbm.clock_time() * static_cast<double>(hbm.params().t_ccd_s))
              .value() *
          1e12),
      own_period_(hbm.burst_period().value() * 1e12),
      column_time_(clocks(hbm, hbm.params().t_ccd_l)),
      t_rp_(to_picoseconds(hbm.params().t_rp)),
      t_rrd_s_(to_picoseconds(hbm.params().t_rrd_s)),
      t_rrd_l_(to_picoseconds(hbm.params().t_rrd_l)),
      t_faw_(to_picoseconds(hbm.params().t_faw)),
      t_rc_(to_picoseconds(hbm.params().t_rc)),
      t_rfc_(to_picoseconds(hbm.params().t_rfc)),
      t_refi_(to_picoseconds(hbm.params().t_refi)),
      t_controller_(to_picoseconds(hbm.params().t_controller)),
      directions_{direction(hbm, false), direction(hbm, true)} {
  if (static_cast<double>(column_time_) <= bus_period_) column_time_ = 0;
  for (Channel& channel : channels_) channel.next_refresh = t_refi_;
}

HbmCore::Direction HbmCore::direction(const Hbm& hbm, bool is_write) {
  const Hbm::Params& p = hbm.params();
  const Picoseconds burst = to_picoseconds(hbm.burst_time());
  Direction d;
  d.t_rcd = to_picoseconds(is_write ? p.t_rcd_write : p.t_rcd);
  d.delay = to_picoseconds(is_write ? p.t_cwl : p.t_cl);
  d.recovery = to_picoseconds(is_write ? p.t_cwl + hbm.burst_time() + p.t_wr : p.t_rtp);
  // Commands of different groups are near enough wherever there are groups to choose from.
  const Seconds to_read = (p.bank_groups > 1 ? p.t_wtr_s : p.t_wtr_l) + p.t_cl;
  const Seconds to_write = p.t_rtw + p.t_cwl - p.t_cl;
  d.turn = is_write ? std::max<Picoseconds>(0, to_picoseconds(to_write) - burst)
                    : to_picoseconds(to_read);
  const std::int64_t bursts = hbm.lanes() * (p.row_size.value() / hbm.access_size().value());
  const auto data =
      static_cast<Picoseconds>(hbm.burst_period().value() * 1e12 * static_cast<double>(bursts));
  const Picoseconds row_cycle = to_picoseconds(p.t_rc);
  const Picoseconds bank_period =
      std::max(row_cycle, data + d.recovery + to_picoseconds(p.t_rp) + d.t_rcd);
  const Picoseconds between = std::max(to_picoseconds(p.bank_groups > 1 ? p.t_rrd_s : p.t_rrd_l),
                                       ceil_div(to_picoseconds(p.t_faw), 4));
  d.row_period =
      std::max({data, between * hbm.lanes(), ceil_div(bank_period, p.banks / hbm.lanes())});
  d.exposed = d.row_period - data;
  d.reopen = std::max(d.recovery + to_picoseconds(p.t_rp), row_cycle - d.row_period - d.t_rcd);
  d.window_rows = std::min<std::int64_t>(ceil_div(to_picoseconds(p.t_faw), d.row_period), 4);
  return d;
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
  const Picoseconds slot = std::max({command, newest + t_rrd_s_, oldest + t_faw_});
  note_activate(channel, slot);
  return slot;
}

inline HbmCore::RunTime HbmCore::run_time(std::int64_t bursts) {
  if (bursts != known_bursts_) {
    known_bursts_ = bursts;
    known_time_ = {std::llround(static_cast<double>(bursts) * bus_period_),
                   std::llround(static_cast<double>(bursts) * own_period_)};
  }
  return known_time_;
}

inline Picoseconds HbmCore::open(Channel& channel, Group& group, Bank& bank, std::int64_t row,
                                 Picoseconds command, const Direction& d) const {
  if (bank.open_row == row) return std::max(command, bank.column_at);
  const Picoseconds slot = std::max(activate_slot(channel, command), group.activate_at);
  group.activate_at = slot + t_rrd_l_;
  const Picoseconds closed = bank.open_row >= 0 ? command + t_rp_ : command;
  const Picoseconds activated = std::max({slot, closed, bank.ready_at});
  bank.open_row = row;
  bank.ready_at = activated + t_rc_;
  return activated + d.t_rcd;
}

inline Picoseconds HbmCore::turn_bus(Channel& channel, bool is_write, std::int64_t bytes,
                                     Picoseconds data) const {
  const bool turns = channel.was_write != is_write;
  channel.was_write = is_write;
  const Picoseconds other_end = channel.end[is_write ? 0 : 1];
  if (turns) channel.written = 0;
  if (other_end <= data) {
    // Nothing of the other direction waits: the bus turns once, and mostly while it is idle.
    return turns ? std::max(channel.free_at, other_end + directions_[is_write].turn)
                 : channel.free_at;
  }
  if (!is_write) return channel.free_at;
  const std::int64_t paid = std::min(bytes, batch_ - channel.written);
  channel.written += paid;
  return channel.free_at + (directions_[0].turn + directions_[1].turn) * paid / batch_;
}

inline StorageSpan HbmCore::serve_run(std::int64_t index, Picoseconds now, bool is_write,
                                      std::int64_t bytes, std::int64_t first) {
  const Direction& d = directions_[is_write];
  const std::int64_t row = first >> row_shift_;
  const std::int64_t rows = ((first + bytes - 1) >> row_shift_) - row + 1;
  const std::int64_t first_burst = first >> burst_shift_;
  const std::int64_t bursts = ((first + bytes - 1) >> burst_shift_) - first_burst + 1;
  Channel& channel = channels_[static_cast<std::size_t>(index)];
  Bank* const banks = banks_of(index);
  Group* const groups = groups_.data() + index * group_count_;
  const Picoseconds arrival = now + t_controller_;
  refresh(index, std::max(arrival, channel.free_at - d.delay));
  const Picoseconds command = std::max(arrival, channel.refreshed_at);

  // The banks of the first row, one per lane that the run touches, each a burst after the other.
  const std::int64_t set = (row & set_mask_) * lanes_;
  const std::int64_t row_bursts = std::int64_t{1} << (row_shift_ - burst_shift_);
  const std::int64_t in_first_row = std::min(bursts, row_bursts - (first_burst & (row_bursts - 1)));
  const std::int64_t lanes = std::min(lanes_, in_first_row);
  const auto bank_number = [&](std::int64_t i) { return set + ((first_burst + i) & (lanes_ - 1)); };
  Picoseconds ready = command;
  Picoseconds column_path = 0;
  for (std::int64_t i = 0; i < lanes; ++i) {
    const std::int64_t b = bank_number(i);
    Group& group = groups[b & (group_count_ - 1)];
    const auto later = static_cast<Picoseconds>(static_cast<double>(i) * own_period_);
    ready = std::max(ready, open(channel, group, banks[b], row, command, d) - later);
    if (column_time_ > 0) {
      const Picoseconds at = std::max(group.free_at, command + d.delay);
      group.free_at = at + ceil_div(in_first_row - i, lanes_) * column_time_;
      column_path = std::max(column_path, at - later);
    }
  }
  const Picoseconds data = command + d.delay;
  const Picoseconds on_bus = std::max(turn_bus(channel, is_write, bytes, data), data);
  const Picoseconds start = std::max({on_bus, ready + d.delay, column_path});

  const RunTime time = run_time(bursts);
  Picoseconds remaining = time.own + (rows - 1) * d.exposed;
  Picoseconds finish = start;
  // Work until the next refresh, stand still, go on.
  while (finish + remaining - d.delay > channel.next_refresh) {
    remaining -= std::max<Picoseconds>(0, channel.next_refresh + d.delay - finish);
    refresh(index, std::max(finish - d.delay, channel.next_refresh));
    finish = std::max(finish, channel.refreshed_at + d.t_rcd + d.delay);
  }
  finish += remaining;

  // Rows after the first were opened in time for their data, one row period apart.
  const Picoseconds last_command = finish - d.delay;
  const Picoseconds first_row_end = last_command - (rows - 1) * d.row_period;
  for (std::int64_t i = 0; i < lanes; ++i) {
    Bank& bank = banks[bank_number(i)];
    bank.column_at = first_row_end;
    bank.ready_at = std::max(bank.ready_at, first_row_end + d.recovery + t_rp_);
  }
  if (rows > 1) {
    Picoseconds at = last_command;
    const std::int64_t sets = set_mask_ + 1;
    for (std::int64_t r = row + rows - 1; r > row + std::max<std::int64_t>(0, rows - 1 - sets);
         --r, at -= d.row_period) {
      Bank* const row_banks = banks + (r & set_mask_) * lanes_;
      for (std::int64_t lane = 0; lane < lanes_; ++lane) row_banks[lane] = {r, at, at + d.reopen};
    }
    for (std::int64_t left = std::min(rows - 1, d.window_rows); left > 0; --left) {
      for (std::int64_t lane = 0; lane < lanes_; ++lane) {
        note_activate(channel, last_command - d.t_rcd - left * d.row_period);
      }
    }
  }
  channel.end[is_write] = finish;
  channel.free_at = finish - (start - on_bus) - (time.own - time.bus);
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
