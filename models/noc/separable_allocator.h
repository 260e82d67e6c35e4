// Who gets what in one cycle: separable allocation with rotating priorities.
#pragma once

#include <cstdint>
#include <vector>

namespace simdse {

/// One iteration of iSLIP (McKeown, IEEE/ACM Transactions on Networking 1999): every output grants
/// one of the inputs that request it, every input accepts one of the outputs that grant it, and
/// only an accepted grant moves the two pointers past it. It matches less than a maximum matching
/// would, and that is a large part of what a router loses against its links.
class SeparableAllocator {
 public:
  static constexpr int kMost = 64;  ///< inputs, and outputs, at most

  SeparableAllocator(int inputs, int outputs)
      : requests_(static_cast<std::size_t>(outputs)),
        grants_(static_cast<std::size_t>(inputs)),
        output_first_(static_cast<std::size_t>(outputs)),
        input_first_(static_cast<std::size_t>(inputs)) {}

  void request(int input, int output) {
    requests_[static_cast<std::size_t>(output)] |= bit(input);
    requested_ |= bit(output);
  }

  /// Calls match(input, output) for every accepted grant, and forgets the requests.
  template <class Match>
  void allocate(Match&& match) {
    std::uint64_t granted = 0;
    for (std::uint64_t outputs = requested_; outputs != 0; outputs &= outputs - 1) {
      const auto output = static_cast<std::size_t>(__builtin_ctzll(outputs));
      const int input = first(requests_[output], output_first_[output]);
      requests_[output] = 0;
      grants_[static_cast<std::size_t>(input)] |= bit(static_cast<int>(output));
      granted |= bit(input);
    }
    requested_ = 0;
    for (; granted != 0; granted &= granted - 1) {
      const auto input = static_cast<std::size_t>(__builtin_ctzll(granted));
      const int output = first(grants_[input], input_first_[input]);
      grants_[input] = 0;
      input_first_[input] = after(output, requests_.size());
      output_first_[static_cast<std::size_t>(output)] =
          after(static_cast<int>(input), grants_.size());
      match(static_cast<int>(input), output);
    }
  }

  /// The first member of a set that is not empty, counting round from `from`.
  static int first(std::uint64_t set, int from) {
    const std::uint64_t at_or_after = set >> from << from;
    return __builtin_ctzll(at_or_after != 0 ? at_or_after : set);
  }
  static int after(int member, std::size_t count) {
    return static_cast<std::size_t>(member) + 1 == count ? 0 : member + 1;
  }

 private:
  static std::uint64_t bit(int index) { return std::uint64_t{1} << index; }

  std::uint64_t requested_ = 0;          // outputs
  std::vector<std::uint64_t> requests_;  // by output, of inputs
  std::vector<std::uint64_t> grants_;    // by input, of outputs
  std::vector<int> output_first_;
  std::vector<int> input_first_;
};

}  // namespace simdse
