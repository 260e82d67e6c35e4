// Recurrent layers: the cell of an LSTM, and the product with the state of the step before.
#pragma once

#include "workloads/operators/contraction.h"

namespace simdse {

/// One step of an LSTM behind its matrix products (Hochreiter and Schmidhuber 1997, without
/// peepholes): with the gates i, f, g, o (in this order, each `features` wide) of z = z0 + z1,
///   c = sigmoid(f) c' + sigmoid(i) tanh(g),   h = sigmoid(o) tanh(c).
/// Inputs z0 [B, 4 features] and, except at a first step from a zero state, z1 of the same shape
/// and c' [B, features]. Outputs h, c, and the activated gates, which are saved.
class LstmCell : public OperatorKind {
 public:
  std::string name() const override { return "lstm_cell"; }
  Work work(const Graph& graph, const Operator& op) const override;
  void differentiate(Differentiator& backward, const Operator& op) const override;
};

/// Gradients of z (z0's and z1's are the same) and, where there is one, of c'. Inputs the activated
/// gates, c, then c' where there is one, then the gradient of h and, where there is one, of c.
class LstmCellGradient : public OperatorKind {
 public:
  LstmCellGradient(bool has_previous, bool has_dh, bool has_dc)
      : has_previous_(has_previous), has_dh_(has_dh), has_dc_(has_dc) {}
  std::string name() const override { return "lstm_cell_gradient"; }
  Work work(const Graph& graph, const Operator& op) const override;
  bool has_previous() const { return has_previous_; }
  bool has_dh() const { return has_dh_; }
  bool has_dc() const { return has_dc_; }

 private:
  bool has_previous_;
  bool has_dh_;
  bool has_dc_;
};

/// h' W "bh,hg->bg": the product of one step with weights that all steps share. Each step has its
/// own gradient of h', as the chain through time wants it; the gradients of W are one contraction
/// over all steps, which waits for the last of them.
class RecurrentProduct : public Contraction {
 public:
  RecurrentProduct() : Contraction("bh", "hg", "bg") {}
  std::string name() const override { return "recurrent_product"; }
  void differentiate(Differentiator& backward, const Operator& op) const override;
};

}  // namespace simdse
