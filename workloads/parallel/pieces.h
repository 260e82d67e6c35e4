// The training step of a stage, cut where the chip has to talk to others.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "workloads/collective_op.h"
#include "workloads/graph.h"
#include "workloads/operators/collective.h"
#include "workloads/parallel/stages.h"
#include "workloads/training.h"

namespace simdse {

/// What a pipeline schedule can move by itself.
enum class PieceClass {
  forward,          ///< F
  input_gradient,   ///< B: all that leads to the gradients of the stage's inputs, recomputation too
  weight_gradient,  ///< W: what leads to gradients of parameters alone
  update,           ///< once per iteration: exchanges of gradients, optimizer steps
};

/// Class of each operator of a step.
std::vector<PieceClass> piece_classes(const BoundedStep& step);

/// A node of the step: compute, which is one piece, or one collective.
struct StepNode {
  std::string name;  ///< of its first operator
  PieceClass piece_class = PieceClass::forward;
  std::vector<OperatorId> operators;  ///< of the step, ascending; views are in none
  std::vector<std::size_t> after;     ///< nodes of lower index that must be done first
  int piece = kNone;                  ///< compute: index into the book
  CollectiveOp op = CollectiveOp::all_reduce;
  CollectiveGroup group = CollectiveGroup::tensor;
  TiedStages tied_stages;  ///< of group tied: each set of stages is a group of its own
  std::int64_t ranks = 1;
  Bytes bytes;  ///< collective: what each chip has before, as CollectiveOp counts
  /// Which side of the stage's boundary it needs or makes.
  bool reads_input = false;
  bool makes_output = false;
  bool reads_output_gradient = false;
  bool makes_input_gradient = false;

  bool is_collective() const { return piece == kNone; }
};

/// The distinct pieces of a network. Pieces are equal if their operators, in order, ask for equal
/// work on tensors of equal sizes that are connected alike; names don't matter. So the layers of a
/// network, and the stages that have them, share theirs.
class PieceBook {
 public:
  /// Number of the piece; of an equal one if there is one.
  int add(Graph piece);

  const Graph& piece(int id) const { return pieces_[static_cast<std::size_t>(id)]; }
  std::size_t size() const { return pieces_.size(); }

 private:
  std::vector<Graph> pieces_;
  std::map<std::string, int> known_;  ///< by structure_text()
};

/// The text that equal pieces have in common: a line per tensor and per operator.
std::string structure_text(const Graph& graph);

/// How finely a step is cut. The finer, the more can be exchanged while the chip computes; the
/// coarser, the more freedom the planner has.
struct PieceOptions {
  /// Compute of different turns of the repetition (layers) is in different pieces. For stages
  /// without tensor parallelism, whose collectives cut them at every layer anyway: so that
  /// gradients can be reduced while the backward pass goes on.
  bool by_layer = false;
  /// Weight gradients are pieces of their own. Else they are in the input gradients' pieces, where
  /// cores that the chain of input gradients leaves idle do them: for schedules that have both in
  /// one item, without tensor parallelism.
  bool weights_apart = true;
};

/// Cuts the training step of a stage (stage.training_step()) at its collectives. All compute of one
/// class that has the same number of collectives before it, on the longest way, is one piece (in
/// the update phase, collectives of that phase count), or one per layer; collectives are nodes by
/// themselves, but those of the update phase that could go together (of one operation and group)
/// are one. Nodes are in an order
/// in which they could run.
///
/// A piece is a graph that can be planned alone: what other nodes made is an input of it, lying in
/// memory, and what other nodes read is marked to be kept (operators/keep.h).
std::vector<StepNode> cut_into_pieces(const PipelineStage& stage, const BoundedStep& step,
                                      PieceBook& book, const PieceOptions& options = {});

}  // namespace simdse
