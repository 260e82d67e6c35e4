// One part of a region as a sequence of steps: the common form in which estimate, simulation and
// validator see contractions and vector chains alike.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "models/base/divisor.h"
#include "models/chip/chip.h"
#include "search/plan/chunk_shares.h"
#include "search/plan/plan.h"

namespace simdse {

/// Bytes of one operand that a core moves in one step.
struct StepTransfer {
  std::int32_t operand = 0;  ///< index into Region::inputs or Region::outputs
  Bytes bytes;
  std::int64_t address = 0;  ///< in the memory or, for a staged or resident operand, in the buffer
};

/// A block that passes through a staged operand's ring, or what of it lies before or behind the
/// ring's end.
struct StageTransfer {
  std::int32_t operand = 0;
  Bytes bytes;
  std::int64_t memory_address = 0;
  std::int64_t buffer_address = 0;
};

/// One step of a part. The tensor core (if any) loads `tensor_loads` and works for `tensor`. If
/// `has_output`, the vector core (if any) then loads `vector_loads` and works for `vector`, and
/// `stores` leave from whichever core worked last.
struct ProgramStep {
  TileTiming tensor;
  TileTiming vector;          ///< with the finished block's way from the tensor core as its setup
  Bytes forwarded;            ///< sums that the tensor core hands to the vector core
  bool starts_output = true;  ///< the first step that adds to the block of the next output
  bool has_output = true;
  std::int64_t output_places = 2;  ///< output blocks like this one that the core can hold
  std::vector<StepTransfer> tensor_loads;
  std::vector<StepTransfer> vector_loads;
  std::vector<StepTransfer> stores;
  /// Blocks that must be in the buffer before this step, fetched since the step before. Of parts
  /// that share an operand only the first lists it.
  std::vector<StageTransfer> staged;
  /// Such transfers for operands 0 and 1 so far, this step's included, by this part or the one that
  /// fetches for it.
  std::int64_t blocks_fetched[2] = {0, 0};
  /// Bytes of each of operands 0 and 1 whose ring space is free after this step.
  Bytes released[2];
  std::int64_t macs = 0;
  std::int64_t vector_operations = 0;
};

/// What of the steps is described.
enum class StepView {
  whole,
  staging,  ///< only `staged`, for whoever runs ahead of the core to fetch
};

/// Walks the steps of part `part` in order.
class PartProgram {
 public:
  PartProgram(const Chip& chip, const Region& region, std::size_t part,
              StepView view = StepView::whole);

  bool done() const;
  const ProgramStep& step() const { return step_; }
  void next();

 private:
  void describe();
  void describe_contraction();
  /// What the step moves of input `i`, 0 or 1.
  void describe_input(std::size_t i, const ContractionStep& s);
  void describe_epilogue(const ContractionStep& s);
  Bytes forwarded_bytes(const ContractionStep& s) const;
  void describe_block_output(const ContractionStep& s);
  void describe_follow_ups(const ContractionStep& s);
  void describe_fused_traffic(const ContractionStep& s);
  void describe_chunk();
  /// Moves the transfers of the step on to the next chunk, which is alike.
  void advance_chunk();
  /// Calls visit(address, bytes before, bytes) for the pieces of a block that begins `begin` bytes
  /// into input `operand`: more than one if it runs round the end of its part's ring.
  template <class Visit>
  void for_each_ring_piece(std::size_t operand, std::int64_t begin, std::int64_t bytes,
                           Visit&& visit) const;
  TileTiming vector_timing(const VectorCore& core, const std::vector<VectorShape>& shapes) const;
  /// The same behind a tensor core that hands over `forwarded` bytes first.
  TileTiming epilogue_timing(const std::vector<VectorShape>& shapes, Bytes forwarded) const;

  /// Work on a block of a contraction, for as long as blocks of its size follow each other.
  struct Known {
    std::int64_t batch = 0;  ///< 0: nothing is known
    TileShape block;

    bool is_of(const ContractionStep& s) const { return batch == s.batch && block == s.block; }
  };

  const Region& region_;
  StepView view_;
  const TensorCore* tensor_core_ = nullptr;
  const VectorCore* vector_core_ = nullptr;
  ContractionShape part_shape_;
  std::optional<ContractionCursor> cursor_;
  ChunkRange chunks_;
  std::int64_t part_base_[3] = {0, 0, 0};             ///< first element of this part in A, B and C
  std::int64_t ring_address_[2] = {0, 0};             ///< of this part's rings
  Divisor ring_bytes_[2] = {Divisor(1), Divisor(1)};  ///< 1 where there is no ring
  bool feeds_ring_[2] = {false, false};               ///< for all parts that share it
  std::int64_t last_a_offset_ = -1;                   ///< of the step before
  ChunkShares shares_;  ///< of the inputs, the outputs and the operators
  Known tensor_known_;  ///< of the next two
  TileTiming tensor_timing_;
  std::int64_t output_places_ = 2;
  Known vector_known_;  ///< of the step's `forwarded`, `vector` and the next
  Bytes forwarded_;
  std::int64_t vector_operations_ = 0;
  ProgramStep step_;
  std::vector<VectorShape> shapes_;  ///< scratch
};

}  // namespace simdse
