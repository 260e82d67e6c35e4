#include "models/core/core_engine.h"

namespace simdse {
namespace {

// Tokens of on_time.
constexpr std::uint64_t kEnd = 0;
constexpr std::uint64_t kOutput = 1;
constexpr std::uint64_t kReceived = 2;

// Tags of transfers: stores are odd.
std::uint64_t load_tag(std::uint64_t item) { return item << 1; }
std::uint64_t store_tag(std::uint64_t block) { return block << 1 | 1; }

}  // namespace

CoreEngine::CoreEngine(TimeService& time, const Clock& clock, CoreIo& io, TimeAccount& account,
                       TimeAccount::Worker worker, Buffering buffering)
    : time_(time),
      clock_(clock),
      io_(io),
      account_(account),
      worker_(worker),
      buffering_(buffering) {}

void CoreEngine::start(WorkSource& source) {
  source_ = &source;
  pipeline_ = TilePipeline{};  // nothing is left of what ran before
  pump();
}

void CoreEngine::pump() {
  if (is_pumping_ || source_ == nullptr) return;
  is_pumping_ = true;
  fetch();
  begin_ready();
  is_pumping_ = false;
  check_finished();
}

bool CoreEngine::has_operand_place() const {
  if (loading() + working_ >= operand_places(buffering_)) return false;
  // With single buffering, what is finished must be out as well.
  return buffering_ == Buffering::twofold || outputs_held_ == (block_is_open_ ? 1 : 0);
}

void CoreEngine::fetch() {
  while (has_operand_place()) {
    Slot& slot = items_.push_used();
    slot.item.clear();
    if (!source_->next(slot.item)) {
      items_.pop_back();
      return;
    }
    slot.is_loaded = slot.item.loads.empty();
    slot.ready = time_.now();
    slot.cause = source_->waiting_for();
    const std::uint64_t number = first_loading_ + loading() - 1;
    const WorkTransfers& loads = slot.item.loads;
    for (const WorkTransfer& load : loads) bytes_moved_ += static_cast<double>(load.bytes);
    if (!loads.empty()) io_.load(loads, load_tag(number));
  }
}

bool CoreEngine::lacks_output_place() const {
  const WorkItem& next = items_[begun_].item;
  return next.starts_output && outputs_held_ >= next.output_places;
}

void CoreEngine::begin_ready() {
  while (loading() > 0 && items_[begun_].is_loaded && !lacks_output_place()) {
    begin_front(time_.now());
  }
}

void CoreEngine::begin_front(Picoseconds now) {
  const Slot& slot = items_[begun_];
  ++begun_;
  ++first_loading_;
  if (slot.item.starts_output) ++outputs_held_;
  block_is_open_ = !slot.item.has_output;
  const TilePipeline::Span span =
      pipeline_.append(slot.item.timing, clock_.next_edge(slot.ready), clock_.next_edge(now));
  const Picoseconds end = clock_.edge(span.end);
  if (!is_busy_) {
    account_.explain(slot.cause, now);
    account_.begin_work(worker_, now);
    is_busy_ = true;
  }
  busy_time_ += end - clock_.edge(span.begin);
  macs_ += slot.item.macs;
  operations_ += slot.item.operations;
  if (observer_ != nullptr) {
    observer_->busy(0, clock_.edge(span.begin), end,
                    static_cast<std::int64_t>(slot.item.operations));
  }
  bytes_moved_ += slot.item.received_bytes;
  time_.call_at(std::max(end, now), Stage::arrival, *this, kEnd);
  if (slot.item.received_bytes > 0) {
    // The next item may come in from here on, so this one is in.
    time_.call_at(std::max(clock_.edge(pipeline_.open), now), Stage::arrival, *this, kReceived);
  }
  if (slot.item.has_output) {
    time_.call_at(std::max(clock_.edge(span.done), now), Stage::completion, *this, kOutput);
    ++results_;
  }
  ++working_;
  forget_begun();
}

/// Of the items begun, those up to the next result are of no use any more.
void CoreEngine::forget_begun() {
  while (begun_ > 0 && !items_.front().item.has_output) {
    items_.pop_front();
    --begun_;
  }
}

void CoreEngine::on_time(std::uint64_t token) {
  if (token == kReceived) {
    source_->received();
  } else if (token == kEnd) {
    end_item();
  } else {
    put_out();
  }
  pump();
}

void CoreEngine::end_item() {
  if (ended_early_ > 0) {
    --ended_early_;
    return;
  }
  --working_;
  source_->operands_free();
  if (working_ == 0) {
    account_.end_work(worker_, time_.now());
    is_busy_ = false;
  }
}

void CoreEngine::put_out() {
  const WorkItem& item = items_.front().item;
  --results_;
  is_pumping_ = true;  // the item stays where it is until its result is out
  if (source_->forwards_output()) {
    source_->forward(item);
  } else if (item.stores.empty()) {
    --outputs_held_;
  } else {
    is_stored_.push_back(false);
    const std::uint64_t block = first_storing_ + is_stored_.size() - 1;
    for (const WorkTransfer& store : item.stores) bytes_moved_ += static_cast<double>(store.bytes);
    io_.store(item.stores, store_tag(block));
  }
  is_pumping_ = false;
  items_.pop_front();
  --begun_;
  forget_begun();
}

bool CoreEngine::load_announced(std::uint64_t tag, Picoseconds at, Cause cause) {
  const bool is_front = load_tag(first_loading_) == tag;
  const bool works_longer = is_busy_ && clock_.edge(pipeline_.end) > at;
  if (!is_front || !works_longer || lacks_output_place()) return false;
  Slot& slot = items_[begun_];
  slot.ready = at;
  slot.cause = cause;
  begin_front(at);
  return true;
}

void CoreEngine::transfer_done(std::uint64_t tag, Cause cause) {
  const std::uint64_t number = tag >> 1;
  if ((tag & 1) == 0) {
    Slot& slot = items_[begun_ + (number - first_loading_)];
    slot.is_loaded = true;
    slot.ready = time_.now();
    slot.cause = cause;
  } else {
    if (!is_busy_) account_.explain(cause, time_.now());
    --outputs_held_;
    is_stored_[number - first_storing_] = true;
    while (!is_stored_.empty() && is_stored_.front()) {
      is_stored_.pop_front();
      ++first_storing_;
    }
  }
  pump();
}

void CoreEngine::output_drained() {
  --outputs_held_;
  pump();
}

void CoreEngine::check_finished() {
  // The source last: to ask it takes longest.
  if (loading() > 0 || results_ > 0 || outputs_held_ > 0 || source_ == nullptr ||
      !source_->exhausted()) {
    return;
  }
  // The last result may leave on the body's last cycle, just before the body counts as ended.
  for (; working_ > 0; ++ended_early_) {
    --working_;
    source_->operands_free();
  }
  if (is_busy_) {
    account_.end_work(worker_, time_.now());
    is_busy_ = false;
  }
  WorkSource* done = source_;
  source_ = nullptr;
  done->finished();
}

}  // namespace simdse
