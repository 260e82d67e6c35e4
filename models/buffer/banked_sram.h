// SRAM banks of one or two ports, interleaved.
#pragma once

#include "models/buffer/buffer.h"

namespace simdse {

/// Address a lies in bank (a / interleave) mod banks. Each port of a bank moves `bank_width` bytes
/// per cycle, reads or writes; a transfer uses one port, and what finds all ports of a bank taken
/// waits.
class BankedSram : public Buffer {
 public:
  struct Params {
    Bytes capacity = Bytes(std::int64_t{32} << 20);
    std::int64_t banks = 32;
    std::int64_t ports = 1;
    BytesPerCycle bank_width = BytesPerCycle(64);
    Bytes interleave = Bytes(512);
    Cycles latency = Cycles(10);
    std::int64_t queue_depth = 64;
    static void declare(ParamTable<Params>& table);
  };

  BankedSram(const Params& params, const BlockContext& context)
      : p_(params), clock_(context.clock) {}

  Bytes capacity() const override { return p_.capacity; }
  std::int64_t banks() const override { return p_.banks; }
  std::int64_t ports() const override { return p_.ports; }
  Bytes interleave() const override { return p_.interleave; }
  BytesPerCycle bank_width() const override { return p_.bank_width; }
  Cycles latency() const override { return p_.latency; }
  std::int64_t queue_depth() const override { return p_.queue_depth * p_.banks; }
  BlockCost cost(const Technology& technology) const override;

 private:
  Params p_;
  Clock clock_;
};

}  // namespace simdse
