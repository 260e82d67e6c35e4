// SystemC's library expects a program of its own. simdse has its own main and elaborates where it
// simulates, so this is never called.
#include "sim/kernel/systemc.h"

int sc_main(int, char*[]) { return 0; }
