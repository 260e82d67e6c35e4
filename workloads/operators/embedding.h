// Table look-up.
#pragma once

#include "workloads/operator.h"

namespace simdse {

/// Output row i = table row ids[i]; inputs ids, table. Reads only the rows looked up.
class Embedding : public OperatorKind {
 public:
  std::string name() const override { return "embedding"; }
  Work work(const Graph& graph, const Operator& op) const override;
  void differentiate(Differentiator& backward, const Operator& op) const override;
  bool is_streaming() const override { return true; }
};

/// Adds row i of dy to row ids[i] of an otherwise zero table; inputs dy, ids.
class EmbeddingGradient : public OperatorKind {
 public:
  std::string name() const override { return "embedding_gradient"; }
  Work work(const Graph& graph, const Operator& op) const override;
};

}  // namespace simdse
