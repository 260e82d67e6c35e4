// PHYs of the links to other chips, for a chip's area and power.
#pragma once

#include "models/base/block.h"

namespace simdse {

/// `count` links of `bandwidth` in each direction. Lanes send idle symbols when they have no data,
/// so their power is the same whatever they carry. A bit costs its sender and its receiver; a chip
/// is both, once for every bit that one direction carries.
class LinkPhys : public Block {
 public:
  struct Params {
    std::int64_t count = 0;
    BytesPerSecond bandwidth = BytesPerSecond(50e9);
    static void declare(ParamTable<Params>& table);
  };

  LinkPhys(const Params& params, const BlockContext&) : p_(params) {}

  BlockCost cost(const Technology& technology) const override;

 private:
  Params p_;
};

}  // namespace simdse
