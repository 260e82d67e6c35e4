// Compiled into every plug-in: what it was built for, where simdse reads it without running any of
// the plug-in's code.
#include "models/plugin/abi_stamp.h"

extern "C" [[gnu::section(SIMDSE_ABI_STAMP_SECTION), gnu::used,
             gnu::visibility("default")]] const char simdse_abi_stamp[] = SIMDSE_ABI_STAMP;
