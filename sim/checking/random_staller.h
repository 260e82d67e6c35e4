// Random back-pressure: finds what directed tests miss.
#pragma once

#include <deque>
#include <random>

#include "models/base/timed.h"
#include "sim/checking/pass_through.h"

namespace simdse {

/// Holds requests back for a random while, withholding END_REQ meanwhile, and delays responses.
class RandomStaller : public PassThrough, public Timed {
 public:
  RandomStaller(const sc_core::sc_module_name& name, TimeService& time, std::uint64_t seed,
                Picoseconds longest);

 protected:
  tlm::tlm_sync_enum forward(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                             sc_core::sc_time& delay) override;
  tlm::tlm_sync_enum backward(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                              sc_core::sc_time& delay) override;

 private:
  void on_time(std::uint64_t token) override;
  Picoseconds draw();

  TimeService& time_;
  std::mt19937_64 random_;
  Picoseconds longest_;
  tlm::tlm_generic_payload* held_ = nullptr;
};

}  // namespace simdse
