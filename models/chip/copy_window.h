// How far the copy engine reads ahead of the buffer.
#pragma once

#include "models/chip/chip.h"

namespace simdse {

/// Bytes that may be on their way from memory to buffer: twice what memory delivers within its
/// latency (Little's law), which keeps memory busy, but no less than two tiles of 128 KiB, one of
/// which comes in while the other is taken up. More would only queue up at the buffer in front of
/// what cores ask for.
Bytes copy_window(const Chip& chip);

}  // namespace simdse
