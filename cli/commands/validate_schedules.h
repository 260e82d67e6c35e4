// The part of `validate` that sets the list schedule beside the shortest one.
#pragma once

#include "cli/command.h"

namespace simdse {

void add_schedule_options(Arguments& arguments);

/// Of pieces of training graphs. kNegative when none is proven.
int validate_schedules(const Arguments& arguments, const DataFiles& files);

}  // namespace simdse
