// A queue for the paths that every tile goes through.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

namespace simdse {

/// First in, first out, with access by place (0 is the front). Its elements live in one array that
/// grows by doubling and is never given back, and those that are popped are used again: what they
/// own stays allocated, so a queue that has found its length needs no memory any more. (A
/// std::deque allocates for every element larger than half its block.) Pushing may move the others.
template <class T>
class Fifo {
 public:
  bool empty() const { return count_ == 0; }
  std::size_t size() const { return count_; }
  T& operator[](std::size_t place) { return places_[(first_ + place) & mask_]; }
  const T& operator[](std::size_t place) const { return places_[(first_ + place) & mask_]; }
  T& front() { return (*this)[0]; }
  const T& front() const { return (*this)[0]; }
  T& back() { return (*this)[count_ - 1]; }

  /// Adds an element and returns it in the state in which one before was popped, for the caller to
  /// fill.
  T& push_used() {
    if (count_ == mask_ + 1) grow();
    ++count_;
    return back();
  }
  void push_back(T element) { push_used() = std::move(element); }
  void pop_front() {
    first_ = (first_ + 1) & mask_;
    --count_;
  }
  void pop_back() { --count_; }

 private:
  void grow() {
    std::vector<T> larger(places_.empty() ? 4 : 2 * places_.size());
    for (std::size_t i = 0; i < count_; ++i) larger[i] = std::move((*this)[i]);
    places_ = std::move(larger);
    mask_ = places_.size() - 1;
    first_ = 0;
  }

  std::vector<T> places_;               ///< their number is a power of two, or 0
  std::size_t mask_ = ~std::size_t{0};  ///< that number less 1
  std::size_t first_ = 0;
  std::size_t count_ = 0;
};

}  // namespace simdse
