#include "models/memory/hbm_core.h"

#include <algorithm>
#include <cmath>

// Compiled twice: for processors with AVX2, which compare 64-bit numbers four at a time, and for
// any. The arithmetic is that of whole numbers, and the same.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && \
    !defined(__SANITIZE_ADDRESS__)
#define SIMDSE_VECTORISED __attribute__((target_clones("avx2", "default")))
#else
#define SIMDSE_VECTORISED
#endif
// The arrays of a loop are different ones.
#if defined(__clang__)
#define SIMDSE_NO_ALIASES _Pragma("clang loop vectorize(assume_safety)")
#else
#define SIMDSE_NO_ALIASES _Pragma("GCC ivdep")
#endif

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

// Choices without branches, so that loops can be vectorised: by value, unlike std::max.
inline Picoseconds later(Picoseconds a, Picoseconds b) { return a > b ? a : b; }
inline std::int64_t mask(bool is) { return -static_cast<std::int64_t>(is); }
inline std::int64_t pick(std::int64_t where, std::int64_t a, std::int64_t b) {
  return (a & where) | (b & ~where);
}

}  // namespace

HbmCore::HbmCore(const Hbm& hbm)
    : interleave_(hbm.channels(), hbm.interleave().value()),
      queue_depth_(static_cast<std::size_t>(hbm.queue_depth())),
      channel_count_(hbm.channels()),
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
  const auto channels = static_cast<std::size_t>(channel_count_);
  channels_.free_at.assign(channels, 0);
  channels_.refreshed_at.assign(channels, 0);
  for (Times& activates : channels_.activates) activates.assign(channels, kLongAgo);
  channels_.last_is.assign(channels, kUnused);
  channels_.next_refresh.assign(channels, kNever);
  for (std::size_t i = 0; i < channels && t_refi_ != kNever; ++i) {
    // Channels refresh one after the other, so that some always work.
    channels_.next_refresh[i] =
        t_refi_ / static_cast<Picoseconds>(channels) * static_cast<Picoseconds>(i + 1);
  }
  const std::size_t banks = channels * static_cast<std::size_t>(bank_count_);
  banks_.open_row.assign(banks, -1);
  banks_.column_at.assign(banks, kLongAgo);
  banks_.ready_at.assign(banks, kLongAgo);
  for (auto* values :
       {&outcome_.start, &outcome_.finish, &outcome_.bank_lag, &outcome_.activate,
        &outcome_.ready_at, &outcome_.is_miss, &outcome_.open_row, &outcome_.is_refreshed}) {
    values->resize(channels);
  }
}

void HbmCore::refresh(std::int64_t channel, Picoseconds time) {
  Picoseconds& next = channels_.next_refresh[static_cast<std::size_t>(channel)];
  if (next > time) return;
  // The last refresh that began by `time`; those before it are over.
  const Picoseconds begun = next + (time - next) / t_refi_ * t_refi_;
  next = begun + t_refi_;
  channels_.refreshed_at[static_cast<std::size_t>(channel)] = begun + t_rp_ + t_rfc_;
  for (std::int64_t bank = 0; bank < bank_count_; ++bank) {
    banks_.open_row[static_cast<std::size_t>(bank * channel_count_ + channel)] = -1;
  }
}

Picoseconds HbmCore::transfer_time(std::int64_t bytes) {
  if (bytes != known_bytes_) {
    known_bytes_ = bytes;
    known_time_ = std::llround(static_cast<double>(ceil_div(bytes, burst_bytes_)) * burst_time_);
  }
  return known_time_;
}

SIMDSE_VECTORISED
bool HbmCore::work_out(std::int64_t channel, std::int64_t count, std::size_t first,
                       const Run& run) {
  const std::int64_t bank = bank_of(run.row) + channel;
  const std::int64_t* open_row = banks_.open_row.data() + bank;
  const Picoseconds* column_at = banks_.column_at.data() + bank;
  const Picoseconds* ready_at = banks_.ready_at.data() + bank;
  const Picoseconds* free_at = channels_.free_at.data() + channel;
  const Picoseconds* next_refresh = channels_.next_refresh.data() + channel;
  const Picoseconds* refreshed_at = channels_.refreshed_at.data() + channel;
  const Picoseconds* oldest = channels_.activates[0].data() + channel;
  const Picoseconds* newest = channels_.activates[3].data() + channel;
  const std::int64_t* last_is = channels_.last_is.data() + channel;
  Picoseconds* start = outcome_.start.data() + first;
  Picoseconds* finish = outcome_.finish.data() + first;
  Picoseconds* bank_lag = outcome_.bank_lag.data() + first;
  Picoseconds* activate = outcome_.activate.data() + first;
  Picoseconds* ready_after = outcome_.ready_at.data() + first;
  std::int64_t* is_miss = outcome_.is_miss.data() + first;
  std::int64_t* open_after = outcome_.open_row.data() + first;
  std::int64_t* is_refreshed = outcome_.is_refreshed.data() + first;
  const std::int64_t other_direction = run.is_write ? kRead : kWrite;
  const Picoseconds t_rp = t_rp_, t_rrd = t_rrd_, t_faw = t_faw_, t_rc = t_rc_, t_rcd = t_rcd_,
                    t_cl = t_cl_;
  const std::int64_t row = run.row;
  const Picoseconds arrival = run.arrival, turn = run.turn, bus_time = run.bus_time;
  std::int64_t any_refreshes = 0;
  SIMDSE_NO_ALIASES
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t open = open_row[i];
    const Picoseconds free = free_at[i];
    const Picoseconds ready = ready_at[i];
    const Picoseconds command = later(arrival, refreshed_at[i]);
    const std::int64_t misses = mask(open != row);
    const Picoseconds slot = later(command, later(newest[i] + t_rrd, oldest[i] + t_faw));
    const Picoseconds closed = command + (mask(open >= 0) & t_rp);
    const Picoseconds activated = later(slot, later(closed, ready));
    // As far as the channel is concerned, and what its own bank adds.
    const Picoseconds column = pick(misses, slot + t_rcd, command);
    const Picoseconds hit_wait = later(0, column_at[i] - command);
    const Picoseconds bank_wait = pick(misses, activated - slot, hit_wait);
    const Picoseconds bus = free + (mask(last_is[i] == other_direction) & turn);
    const Picoseconds on_bus = later(bus, column + t_cl);
    const Picoseconds begin = later(on_bus, column + bank_wait + t_cl);
    const Picoseconds end = begin + bus_time;
    start[i] = begin;
    finish[i] = end;
    bank_lag[i] = begin - on_bus;
    activate[i] = slot;
    ready_after[i] = pick(misses, activated + t_rc, ready);
    is_miss[i] = misses;
    open_after[i] = row;
    const Picoseconds reach = later(later(arrival, free - t_cl), end - t_cl - 1);
    const std::int64_t refreshes = mask(next_refresh[i] <= reach);
    is_refreshed[i] = refreshes;
    any_refreshes |= refreshes;
  }
  return any_refreshes != 0;
}

void HbmCore::work_out_with_refresh(std::int64_t channel, std::size_t place, const Run& run) {
  const auto c = static_cast<std::size_t>(channel);
  refresh(channel, std::max(run.arrival, channels_.free_at[c] - t_cl_));
  work_out(channel, 1, place, run);
  Picoseconds remaining = run.bus_time;
  Picoseconds finish = outcome_.start[place];
  // Work until the next refresh, stand still, go on.
  while (finish + remaining - t_cl_ > channels_.next_refresh[c]) {
    const Picoseconds next = channels_.next_refresh[c];
    remaining -= std::max<Picoseconds>(0, next + t_cl_ - finish);
    refresh(channel, std::max(finish - t_cl_, next));
    outcome_.open_row[place] = -1;
    finish = std::max(finish, channels_.refreshed_at[c] + t_rcd_ + t_cl_);
  }
  outcome_.finish[place] = finish + remaining;
}

SIMDSE_VECTORISED
StorageSpan HbmCore::apply(std::int64_t channel, std::int64_t count, const Run& run) {
  const std::int64_t bank = bank_of(run.row) + channel;
  std::int64_t* open_row = banks_.open_row.data() + bank;
  Picoseconds* column_at = banks_.column_at.data() + bank;
  Picoseconds* ready_at = banks_.ready_at.data() + bank;
  Picoseconds* free_at = channels_.free_at.data() + channel;
  std::int64_t* last_is = channels_.last_is.data() + channel;
  Picoseconds* oldest = channels_.activates[0].data() + channel;
  Picoseconds* older = channels_.activates[1].data() + channel;
  Picoseconds* newer = channels_.activates[2].data() + channel;
  Picoseconds* newest = channels_.activates[3].data() + channel;
  const Picoseconds* start = outcome_.start.data();
  const Picoseconds* finish = outcome_.finish.data();
  const Picoseconds* bank_lag = outcome_.bank_lag.data();
  const Picoseconds* activate = outcome_.activate.data();
  const Picoseconds* ready_after = outcome_.ready_at.data();
  const std::int64_t* is_miss = outcome_.is_miss.data();
  const std::int64_t* open_after = outcome_.open_row.data();
  const std::int64_t direction = run.is_write ? kWrite : kRead;
  const Picoseconds to_first_row = t_cl_ + (run.rows - 1) * row_period_;
  const Picoseconds t_rp = t_rp_;
  Picoseconds head = kNever;
  Picoseconds tail = 0;
  SIMDSE_NO_ALIASES
  for (std::int64_t i = 0; i < count; ++i) {
    // Rows after the first were opened in time for their data, one row period apart.
    const Picoseconds end = finish[i];
    const Picoseconds column = end - to_first_row;
    open_row[i] = open_after[i];
    column_at[i] = column;
    ready_at[i] = later(ready_after[i], column + t_rp);
    last_is[i] = direction;
    free_at[i] = end - bank_lag[i];
    const std::int64_t is_new = is_miss[i];
    const Picoseconds a0 = oldest[i], a1 = older[i], a2 = newer[i], a3 = newest[i];
    oldest[i] = pick(is_new, a1, a0);
    older[i] = pick(is_new, a2, a1);
    newer[i] = pick(is_new, a3, a2);
    newest[i] = pick(is_new, activate[i], a3);
    const Picoseconds begin = start[i];
    head = begin < head ? begin : head;
    tail = later(tail, end);
  }
  return {head, tail};
}

SIMDSE_VECTORISED
void HbmCore::apply_further_rows(std::int64_t channel, std::int64_t count, const Run& run) {
  const Picoseconds* finish = outcome_.finish.data();
  const Picoseconds t_cl = t_cl_, t_rcd = t_rcd_, reopen = reopen_;
  const std::int64_t last_row = run.row + run.rows - 1;
  for (std::int64_t back = 0; back < std::min(run.rows - 1, bank_count_); ++back) {
    const std::int64_t row = last_row - back;
    const std::int64_t bank = bank_of(row) + channel;
    std::int64_t* open_row = banks_.open_row.data() + bank;
    Picoseconds* column_at = banks_.column_at.data() + bank;
    Picoseconds* ready_at = banks_.ready_at.data() + bank;
    const Picoseconds before = t_cl + back * row_period_;
    SIMDSE_NO_ALIASES
    for (std::int64_t i = 0; i < count; ++i) {
      open_row[i] = row;
      column_at[i] = finish[i] - before;
      ready_at[i] = finish[i] - before + reopen;
    }
  }
  Picoseconds* oldest = channels_.activates[0].data() + channel;
  Picoseconds* older = channels_.activates[1].data() + channel;
  Picoseconds* newer = channels_.activates[2].data() + channel;
  Picoseconds* newest = channels_.activates[3].data() + channel;
  for (std::int64_t left = std::min(run.rows - 1, window_rows_); left > 0; --left) {
    const Picoseconds before = t_cl + t_rcd + left * row_period_;
    SIMDSE_NO_ALIASES
    for (std::int64_t i = 0; i < count; ++i) {
      oldest[i] = older[i];
      older[i] = newer[i];
      newer[i] = newest[i];
      newest[i] = finish[i] - before;
    }
  }
}

StorageSpan HbmCore::serve_band(std::int64_t channel, std::int64_t channels, const Run& run) {
  if (work_out(channel, channels, 0, run)) {
    for (std::int64_t i = 0; i < channels; ++i) {
      const auto place = static_cast<std::size_t>(i);
      if (outcome_.is_refreshed[place] != 0) work_out_with_refresh(channel + i, place, run);
    }
  }
  const StorageSpan span = apply(channel, channels, run);
  if (run.rows > 1) apply_further_rows(channel, channels, run);
  return span;
}

StorageSpan HbmCore::serve(Picoseconds now, const StorageRequest& request) {
  StorageSpan span{kNever, now};
  Run run;
  run.is_write = request.is_write;
  run.arrival = now + t_controller_;
  interleave_.for_each_band(
      request.address, request.bytes,
      [&](std::int64_t channel, std::int64_t channels, std::int64_t bytes, std::int64_t first) {
        run.row = first >> row_shift_;
        run.rows = ((first + bytes - 1) >> row_shift_) - run.row + 1;
        run.bus_time = transfer_time(bytes) + (run.rows - 1) * exposed_row_change_;
        run.turn =
            bytes >= turnaround_batch_ ? t_turnaround_ : t_turnaround_ * bytes / turnaround_batch_;
        const StorageSpan band = serve_band(channel, channels, run);
        span.head = std::min(span.head, band.head);
        span.tail = std::max(span.tail, band.tail);
        if (observer_ == nullptr) return;
        for (std::int64_t i = 0; i < channels; ++i) {
          const auto place = static_cast<std::size_t>(i);
          observer_->busy(channel + i, outcome_.start[place], outcome_.finish[place], bytes);
        }
      });
  return span;
}

}  // namespace simdse
