#include "cli/interrupt.h"

#include <sys/mman.h>

#include <atomic>
#include <csignal>
#include <new>
#include <stdexcept>

namespace simdse {
namespace {

// A signal's handler is given nothing, so what it sets must lie at a known place: the one variable
// of the program that is not handed on. It lies in memory that worker processes share, because
// they don't get the signal themselves.
using Flag = std::atomic<int>;
static_assert(Flag::is_always_lock_free);
std::atomic<Flag*> flag{nullptr};

extern "C" void note_interrupt(int) {
  Flag* const set = flag.load();
  if (set != nullptr) set->store(1);
}

}  // namespace

InterruptWatch::InterruptWatch() {
  void* const memory =
      mmap(nullptr, sizeof(Flag), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::runtime_error("no shared memory for the interrupt's flag");
  flag.store(new (memory) Flag(0));
  struct sigaction before {};
  sigaction(SIGINT, nullptr, &before);
  if (before.sa_handler == SIG_IGN) return;
  struct sigaction action {};
  action.sa_handler = note_interrupt;
  action.sa_flags = static_cast<int>(SA_RESETHAND);  // the second one has its usual effect
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, nullptr);
}

InterruptWatch::~InterruptWatch() {
  struct sigaction now {};
  sigaction(SIGINT, nullptr, &now);
  if (now.sa_handler == note_interrupt) std::signal(SIGINT, SIG_DFL);
  munmap(flag.exchange(nullptr), sizeof(Flag));
}

bool InterruptWatch::is_interrupted() {
  const Flag* const set = flag.load();
  return set != nullptr && set->load() != 0;
}

}  // namespace simdse
