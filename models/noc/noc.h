// The kind "noc": the network between cores, global buffer and memory.
#pragma once

#include <cstdint>
#include <vector>

#include "models/base/block.h"
#include "models/noc/topology.h"

namespace simdse {

/// Every core has one port; the buffer and the memory have several each, over which addresses are
/// spread. A port carries `port_width` bytes of data per cycle in each direction.
class Noc : public Block {
 public:
  virtual BytesPerCycle port_width() const = 0;
  virtual std::int64_t buffer_ports() const = 0;
  virtual std::int64_t memory_ports() const = 0;
  /// Cycles that a request, or the head of its data, spends on the way from a core to a port of the
  /// buffer or memory, or back; the mean if ways differ.
  virtual Cycles latency() const = 0;
  /// What it joins, and how.
  virtual const Topology& topology() const = 0;
  /// Bytes of data in a packet of so many flits. A flit is what a link carries in one cycle.
  virtual std::int64_t data_of(std::int64_t flits) const {
    return static_cast<std::int64_t>(port_width().value() * static_cast<double>(flits));
  }

  /// Bytes per cycle between all cores and the buffer, or the memory, when all cores work alike: as
  /// much as the ports take, or less where links between them bind.
  virtual BytesPerCycle buffer_bandwidth() const {
    return port_width() * static_cast<double>(buffer_ports());
  }
  virtual BytesPerCycle memory_bandwidth() const {
    return port_width() * static_cast<double>(memory_ports());
  }
};

}  // namespace simdse
