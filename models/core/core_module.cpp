#include "models/core/core_module.h"

namespace simdse {

Cause main_cause(const TransferInfo& info) {
  if (info.in_memory >= info.in_buffer && info.in_memory >= info.in_network) return Cause::memory;
  return info.in_buffer >= info.in_network ? Cause::buffer : Cause::network;
}

CoreModule::CoreModule(const sc_core::sc_module_name& name, TimeService& time, const Clock& clock,
                       PayloadPool& pool, TimeAccount& account, TimeAccount::Worker worker,
                       Buffering buffering, std::size_t number, const TransferLimits& limits)
    : sc_module(name),
      time_(time),
      port_("port", time, pool, *this, number, limits.core_window),
      engine_(time, clock, *this, account, worker, buffering),
      max_bytes_(limits.max_bytes) {
  time_.join(*this, std::string(this->name()) + ".transfers");
  time_.join(engine_, std::string(this->name()) + ".engine");
}

void CoreModule::load(const WorkTransfers& transfers, std::uint64_t tag) {
  move(tlm::TLM_READ_COMMAND, transfers, tag);
}

void CoreModule::store(const WorkTransfers& transfers, std::uint64_t tag) {
  move(tlm::TLM_WRITE_COMMAND, transfers, tag);
}

[[gnu::always_inline]] inline bool CoreModule::fits_one_request(
    const WorkTransfers& transfers) const {
  std::int64_t room = max_bytes_;
  const bool is_buffers = is_in_buffer(transfers.front().address);
  for (const WorkTransfer& transfer : transfers) {
    if (transfer.bytes <= 0 || transfer.bytes > room) return false;
    if (is_in_buffer(transfer.address) != is_buffers) return false;
    room -= transfer.bytes;
  }
  return true;
}

void CoreModule::move(tlm::tlm_command command, const WorkTransfers& transfers, std::uint64_t tag) {
  if (free_moves_.empty()) {
    free_moves_.push_back(static_cast<std::uint32_t>(moves_.size()));
    moves_.emplace_back();
  }
  const std::uint32_t index = free_moves_.back();
  free_moves_.pop_back();
  if (fits_one_request(transfers)) {
    moves_[index] = {tag, 1, time_.now(), Cause::memory};
    port_.request(command, transfers, index, stream_);
    return;
  }
  gather(transfers);
  moves_[index] = {tag, static_cast<std::int64_t>(requests_.size()), time_.now(), Cause::memory};
  for (const WorkTransfers& pieces : requests_) port_.request(command, pieces, index, stream_);
}

void CoreModule::gather(const WorkTransfers& transfers) {
  requests_.clear();
  std::int64_t room = 0;  // of the last request
  for (const WorkTransfer& transfer : transfers) {
    for (std::int64_t done = 0; done < transfer.bytes;) {
      const std::int64_t bytes = std::min(max_bytes_, transfer.bytes - done);
      const std::int64_t address = transfer.address + done;
      const bool fits =
          bytes <= room && is_in_buffer(requests_.back().front().address) == is_in_buffer(address);
      if (!fits) {
        requests_.emplace_back();
        room = max_bytes_;
      }
      requests_.back().push_back({address, bytes});
      room -= bytes;
      done += bytes;
    }
  }
}

void CoreModule::on_response(tlm::tlm_generic_payload& payload, Picoseconds) {
  const TransferInfo& info = info_of(payload);
  Move& move = moves_[info.tag];
  if (info.tail >= move.tail) {
    move.tail = info.tail;
    move.cause = main_cause(info);
  }
  if (--move.parts_left > 0) return;
  if (engine_.load_announced(move.tag, move.tail, move.cause)) {
    free_moves_.push_back(static_cast<std::uint32_t>(info.tag));
  } else {
    time_.call_at(move.tail, Stage::arrival, *this, info.tag);
  }
}

void CoreModule::on_time(std::uint64_t token) {
  const Move move = moves_[token];
  free_moves_.push_back(static_cast<std::uint32_t>(token));
  engine_.transfer_done(move.tag, move.cause);
}

}  // namespace simdse
