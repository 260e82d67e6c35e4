#include "models/link/serdes.h"

#include <fmt/core.h>

#include <algorithm>

#include "models/technology/technology.h"

namespace simdse {

void Serdes::Params::declare(ParamTable<Params>& table) {
  table.add("lanes", &Params::lanes, "lanes in each direction").range(1, 64);
  table.add("lane_rate", &Params::lane_rate, "bits on one lane per second").range(1e8, 1e11);
  table
      .add("encoding", &Params::encoding,
           "share of the bits left by line code and error correction (0.945: RS(544,514))")
      .range(0.1, 1);
  table.add("packet", &Params::packet, "data of a full packet").range(16, 65536);
  table.add("header", &Params::header, "header and checksum of every packet").range(0, 256);
  table.add("phy_latency", &Params::phy_latency, "serialiser and deserialiser").range(0, 1e-5);
  table.add("fec_latency", &Params::fec_latency, "forward error correction").range(0, 1e-5);
  table.add("wire_latency", &Params::wire_latency, "flight over the wire, 5 ns per metre")
      .range(0, 1e-4);
  table.add("receive_buffer", &Params::receive_buffer, "data that waits at the receiver at most")
      .range(16, 1LL << 30);
  table
      .add("copy_rate", &Params::copy_rate,
           "data per second that the software which copies puts on one link at most; 0: what the "
           "line carries")
      .range(0, 1e13);
}

Serdes::Serdes(const Params& params, const BlockContext&) : p_(params) {
  if (window() < 1) {
    throw InputError(fmt::format("links: a receive_buffer of {} B holds no packet of {} B",
                                 p_.receive_buffer.value(), p_.packet.value()));
  }
}

BytesPerSecond Serdes::bandwidth() const {
  const double data = to_double(p_.packet);
  const double wire = data + to_double(p_.header);
  // A place of the buffer is taken from a packet's first bit until its credit is back.
  const double round_trip = wire / line_rate().value() + 2 * latency().value();
  const double line = std::min(line_rate().value() * data / wire,
                               static_cast<double>(window()) * data / round_trip);
  const double copied = p_.copy_rate.value();
  return BytesPerSecond(copied > 0 ? std::min(line, copied) : line);
}

BlockCost Serdes::cost(const Technology& technology) const {
  BlockCost cost;
  const auto lanes = static_cast<double>(p_.lanes);
  cost.area = {{"link PHYs", technology.serdes_lane_area * lanes, true},
               {"receive buffer", technology.sram_area(p_.receive_buffer, 1)}};
  // A lane never rests: between packets it sends idle symbols, and its receiver equalises them and
  // recovers the clock from them as from data. So its power is the line rate's, whatever it
  // carries.
  cost.static_power =
      Watts(technology.logic_leakage * cost.total_area().value()) +
      Watts(technology.serdes_energy_per_byte.value() * p_.lane_rate.value() * lanes);
  cost.has_own_supply = true;
  return cost;
}

namespace {
const RegisterBlock<Serdes> registration("link", "serdes",
                                         "serial lanes between two chips, packets and credits");
}

}  // namespace simdse
