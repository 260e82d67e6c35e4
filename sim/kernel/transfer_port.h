// The initiator's side of the protocol, for cores and DMA engines.
#pragma once

#include <cstdint>

#include "models/base/timed.h"
#include "models/core/fifo.h"
#include "sim/kernel/transfer.h"
#include "sim/kernel/transfer_sockets.h"

namespace simdse {

/// Who issues transfers through a TransferPort.
class TransferClient {
 public:
  virtual ~TransferClient() = default;
  /// Data of the transfer tagged `info.tag` begins to flow at `head` and ends at `info.tail`, both
  /// now or later.
  virtual void on_response(tlm::tlm_generic_payload& payload, Picoseconds head) = 0;
};

/// Issues requests in order, as initiator number `source`: one BEGIN_REQ at a time until it is
/// accepted, and no further one while `window` bytes or more have not begun to be answered. Counted
/// in bytes, the window does not depend on how transfers are cut.
class TransferPort {
 public:
  TransferPort(const char* name, TimeService& time, PayloadPool& pool, TransferClient& client,
               std::size_t source, Bytes window);

  tlm::tlm_initiator_socket<>& socket() { return socket_; }

  /// Queues a transfer of some pieces; its head leaves here at `earliest` (for a write behind a
  /// read), and its last byte at `tail`.
  void request(tlm::tlm_command command, const WorkTransfers& pieces, std::uint64_t tag,
               std::uint32_t stream, Picoseconds earliest = 0, Picoseconds tail = 0);

 private:
  using Socket = TransferInitiatorSocket<TransferPort>;
  friend Socket;

  tlm::tlm_sync_enum backward(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                              sc_core::sc_time& delay, std::size_t);
  bool may_send() const { return !is_requesting_ && outstanding_ < window_; }
  void send(tlm::tlm_generic_payload& payload, Picoseconds earliest);
  void send_waiting();
  void finish(tlm::tlm_generic_payload& payload, Picoseconds head);

  Socket socket_;
  TimeService& time_;
  PayloadPool& pool_;
  TransferClient& client_;
  std::size_t source_;
  Bytes window_;
  Bytes outstanding_;
  bool is_requesting_ = false;  // BEGIN_REQ sent, END_REQ not seen
  struct Waiting {
    tlm::tlm_generic_payload* payload;
    Picoseconds earliest;
  };
  Fifo<Waiting> waiting_;
};

}  // namespace simdse
