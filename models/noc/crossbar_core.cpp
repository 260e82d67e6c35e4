#include "models/noc/crossbar_core.h"

namespace simdse {

CrossbarCore::CrossbarCore(const Noc& noc, const Clock& clock, std::int64_t cores,
                           Bytes buffer_granule, Bytes memory_granule)
    : clock_(clock),
      cores_(cores),
      buffer_ports_(noc.buffer_ports(), buffer_granule.value()),
      memory_ports_(noc.memory_ports(), memory_granule.value()),
      width_(noc.port_width().value()),
      latency_(clock.span(noc.latency())),
      ports_{Reservations(cores + noc.buffer_ports() + noc.memory_ports()),
             Reservations(cores + noc.buffer_ports() + noc.memory_ports())} {}

Picoseconds CrossbarCore::span_of(std::int64_t bytes) {
  const double cycles = static_cast<double>(bytes) / width_;
  const auto whole = static_cast<std::int64_t>(cycles);
  return clock_.span(Cycles(static_cast<double>(whole) < cycles ? whole + 1 : whole));
}

CrossbarCore::Span CrossbarCore::carry(Picoseconds now, const Request& request) {
  Reservations& ports = ports_[request.to_core ? 1 : 0];
  const std::int64_t far_base = request.is_buffer ? cores_ : cores_ + buffer_ports_.count();
  const std::int64_t observed_base =
      request.to_core ? cores_ + buffer_ports_.count() + memory_ports_.count() : 0;
  const auto watch = [&](std::int64_t port, const Reservations::Span& busy, std::int64_t bytes) {
    if (observer_ != nullptr) {
      observer_->busy(observed_base + port, busy.start, busy.finish, bytes);
    }
  };
  const Reservations::Span near = ports.reserve(request.core, now, span_of(request.bytes));
  watch(request.core, near, request.bytes);
  Picoseconds head = kNever;
  Picoseconds tail = std::max(near.finish, request.tail);
  const Interleave& far = request.is_buffer ? buffer_ports_ : memory_ports_;
  far.for_each(
      request.address, request.bytes, [&](std::int64_t port, std::int64_t bytes, std::int64_t) {
        const Reservations::Span busy = ports.reserve(far_base + port, now, span_of(bytes));
        watch(far_base + port, busy, bytes);
        head = std::min(head, busy.start);
        tail = std::max(tail, busy.finish);
      });
  return {std::max(head, near.start) + latency_, tail + latency_};
}

std::vector<std::string> CrossbarCore::resource_names() const {
  std::vector<std::string> names;
  for (const char* direction : {"out", "in"}) {
    for (std::int64_t i = 0; i < cores_; ++i) {
      names.push_back("core" + std::to_string(i) + " " + direction);
    }
    for (std::int64_t i = 0; i < buffer_ports_.count(); ++i) {
      names.push_back("buffer port" + std::to_string(i) + " " + direction);
    }
    for (std::int64_t i = 0; i < memory_ports_.count(); ++i) {
      names.push_back("memory port" + std::to_string(i) + " " + direction);
    }
  }
  return names;
}

}  // namespace simdse
