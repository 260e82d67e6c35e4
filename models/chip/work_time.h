// How long a chip takes for work of which only the amounts are known.
#pragma once

#include "models/chip/chip.h"
#include "workloads/ranks/rank_program.h"

namespace simdse {

/// The known duration or, without one, the longest of: contractions at the chip's peak rate,
/// operations at the peak rate of its vector cores, bytes at its memory's sustained bandwidth: a
/// lower bound, since amounts don't say of which shapes the work is. Throws std::logic_error for a
/// piece, whose time stands in a table.
Seconds work_time(const Chip& chip, const RankWork& work);

}  // namespace simdse
