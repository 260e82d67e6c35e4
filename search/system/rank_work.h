// A distributed step as programs of ranks.
#pragma once

#include <cstdint>
#include <vector>

#include "search/system/distributed_step.h"
#include "workloads/ranks/rank_program.h"

namespace simdse {

/// For which chips programs are made.
enum class RankScope {
  all,
  /// The first chip of every pipeline place: they talk to each other, and to chips that do the same
  /// as they do. Their groups have them alone as members.
  one_per_place,
};

/// Programs, and what they refer to.
struct RankWorkload {
  RankPrograms programs;
  /// By group of the programs: all chips that take part, whatever the scope.
  std::vector<std::vector<std::int32_t>> members;

  /// Numbers of RankWork::piece: a table per design of a place, twice as long as there are pieces.
  /// The second half is for updates, see DistributedStep::update_share.
  static std::int32_t piece_number(std::size_t design, std::size_t pieces, int piece,
                                   bool is_update) {
    return static_cast<std::int32_t>((2 * design + (is_update ? 1 : 0)) * pieces) + piece;
  }
};

/// Every chip does the items of its pipeline place in their order: no compute of an item begins
/// before that of the item before has ended; within an item what is ready, the way of the gradients
/// before weight gradients; exchanges run beside. What a part makes for another one is sent when it
/// is made; of a backward item, which is whole in all schedules but zero-bubble, at its end.
///
/// With a data-parallel group, the gradients that a node makes for the last microbatch are reduced
/// as soon as they are there, or, if the software does so afterwards, those of a part in one
/// exchange when the chip has done its last item: all_reduce, or reduce_scatter and, behind the
/// update, all_gather of the weights (ZeRO-1). With ZeRO-3, weights are gathered for every item
/// while the item before runs, and gradients scattered behind every item. Gradients of parameters
/// that several parts have are summed over the chips of these parts, of each such set apart; a chip
/// with two parts of a set takes part once.
///
/// `design_of_place` numbers the designs of the pipeline's places.
RankWorkload make_rank_workload(const DistributedStep& step, RankScope scope,
                                const std::vector<std::size_t>& design_of_place);

}  // namespace simdse
