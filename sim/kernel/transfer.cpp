#include "sim/kernel/transfer.h"

namespace simdse {

tlm::tlm_generic_payload& PayloadPool::acquire(tlm::tlm_command command,
                                               const WorkTransfers& transfers) {
  if (idle_.empty()) {
    all_.push_back(std::make_unique<PooledPayload>(this));
    idle_.push_back(all_.back().get());
  }
  tlm::tlm_generic_payload& payload = *idle_.back();
  idle_.pop_back();
  ++live_;
  TransferInfo& info = info_of(payload);
  const std::int64_t base = transfers.front().address;
  std::int64_t total = 0;
  if (info.pieces.size() != transfers.size()) {
    info.pieces.resize(transfers.size(), boost::container::default_init);
  }
  TransferPiece* piece = info.pieces.data();
  for (const WorkTransfer& transfer : transfers) {
    *piece++ = {transfer.address - base, transfer.bytes};
    total += transfer.bytes;
  }
  const auto bytes = static_cast<std::uint32_t>(total);
  payload.set_command(command);
  payload.set_address(static_cast<std::uint64_t>(base));
  payload.set_data_length(bytes);
  payload.set_streaming_width(bytes);
  payload.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
  payload.acquire();
  info.tail = 0;
  info.in_memory = info.in_buffer = info.in_network = 0;
  info.tag = 0;
  return payload;
}

void PayloadPool::free(tlm::tlm_generic_payload* payload) {
  idle_.push_back(payload);
  --live_;
}

}  // namespace simdse
