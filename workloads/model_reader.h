// The model language: a forward graph described in YAML.
#pragma once

#include <string>
#include <vector>

#include "models/base/config_value.h"
#include "workloads/expression.h"
#include "workloads/graph.h"
#include "workloads/graph_builder.h"

namespace simdse {

/// Builds the forward graph that `model` describes with the given values of its parameters.
///
/// A model has `inputs:` (name to {shape, format}), `operators:`, for repetition `blocks:`, and
/// `requires:`, expressions that must not be 0.
/// Each entry of `operators` is one of
///   {name, kind, inputs, ...}          an operator; `inputs` defaults to the previous result
///   {name, block, with: {arg: ...}}    the operators of a block, its arguments bound
///   {name, repeat, carry, next, ...}   the entries repeated; `carry` names tensors handed from one
///                                      turn to the next
/// Any entry may have `when:`, an expression that leaves it out when it is 0. Docs:
/// docs/workloads.md.
///
/// Throws InputError with the place of whatever is wrong.
Graph read_model(const ConfigValue& model, const Variables& parameters,
                 const TensorFormats& formats);

}  // namespace simdse
