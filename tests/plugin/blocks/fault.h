// Everything that a plug-in may not do.
#pragma once

#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <stdexcept>

enum class Fault { none, throw_it, crash, hang, corrupt, leave };

inline void commit(Fault fault) {
  switch (fault) {
    case Fault::none:
      return;
    case Fault::throw_it:
      throw std::runtime_error("thrown on purpose");
    case Fault::crash:
      std::raise(SIGSEGV);
      return;
    case Fault::hang:
      for (;;) pause();
    case Fault::corrupt: {
      // The size that the allocator keeps in front of a block, and what lies behind it.
      volatile char* block = static_cast<char*>(std::malloc(2000));
      for (int i = -8; i < 2100; ++i) block[i] = 0x5a;
      std::free(const_cast<char*>(block));
      return;
    }
    case Fault::leave:
      std::exit(0);
  }
}
