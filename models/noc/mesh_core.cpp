#include "models/noc/mesh_core.h"

namespace simdse {

MeshCore::MeshCore(const Mesh& mesh, const Clock& clock)
    : mesh_(mesh),
      clock_(clock),
      first_(clock.span(Cycles(mesh.topology().router().entry() - 1))),
      hop_(clock.span(Cycles(mesh.topology().router().hop()))),
      links_(static_cast<std::size_t>(mesh.topology().links())) {}

NocCore::Span MeshCore::carry(Picoseconds now, const Transfer& transfer) {
  Span all{kNever, 0};
  for (const Transfer::Piece& piece : transfer.pieces) {
    const Span span =
        carry_piece(now, transfer.to_near ? piece.far : transfer.near,
                    transfer.to_near ? transfer.near : piece.far, piece.bytes, transfer.tail);
    all.head = std::min(all.head, span.head);
    all.tail = std::max(all.tail, span.tail);
  }
  return all;
}

NocCore::Span MeshCore::carry_piece(Picoseconds now, std::int64_t from, std::int64_t to,
                                    std::int64_t bytes, Picoseconds tail) {
  const Picoseconds duration = clock_.span(Cycles(mesh_.flits_of(bytes)));
  mesh_.topology().route(from, to, route_);
  Picoseconds head = now + first_;
  Picoseconds finish = tail + first_;
  for (std::size_t i = 0; i < route_.size(); ++i) {
    if (i > 0) {
      head += hop_;
      finish += hop_;
    }
    LinkSchedule& link = links_[static_cast<std::size_t>(route_[i])];
    link.forget(now);
    const LinkSchedule::Span span = link.take(head, duration);
    busy(route_[i], span.start, span.finish, bytes);
    head = span.start;
    finish = std::max(finish, span.finish);
  }
  return {head, finish};
}

}  // namespace simdse
