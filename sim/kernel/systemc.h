// The one way to SystemC. Only the modules of hardware blocks and sim/ may come here; the layers
// below are plain C++.
#pragma once

#ifndef SIMDSE_WITH_SYSTEMC
#error "this layer does not use SystemC"
#endif

#include <tlm_utils/simple_initiator_socket.h>
#include <tlm_utils/simple_target_socket.h>

#include <systemc>
#include <tlm>
