// What the timing parameters of an HBM leave of its bandwidth under an access pattern.
#include <algorithm>
#include <cmath>
#include <vector>

#include "models/core/interleave.h"
#include "models/memory/access_sequence.h"
#include "models/memory/hbm.h"

namespace simdse {
namespace {

/// Seconds for which each resource of each channel is held by the blocks of a pattern, taken in
/// order and one after the other. No schedule is faster than the resource that is held longest, and
/// a controller that looks ahead far enough is nearly as fast.
class Demand {
 public:
  explicit Demand(const Hbm& hbm)
      : hbm_(hbm),
        p_(hbm.params()),
        sets_(hbm.bank_sets()),
        channels_(static_cast<std::size_t>(hbm.channels())),
        banks_(static_cast<std::size_t>(hbm.channels() * p_.banks)),
        columns_(static_cast<std::size_t>(hbm.channels() * p_.bank_groups)),
        activates_(columns_.size()),
        burst_(std::max(hbm.burst_time(), hbm.clock_time() * static_cast<double>(p_.t_ccd_s))),
        column_(std::max(hbm.burst_time(), hbm.clock_time() * static_cast<double>(p_.t_ccd_l))) {}

  void add_block(std::int64_t address, std::int64_t bytes) {
    Interleave(hbm_.channels(), hbm_.interleave().value())
        .for_each(address, bytes, [&](std::int64_t channel, std::int64_t part, std::int64_t first) {
          add_run(channel, first / hbm_.access_size().value(),
                  (first + part - 1) / hbm_.access_size().value());
        });
  }

  /// Time until the busiest channel is through; of the average one if `is_even`, where chance
  /// spreads the load.
  double time(bool is_even) const {
    const auto busiest = [&](const std::vector<double>& held) {
      double most = 0;
      double sum = 0;
      for (const double one : held) {
        most = std::max(most, one);
        sum += one;
      }
      return is_even ? sum / static_cast<double>(held.size()) : most;
    };
    std::vector<double> bus, rows, banks;
    for (const Channel& channel : channels_) {
      bus.push_back(static_cast<double>(channel.bursts) * burst_.value());
      const Seconds each = std::max(p_.t_rrd_s, p_.t_faw / 4);
      rows.push_back(static_cast<double>(channel.activates) * each.value());
    }
    for (const Bank& bank : banks_) banks.push_back(bank.held);
    return std::max(
        {busiest(bus), busiest(rows), busiest(banks), busiest(columns_), busiest(activates_)});
  }

 private:
  struct Channel {
    std::int64_t bursts = 0;
    std::int64_t activates = 0;
  };
  struct Bank {
    std::int64_t open_row = -1;
    std::int64_t bursts = 0;  ///< of the open row
    double held = 0;
  };

  void add_run(std::int64_t channel, std::int64_t first, std::int64_t last) {
    const std::int64_t lanes = hbm_.lanes();
    const std::int64_t row_bursts = p_.row_size.value() / hbm_.access_size().value() * lanes;
    channels_[static_cast<std::size_t>(channel)].bursts += last - first + 1;
    for (std::int64_t at = first; at <= last;) {
      const std::int64_t row = at / row_bursts;
      const std::int64_t end = std::min(last + 1, (row + 1) * row_bursts);
      for (std::int64_t i = 0; i < std::min(lanes, end - at); ++i) {
        const std::int64_t bank = sets_.of(row) * lanes + (at + i) % lanes;
        use(channel, bank, row, ceil_div(end - at - i, lanes));
      }
      at = end;
    }
  }

  void use(std::int64_t channel, std::int64_t number, std::int64_t row, std::int64_t bursts) {
    Bank& bank = banks_[static_cast<std::size_t>(channel * p_.banks + number)];
    const auto group = static_cast<std::size_t>(channel * p_.bank_groups + number % p_.bank_groups);
    columns_[group] += static_cast<double>(bursts) * column_.value();
    if (bank.open_row != row) {
      bank.open_row = row;
      bank.bursts = 0;
      ++channels_[static_cast<std::size_t>(channel)].activates;
      activates_[group] += p_.t_rrd_l.value();
      bank.held += p_.t_rc.value();
    }
    // From the activate to the next one: the row cycle, or longer for more bursts.
    const auto cycle = [&](std::int64_t count) {
      const Seconds open = p_.t_rcd + column_ * static_cast<double>(count - 1) + p_.t_rtp + p_.t_rp;
      return std::max(p_.t_rc, open).value();
    };
    bank.held += cycle(bank.bursts + bursts) - (bank.bursts > 0 ? cycle(bank.bursts) : cycle(1));
    bank.bursts += bursts;
  }

  const Hbm& hbm_;
  const Hbm::Params& p_;
  BankSets sets_;
  std::vector<Channel> channels_;
  std::vector<Bank> banks_;
  std::vector<double> columns_;    ///< of each bank group: tCCD_L
  std::vector<double> activates_;  ///< likewise: tRRD_L
  Seconds burst_;
  Seconds column_;
};

/// Blocks of a stride that move in the time of one pass over the memory, of P blocks, if each pass
/// is held up by one place and the next by another, being a block further on. With W blocks under
/// way, a pass begins when W of the one before are left. If P is 2 W or more, that one is over
/// before the next but one begins: a pass takes the time of P - W blocks. Else n passes overlap.
/// One of them is admitted at n times the rate at which its place works, so when it is all
/// admitted, 1 / n of it is done, 2 / n of the one before, and so on: W = P (n - 1) / 2 are under
/// way.
std::int64_t overlapping_blocks(const AccessPattern& pattern, Bytes capacity) {
  const std::int64_t pass = capacity.value() / pattern.stride.value();
  const std::int64_t under_way = pattern.outstanding;
  if (pass < 2 * under_way) return pass + 2 * under_way;
  const auto p = static_cast<double>(pass);
  return std::llround(p * p / (p - static_cast<double>(under_way)));
}

}  // namespace

BytesPerSecond Hbm::bandwidth(const AccessPattern& pattern) const {
  // Enough blocks to see every bank, few enough to be quick.
  constexpr std::int64_t most_blocks = 1 << 14;
  constexpr std::int64_t most_bytes = 1 << 26;
  const std::int64_t block = pattern.block.value();
  std::int64_t most = std::min<std::int64_t>(most_blocks, capacity().value() / block);
  if (pattern.order == AccessPattern::Order::stride) {
    most = std::min(most, overlapping_blocks(pattern, capacity()));
  }
  const std::int64_t blocks = std::clamp<std::int64_t>(most_bytes / block, 1, most);
  Demand demand(*this);
  AccessSequence sequence(pattern, capacity(), 1);
  for (std::int64_t i = 0; i < blocks; ++i) demand.add_block(sequence.next().address, block);
  double time = demand.time(pattern.order == AccessPattern::Order::random);

  // Each write pays its share of the turns of a batch, and writes in a row no more than one of
  // each.
  const double spread =
      std::min<double>(static_cast<double>(channels()),
                       std::ceil(static_cast<double>(block) / to_double(p_.interleave)));
  const double part = static_cast<double>(block) / spread;
  const double w = pattern.write_share;
  const double turning = static_cast<double>(blocks) * w *
                         std::min(1 - w, part / to_double(write_batch())) * turnaround().value() *
                         spread / static_cast<double>(channels());
  const double bus =
      to_double(pattern.block) * static_cast<double>(blocks) / peak_bandwidth().value();
  time = std::max(time, bus + turning) / (1 - p_.t_rfc / p_.t_refi);
  const double rate = static_cast<double>(blocks * block) / time;
  // Little's law: what is under way comes in no less than the time of a block alone.
  const Seconds alone = latency() + pattern.block / (channel_bandwidth() * spread);
  return BytesPerSecond(
      std::min(rate, to_double(pattern.block * pattern.outstanding) / alone.value()));
}

}  // namespace simdse
