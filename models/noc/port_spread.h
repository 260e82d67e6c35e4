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
      : interleave_(interleave),
        endpoints_(std::move(endpoints)),
        endpoints_twice_(endpoints_),
        extra_(endpoints_.size(), 0),
        pieces_(endpoints_.size()) {
    endpoints_twice_.insert(endpoints_twice_.end(), endpoints_.begin(), endpoints_.end());
  }

  const Interleave& interleave() const { return interleave_; }
  const std::vector<std::int64_t>& endpoints() const { return endpoints_; }

  /// The bytes of a transfer at each port that has some, in the order in which the transfer meets
  /// them. It consists of `parts` (there is one), each with `bytes` from `base` + `offset` on.
  /// Valid until the next call.
  template <class Parts>
  const std::vector<NocCore::Transfer::Piece>& of(std::int64_t base, const Parts& parts) {
    auto part = parts.begin();
    Interleave::Shares shares = interleave_.shares(base + part->offset, part->bytes);
    if (shares.whole == 0) {
      spread_thinly(base, parts);
      return few_;
    }
    // The first part meets all ports.
    const std::int64_t granule = interleave_.granule();
    const std::size_t ports = pieces_.size();
    const auto first = static_cast<std::size_t>(shares.unit);
    NocCore::Transfer::Piece* const pieces = pieces_.data();
    const std::int64_t* const endpoints = endpoints_twice_.data() + first;
    for (std::size_t i = 0; i < ports; ++i) {
      pieces[i].far = endpoints[i];
      pieces[i].bytes = shares.whole + shares.next_extra(granule);
    }
    for (const auto end = parts.end(); ++part != end;) {
      shares = interleave_.shares(base + part->offset, part->bytes);
      const auto unit = static_cast<std::size_t>(shares.unit);
      std::size_t place = unit >= first ? unit - first : unit + ports - first;
      for (std::size_t i = 0; i < ports && (shares.whole > 0 || shares.left > 0); ++i) {
        pieces[place].bytes += shares.whole + shares.next_extra(granule);
        if (++place == ports) place = 0;
      }
    }
    return pieces_;
  }

 private:
  template <class Parts>
  [[gnu::noinline]] void spread_thinly(std::int64_t base, const Parts& parts) {
    few_.clear();
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
      few_.push_back({endpoints_[port], extra_[port]});
      extra_[port] = 0;
    }
  }

  Interleave interleave_;
  std::vector<std::int64_t> endpoints_;
  std::vector<std::int64_t> endpoints_twice_;     ///< from any of them on, all
  std::vector<std::int64_t> extra_;               ///< scratch: bytes by port, 0 between transfers
  std::vector<std::size_t> met_;                  ///< scratch: ports
  std::vector<NocCore::Transfer::Piece> few_;     ///< scratch: what meets some ports
  std::vector<NocCore::Transfer::Piece> pieces_;  ///< scratch: what meets all
};

}  // namespace simdse
