// How what a search aims at is written for people.
#pragma once

#include <string>

#include "search/local/objective.h"

namespace simdse {

/// The quantity that stands for an objective's worth, in the unit that people use for it:
/// samples/s, samples/s/W, J/sample and J s/sample^2. The latter two are inverses of the worth:
/// less is better.
struct Aim {
  const char* unit = "";
  bool is_inverse = false;

  double value(double worth) const { return is_inverse ? 1 / worth : worth; }
  /// Four digits, or `otherwise` where there is no worth.
  std::string text(double worth, const char* otherwise = "-") const;
};

Aim aim_of(Objective objective);

}  // namespace simdse
