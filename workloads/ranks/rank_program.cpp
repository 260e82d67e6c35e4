#include "workloads/ranks/rank_program.h"

#include <array>

namespace simdse {

const char* action_name(RankAction action) {
  static const std::array<const char*, 5> names = {"compute", "memory", "send", "receive",
                                                   "collective"};
  return names[static_cast<std::size_t>(action)];
}

}  // namespace simdse
