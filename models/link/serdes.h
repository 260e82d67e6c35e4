// A link of serial lanes.
#pragma once

#include "models/link/link.h"

namespace simdse {

/// Packets over serial lanes with credit-based flow control: a packet leaves when the line is free
/// and the receiver's buffer has a place for it.
class Serdes : public Link {
 public:
  struct Params {
    std::int64_t lanes = 4;
    BytesPerSecond lane_rate = BytesPerSecond(50e9 / 8);
    double encoding = 0.945;
    Bytes packet = Bytes(256);
    Bytes header = Bytes(16);
    Seconds phy_latency = Seconds(40e-9);
    Seconds fec_latency = Seconds(100e-9);
    Seconds wire_latency = Seconds(5e-9);
    Bytes receive_buffer = Bytes(16 * 1024);
    BytesPerSecond copy_rate = BytesPerSecond(0);
    static void declare(ParamTable<Params>& table);
  };

  /// Throws InputError when the receive buffer holds no packet.
  Serdes(const Params& params, const BlockContext& context);

  BytesPerSecond bandwidth() const override;
  Seconds latency() const override { return p_.phy_latency + p_.fec_latency + p_.wire_latency; }
  BlockCost cost(const Technology& technology) const override;

  Bytes packet() const { return p_.packet; }
  Bytes header() const { return p_.header; }
  /// Bytes per second on the lanes, headers included.
  BytesPerSecond line_rate() const {
    return p_.lane_rate * (static_cast<double>(p_.lanes) * p_.encoding);
  }
  /// Data per second that the sender makes ready at most; 0: as much as the line carries.
  BytesPerSecond copy_rate() const { return p_.copy_rate; }
  /// Packets that the receiver's buffer holds.
  std::int64_t window() const { return p_.receive_buffer.value() / p_.packet.value(); }

 private:
  Params p_;
};

}  // namespace simdse
