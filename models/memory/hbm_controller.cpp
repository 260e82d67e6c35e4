#include "models/memory/hbm_controller.h"

#include <algorithm>
#include <cmath>

namespace simdse {

HbmClocks::HbmClocks(const Hbm& hbm) {
  const Hbm::Params& p = hbm.params();
  const auto clocks = [&](Seconds time) {
    return static_cast<std::int64_t>(std::llround(time / hbm.clock_time()));
  };
  burst = ceil_div(p.burst_length, p.transfers_per_clock);
  cl = clocks(p.t_cl);
  cwl = clocks(p.t_cwl);
  rcd_read = clocks(p.t_rcd);
  rcd_write = clocks(p.t_rcd_write);
  rp = clocks(p.t_rp);
  ras = clocks(p.t_ras);
  rc = clocks(p.t_rc);
  ccd_s = p.t_ccd_s;
  ccd_l = p.t_ccd_l;
  rrd_s = clocks(p.t_rrd_s);
  rrd_l = clocks(p.t_rrd_l);
  faw = clocks(p.t_faw);
  rtp = clocks(p.t_rtp);
  wr = clocks(p.t_wr);
  wtr_s = clocks(p.t_wtr_s);
  wtr_l = clocks(p.t_wtr_l);
  rtw = clocks(p.t_rtw);
  rfc = clocks(p.t_rfc);
  // The longest time between refreshes: rounded down.
  refi = std::isinf(p.t_refi.value()) ? kNoRefresh
                                      : static_cast<std::int64_t>(p.t_refi / hbm.clock_time());
  controller = clocks(p.t_controller);
}

HbmController::HbmController(const Hbm& hbm, std::int64_t channel)
    : t_(hbm),
      channel_(channel),
      lanes_(hbm.lanes()),
      row_bursts_(hbm.params().row_size.value() / hbm.access_size().value() * lanes_),
      sets_(hbm.bank_sets()),
      depth_(static_cast<std::size_t>(hbm.params().queue_depth)),
      high_(static_cast<std::size_t>(hbm.params().write_high)),
      low_(static_cast<std::size_t>(hbm.params().write_low)),
      banks_(static_cast<std::size_t>(hbm.params().banks)),
      groups_(static_cast<std::size_t>(hbm.params().bank_groups)),
      wanted_(banks_.size()),
      next_refresh_(t_.refi) {
  activates_.fill(-t_.faw);
}

std::int64_t HbmController::step(std::int64_t cycle, Client& client) {
  for (;;) {
    take_arriving(cycle, client);
    std::int64_t next = HbmClocks::kNoRefresh;
    if (next_refresh_ <= cycle) {
      if (refresh(cycle, next)) continue;
      return next;
    }
    choose_direction();
    const bool has_issued_column = issue_column(cycle, next, client);
    const bool has_issued_row = issue_row(cycle, next);
    if (has_issued_column || has_issued_row) continue;
    if (idle()) return HbmClocks::kNoRefresh;
    return std::min(next, next_refresh_);
  }
}

void HbmController::take_arriving(std::int64_t cycle, Client& client) {
  while (!arriving_.empty()) {
    Run& run = arriving_.front();
    if (run.is_write && writes_.size() == depth_) return;
    if (!run.is_write && reads_.size() == depth_) return;
    const std::int64_t number = run.first;
    const std::int64_t row = number / row_bursts_;
    const std::int64_t bank = sets_.of(row) * lanes_ + number % lanes_;
    const Burst burst{run.tag, number, bank, row, run.ready};
    const Run taken = run;
    ++run.first;
    if (--run.count == 0) arriving_.pop_front();
    if (taken.is_write) {
      writes_.push_back(burst);
      client.burst_done(taken.tag, std::max(cycle, taken.ready), std::max(cycle, taken.ready));
      continue;
    }
    const bool is_queued =
        std::any_of(writes_.begin(), writes_.end(),
                    [number](const Burst& write) { return write.number == number; });
    if (is_queued) {
      const std::int64_t begin = std::max(cycle, taken.ready);
      client.burst_done(taken.tag, begin, begin + t_.burst);
    } else {
      reads_.push_back(burst);
    }
  }
}

bool HbmController::refresh(std::int64_t cycle, std::int64_t& next) {
  bool is_open = false;
  std::int64_t closable = row_bus_;
  std::int64_t closed = row_bus_;
  for (const Bank& bank : banks_) {
    if (bank.open_row >= 0) {
      is_open = true;
      closable = std::max(closable, bank.precharge);
    }
    closed = std::max(closed, bank.activate);
  }
  if (is_open) {
    if (closable > cycle) {
      next = closable;
      return false;
    }
    for (Bank& bank : banks_) {
      if (bank.open_row < 0) continue;
      bank.open_row = -1;
      bank.activate = std::max(bank.activate, cycle + t_.rp);
    }
    row_bus_ = cycle + 1;
    tell(DramCommand::Kind::precharge_all, cycle);
    return true;
  }
  if (closed > cycle) {
    next = closed;
    return false;
  }
  for (Bank& bank : banks_) bank.activate = cycle + t_.rfc;
  row_bus_ = cycle + 1;
  tell(DramCommand::Kind::refresh, cycle);
  // What came due in an idle time that nobody watched is taken to have been done in it.
  next_refresh_ += std::max<std::int64_t>(1, (cycle - next_refresh_) / t_.refi) * t_.refi;
  return true;
}

void HbmController::choose_direction() {
  if (is_writing_ && (writes_.empty() || (writes_.size() <= low_ && !reads_.empty()))) {
    is_writing_ = false;
  }
  if (!is_writing_ && (writes_.size() >= high_ || (reads_.empty() && !writes_.empty()))) {
    is_writing_ = true;
  }
}

bool HbmController::issue_column(std::int64_t cycle, std::int64_t& next, Client& client) {
  Queue& bursts = queue(is_writing_);
  for (std::size_t i = 0; i < bursts.size(); ++i) {
    const Burst burst = bursts[i];
    Bank& bank = banks_[static_cast<std::size_t>(burst.bank)];
    if (bank.open_row != burst.row) continue;
    Group& group = group_of(burst.bank);
    const std::int64_t earliest =
        std::max({burst.ready, bank.column[is_writing_], group.column[is_writing_],
                  column_[is_writing_], column_bus_});
    if (earliest > cycle) {
      next = std::min(next, earliest);
      continue;
    }
    column_bus_ = cycle + 1;
    column_[is_writing_] = cycle + std::max(t_.ccd_s, t_.burst);
    group.column[is_writing_] = cycle + std::max(t_.ccd_l, t_.burst);
    if (is_writing_) {
      const std::int64_t written = cycle + t_.cwl + t_.burst;
      column_[0] = std::max(column_[0], written + t_.wtr_s);
      group.column[0] = std::max(group.column[0], written + t_.wtr_l);
      bank.precharge = std::max(bank.precharge, written + t_.wr);
      tell(DramCommand::Kind::write, cycle, burst.bank, burst.row);
    } else {
      column_[1] = std::max(column_[1], cycle + t_.rtw);
      bank.precharge = std::max(bank.precharge, cycle + t_.rtp);
      tell(DramCommand::Kind::read, cycle, burst.bank, burst.row);
      client.burst_done(burst.tag, cycle + t_.cl, cycle + t_.cl + t_.burst);
    }
    bursts.erase(bursts.begin() + static_cast<std::ptrdiff_t>(i));
    return true;
  }
  return false;
}

bool HbmController::issue_row(std::int64_t cycle, std::int64_t& next) {
  std::fill(wanted_.begin(), wanted_.end(), 0);
  for (const bool is_write : {is_writing_, !is_writing_}) {
    const Queue& bursts = queue(is_write);
    for (const Burst& burst : bursts) {
      const auto bank = static_cast<std::size_t>(burst.bank);
      if (banks_[bank].open_row == burst.row) wanted_[bank] = 1;
    }
    for (const Burst& burst : bursts) {
      const auto bank = static_cast<std::size_t>(burst.bank);
      if (wanted_[bank] != 0) continue;
      wanted_[bank] = 1;
      if (open_or_close(burst, cycle, next)) return true;
    }
  }
  return false;
}

bool HbmController::open_or_close(const Burst& burst, std::int64_t cycle, std::int64_t& next) {
  Bank& bank = banks_[static_cast<std::size_t>(burst.bank)];
  if (bank.open_row >= 0) {
    const std::int64_t earliest = std::max({burst.ready, bank.precharge, row_bus_});
    if (earliest > cycle) {
      next = std::min(next, earliest);
      return false;
    }
    bank.open_row = -1;
    bank.activate = std::max(bank.activate, cycle + t_.rp);
    row_bus_ = cycle + 1;
    tell(DramCommand::Kind::precharge, cycle, burst.bank);
    return true;
  }
  Group& group = group_of(burst.bank);
  const std::int64_t earliest = std::max({burst.ready, bank.activate, group.activate, activate_,
                                          activates_[oldest_activate_] + t_.faw, row_bus_});
  if (earliest > cycle) {
    next = std::min(next, earliest);
    return false;
  }
  bank.open_row = burst.row;
  bank.activate = cycle + t_.rc;
  bank.precharge = cycle + t_.ras;
  bank.column = {cycle + t_.rcd_read, cycle + t_.rcd_write};
  group.activate = cycle + t_.rrd_l;
  activate_ = cycle + t_.rrd_s;
  activates_[oldest_activate_] = cycle;
  oldest_activate_ = (oldest_activate_ + 1) % activates_.size();
  row_bus_ = cycle + 1;
  tell(DramCommand::Kind::activate, cycle, burst.bank, burst.row);
  return true;
}

}  // namespace simdse
