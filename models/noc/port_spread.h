// Over which ports of buffer or memory a transfer goes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "models/core/interleave.h"
#include "models/noc/noc_core.h"

namespace simdse {

/// Spreads transfers over ports as their addresses are interleaved.
class PortSpread {
 public:
  /// `endpoints`: the network's, of every port.
  PortSpread(const Interleave& interleave, std::vector<std::int64_t> endpoints)
      : interleave_(interleave), endpoints_(std::move(endpoints)), extra_(endpoints_.size(), 0) {}

  const Interleave& interleave() const { return interleave_; }
  const std::vector<std::int64_t>& endpoints() const { return endpoints_; }

  /// The bytes of a transfer at each port that has some, in the order in which the transfer meets
  /// them. It consists of `parts` (there is one), each with `bytes` from `base` + `offset` on.
  /// Valid until the next call.
  template <class Parts>
  const std::vector<NocCore::Transfer::Piece>& of(std::int64_t base, const Parts& parts) {
    const Interleave::Shares first =
        interleave_.shares(base + parts.front().offset, parts.front().bytes);
    if (first.whole > 0) {
      spread_evenly(base, parts, first);
    } else {
      spread_thinly(base, parts);
    }
    return pieces_;
  }

 private:
  /// The first part, with `shares`, meets all ports: what every port has of each part is the same
  /// but for a few.
  template <class Parts>
  void spread_evenly(std::int64_t base, const Parts& parts, Interleave::Shares shares) {
    const std::int64_t first_unit = shares.unit;
    std::int64_t whole = 0;
    for (auto part = parts.begin();;) {
      whole += shares.whole;
      while (shares.left > 0 || shares.before > 0) {
        extra_[static_cast<std::size_t>(shares.unit)] += shares.next_extra(interleave_.granule());
        if (++shares.unit == interleave_.count()) shares.unit = 0;
      }
      if (++part == parts.end()) break;
      shares = interleave_.shares(base + part->offset, part->bytes);
    }
    pieces_.resize(extra_.size());
    auto port = static_cast<std::size_t>(first_unit);
    for (NocCore::Transfer::Piece& piece : pieces_) {
      piece = {endpoints_[port], whole + extra_[port]};
      extra_[port] = 0;
      if (++port == extra_.size()) port = 0;
    }
  }

  template <class Parts>
  void spread_thinly(std::int64_t base, const Parts& parts) {
    pieces_.clear();
    met_.clear();
    for (const auto& part : parts) {
      interleave_.for_each_share(base + part.offset, part.bytes,
                                 [this](std::int64_t unit, std::int64_t bytes) {
                                   const auto port = static_cast<std::size_t>(unit);
                                   if (extra_[port] == 0) met_.push_back(port);
                                   extra_[port] += bytes;
                                 });
    }
    for (const std::size_t port : met_) {
      pieces_.push_back({endpoints_[port], extra_[port]});
      extra_[port] = 0;
    }
  }

  Interleave interleave_;
  std::vector<std::int64_t> endpoints_;
  std::vector<std::int64_t> extra_;               ///< scratch: bytes by port, 0 between transfers
  std::vector<std::size_t> met_;                  ///< scratch: ports
  std::vector<NocCore::Transfer::Piece> pieces_;  ///< scratch
};

}  // namespace simdse
