// Checks a stream of DRAM commands against the timing parameters, by its own rules.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "models/memory/hbm_controller.h"

namespace simdse {

/// Looks at every command of every channel in nanoseconds and against all that went before on its
/// channel, bank by bank. Knows nothing of the controller but the commands it issues.
class CommandChecker : public DramCommandObserver {
 public:
  using Kind = DramCommand::Kind;

  /// `params` as the design says them, before they are rounded to clocks.
  CommandChecker(const Hbm::Params& params, const Hbm& hbm)
      : p_(params),
        clock_(hbm.clock_time().value() * 1e9),
        burst_(static_cast<double>(hbm.access_size().value()) / hbm.channel_bandwidth().value() *
               1e9) {}

  void command(std::int64_t channel, const DramCommand& c) override {
    Channel& state = channels_[channel];
    ++counts_[c.kind];
    const double now = static_cast<double>(c.cycle) * clock_;
    const bool is_column = c.kind == Kind::read || c.kind == Kind::write;
    double& bus = is_column ? state.last_column : state.last_row_command;
    expect(now >= bus + clock_ - kSlack, c, "two commands in a clock on one bus");
    bus = now;
    switch (c.kind) {
      case Kind::activate:
        activate(state, c, now);
        break;
      case Kind::precharge:
        precharge(state.banks[c.bank], c, now);
        break;
      case Kind::precharge_all:
        for (auto& [number, bank] : state.banks) {
          if (bank.row >= 0) precharge(bank, c, now);
        }
        break;
      case Kind::read:
      case Kind::write:
        column(state, c, now);
        break;
      case Kind::refresh:
        refresh(state, c, now);
        break;
    }
  }

  std::int64_t count(Kind kind) const {
    const auto found = counts_.find(kind);
    return found == counts_.end() ? 0 : found->second;
  }
  const std::vector<std::string>& violations() const { return violations_; }
  /// Longest time by which a refresh came after it was due, in nanoseconds.
  double latest_refresh() const { return latest_refresh_; }

 private:
  static constexpr double kSlack = 1e-6;  // nanoseconds: rounding of clock times
  static constexpr double kLongAgo = -1e12;

  struct Bank {
    std::int64_t row = -1;
    double activated = kLongAgo;
    double precharged = kLongAgo;
    double read = kLongAgo;     // last command since the row was opened
    double written = kLongAgo;  // end of its last written data
  };
  struct Column {
    double time;
    std::int64_t group;
    bool is_write;
  };
  struct Activate {
    double time;
    std::int64_t group;
  };
  struct Channel {
    std::map<std::int64_t, Bank> banks;
    std::vector<Activate> activates;  // all
    std::vector<Column> columns;      // all
    double data_until = kLongAgo;
    double refreshed = kLongAgo;
    std::int64_t refreshes = 0;
    double last_column = kLongAgo;
    double last_row_command = kLongAgo;
  };

  static double ns(Seconds time) { return time.value() * 1e9; }

  void expect(bool holds, const DramCommand& c, const std::string& rule) {
    constexpr std::size_t enough = 20;
    if (holds || violations_.size() >= enough) return;
    violations_.push_back(rule + ": cycle " + std::to_string(c.cycle) + ", bank " +
                          std::to_string(c.bank) + ", row " + std::to_string(c.row));
  }

  std::int64_t group(std::int64_t bank) const { return bank % p_.bank_groups; }

  void activate(Channel& state, const DramCommand& c, double now) {
    Bank& bank = state.banks[c.bank];
    expect(bank.row < 0, c, "activate of an open bank");
    expect(now >= bank.activated + ns(p_.t_rc) - kSlack, c, "tRC");
    expect(now >= bank.precharged + ns(p_.t_rp) - kSlack, c, "tRP");
    expect(now >= state.refreshed + ns(p_.t_rfc) - kSlack, c, "tRFC");
    const std::vector<Activate>& all = state.activates;
    for (std::size_t back = 1; back <= std::min<std::size_t>(all.size(), 32); ++back) {
      const Activate& before = all[all.size() - back];
      const bool is_same = before.group == group(c.bank);
      expect(now >= before.time + ns(is_same ? p_.t_rrd_l : p_.t_rrd_s) - kSlack, c, "tRRD");
    }
    if (all.size() >= 4) {
      expect(now >= all[all.size() - 4].time + ns(p_.t_faw) - kSlack, c, "tFAW");
    }
    state.activates.push_back({now, group(c.bank)});
    bank = {c.row, now, bank.precharged, kLongAgo, kLongAgo};
  }

  void precharge(Bank& bank, const DramCommand& c, double now) {
    expect(bank.row >= 0, c, "precharge of a closed bank");
    expect(now >= bank.activated + ns(p_.t_ras) - kSlack, c, "tRAS");
    expect(now >= bank.read + ns(p_.t_rtp) - kSlack, c, "tRTP");
    expect(now >= bank.written + ns(p_.t_wr) - kSlack, c, "tWR");
    bank.row = -1;
    bank.precharged = now;
  }

  void column(Channel& state, const DramCommand& c, double now) {
    Bank& bank = state.banks[c.bank];
    const bool is_write = c.kind == Kind::write;
    expect(bank.row == c.row, c, "column command to a row that is not open");
    expect(now >= bank.activated + ns(is_write ? p_.t_rcd_write : p_.t_rcd) - kSlack, c, "tRCD");
    for (std::size_t back = 1; back <= state.columns.size(); ++back) {
      const Column& before = state.columns[state.columns.size() - back];
      if (before.time + longest_ < now) break;
      const bool is_same = before.group == group(c.bank);
      if (before.is_write == is_write) {
        const auto clocks = static_cast<double>(is_same ? p_.t_ccd_l : p_.t_ccd_s);
        expect(now >= before.time + clocks * clock_ - kSlack, c, "tCCD");
      } else if (is_write) {
        expect(now >= before.time + ns(p_.t_rtw) - kSlack, c, "tRTW");
      } else {
        const double written = before.time + ns(p_.t_cwl) + burst_;
        expect(now >= written + ns(is_same ? p_.t_wtr_l : p_.t_wtr_s) - kSlack, c, "tWTR");
      }
    }
    const double data = now + ns(is_write ? p_.t_cwl : p_.t_cl);
    expect(data >= state.data_until - kSlack - clock_ * 1e-3, c, "data on data");
    state.data_until = data + burst_;
    (is_write ? bank.written : bank.read) = is_write ? data + burst_ : now;
    state.columns.push_back({now, group(c.bank), is_write});
  }

  void refresh(Channel& state, const DramCommand& c, double now) {
    for (const auto& [number, bank] : state.banks) {
      expect(bank.row < 0, c, "refresh with an open row");
      expect(now >= bank.precharged + ns(p_.t_rp) - kSlack, c, "tRP before refresh");
    }
    expect(now >= state.refreshed + ns(p_.t_rfc) - kSlack, c, "tRFC between refreshes");
    state.refreshed = now;
    ++state.refreshes;
    latest_refresh_ =
        std::max(latest_refresh_, now - static_cast<double>(state.refreshes) * ns(p_.t_refi));
  }

  Hbm::Params p_;
  double clock_;
  double burst_;
  /// No distance between column commands is longer.
  double longest_ = ns(p_.t_cwl) + burst_ + ns(p_.t_wtr_l) + ns(p_.t_wtr_s) + ns(p_.t_rtw) +
                    clock_ * static_cast<double>(p_.t_ccd_l + p_.t_ccd_s);
  std::map<std::int64_t, Channel> channels_;
  std::map<Kind, std::int64_t> counts_;
  std::vector<std::string> violations_;
  double latest_refresh_ = 0;
};

}  // namespace simdse
