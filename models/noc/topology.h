// What a network joins, and over which links.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace simdse {

/// Endpoints and directed links of a network, both numbered from 0. A link carries the width of a
/// port per cycle. Cores, ports of the buffer and ports of the memory sit at endpoints, one each;
/// endpoints may be left over.
class Topology {
 public:
  virtual ~Topology() = default;

  virtual std::int64_t endpoints() const = 0;
  virtual std::int64_t core(std::int64_t index) const = 0;         ///< its endpoint
  virtual std::int64_t buffer_port(std::int64_t index) const = 0;  ///< its endpoint
  virtual std::int64_t memory_port(std::int64_t index) const = 0;  ///< its endpoint
  /// Whether the network leads from one endpoint to the other.
  virtual bool connects(std::int64_t from, std::int64_t to) const = 0;
  /// The one endpoint that `from` sends to when the traffic is transposed; kNowhere when the
  /// network has no transposition.
  virtual std::int64_t transposed(std::int64_t from) const = 0;
  static constexpr std::int64_t kNowhere = -1;

  virtual std::int64_t links() const = 0;
  virtual std::string link_name(std::int64_t link) const = 0;
  /// The links from one endpoint to another that it is connected to, in the order of the way; those
  /// into and out of the network included.
  virtual void route(std::int64_t from, std::int64_t to,
                     std::vector<std::int64_t>& links) const = 0;
  /// Cycles until the first byte of what leaves one endpoint begins to reach the other, when
  /// nothing is in its way; a flit is there one cycle later.
  virtual std::int64_t latency(std::int64_t from, std::int64_t to) const = 0;
};

/// Cores on one side, ports of buffer and memory on the other, and a way of its own from each to
/// each: data contends only at the two ports that it uses.
class TwoSidedTopology : public Topology {
 public:
  TwoSidedTopology(std::int64_t cores, std::int64_t buffer_ports, std::int64_t memory_ports,
                   std::int64_t latency)
      : cores_(cores),
        buffer_ports_(buffer_ports),
        memory_ports_(memory_ports),
        latency_(latency) {}

  std::int64_t endpoints() const override { return cores_ + buffer_ports_ + memory_ports_; }
  std::int64_t core(std::int64_t index) const override { return index; }
  std::int64_t buffer_port(std::int64_t index) const override { return cores_ + index; }
  std::int64_t memory_port(std::int64_t index) const override {
    return cores_ + buffer_ports_ + index;
  }
  bool connects(std::int64_t from, std::int64_t to) const override {
    return is_core(from) != is_core(to);
  }
  /// Fixed partners: core i and port i, the side with fewer taking turns.
  std::int64_t transposed(std::int64_t from) const override;
  /// Every endpoint's way in, then every endpoint's way out.
  std::int64_t links() const override { return 2 * endpoints(); }
  std::string link_name(std::int64_t link) const override;
  void route(std::int64_t from, std::int64_t to, std::vector<std::int64_t>& links) const override;
  std::int64_t latency(std::int64_t, std::int64_t) const override { return latency_; }

 private:
  bool is_core(std::int64_t endpoint) const { return endpoint < cores_; }

  std::int64_t cores_;
  std::int64_t buffer_ports_;
  std::int64_t memory_ports_;
  std::int64_t latency_;
};

}  // namespace simdse
