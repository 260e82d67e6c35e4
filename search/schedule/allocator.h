// Gives every tensor of a plan its place, and every region the waiting that reuse of space implies.
#pragma once

#include "search/schedule/task_graph.h"
#include "search/schedule/task_options.h"

namespace simdse {

/// Uses within this many regions count as nearby: about one layer of a network.
constexpr RegionId kNearby = 24;

/// Fills in addresses and paths of all operands, the allocations and the peak of `plan`, whose
/// regions stand in their order with cores and data dependencies set.
///
/// Parameters, optimizer state and inputs live in memory throughout. A tensor made on the way lives
/// in the buffer from its making to its last use nearby if there is room, and in memory if it is
/// used later as well or there is none. Space is reused as soon as its last user is done: the
/// region that gets it waits for its former users.
///
/// Throws InputError, with the bytes missing, when the memory does not suffice.
void allocate(Plan& plan, const Chip& chip, const TaskGraph& graph);

}  // namespace simdse
