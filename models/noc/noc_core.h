// What a network does to a transfer: the policy beneath the network's module.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "models/base/clock.h"
#include "models/core/occupancy.h"

namespace simdse {

/// Plain C++. Endpoints are numbered as the network's topology numbers them.
class NocCore {
 public:
  virtual ~NocCore() = default;

  /// Data on its way between one endpoint and one or several others, over which it is spread.
  struct Transfer {
    struct Piece {
      std::int64_t far = 0;  ///< endpoint
      std::int64_t bytes = 0;
    };
    std::int64_t near = 0;  ///< endpoint
    bool to_near = false;   ///< direction of the data
    Picoseconds tail = 0;   ///< when the last byte reaches the network
    const std::vector<Piece>& pieces;
  };
  struct Span {
    Picoseconds head;
    Picoseconds tail;
  };

  /// Head and tail at the far end of the network. Calls come in the order of time.
  virtual Span carry(Picoseconds now, const Transfer& transfer) = 0;

  /// The observer is told of links by their number.
  void observe(OccupancyObserver* observer) { observer_ = observer; }

 protected:
  void busy(std::int64_t link, Picoseconds start, Picoseconds finish, std::int64_t bytes) {
    if (observer_ != nullptr) observer_->busy(link, start, finish, bytes);
  }

 private:
  OccupancyObserver* observer_ = nullptr;
};

}  // namespace simdse
