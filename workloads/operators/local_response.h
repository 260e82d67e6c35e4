// Local response normalisation.
#pragma once

#include "workloads/operator.h"

namespace simdse {

/// Normalises across neighbouring channels of [N, C, ...] (Krizhevsky et al. 2012):
///   y[c] = x[c] / d[c]^beta,  d[c] = bias + alpha / size x sum of x[j]^2 over the window of c.
/// The window of channel c runs from c - (size - 1) / 2 to c + size / 2 (ONNX's LRN).
struct LocalResponseConstants {
  std::int64_t size = 5;
  double alpha = 1e-4;
  double beta = 0.75;
  double bias = 1;
};

class LocalResponse : public OperatorKind {
 public:
  explicit LocalResponse(LocalResponseConstants constants) : constants_(constants) {}
  std::string name() const override { return "local_response_norm"; }
  Work work(const Graph& graph, const Operator& op) const override;
  void differentiate(Differentiator& backward, const Operator& op) const override;
  const LocalResponseConstants& constants() const { return constants_; }

 private:
  LocalResponseConstants constants_;
};

/// dx[c] = dy[c] / d[c]^beta - 2 alpha beta / size x x[c] x sum of dy[j] y[j] / d[j] over the
/// channels j whose window has c; inputs dy, x. d and y are computed again.
class LocalResponseGradient : public OperatorKind {
 public:
  explicit LocalResponseGradient(LocalResponseConstants constants) : constants_(constants) {}
  std::string name() const override { return "local_response_norm_gradient"; }
  Work work(const Graph& graph, const Operator& op) const override;
  const LocalResponseConstants& constants() const { return constants_; }

 private:
  LocalResponseConstants constants_;
};

}  // namespace simdse
