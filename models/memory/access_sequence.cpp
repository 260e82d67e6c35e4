#include "models/memory/access_sequence.h"

namespace simdse {

AccessSequence::AccessSequence(const AccessPattern& pattern, Bytes capacity, std::uint64_t seed)
    : order_(pattern.order),
      block_(pattern.block.value()),
      stride_(order_ == AccessPattern::Order::stride ? pattern.stride.value() : block_),
      write_share_(pattern.write_share),
      per_pass_(capacity.value() / stride_),
      lanes_(stride_ / block_),
      random_(seed) {}

AccessSequence::Access AccessSequence::next() {
  // Both draws are always made, so that the write share changes no address.
  const std::int64_t address = next_address();
  const double draw = std::uniform_real_distribution<double>()(random_);
  return {address, draw < write_share_};
}

std::int64_t AccessSequence::next_address() {
  if (order_ == AccessPattern::Order::random) {
    return std::uniform_int_distribution<std::int64_t>(0, per_pass_ - 1)(random_) * block_;
  }
  const std::int64_t pass = count_ / per_pass_;
  const std::int64_t place = count_ % per_pass_;
  ++count_;
  return place * stride_ + pass % lanes_ * block_;
}

}  // namespace simdse
