// Ctrl-C, as a question that long work asks itself.
#pragma once

namespace simdse {

/// While one exists, the first SIGINT only makes is_interrupted() true, also in processes forked
/// since; a second one ends the program, as without it. Where SIGINT is ignored (a job in the
/// background of a script), it stays so. At most one at a time.
class InterruptWatch {
 public:
  InterruptWatch();
  ~InterruptWatch();
  InterruptWatch(const InterruptWatch&) = delete;
  InterruptWatch& operator=(const InterruptWatch&) = delete;

  static bool is_interrupted();
};

}  // namespace simdse
