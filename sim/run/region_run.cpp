#include "sim/run/region_run.h"

#include <algorithm>
#include <limits>

namespace simdse {
namespace {

constexpr unsigned kSequenceBits = 40;

/// Work of one output block, from the tensor core that made it to the vector core behind.
struct OutputBlock {
  WorkItem item;
  std::size_t part = 0;
};

}  // namespace

/// A part of a contraction, for its tensor core.
class RegionRun::TensorPart : public WorkSource {
 public:
  TensorPart(RegionRun& run, std::size_t part, Epilogue* epilogue)
      : run_(run),
        part_(part),
        program_(run.chip_, run.region_, part),
        epilogue_(epilogue),
        rate_(run.chip_.tensor_cores()[run.region_.tensor_cores[part]]
                  ->rate(run.region_.format)
                  .value()) {}

  bool next(WorkItem& item) override;
  bool exhausted() const override { return program_.done(); }
  Cause waiting_for() const override { return waiting_for_; }
  void operands_free() override {
    const std::array<Bytes, 2> released = releases_.front();
    releases_.pop_front();
    for (std::size_t i = 0; i < 2; ++i) {
      if (released[i] > Bytes(0)) run_.release(i, part_, released[i]);
    }
  }
  bool forwards_output() const override { return epilogue_ != nullptr; }
  void forward(const WorkItem&) override;
  void finished() override { run_.source_finished(); }

  /// True when no output is to come any more.
  bool has_forwarded_all() const { return program_.done() && blocks_.empty(); }

 private:
  RegionRun& run_;
  std::size_t part_;
  PartProgram program_;
  Epilogue* epilogue_;
  FormatRate rate_;
  Cause waiting_for_ = Cause::dispatch;
  bool has_come_ = false;  ///< the core has asked for the program's step
  Fifo<std::array<Bytes, 2>> releases_;
  Fifo<OutputBlock> blocks_;
};

/// What is fused behind the parts of a contraction that share a vector core.
class RegionRun::Epilogue : public WorkSource {
 public:
  Epilogue(RegionRun& run, std::int32_t core) : run_(run), core_(core) {}

  void serves(const TensorPart& part) { parts_.push_back(&part); }
  std::int32_t core() const { return core_; }

  void take(const OutputBlock& block) { waiting_.push_used() = block; }
  void poke() { run_.modules_.vector_core(core_).engine().poke(); }

  bool next(WorkItem& item) override {
    if (waiting_.empty()) return false;
    item = waiting_.front().item;
    in_work_.push_back(waiting_.front().part);
    waiting_.pop_front();
    return true;
  }
  bool exhausted() const override {
    return waiting_.empty() &&
           std::all_of(parts_.begin(), parts_.end(),
                       [](const TensorPart* part) { return part->has_forwarded_all(); });
  }
  Cause waiting_for() const override { return Cause::dependency; }
  void operands_free() override {}
  void received() override {
    const std::size_t part = in_work_.front();
    in_work_.pop_front();
    run_.modules_.tensor_core(run_.region_.tensor_cores[part]).engine().output_drained();
  }
  bool forwards_output() const override { return false; }
  void forward(const WorkItem&) override {}
  void finished() override { run_.source_finished(); }

 private:
  RegionRun& run_;
  std::int32_t core_;
  std::vector<const TensorPart*> parts_;
  Fifo<OutputBlock> waiting_;
  Fifo<std::size_t> in_work_;
};

/// A part of a vector chain.
class RegionRun::VectorPart : public WorkSource {
 public:
  VectorPart(RegionRun& run, std::size_t part)
      : run_(run), program_(run.chip_, run.region_, part) {}

  bool next(WorkItem& item) override;
  bool exhausted() const override { return program_.done(); }
  Cause waiting_for() const override { return Cause::dispatch; }
  void operands_free() override {}
  bool forwards_output() const override { return false; }
  void forward(const WorkItem&) override {}
  void finished() override { run_.source_finished(); }

 private:
  RegionRun& run_;
  PartProgram program_;
};

namespace {

void add_transfers(const std::vector<StepTransfer>& transfers, const std::vector<Operand>& operands,
                   WorkTransfers& result) {
  for (const StepTransfer& transfer : transfers) {
    const bool is_direct = operands[transfer.operand].path == Path::direct;
    result.push_back({transfer.address + (is_direct ? 0 : kBufferBase), transfer.bytes.value()});
  }
}

}  // namespace

bool RegionRun::TensorPart::next(WorkItem& item) {
  if (program_.done()) return false;
  if (!has_come_) run_.come_to_next_step(part_);
  has_come_ = true;
  const Region& region = run_.region_;
  const ProgramStep& step = program_.step();
  for (std::size_t i = 0; i < 2; ++i) {
    if (region.inputs[i].path != Path::staged) continue;
    if (run_.ring_of(i, part_).copied < step.blocks_fetched[i]) {
      waiting_for_ = Cause::memory;
      return false;
    }
  }
  item.timing = step.tensor;
  item.starts_output = step.starts_output;
  item.has_output = step.has_output;
  item.output_places = static_cast<std::size_t>(step.output_places);
  item.macs = static_cast<double>(step.macs);
  item.operations = item.macs * rate_.cycles();
  add_transfers(step.tensor_loads, region.inputs, item.loads);
  if (step.has_output) {
    if (epilogue_ == nullptr) {
      add_transfers(step.stores, region.outputs, item.stores);
    } else {
      OutputBlock& block = blocks_.push_used();
      block.part = part_;
      block.item.clear();
      block.item.timing = step.vector;
      block.item.operations = static_cast<double>(step.vector_operations);
      block.item.received_bytes = to_double(step.forwarded);
      add_transfers(step.vector_loads, region.inputs, block.item.loads);
      add_transfers(step.stores, region.outputs, block.item.stores);
    }
  }
  releases_.push_back({step.released[0], step.released[1]});
  program_.next();
  has_come_ = false;
  return true;
}

void RegionRun::TensorPart::forward(const WorkItem&) {
  epilogue_->take(blocks_.front());
  blocks_.pop_front();
  epilogue_->poke();
}

bool RegionRun::VectorPart::next(WorkItem& item) {
  if (program_.done()) return false;
  const ProgramStep& step = program_.step();
  item.output_places = static_cast<std::size_t>(step.output_places);
  item.timing = step.vector;
  item.operations = static_cast<double>(step.vector_operations);
  add_transfers(step.vector_loads, run_.region_.inputs, item.loads);
  add_transfers(step.stores, run_.region_.outputs, item.stores);
  program_.next();
  return true;
}

std::int64_t RegionRun::Ring::free() const {
  return capacity - (requested - *std::min_element(released.begin(), released.end()));
}

RegionRun::RegionRun(const Chip& chip, const Region& region, ChipModule& modules,
                     std::function<void(RegionId)> on_done)
    : chip_(chip), region_(region), modules_(modules), on_done_(std::move(on_done)) {
  const std::size_t parts = region.parts();
  if (!region.contraction) {
    for (std::size_t part = 0; part < parts; ++part) {
      vector_parts_.push_back(std::make_unique<VectorPart>(*this, part));
    }
    unfinished_ = parts;
    return;
  }
  for (std::size_t part = 0; part < parts; ++part) {
    Epilogue* epilogue = nullptr;
    if (!region.vector_cores.empty()) {
      const std::int32_t core = region.vector_cores[part];
      const auto known = std::find_if(epilogues_.begin(), epilogues_.end(),
                                      [&](const auto& e) { return e->core() == core; });
      if (known == epilogues_.end()) {
        epilogues_.push_back(std::make_unique<Epilogue>(*this, core));
        epilogue = epilogues_.back().get();
      } else {
        epilogue = known->get();
      }
    }
    tensor_parts_.push_back(std::make_unique<TensorPart>(*this, part, epilogue));
    if (epilogue != nullptr) epilogue->serves(*tensor_parts_.back());
  }
  unfinished_ = tensor_parts_.size() + epilogues_.size();
  const Split& split = region.mapping.split;
  bool is_staged = false;
  for (std::size_t i = 0; i < rings_.size(); ++i) {
    if (region.inputs[i].path != Path::staged) continue;
    is_staged = true;
    rings_[i].resize(static_cast<std::size_t>(split.rings(i)));
    for (Ring& ring : rings_[i]) {
      ring.capacity = region.inputs[i].ring_bytes.value() / split.rings(i);
    }
    for (std::size_t part = 0; part < parts; ++part) {
      const auto ring = static_cast<std::size_t>(split.ring_of(i, static_cast<std::int64_t>(part)));
      seats_[i].push_back({ring, rings_[i][ring].sharers.size()});
      rings_[i][ring].sharers.push_back(part);
      rings_[i][ring].released.push_back(0);
    }
  }
  if (!is_staged) return;
  for (std::size_t part = 0; part < parts; ++part) {
    feeders_.push_back(std::make_unique<PartProgram>(chip, region, part, StepView::staging));
  }
  fed_.assign(parts, 0);
  for (const std::int32_t core : region.tensor_cores) {
    const bool runs_ahead = chip.tensor_cores()[core]->buffering() == Buffering::twofold;
    is_fed_ahead_.push_back(runs_ahead);
    steps_to_feed_.push_back(runs_ahead ? std::numeric_limits<std::int64_t>::max() : 0);
  }
}

RegionRun::~RegionRun() = default;

void RegionRun::start() {
  // The lead core tells streams apart: regions that run at the same time have different ones.
  const auto stream = static_cast<std::uint32_t>(
      region_.contraction
          ? region_.tensor_cores.front()
          : static_cast<std::int32_t>(chip_.tensor_cores().size()) + region_.vector_cores.front());
  for (const std::int32_t core : region_.tensor_cores)
    modules_.tensor_core(core).set_stream(stream);
  for (const std::int32_t core : region_.vector_cores)
    modules_.vector_core(core).set_stream(stream);
  // In the order in which blocks are needed: step after step, and of each what all parts ask for.
  for (bool goes_on = true; goes_on;) {
    goes_on = false;
    for (std::size_t part = 0; part < feeders_.size(); ++part) {
      goes_on = feed_step(part) || goes_on;
    }
  }
  for (std::size_t part = 0; part < vector_parts_.size(); ++part) {
    modules_.vector_core(region_.vector_cores[part]).engine().start(*vector_parts_[part]);
  }
  for (const auto& epilogue : epilogues_) {
    modules_.vector_core(epilogue->core()).engine().start(*epilogue);
  }
  for (std::size_t part = 0; part < tensor_parts_.size(); ++part) {
    modules_.tensor_core(region_.tensor_cores[part]).engine().start(*tensor_parts_[part]);
  }
}

bool RegionRun::feed_step(std::size_t part) {
  PartProgram& program = *feeders_[part];
  if (program.done() || steps_to_feed_[part] == 0) return false;
  const std::vector<StageTransfer>& blocks = program.step().staged;
  for (; fed_[part] < blocks.size(); ++fed_[part]) {
    const StageTransfer& block = blocks[fed_[part]];
    const auto operand = static_cast<std::size_t>(block.operand);
    Ring& ring = ring_of(operand, part);
    if (ring.free() < block.bytes.value()) return false;  // goes on when something is released
    ring.requested += block.bytes.value();
    // Operand, ring and block, to know them by when they are there.
    const auto index = static_cast<std::uint64_t>(&ring - rings_[operand].data());
    const std::uint64_t tag = (2 * index + operand) << kSequenceBits |
                              static_cast<std::uint64_t>(ring.blocks_requested++);
    modules_.dma().copy(static_cast<std::size_t>(region_.tensor_cores.front()),
                        block.memory_address, block.buffer_address, block.bytes.value(), *this,
                        tag);
  }
  program.next();
  fed_[part] = 0;
  --steps_to_feed_[part];
  return true;
}

void RegionRun::feed(std::size_t part) {
  while (feed_step(part)) {
  }
}

void RegionRun::come_to_next_step(std::size_t part) {
  if (feeders_.empty() || is_fed_ahead_[part] != 0) return;
  ++steps_to_feed_[part];
  feed(part);
}

void RegionRun::block_copied(std::uint64_t tag) {
  const std::uint64_t index = tag >> kSequenceBits;
  Ring& ring = rings_[index % 2][index / 2];
  const auto sequence = static_cast<std::int64_t>(tag & ((std::uint64_t{1} << kSequenceBits) - 1));
  const auto behind = static_cast<std::size_t>(sequence - ring.copied);
  while (ring.copied_behind.size() <= behind) ring.copied_behind.push_back(false);
  ring.copied_behind[behind] = true;
  while (!ring.copied_behind.empty() && ring.copied_behind.front()) {
    ring.copied_behind.pop_front();
    ++ring.copied;
  }
  for (const std::size_t part : ring.sharers) {
    modules_.tensor_core(region_.tensor_cores[part]).engine().poke();
  }
}

void RegionRun::release(std::size_t operand, std::size_t part, Bytes bytes) {
  Ring& ring = ring_of(operand, part);
  ring.released[seats_[operand][part].rank] += bytes.value();
  feed(ring.sharers.front());
}

void RegionRun::source_finished() {
  if (--unfinished_ == 0) on_done_(region_.id);
}

}  // namespace simdse
