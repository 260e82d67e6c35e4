#include "models/buffer/dma_module.h"

namespace simdse {
namespace {

// The tag of a part: its block, and where in the block it begins in units of whole parts.
constexpr unsigned kPartBits = 24;

// Token of on_time beside the blocks' indices: a part has left the window.
constexpr std::uint64_t kRoom = ~std::uint64_t{0};

}  // namespace

DmaModule::DmaModule(const sc_core::sc_module_name& name, TimeService& time, PayloadPool& pool,
                     std::size_t streams, std::size_t number, const TransferLimits& limits)
    : sc_module(name),
      time_(time),
      from_memory_("from_memory", time, pool, read_side_, number, limits.dma_window),
      to_buffer_("to_buffer", time, pool, write_side_, number, limits.dma_window),
      window_(limits.dma_window),
      max_bytes_(std::min(limits.max_bytes, limits.dma_bytes)),
      buffer_window_(2 * limits.dma_bytes),  // one is written, one is next
      streams_(streams) {
  read_side_.dma = this;
  write_side_.dma = this;
  time_.join(*this, this->name());
}

void DmaModule::copy(std::size_t stream, std::int64_t memory_address, std::int64_t buffer_address,
                     std::int64_t bytes, DmaClient& client, std::uint64_t tag) {
  if (free_blocks_.empty()) {
    free_blocks_.push_back(static_cast<std::uint32_t>(blocks_.size()));
    blocks_.emplace_back();
  }
  const std::uint32_t index = free_blocks_.back();
  free_blocks_.pop_back();
  blocks_[index] = {memory_address,
                    buffer_address,
                    bytes,
                    0,
                    ceil_div(bytes, max_bytes_),
                    time_.now(),
                    static_cast<std::uint32_t>(stream),
                    &client,
                    tag};
  streams_[stream].push_back(index);
  issue();
}

bool DmaModule::has_room() {
  while (!landing_.empty() && landing_.front().at <= time_.now()) {
    in_flight_ -= landing_.front().bytes;
    landing_.pop_front();
  }
  return in_flight_ < window_;
}

void DmaModule::issue() {
  if (is_issuing_) return;
  is_issuing_ = true;
  std::size_t tried = 0;
  while (tried < streams_.size()) {
    if (!has_room()) {
      if (!landing_.empty() && !is_waiting_for_room_) {
        is_waiting_for_room_ = true;
        time_.call_at(landing_.front().at, Stage::arrival, *this, kRoom);
      }
      break;
    }
    std::deque<std::uint32_t>& stream = streams_[next_stream_];
    next_stream_ = (next_stream_ + 1) % streams_.size();
    if (stream.empty()) {
      ++tried;
      continue;
    }
    tried = 0;
    const std::uint32_t index = stream.front();
    Block& block = blocks_[index];
    const std::int64_t begin = block.requested;
    const std::int64_t bytes = std::min(max_bytes_, block.bytes - begin);
    block.requested += bytes;
    if (block.requested == block.bytes) stream.pop_front();
    in_flight_ += Bytes(bytes);
    from_memory_.request(tlm::TLM_READ_COMMAND, {{block.memory_address + begin, bytes}},
                         static_cast<std::uint64_t>(index) << kPartBits |
                             static_cast<std::uint64_t>(begin / max_bytes_),
                         block.stream);
  }
  is_issuing_ = false;
}

void DmaModule::on_read(tlm::tlm_generic_payload& payload, Picoseconds head) {
  const TransferInfo& info = info_of(payload);
  const Block& block = blocks_[info.tag >> kPartBits];
  const auto part = static_cast<std::int64_t>(info.tag & ((std::uint64_t{1} << kPartBits) - 1));
  delivered_.push_back({block.buffer_address + part * max_bytes_, payload.get_data_length(),
                        info.tag, info.stream, head, info.tail});
  write();
}

void DmaModule::write() {
  while (!delivered_.empty()) {
    const Delivered part = delivered_.front();
    while (at_buffer_ + part.bytes > buffer_window_ && !answered_.empty()) {
      at_buffer_ -= answered_.front().bytes.value();
      room_from_ = std::max(room_from_, answered_.front().at);
      answered_.pop_front();
    }
    if (at_buffer_ + part.bytes > buffer_window_) return;
    delivered_.pop_front();
    at_buffer_ += part.bytes;
    to_buffer_.request(tlm::TLM_WRITE_COMMAND, {{part.buffer_address, part.bytes}}, part.tag,
                       part.stream, std::max(part.head, room_from_), part.tail);
  }
}

void DmaModule::on_written(tlm::tlm_generic_payload& payload) {
  const TransferInfo& info = info_of(payload);
  const auto index = static_cast<std::uint32_t>(info.tag >> kPartBits);
  Block& block = blocks_[index];
  block.tail = std::max(block.tail, info.tail);
  bytes_copied_ += Bytes(payload.get_data_length());
  const Landing landing = {info.tail, Bytes(payload.get_data_length())};
  landing_.push_back(landing);
  answered_.push_back(landing);
  if (--block.parts_left == 0) time_.call_at(block.tail, Stage::arrival, *this, index);
  write();
  issue();
}

void DmaModule::on_time(std::uint64_t token) {
  if (token == kRoom) {
    is_waiting_for_room_ = false;
    issue();
    return;
  }
  const Block block = blocks_[token];
  free_blocks_.push_back(static_cast<std::uint32_t>(token));
  block.client->block_copied(block.tag);
}

}  // namespace simdse
