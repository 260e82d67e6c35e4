// Attention as one fused operator: scores, softmax and context without the scores in memory.
#pragma once

#include "workloads/operator.h"

namespace simdse {

struct AttentionConstants {
  double scale = 1;    ///< of the scores, 1 / sqrt(width)
  double dropout = 0;  ///< rate, of the probabilities
};

/// context = dropout(softmax(scale q K^T)) V, block by block with running maxima and sums (Dao et
/// al. 2022). Inputs q [batch, queries, groups, ..., width] and the keys and values stacked, [2,
/// batch, keys, groups, width]; heads between groups and width share their group's keys and values
/// (grouped queries). Outputs the context, shaped like q, and for each row the logarithm of its sum
/// of exponentials, which is saved; the dropout mask is made again from its seed.
class Attention : public OperatorKind {
 public:
  explicit Attention(AttentionConstants constants) : constants_(constants) {}
  std::string name() const override { return "attention"; }
  Work work(const Graph& graph, const Operator& op) const override;
  void differentiate(Differentiator& backward, const Operator& op) const override;
  const AttentionConstants& constants() const { return constants_; }

 private:
  AttentionConstants constants_;
};

/// dq and the stacked dk and dv. Inputs q, keys and values, the context's gradient, the context and
/// the saved logarithms. With P the probabilities, which are computed again from q and K,
///   dV = P^T dO,  dP = dO V^T,  dS = P (dP - rowsum(dO O)),  dQ = dS K,  dK = dS^T Q.
class AttentionGradient : public OperatorKind {
 public:
  explicit AttentionGradient(AttentionConstants constants) : constants_(constants) {}
  std::string name() const override { return "attention_gradient"; }
  Work work(const Graph& graph, const Operator& op) const override;
  const AttentionConstants& constants() const { return constants_; }

 private:
  AttentionConstants constants_;
};

}  // namespace simdse
