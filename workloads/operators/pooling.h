// Pooling over windows, and over whole images.
#pragma once

#include "workloads/operator.h"
#include "workloads/operators/window.h"

namespace simdse {

enum class PoolingStyle { max, average };

/// Output [N, C, OH, OW] from x [N, C, H, W]. The gradient of a maximum finds the winner again from
/// x; the average divides by the window's size (padding included).
class Pooling : public OperatorKind {
 public:
  Pooling(PoolingStyle style, Window window) : style_(style), window_(window) {}
  std::string name() const override;
  Work work(const Graph& graph, const Operator& op) const override;
  void differentiate(Differentiator& backward, const Operator& op) const override;
  PoolingStyle style() const { return style_; }
  const Window& window() const { return window_; }

 private:
  PoolingStyle style_;
  Window window_;
};

/// dx; inputs dy and, for a maximum, x.
class PoolingGradient : public OperatorKind {
 public:
  PoolingGradient(PoolingStyle style, Window window) : style_(style), window_(window) {}
  std::string name() const override;
  Work work(const Graph& graph, const Operator& op) const override;
  PoolingStyle style() const { return style_; }
  const Window& window() const { return window_; }

 private:
  PoolingStyle style_;
  Window window_;
};

}  // namespace simdse
