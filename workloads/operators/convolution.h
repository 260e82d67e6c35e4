// 2D convolution and its two gradients, each an implicit matrix product.
#pragma once

#include <memory>

#include "workloads/operator.h"
#include "workloads/operators/window.h"

namespace simdse {

/// Inputs x [N, C, H, W] and weights [F, C/groups, kh, kw]; output [N, F, OH, OW]. As a matrix
/// product: batch = groups, m = N OH OW, n = F/groups, k = C/groups kh kw. Depthwise is groups = C.
class Convolution : public OperatorKind {
 public:
  Convolution(Window window, std::int64_t groups) : window_(window), groups_(groups) {}
  std::string name() const override { return "convolution"; }
  Work work(const Graph& graph, const Operator& op) const override;
  void differentiate(Differentiator& backward, const Operator& op) const override;
  const Window& window() const { return window_; }
  std::int64_t groups() const { return groups_; }

 private:
  Window window_;
  std::int64_t groups_;
};

/// dx; inputs dy, weights. As a matrix product: m = N OH OW, n = C/groups, k = F/groups kh kw. With
/// a stride s the product falls apart into s^2 products of as many multiply-accumulates together.
class ConvolutionInputGradient : public OperatorKind {
 public:
  ConvolutionInputGradient(Window window, std::int64_t groups) : window_(window), groups_(groups) {}
  std::string name() const override { return "convolution_input_gradient"; }
  Work work(const Graph& graph, const Operator& op) const override;
  const Window& window() const { return window_; }
  std::int64_t groups() const { return groups_; }

 private:
  Window window_;
  std::int64_t groups_;
};

/// dw; inputs dy, x. As a matrix product: m = F/groups, n = C/groups kh kw, k = N OH OW.
class ConvolutionWeightGradient : public OperatorKind {
 public:
  ConvolutionWeightGradient(Window window, std::int64_t groups)
      : window_(window), groups_(groups) {}
  std::string name() const override { return "convolution_weight_gradient"; }
  Work work(const Graph& graph, const Operator& op) const override;
  const Window& window() const { return window_; }
  std::int64_t groups() const { return groups_; }

 private:
  Window window_;
  std::int64_t groups_;
};

}  // namespace simdse
