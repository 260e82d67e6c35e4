// Ports of a crossbar: who occupies them when.
#pragma once

#include "models/core/interleave.h"
#include "models/core/occupancy.h"
#include "models/noc/noc.h"

namespace simdse {

/// Data occupies its core's port and the ports of the far side, over which its addresses are
/// spread, each for as long as its share takes at the port's width. Directions are separate.
class CrossbarCore {
 public:
  /// Granules of the spreading follow those of the buffer's banks and the memory's channels.
  CrossbarCore(const Noc& noc, const Clock& clock, std::int64_t cores, Bytes buffer_granule,
               Bytes memory_granule);

  struct Request {
    std::int64_t core = 0;
    bool is_buffer = false;    ///< else memory
    bool to_core = false;      ///< direction of the data
    std::int64_t address = 0;  ///< within buffer or memory
    std::int64_t bytes = 0;
    Picoseconds tail = 0;  ///< when the last byte reaches the network
  };
  struct Span {
    Picoseconds head;
    Picoseconds tail;
  };

  /// Head and tail at the far end of the network. Calls come in the order of time.
  Span carry(Picoseconds now, const Request& request);

  Picoseconds latency() const { return latency_; }
  void observe(OccupancyObserver* observer) { observer_ = observer; }
  std::vector<std::string> resource_names() const;

 private:
  Picoseconds span_of(std::int64_t bytes);

  Clock clock_;
  std::int64_t cores_;
  Interleave buffer_ports_;
  Interleave memory_ports_;
  double width_;
  Picoseconds latency_;
  Reservations ports_[2];  // by direction: cores, then buffer ports, then memory ports
  OccupancyObserver* observer_ = nullptr;
};

}  // namespace simdse
