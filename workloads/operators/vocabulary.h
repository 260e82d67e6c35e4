// Embedding and cross entropy over a vocabulary that the chips of a group share out among them
// (Shoeybi et al. 2019, section 3): chip i has rows i V/n .. (i+1) V/n - 1 of the table.
#pragma once

#include <cstdint>
#include <string>

#include "workloads/operator.h"

namespace simdse {

/// Output row i = table row ids[i] where this chip has it, else zeros; the sum over the chips is
/// the embedding. Inputs ids, this chip's part of the table. Of the rows looked up, one in `ranks`
/// is taken to be here.
class VocabularyEmbedding : public OperatorKind {
 public:
  explicit VocabularyEmbedding(std::int64_t ranks) : ranks_(ranks) {}
  std::string name() const override { return "vocabulary_embedding"; }
  Work work(const Graph& graph, const Operator& op) const override;
  void differentiate(Differentiator& backward, const Operator& op) const override;
  bool is_streaming() const override { return true; }
  std::int64_t ranks() const { return ranks_; }

 private:
  std::int64_t ranks_;
};

/// Adds row i of dy to row ids[i] of an otherwise zero part of the table, where it is here; inputs
/// dy, ids.
class VocabularyEmbeddingGradient : public OperatorKind {
 public:
  explicit VocabularyEmbeddingGradient(std::int64_t ranks) : ranks_(ranks) {}
  std::string name() const override { return "vocabulary_embedding_gradient"; }
  Work work(const Graph& graph, const Operator& op) const override;
  std::int64_t ranks() const { return ranks_; }

 private:
  std::int64_t ranks_;
};

/// Largest of this chip's logits of each row; input logits [..., V/n], output [...]. No gradient
/// passes through it.
class VocabularyMaximum : public OperatorKind {
 public:
  std::string name() const override { return "vocabulary_maximum"; }
  Work work(const Graph& graph, const Operator& op) const override;
  void differentiate(Differentiator&, const Operator&) const override {}
};

/// For each row, over this chip's part: [0] the sum of exp(logit - maximum), [1] the label's logit
/// - maximum where the label is here, else 0. Inputs logits, labels, the maximum over all chips;
/// output [2, ...]. The loss states the gradient for it.
class VocabularySums : public OperatorKind {
 public:
  std::string name() const override { return "vocabulary_sums"; }
  Work work(const Graph& graph, const Operator& op) const override;
  void differentiate(Differentiator&, const Operator&) const override {}
};

/// Mean over rows of log(sum) - (label's logit - maximum): the cross entropy, equal on all chips.
/// Inputs logits, labels, maximum and sums, the latter two over all chips. The gradient needs no
/// exchange.
class VocabularyLoss : public OperatorKind {
 public:
  std::string name() const override { return "vocabulary_loss"; }
  Work work(const Graph& graph, const Operator& op) const override;
  void differentiate(Differentiator& backward, const Operator& op) const override;
  bool is_loss() const override { return true; }
};

/// (exp(logits - maximum) / sum - one-hot label) / rows, for this chip's logits; inputs as of
/// VocabularyLoss.
class VocabularyLossGradient : public OperatorKind {
 public:
  std::string name() const override { return "vocabulary_loss_gradient"; }
  Work work(const Graph& graph, const Operator& op) const override;
  bool is_rowwise() const override { return true; }
};

}  // namespace simdse
