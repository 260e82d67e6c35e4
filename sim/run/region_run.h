// A region while it runs: what its cores do next, and what the DMA engine fetches for them.
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "models/chip/chip_module.h"
#include "models/core/fifo.h"
#include "search/plan/part_program.h"

namespace simdse {

/// Turns the plan's steps into work for the cores of one region, in the plan's order and at
/// whatever times the cores are ready for it.
class RegionRun : public DmaClient {
 public:
  /// `on_done` is called when every part has stored its last byte.
  RegionRun(const Chip& chip, const Region& region, ChipModule& modules,
            std::function<void(RegionId)> on_done);
  ~RegionRun() override;

  /// Hands the parts to their cores.
  void start();

  void block_copied(std::uint64_t tag) override;

 private:
  class TensorPart;
  class VectorPart;
  class Epilogue;

  /// Blocks of one staged operand on their way through its ring, of one part or of some that share
  /// it.
  struct Ring {
    std::int64_t capacity = 0;
    std::int64_t requested = 0;          ///< bytes ever asked of the DMA engine
    std::vector<std::size_t> sharers;    ///< parts; the first feeds the ring
    std::vector<std::int64_t> released;  ///< bytes ever released, by sharer
    std::int64_t copied = 0;             ///< blocks in the buffer, without a gap
    Fifo<char> copied_behind;            ///< of the blocks after those
    std::int64_t blocks_requested = 0;

    std::int64_t free() const;
  };

  /// Where a part's blocks of an operand come from: a ring, and the part's number among those that
  /// share it.
  struct Seat {
    std::size_t ring = 0;
    std::size_t rank = 0;
  };

  Ring& ring_of(std::size_t operand, std::size_t part) {
    return rings_[operand][seats_[operand][part].ring];
  }
  /// Asks for what the part's next step needs to be copied; false if it can't now or there is no
  /// more.
  bool feed_step(std::size_t part);
  /// As far as there is room.
  void feed(std::size_t part);
  /// The part's core is ready for its next step.
  void come_to_next_step(std::size_t part);
  void release(std::size_t operand, std::size_t part, Bytes bytes);
  void source_finished();

  const Chip& chip_;
  const Region& region_;
  ChipModule& modules_;
  std::function<void(RegionId)> on_done_;
  std::size_t unfinished_ = 0;
  std::vector<std::unique_ptr<TensorPart>> tensor_parts_;
  std::vector<std::unique_ptr<VectorPart>> vector_parts_;
  std::vector<std::unique_ptr<Epilogue>> epilogues_;  ///< one per vector core
  /// Programs that run ahead of the cores to fetch blocks, by part; empty if nothing is staged.
  std::vector<std::unique_ptr<PartProgram>> feeders_;
  std::vector<std::size_t> fed_;  ///< blocks of the feeder's step that were asked for
  /// Steps that a feeder may still fetch for, by part: without end, or with single buffering those
  /// that its core has come to.
  std::vector<std::int64_t> steps_to_feed_;
  std::vector<char> is_fed_ahead_;          ///< whose feeders have no end, by part
  std::array<std::vector<Ring>, 2> rings_;  ///< by operand; none if it is not staged
  std::array<std::vector<Seat>, 2> seats_;  ///< by operand and part
};

}  // namespace simdse
