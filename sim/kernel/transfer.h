// What travels through the sockets: generic payloads without data, each with one permanent
// extension, from a pool.
#pragma once

#include <boost/container/small_vector.hpp>
#include <cstdint>
#include <memory>
#include <type_traits>
#include <vector>

#include "models/base/clock.h"
#include "models/core/work.h"
#include "sim/kernel/systemc.h"

namespace simdse {

/// A span as SystemC has it. sc_time::from_value() is a call into another library, which looks up
/// the simulation each time in order to fix its resolution; that is fixed when transfers travel.
inline sc_core::sc_time to_sc_time(Picoseconds span) {
  using Value = sc_core::sc_time::value_type;
  // Then the value's address is the time's.
  static_assert(std::is_standard_layout_v<sc_core::sc_time> &&
                sizeof(sc_core::sc_time) == sizeof(Value));
  sc_core::sc_time time;
  reinterpret_cast<Value&>(time) = static_cast<Value>(span);
  return time;
}

/// A contiguous piece of what a transfer moves.
struct TransferPiece {
  std::int64_t offset = 0;  ///< from the payload's address, in either direction
  std::int64_t bytes = 0;
};

/// What the sockets' protocol can't say. A transfer is cut through: its head may leave a place long
/// before its tail has come, so BEGIN_RESP of a read (BEGIN_REQ of a write) tells of the head, and
/// `tail` says when the last byte is there.
struct TransferInfo : tlm::tlm_extension<TransferInfo> {
  Picoseconds tail = 0;
  /// The pieces that are gathered or scattered, in order: the first begins at the payload's
  /// address, and the payload's length is that of all.
  boost::container::small_vector<TransferPiece, 4> pieces;
  /// How much of the transfer's time memory, buffer and network account for; what is left is time
  /// in queues before the first of them.
  Picoseconds in_memory = 0;
  Picoseconds in_buffer = 0;
  Picoseconds in_network = 0;
  std::uint64_t tag = 0;  ///< for the initiator
  std::size_t source =
      0;  ///< number of the core that issued it; the DMA engine comes after the cores
  std::uint32_t stream = 0;  ///< which of the regions running now it belongs to

  tlm::tlm_extension_base* clone() const override { return new TransferInfo(*this); }
  void free() override {}  // part of its payload
  void copy_from(const tlm::tlm_extension_base& other) override {
    *this = static_cast<const TransferInfo&>(other);
  }
};

/// A payload with its extension in place.
struct PooledPayload : tlm::tlm_generic_payload {
  explicit PooledPayload(tlm::tlm_mm_interface* pool) : tlm_generic_payload(pool) {
    set_extension(&info);
  }
  ~PooledPayload() override { clear_extension(&info); }

  TransferInfo info;
};

/// The extension of a payload from a pool, as get_extension() gives it, but found without a call.
inline TransferInfo& info_of(tlm::tlm_generic_payload& payload) {
  return static_cast<PooledPayload&>(payload).info;
}
inline const TransferInfo& info_of(const tlm::tlm_generic_payload& payload) {
  return static_cast<const PooledPayload&>(payload).info;
}

/// Payloads that are used again and again. All must be back before the pool goes.
class PayloadPool : public tlm::tlm_mm_interface {
 public:
  /// A payload that moves all of some pieces (there is one) at a time, with one reference held:
  /// release() gives it back.
  tlm::tlm_generic_payload& acquire(tlm::tlm_command command, const WorkTransfers& transfers);

  void free(tlm::tlm_generic_payload* payload) override;

  /// Payloads handed out and not back yet.
  std::size_t live() const { return live_; }

 private:
  std::vector<std::unique_ptr<PooledPayload>> all_;
  std::vector<tlm::tlm_generic_payload*> idle_;
  std::size_t live_ = 0;
};

}  // namespace simdse
