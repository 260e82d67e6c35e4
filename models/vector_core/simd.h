// A SIMD vector unit of lanes x sublanes.
#pragma once

#include "models/vector_core/vector_core.h"

namespace simdse {

/// One plain instruction per lane and cycle over a register of lanes x sublanes elements; special
/// functions take `special_cycles`. Elementwise work fills registers completely. An operator that
/// reduces its rows lays each row along the lanes of a sublane. What its registers add up to, lane
/// by lane, crosses the lanes in `reduction` cycles: log2(lanes) in a tree of adders, or `lanes` in
/// a systolic unit that the lanes of a register enter one after another, as in the TPU, whose unit
/// for transposes, reductions and permutations works on 128x128 matrices (Norrie et al., IEEE Micro
/// 2021). The next rows wait, because they need the result.
///
///   elementwise: ceil(elements / (lanes sublanes)) x (alu + special x special_cycles)
///   with rows:   ceil(rows / sublanes) x [ceil(columns / lanes) x (alu + special x special_cycles)
///                + reductions x reduction]
class Simd : public VectorCore {
 public:
  /// How a value per row is made of the lanes' values.
  enum class CrossLane { tree, systolic };

  struct Params {
    std::int64_t lanes = 128;
    std::int64_t sublanes = 8;
    std::int64_t special_cycles = 4;
    std::int64_t pipeline_depth = 8;
    Bytes memory = Bytes(1 << 20);
    CrossLane cross_lane = CrossLane::tree;
    Buffering buffering = Buffering::twofold;
    static void declare(ParamTable<Params>& table);
  };

  Simd(const Params& params, const BlockContext& context) : p_(params), clock_(context.clock) {}

  TileTiming timing(const VectorShape& tile) const override;
  std::int64_t peak_operations_per_cycle() const override { return p_.lanes * p_.sublanes; }
  Bytes private_memory() const override { return p_.memory; }
  Buffering buffering() const override { return p_.buffering; }
  std::string label() const override;
  BlockCost cost(const Technology& technology) const override;

 private:
  /// Cycles of one reduction across the lanes.
  std::int64_t reduction_cycles() const;

  Params p_;
  Clock clock_;
};

}  // namespace simdse
