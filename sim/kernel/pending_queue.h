// A priority queue for what is mostly few: a sorted row, and a heap when it has become long.
#pragma once

#include <array>
#include <cstddef>

#include "sim/kernel/quaternary_heap.h"

namespace simdse {

/// The least entry by operator< is at the front. Entries that are equal come out in any order.
///
/// A chip has some ten call-backs pending. To put one into a sorted row, past those that come
/// before it, takes a third of a heap's instructions then, and to take the first away next to none.
/// Systems of many chips have hundreds pending, for which the row gives way to a heap.
template <class Entry>
class PendingQueue {
 public:
  /// `last`: less than no entry.
  explicit PendingQueue(const Entry& last) : row_{last} {}

  bool empty() const { return size() == 0; }
  std::size_t size() const { return is_row_ ? in_row_ : heap_.size(); }
  /// Between take() and settle() there is no front.
  const Entry& front() const { return is_row_ ? row_[in_row_] : heap_.front(); }

  void push(const Entry& entry) {
    if (!is_row_) {
      push_to_heap(entry);
      return;
    }
    Entry* at = &row_[++in_row_];
    for (; at[-1] < entry; --at) *at = at[-1];
    *at = entry;
    if (in_row_ == kRow) become_heap();
  }

  /// Takes the front entry away. To be followed by settle(), after what is pushed because of it:
  /// the first push may take its place.
  void take() {
    if (is_row_) {
      --in_row_;
    } else {
      heap_.vacate();
    }
  }
  void settle() {
    if (is_row_) return;
    heap_.settle();
    if (heap_.size() <= kShortHeap) become_row();
  }

 private:
  // Far apart, so that a queue whose length varies a little stays what it is.
  static constexpr std::size_t kRow = 32;
  static constexpr std::size_t kShortHeap = 12;

  // By value, so that an entry that goes into the row never lies elsewhere in memory: written
  // there by halves and read whole, it would have to be waited for.
  [[gnu::noinline]] void push_to_heap(Entry entry) { heap_.push(entry); }

  [[gnu::noinline]] void become_heap() {
    for (; in_row_ > 0; --in_row_) heap_.push(row_[in_row_]);
    is_row_ = false;
  }

  [[gnu::noinline]] void become_row() {
    in_row_ = heap_.size();
    for (std::size_t at = in_row_; at > 0; --at, heap_.pop()) row_[at] = heap_.front();
    is_row_ = true;
  }

  /// The least comes last. Before the others stands one that is less than none, so that whoever
  /// goes past them needs not count them.
  std::array<Entry, kRow + 1> row_;
  std::size_t in_row_ = 0;
  QuaternaryHeap<Entry> heap_;
  bool is_row_ = true;
};

}  // namespace simdse
