// What every network module offers: sockets for cores, buffer and memory.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "models/base/timed.h"
#include "models/chip/chip.h"
#include "models/core/occupancy.h"
#include "sim/kernel/transfer.h"

namespace simdse {

/// Where addresses of the buffer begin as the network sees them: memory below, buffer above.
constexpr std::int64_t kBufferBase = std::int64_t{1} << 60;

class NocModule : public sc_core::sc_module {
 public:
  using sc_module::sc_module;

  virtual tlm::tlm_target_socket<>& core_socket(std::size_t core) = 0;
  virtual tlm::tlm_initiator_socket<>& buffer_socket() = 0;
  virtual tlm::tlm_initiator_socket<>& memory_socket() = 0;
  /// Gives every stream ports of its own, to find out what contention costs.
  virtual void make_private() = 0;
  virtual Bytes bytes_carried() const = 0;
  virtual void observe(OccupancyObserver* observer) = 0;
  /// Names of the resources that an observer is told of.
  virtual std::vector<std::string> resource_names() const = 0;
};

}  // namespace simdse
