#include "sim/checking/pass_through.h"

namespace simdse {

PassThrough::PassThrough(const sc_core::sc_module_name& name)
    : sc_module(name), target("target"), initiator("initiator") {
  target.register_nb_transport_fw(this, &PassThrough::nb_transport_fw);
  initiator.register_nb_transport_bw(this, &PassThrough::nb_transport_bw);
}

}  // namespace simdse
