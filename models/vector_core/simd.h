// A SIMD vector unit of lanes x sublanes.
#pragma once

#include "models/vector_core/vector_core.h"

namespace simdse {

/// One plain instruction per lane and cycle over a register of lanes x sublanes elements; special
/// functions take `special_cycles`. Elementwise work fills registers completely. An operator that
/// reduces its rows lays each row along the lanes of a sublane, and combines the lanes in a tree.
///
///   elementwise: ceil(elements / (lanes sublanes)) x (alu + special x special_cycles)
///   with rows:   ceil(rows / sublanes) x [ceil(columns / lanes) x (alu + special x special_cycles)
///                + reductions x log2(lanes)]
class Simd : public VectorCore {
 public:
  struct Params {
    std::int64_t lanes = 128;
    std::int64_t sublanes = 8;
    std::int64_t special_cycles = 4;
    std::int64_t pipeline_depth = 8;
    Bytes memory = Bytes(1 << 20);
    static void declare(ParamTable<Params>& table);
  };

  Simd(const Params& params, const BlockContext& context) : p_(params), clock_(context.clock) {}

  TileTiming timing(const VectorShape& tile) const override;
  std::int64_t peak_operations_per_cycle() const override { return p_.lanes * p_.sublanes; }
  Bytes private_memory() const override { return p_.memory; }
  std::string label() const override;
  BlockCost cost(const Technology& technology) const override;

 private:
  Params p_;
  Clock clock_;
};

}  // namespace simdse
