#include "models/memory/hbm_channel.h"

#include <algorithm>
#include <cmath>

namespace simdse {
namespace {

unsigned shift_of(std::int64_t power_of_two) {
  unsigned shift = 0;
  while ((std::int64_t{1} << shift) < power_of_two) ++shift;
  return shift;
}

Picoseconds clocks(const Hbm& hbm, std::int64_t count) {
  return to_picoseconds(hbm.clock_time() * static_cast<double>(count));
}

HbmTiming::Direction direction(const Hbm& hbm, bool is_write) {
  const Hbm::Params& p = hbm.params();
  const Picoseconds burst = to_picoseconds(hbm.burst_time());
  HbmTiming::Direction d;
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
  // The last four activates are all that is remembered.
  d.window_rows = std::min<std::int64_t>(ceil_div(to_picoseconds(p.t_faw), d.row_period),
                                         ceil_div(4, hbm.lanes()));
  return d;
}

}  // namespace

HbmTiming::HbmTiming(const Hbm& hbm)
    : banks(hbm.params().banks),
      groups(hbm.params().bank_groups),
      lanes(hbm.lanes()),
      sets(hbm.bank_sets()),
      row_shift(shift_of(hbm.params().row_size.value() * lanes)),
      burst_shift(shift_of(hbm.access_size().value())),
      batch((hbm.params().write_high - hbm.params().write_low) * hbm.access_size().value()),
      bus_period(
          std::max(hbm.burst_time(), hbm.clock_time() * static_cast<double>(hbm.params().t_ccd_s))
              .value() *
          1e12),
      own_period(hbm.burst_period().value() * 1e12),
      column_time(clocks(hbm, hbm.params().t_ccd_l)),
      t_rp(to_picoseconds(hbm.params().t_rp)),
      t_rrd_s(to_picoseconds(hbm.params().t_rrd_s)),
      t_rrd_l(to_picoseconds(hbm.params().t_rrd_l)),
      t_faw(to_picoseconds(hbm.params().t_faw)),
      t_rc(to_picoseconds(hbm.params().t_rc)),
      t_rfc(to_picoseconds(hbm.params().t_rfc)),
      t_refi(std::isinf(hbm.params().t_refi.value()) ? kNever
                                                     : to_picoseconds(hbm.params().t_refi)),
      t_controller(to_picoseconds(hbm.params().t_controller)),
      directions{direction(hbm, false), direction(hbm, true)} {
  if (static_cast<double>(column_time) <= bus_period) column_time = 0;
}

HbmChannel::HbmChannel(const HbmTiming& timing)
    : next_refresh_(timing.t_refi),
      banks_(static_cast<std::size_t>(timing.banks)),
      groups_(static_cast<std::size_t>(timing.groups)) {}

void HbmChannel::begin_refresh(const HbmTiming& t, Picoseconds time) {
  // The last refresh that began by `time`; those before it are over.
  const Picoseconds missed = (time - next_refresh_) / t.t_refi;
  const Picoseconds begun = next_refresh_ + missed * t.t_refi;
  next_refresh_ = begun + t.t_refi;
  refreshed_at_ = begun + t.t_rp + t.t_rfc;
  for (Bank& bank : banks_) bank.open_row = -1;
}

inline Picoseconds HbmChannel::activate_slot(const HbmTiming& t, Picoseconds command) {
  const Picoseconds newest = activates_[(oldest_activate_ + 3) % 4];
  const Picoseconds oldest = activates_[oldest_activate_ % 4];
  const Picoseconds slot = std::max({command, newest + t.t_rrd_s, oldest + t.t_faw});
  note_activate(slot);
  return slot;
}

Picoseconds HbmChannel::join(const HbmTiming& t, Bank& bank, std::int64_t row, Picoseconds command,
                             std::int64_t bursts, const HbmTiming::Direction& d) {
  const auto time = static_cast<Picoseconds>(static_cast<double>(bursts) * t.own_period);
  for (unsigned age = 0; age < kClosingRows; ++age) {
    ClosingRow& joined = bank.last_closing(age);
    if (joined.closes_at <= command) break;
    if (joined.row != row) continue;
    const Picoseconds at = std::max(command, joined.column_at);
    joined.column_at = at + time;
    const Picoseconds later = std::max<Picoseconds>(0, at + time + d.recovery - joined.closes_at);
    joined.closes_at += later;
    while (age-- > 0) {
      bank.last_closing(age).column_at += later;
      bank.last_closing(age).closes_at += later;
    }
    bank.column_at += later;
    bank.ready_at += later;
    return at;
  }
  return kNever;
}

[[gnu::always_inline]] inline Picoseconds HbmChannel::open(const HbmTiming& t, std::int64_t number,
                                                           std::int64_t row, Picoseconds command,
                                                           std::int64_t bursts,
                                                           const HbmTiming::Direction& d) {
  Bank& bank = banks_[static_cast<std::size_t>(number)];
  if (bank.open_row == row) return std::max(command, bank.column_at);
  if (command < bank.last_closing().closes_at) {
    const Picoseconds at = join(t, bank, row, command, bursts, d);
    if (at != kNever) return at;
  }
  Group& group = groups_[static_cast<std::size_t>(number & (t.groups - 1))];
  const Picoseconds slot = std::max(activate_slot(t, command), group.activate_at);
  group.activate_at = slot + t.t_rrd_l;
  const Picoseconds closed = bank.open_row >= 0 ? command + t.t_rp : command;
  const Picoseconds activated = std::max({slot, closed, bank.ready_at});
  if (activated - t.t_rp > command && bank.open_row >= 0) {
    bank.add_closing({bank.open_row, bank.column_at, activated - t.t_rp});
  }
  bank.open_row = row;
  bank.ready_at = activated + t.t_rc;
  return activated + d.t_rcd;
}

inline Picoseconds HbmChannel::turn_bus(const HbmTiming& t, bool is_write, std::int64_t bytes,
                                        Picoseconds data) {
  const bool turns = was_write_ != is_write;
  was_write_ = is_write;
  const Picoseconds other_end = end_[is_write ? 0 : 1];
  if (turns) written_ = 0;
  if (other_end <= data) {
    // Nothing of the other direction waits: the bus turns once, and mostly while it is idle.
    return turns ? std::max(free_at_, other_end + t.directions[is_write].turn) : free_at_;
  }
  if (!is_write) return free_at_;
  const std::int64_t paid = std::min(bytes, t.batch - written_);
  written_ += paid;
  return free_at_ + (t.directions[0].turn + t.directions[1].turn) * paid / t.batch;
}

StorageSpan HbmChannel::serve(const HbmTiming& t, Picoseconds now, const HbmRun& run) {
  return t.lanes == 1 ? serve_over<false>(t, now, run) : serve_over<true>(t, now, run);
}

template <bool kHasLanes>
StorageSpan HbmChannel::serve_over(const HbmTiming& t, Picoseconds now, const HbmRun& run) {
  const std::int64_t all_lanes = kHasLanes ? t.lanes : 1;
  const auto& [is_write, first, bytes, bus_time, own_time] = run;
  const HbmTiming::Direction& d = t.directions[is_write];
  const std::int64_t row = first >> t.row_shift;
  const std::int64_t rows = ((first + bytes - 1) >> t.row_shift) - row + 1;
  const std::int64_t first_burst = first >> t.burst_shift;
  const std::int64_t bursts = ((first + bytes - 1) >> t.burst_shift) - first_burst + 1;
  Bank* const banks = banks_.data();
  Group* const groups = groups_.data();
  const Picoseconds arrival = now + t.t_controller;
  refresh(t, std::max(arrival, free_at_ - d.delay));
  const Picoseconds command = std::max(arrival, refreshed_at_);

  // The banks of the first row, one per lane that the run touches, each a burst after the other.
  const std::int64_t set = t.sets.of(row) * all_lanes;
  const std::int64_t row_bursts = std::int64_t{1} << (t.row_shift - t.burst_shift);
  const std::int64_t in_first_row = std::min(bursts, row_bursts - (first_burst & (row_bursts - 1)));
  const std::int64_t lanes = kHasLanes ? std::min(all_lanes, in_first_row) : 1;
  const auto bank_number = [&](std::int64_t i) {
    return set + ((first_burst + i) & (all_lanes - 1));
  };
  Picoseconds ready = command;
  Picoseconds column_path = 0;
  for (std::int64_t i = 0; i < lanes; ++i) {
    const std::int64_t b = bank_number(i);
    Group& group = groups[b & (t.groups - 1)];
    const auto later =
        kHasLanes ? static_cast<Picoseconds>(static_cast<double>(i) * t.own_period) : 0;
    ready = std::max(ready, open(t, b, row, command, in_first_row, d) - later);
    if (t.column_time > 0) {
      const Picoseconds at = std::max(group.free_at, command + d.delay);
      group.free_at = at + ceil_div(in_first_row - i, all_lanes) * t.column_time;
      column_path = std::max(column_path, at - later);
    }
  }
  const Picoseconds data = command + d.delay;
  const Picoseconds on_bus = std::max(turn_bus(t, is_write, bytes, data), data);
  const Picoseconds start = std::max({on_bus, ready + d.delay, column_path});

  Picoseconds remaining = own_time + (rows - 1) * d.exposed;
  Picoseconds finish = start;
  // Work until the next refresh, stand still, go on.
  while (finish + remaining - d.delay > next_refresh_) {
    remaining -= std::max<Picoseconds>(0, next_refresh_ + d.delay - finish);
    refresh(t, std::max(finish - d.delay, next_refresh_));
    finish = std::max(finish, refreshed_at_ + d.t_rcd + d.delay);
  }
  finish += remaining;

  // Rows after the first were opened in time for their data, one row period apart.
  const Picoseconds last_command = finish - d.delay;
  const Picoseconds first_row_end = last_command - (rows - 1) * d.row_period;
  for (std::int64_t i = 0; i < lanes; ++i) {
    Bank& bank = banks[bank_number(i)];
    if (bank.open_row != row && bank.open_row >= 0) continue;  // joined
    bank.column_at = first_row_end;
    bank.ready_at = std::max(bank.ready_at, first_row_end + d.recovery + t.t_rp);
  }
  if (rows > 1) {
    // In each bank the last row stays open.
    const std::int64_t touched = std::min(rows - 1, t.sets.rows_to_all());
    Picoseconds at = last_command - (touched - 1) * d.row_period;
    for (std::int64_t r = row + rows - touched; r < row + rows; ++r, at += d.row_period) {
      Bank* const row_banks = banks + t.sets.of(r) * all_lanes;
      for (std::int64_t lane = 0; lane < all_lanes; ++lane)
        row_banks[lane].set_open(r, at, at + d.reopen);
    }
    for (std::int64_t left = std::min(rows - 1, d.window_rows); left > 0; --left) {
      for (std::int64_t lane = 0; lane < all_lanes; ++lane) {
        note_activate(last_command - d.t_rcd - left * d.row_period);
      }
    }
  }
  end_[is_write] = finish;
  free_at_ = finish - (start - on_bus) - (own_time - bus_time);
  return {start, finish};
}

}  // namespace simdse
