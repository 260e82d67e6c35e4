#include "search/schedule/option_sample.h"

#include <random>

namespace simdse {

std::vector<TaskOptions> sample_options(const std::vector<TaskOptions>& options,
                                        std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<TaskOptions> result;
  result.reserve(options.size());
  for (const TaskOptions& all : options) {
    TaskOptions kept;
    for (const TaskOption& option : all) {
      if (kept.empty() || random() % 2 == 0) kept.push_back(option);
    }
    result.push_back(std::move(kept));
  }
  return result;
}

}  // namespace simdse
