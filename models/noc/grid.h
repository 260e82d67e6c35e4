// The grid of a 2D mesh and its dimension-ordered routes.
#pragma once

#include <cstdint>
#include <vector>

namespace simdse {

/// Nodes in rows and columns, numbered row by row. Every node has a port to each neighbour and one
/// to what is attached to it. Routes go along the row first, then along the column (XY): no cycle
/// of links can then wait for itself, so the network can't deadlock (Dally and Seitz, 1987).
class Grid {
 public:
  enum Port : std::uint8_t { east, west, south, north, local };
  static constexpr int kPorts = 5;

  Grid(std::int64_t rows, std::int64_t columns) : rows_(rows), columns_(columns) {}

  std::int64_t rows() const { return rows_; }
  std::int64_t columns() const { return columns_; }
  std::int64_t nodes() const { return rows_ * columns_; }
  std::int64_t row(std::int64_t node) const { return node / columns_; }
  std::int64_t column(std::int64_t node) const { return node % columns_; }

  bool has_neighbour(std::int64_t node, Port port) const {
    switch (port) {
      case east:
        return column(node) + 1 < columns_;
      case west:
        return column(node) > 0;
      case south:
        return row(node) + 1 < rows_;
      case north:
        return row(node) > 0;
      case local:
        break;
    }
    return false;
  }
  std::int64_t neighbour(std::int64_t node, Port port) const {
    switch (port) {
      case east:
        return node + 1;
      case west:
        return node - 1;
      case south:
        return node + columns_;
      case north:
        return node - columns_;
      case local:
        break;
    }
    return node;
  }
  /// The neighbour's port at the other end of the link.
  static Port opposite(Port port) {
    switch (port) {
      case east:
        return west;
      case west:
        return east;
      case south:
        return north;
      case north:
        return south;
      case local:
        break;
    }
    return local;
  }

  /// Where a packet for `destination` leaves `node`; local when it is there.
  Port next(std::int64_t node, std::int64_t destination) const {
    if (column(destination) != column(node)) {
      return column(destination) > column(node) ? east : west;
    }
    if (row(destination) != row(node)) return row(destination) > row(node) ? south : north;
    return local;
  }

  /// Routers that a packet passes, those at both ends included.
  std::int64_t hops(std::int64_t from, std::int64_t to) const {
    const std::int64_t across = column(to) - column(from);
    const std::int64_t down = row(to) - row(from);
    return 1 + (across < 0 ? -across : across) + (down < 0 ? -down : down);
  }

 private:
  std::int64_t rows_;
  std::int64_t columns_;
};

}  // namespace simdse
