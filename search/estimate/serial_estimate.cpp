#include "search/estimate/serial_estimate.h"

#include <algorithm>
#include <cmath>

namespace simdse {

bool is_serial(const Chip& chip, const Region& region) {
  const Buffering buffering = region.contraction
                                  ? chip.tensor_cores()[region.tensor_cores.front()]->buffering()
                                  : chip.vector_cores()[region.vector_cores.front()]->buffering();
  return buffering == Buffering::single;
}

namespace {

/// Edge of the clock by which `cycles` are over.
Cycles edge_after(double cycles) { return Cycles(static_cast<std::int64_t>(std::ceil(cycles))); }

class SerialTimeline {
 public:
  SerialTimeline(const Chip& chip, const ChipRates& rates, const Region& region)
      : chip_(chip), rates_(rates), region_(region) {
    if (region.vector_cores.empty()) return;
    vector_is_serial_ =
        chip.vector_cores()[region.vector_cores.front()]->buffering() == Buffering::single;
    if (!region.contraction) return;
    const auto core = region.vector_cores.front();
    sharers_ = static_cast<std::size_t>(
        std::count(region.vector_cores.begin(), region.vector_cores.end(), core));
  }

  SerialTime run() {
    tensor_.resize(sharers_);
    tensor_free_.resize(sharers_, 0);
    for (PartProgram program(chip_, region_, 0); !program.done(); program.next()) {
      region_.contraction ? contract(program.step()) : work_on_chunk(program.step());
    }
    time_.total = done_;
    return time_;
  }

 private:
  /// Bytes of one kind of transfer, of one part, by where they come from or go to.
  struct Moved {
    double memory = 0;
    double buffer = 0;
  };

  Moved sum(const std::vector<StepTransfer>& transfers,
            const std::vector<Operand>& operands) const {
    Moved moved;
    for (const StepTransfer& transfer : transfers) {
      const bool is_direct = operands[transfer.operand].path == Path::direct;
      (is_direct ? moved.memory : moved.buffer) += to_double(transfer.bytes);
    }
    return moved;
  }

  /// Parts that ask at the same time are served one after another and go on that far apart; the
  /// next time, each finds those before it served as far as they are ahead. Followed is the last.
  double transfer_time(const Moved& moved) {
    if (moved.memory + moved.buffer == 0) return 0;
    const double shared = std::max(moved.memory / std::min(rates_.memory, rates_.network_memory),
                                   moved.buffer / std::min(rates_.buffer, rates_.network_buffer));
    const double before = static_cast<double>(region_.parts() - 1) * shared;
    const double served = shared + std::max(0.0, before - apart_);
    apart_ = std::max(apart_, before);
    const double latency = moved.memory > 0 ? rates_.memory_latency : rates_.buffer_latency;
    return std::max(served, (moved.memory + moved.buffer) / rates_.port) + 2 * rates_.noc_latency +
           latency;
  }

  /// From asking for a step's blocks to having them in the buffer.
  double staging_time(const ProgramStep& step) {
    double bytes = 0;
    for (const StageTransfer& block : step.staged) {
      const auto operand = static_cast<std::size_t>(block.operand);
      const Split& split = region_.mapping.split;
      bytes += to_double(block.bytes) * static_cast<double>(split.rings(operand));
      // Its place is free when the last part has left it, and all wait for the new block.
      if (split.is_shared(operand)) apart_ = 0;
    }
    if (bytes == 0) return 0;
    return bytes / std::min(rates_.memory, rates_.buffer) + rates_.memory_latency +
           rates_.buffer_latency;
  }

  void contract(const ProgramStep& step) {
    const double load = staging_time(step) + transfer_time(sum(step.tensor_loads, region_.inputs));
    time_.load += load;
    // Parts that share a vector core go on when it takes their block, one after another.
    for (std::size_t i = 0; i < sharers_; ++i) {
      const TilePipeline::Span span =
          tensor_[i].append(step.tensor, edge_after(tensor_free_[i] + load));
      // The operands' place is free when the last of them is in the array.
      tensor_free_[i] = to_double(span.end);
      if (!step.has_output) continue;  // its sums stay where they are
      const double store = transfer_time(sum(step.stores, region_.outputs));
      if (i == 0) time_.store += store;
      if (region_.vector_cores.empty()) {
        done_ = to_double(span.done) + store;
        tensor_free_[i] = std::max(tensor_free_[i], done_);
      } else {
        work_behind(step, span.done, store);
        tensor_free_[i] = std::max(tensor_free_[i], to_double(vector_.open));
      }
    }
  }

  /// The vector core takes a finished block, and stores what it makes of it.
  void work_behind(const ProgramStep& step, Cycles finished, double store) {
    const double load = transfer_time(sum(step.vector_loads, region_.inputs));
    const double begin = std::max(to_double(finished), vector_is_serial_ ? vector_free_ : 0.0);
    const TilePipeline::Span span = vector_.append(step.vector, edge_after(begin + load));
    done_ = to_double(span.done) + store;
    vector_free_ = std::max(to_double(span.end), done_);
  }

  void work_on_chunk(const ProgramStep& step) {
    const double load = transfer_time(sum(step.vector_loads, region_.inputs));
    const double store = transfer_time(sum(step.stores, region_.outputs));
    time_.load += load;
    time_.store += store;
    const TilePipeline::Span span = vector_.append(step.vector, edge_after(vector_free_ + load));
    done_ = to_double(span.done) + store;
    vector_free_ = std::max(to_double(span.end), done_);
  }

  const Chip& chip_;
  const ChipRates& rates_;
  const Region& region_;
  bool vector_is_serial_ = false;
  double apart_ = 0;         ///< cycles between the first part and the last
  std::size_t sharers_ = 1;  ///< parts that share part 0's vector core
  std::vector<TilePipeline> tensor_;
  std::vector<double> tensor_free_;  ///< when each has put its last block out
  TilePipeline vector_;
  double vector_free_ = 0;  ///< when it has put its last result out
  double done_ = 0;
  SerialTime time_;
};

}  // namespace

SerialTime serial_time(const Chip& chip, const ChipRates& rates, const Region& region) {
  return SerialTimeline(chip, rates, region).run();
}

}  // namespace simdse
