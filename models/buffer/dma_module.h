// The engine that fills the global buffer from memory.
#pragma once

#include <deque>
#include <vector>

#include "models/base/timed.h"
#include "models/core/core_module.h"
#include "models/core/fifo.h"
#include "sim/kernel/transfer_port.h"

namespace simdse {

/// Whoever has blocks copied.
class DmaClient {
 public:
  virtual ~DmaClient() = default;
  virtual void block_copied(std::uint64_t tag) = 0;
};

/// Copies blocks from memory to buffer for several streams, a block of each in turn. The head of a
/// read's data goes on to the buffer while its tail is still to come. No more than a window is
/// between the two. Of that the buffer is asked for twice TransferLimits::dma_bytes at a time,
/// however that is cut, so that cores that use it wait for no more; what else memory has delivered
/// waits in the engine. `number` follows those of the cores.
class DmaModule : public sc_core::sc_module, public Timed {
 public:
  DmaModule(const sc_core::sc_module_name& name, TimeService& time, PayloadPool& pool,
            std::size_t streams, std::size_t number, const TransferLimits& limits);

  tlm::tlm_initiator_socket<>& memory_socket() { return from_memory_.socket(); }
  tlm::tlm_initiator_socket<>& buffer_socket() { return to_buffer_.socket(); }

  /// Queues a block; `client` is told when its last byte is in the buffer.
  void copy(std::size_t stream, std::int64_t memory_address, std::int64_t buffer_address,
            std::int64_t bytes, DmaClient& client, std::uint64_t tag);

  Bytes bytes_copied() const { return bytes_copied_; }

 private:
  struct Block {
    std::int64_t memory_address = 0;
    std::int64_t buffer_address = 0;
    std::int64_t bytes = 0;
    std::int64_t requested = 0;  ///< bytes asked of memory
    std::int64_t parts_left = 0;
    Picoseconds tail = 0;
    std::uint32_t stream = 0;
    DmaClient* client = nullptr;
    std::uint64_t tag = 0;
  };

  /// The two ports tell the engine apart by these.
  struct ReadSide : TransferClient {
    DmaModule* dma = nullptr;
    void on_response(tlm::tlm_generic_payload& payload, Picoseconds head) override {
      dma->on_read(payload, head);
    }
  };
  struct WriteSide : TransferClient {
    DmaModule* dma = nullptr;
    void on_response(tlm::tlm_generic_payload& payload, Picoseconds) override {
      dma->on_written(payload);
    }
  };

  /// A part that memory delivers from `head` to `tail`.
  struct Delivered {
    std::int64_t buffer_address = 0;
    std::int64_t bytes = 0;
    std::uint64_t tag = 0;
    std::uint32_t stream = 0;
    Picoseconds head = 0;
    Picoseconds tail = 0;
  };
  /// A part that will be in the buffer at `at`.
  struct Landing {
    Picoseconds at = 0;
    Bytes bytes;
  };

  void on_time(std::uint64_t token) override;
  void issue();
  bool has_room();
  void write();
  void on_read(tlm::tlm_generic_payload& payload, Picoseconds head);
  void on_written(tlm::tlm_generic_payload& payload);

  TimeService& time_;
  ReadSide read_side_;
  WriteSide write_side_;
  TransferPort from_memory_;
  TransferPort to_buffer_;
  Bytes window_;
  std::int64_t max_bytes_;                          ///< of a part
  std::int64_t buffer_window_;                      ///< bytes that may wait at the buffer
  std::vector<std::deque<std::uint32_t>> streams_;  ///< indices into blocks_
  std::size_t next_stream_ = 0;
  std::vector<Block> blocks_;
  std::vector<std::uint32_t> free_blocks_;
  Bytes in_flight_;             ///< asked of memory and not in the buffer
  Fifo<Landing> landing_;       ///< in the order in which they leave the window
  Fifo<Delivered> delivered_;   ///< by memory, and the buffer is not asked for them yet
  std::int64_t at_buffer_ = 0;  ///< bytes asked of the buffer whose room no later part has taken
  Fifo<Landing> answered_;      ///< those of them of which it is known when they land
  Picoseconds room_from_ = 0;   ///< when the room that was taken last became free
  bool is_waiting_for_room_ = false;
  bool is_issuing_ = false;
  Bytes bytes_copied_;
};

}  // namespace simdse
