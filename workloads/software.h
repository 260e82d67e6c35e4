// The software that trains a network: what of a training step its kernels and its loop do
// differently from a compiler that may arrange everything.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "models/base/data_files.h"
#include "models/base/number_format.h"

namespace simdse {

/// What runs as one kernel, and in which order.
struct KernelRules {
  /// Chains of kinds of operators ("add", "gelu") of which one kernel does all; what is in none of
  /// them is a kernel by itself. Not given: whatever can run together does.
  std::optional<std::vector<std::vector<std::string>>> chains;
  /// Kernels run one after another, as in a stream of CUDA: the next begins when the one before it
  /// has ended, though other cores be idle.
  bool in_order = false;

  /// Every operator by itself.
  static KernelRules apart() { return {std::vector<std::vector<std::string>>{}, false}; }
};

/// A pass over the gradients, or the weights, of all parameters around the optimizer's step.
enum class UpdatePass {
  unscale,  ///< gradients are read and written: the loss was scaled, infinite ones are looked for
  norm,     ///< gradients are read
  clip,     ///< gradients are read and written
  copy,     ///< the step writes the master copy alone, which is then read and written as weights
  zero,     ///< gradients are written, for the next iteration to add to
};

/// Names as in files, in the enumeration's order.
const std::vector<std::string>& update_pass_names();

struct Software {
  std::string name;  ///< "": none is stated
  KernelRules kernels;
  /// Format of the gradients that each microbatch's are added to, which replicas exchange and the
  /// optimizer reads. Not given: gradients stay in the format of the activations, each microbatch's
  /// being written where the one before was.
  std::optional<NumberFormat> main_gradients;
  std::vector<UpdatePass> update_passes;
  /// What chips that share out operators exchange stands in the stream of their kernels: weight
  /// gradients don't run beside the exchanges on the way of the gradients. Gathering again what was
  /// not kept for them is beside it all the same.
  bool exchanges_in_order = false;
  /// Replicas exchange gradients when the whole backward pass is done, all at once; else while it
  /// goes on.
  bool reduces_afterwards = false;

  bool has(UpdatePass pass) const;
};

/// Reads configs/software/NAME.yaml or a path, relative to the file of `where` or, on the command
/// line, to the current folder:
///
///   schema: 1
///   kernels: in_order                  # free (default): the planner orders them
///   fused: [[add, gelu]]               # chains; without the key whatever can be fused is
///   main_gradients: fp32
///   update_passes: [unscale, norm, clip, copy, zero]
///   exchanges: in_order                # overlapped (default): of tensor parallelism
///   gradient_exchange: afterwards      # overlapped (default): of data parallelism
///
/// Throws InputError.
Software load_software(const std::string& name_or_path, const DataFiles& files,
                       const SourceLocation& where = {});

}  // namespace simdse
