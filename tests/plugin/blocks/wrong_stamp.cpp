// Built for another simdse. None of its code may run: it would end the process.
#include <cstdlib>

extern "C" [[gnu::section(".simdse_abi"), gnu::used]] const char simdse_abi_stamp[] =
    "simdse 0.0.1, interface of long ago";

[[gnu::constructor]] static void run() { std::abort(); }
