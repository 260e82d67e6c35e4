// The mesh at the level of transfers: who occupies which link when.
#pragma once

#include <cstdint>
#include <vector>

#include "models/noc/link_schedule.h"
#include "models/noc/mesh.h"
#include "models/noc/noc_core.h"

namespace simdse {

/// A transfer is cut through: its head goes from link to link as the routers let it, its flits take
/// what time the links of its way have free, in the order in which transfers come. Packets of
/// transfers that share a link interleave, so a transfer need not have it in one piece. Queues do
/// not bind here: back-pressure from a full one is FlitMesh's, and docs/network.md tells how far
/// the two are apart.
class MeshCore : public NocCore {
 public:
  MeshCore(const Mesh& mesh, const Clock& clock);

  Span carry(Picoseconds now, const Transfer& transfer) override;

 private:
  Span carry_piece(Picoseconds now, std::int64_t from, std::int64_t to, std::int64_t bytes,
                   Picoseconds tail);

  const Mesh& mesh_;
  Clock clock_;
  Picoseconds first_;  ///< from leaving an endpoint to the end of the link into the network
  Picoseconds hop_;
  std::vector<LinkSchedule> links_;
  std::vector<std::int64_t> route_;  // scratch
};

}  // namespace simdse
