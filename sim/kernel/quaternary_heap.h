// A priority queue whose nodes have four children: shallower than a binary heap, and the children
// share a cache line or two.
#pragma once

#include <cstddef>
#include <vector>

namespace simdse {

/// The least entry by operator< is at the front. Entries that are equal come out in any order.
template <class Entry>
class QuaternaryHeap {
 public:
  bool empty() const { return entries_.empty(); }
  std::size_t size() const { return entries_.size(); }
  const Entry& front() const { return entries_.front(); }

  void push(const Entry& entry) {
    if (is_vacant_) {
      is_vacant_ = false;
      place_from_top(entry);
      return;
    }
    std::size_t at = entries_.size();
    entries_.push_back(entry);
    while (at > 0) {
      const std::size_t parent = (at - 1) / 4;
      if (!(entry < entries_[parent])) break;
      entries_[at] = entries_[parent];
      at = parent;
    }
    entries_[at] = entry;
  }

  void pop() {
    const Entry last = entries_.back();
    entries_.pop_back();
    if (!entries_.empty()) place_from_top(last);
  }

  /// Takes the front entry away but leaves its place for the next push, which then costs as much as
  /// a pop alone. Until that push or settle() there is no front.
  void vacate() { is_vacant_ = true; }
  void settle() {
    if (!is_vacant_) return;
    is_vacant_ = false;
    pop();
  }

 private:
  std::size_t lesser(std::size_t one, std::size_t other) const {
    return entries_[other] < entries_[one] ? other : one;
  }

  /// Puts an entry into the vacant place at the top, or wherever its order has it below.
  void place_from_top(const Entry& entry) {
    const std::size_t size = entries_.size();
    std::size_t at = 0;
    for (;;) {
      const std::size_t first = 4 * at + 1;
      if (first >= size) break;
      std::size_t best = first;
      if (first + 4 <= size) {
        // By pairs: two of the three comparisons wait for nothing.
        const std::size_t left = lesser(first, first + 1);
        const std::size_t right = lesser(first + 2, first + 3);
        best = lesser(left, right);
      } else {
        for (std::size_t child = first + 1; child < size; ++child) best = lesser(best, child);
      }
      if (!(entries_[best] < entry)) break;
      entries_[at] = entries_[best];
      at = best;
    }
    entries_[at] = entry;
  }

  std::vector<Entry> entries_;  // children of i are 4 i + 1 ... 4 i + 4
  bool is_vacant_ = false;
};

}  // namespace simdse
