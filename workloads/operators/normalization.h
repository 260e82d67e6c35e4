// Layer, RMS and batch normalisation.
#pragma once

#include "workloads/operator.h"

namespace simdse {

/// Which axes share a mean and a variance.
enum class NormalizationStyle {
  layer,  ///< the last axis; scale and shift
  rms,    ///< the last axis; no mean is taken; scale only
  batch,  ///< all axes but axis 1 (channels); scale and shift
  group,  ///< a group of channels (axis 1) of one sample; scale and shift per channel
};

/// y = (x - mean) / sqrt(variance + epsilon) x scale + shift. Inputs x, scale and, where the style
/// has one, shift. Layer, group and RMS normalisation take their statistics again from x in the
/// backward pass, on chip, so only x is saved; batch normalisation, whose rows are long, has mean
/// and 1 / sqrt(variance + epsilon) as outputs 1 and 2 and saves them as well.
class Normalization : public OperatorKind {
 public:
  explicit Normalization(NormalizationStyle style, std::int64_t groups = 1)
      : style_(style), groups_(groups) {}
  std::string name() const override;
  Work work(const Graph& graph, const Operator& op) const override;
  void differentiate(Differentiator& backward, const Operator& op) const override;
  bool is_rowwise() const override {
    return style_ == NormalizationStyle::layer || style_ == NormalizationStyle::rms;
  }
  bool is_streaming() const override { return true; }  // in its last pass
  NormalizationStyle style() const { return style_; }
  std::int64_t groups() const { return groups_; }  ///< of a group normalisation

 private:
  NormalizationStyle style_;
  std::int64_t groups_;
};

/// Gradients of x, scale and, where there is one, shift; inputs dy, x, scale and, for a batch
/// normalisation, its two statistics.
class NormalizationGradient : public OperatorKind {
 public:
  explicit NormalizationGradient(NormalizationStyle style, std::int64_t groups = 1)
      : style_(style), groups_(groups) {}
  std::string name() const override;
  Work work(const Graph& graph, const Operator& op) const override;
  bool is_streaming() const override { return true; }  // in its last pass
  NormalizationStyle style() const { return style_; }
  std::int64_t groups() const { return groups_; }  ///< of a group normalisation

 private:
  NormalizationStyle style_;
  std::int64_t groups_;
};

}  // namespace simdse
