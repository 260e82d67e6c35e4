// Random contractions, cut at random and divided over cores in random grids.
#pragma once

#include <random>

#include "search/plan/part_program.h"

namespace simdse {

/// A region that is one contraction, with two bytes per element, both inputs staged through rings
/// that hold them whole, on the chip's first cores.
inline Region region_of(const ContractionShape& whole, const ContractionMapping& mapping) {
  Region region;
  region.id = 0;
  region.contraction = whole;
  region.mapping = mapping;
  for (std::int32_t core = 0; core < mapping.split.parts(); ++core) {
    region.tensor_cores.push_back(core);
  }
  const auto operand = [](std::int64_t elements, Path path) {
    Operand result;
    result.tensor = 0;
    result.path = path;
    result.bytes = Bytes(2 * elements);
    result.bytes_per_element = {2, 1};
    return result;
  };
  region.inputs = {operand(whole.batch * whole.m * whole.k, Path::staged),
                   operand(whole.batch * whole.n * whole.k, Path::staged)};
  region.outputs = {operand(whole.batch * whole.m * whole.n, Path::direct)};
  std::int64_t address = 0;
  for (std::size_t i = 0; i < 2; ++i) {
    // As much for every ring as the largest part needs.
    const ContractionShape part = part_shape(whole, mapping.split, 0);
    const std::int64_t rows = i == 0 ? part.m : part.n;
    region.inputs[i].ring_address = address;
    region.inputs[i].ring_bytes = Bytes(2 * part.batch * rows * part.k * mapping.split.rings(i));
    address += region.inputs[i].ring_bytes.value();
  }
  return region;
}

class RandomGrids {
 public:
  explicit RandomGrids(std::uint64_t seed) : random_(seed) {}

  /// `scale` multiplies the sizes.
  Region next(const Chip& chip, std::int64_t scale = 1) {
    for (;;) {
      const ContractionShape whole{upto(6), scale * upto(60), scale * upto(60), scale * upto(40)};
      ContractionMapping mapping;
      const std::int64_t p = 1 + upto(7);
      const std::int64_t q = 1 + upto(7);
      const Split grids[] = {{p, q, 1, 1}, {p, 1, q, 1}, {1, p, q, 1}};
      mapping.split = grids[upto(3) - 1];
      if (!fills_all_parts(whole, mapping.split)) continue;
      const ContractionShape part = part_shape(whole, mapping.split, 0);
      const std::vector<Dataflow> dataflows = chip.tensor_cores().front()->dataflows();
      mapping.dataflow = dataflows[random_() % dataflows.size()];
      const std::vector<TileShape> tiles =
          chip.tensor_cores().front()->tiles(mapping.dataflow, {part.m, part.n, part.k}, 2);
      mapping.tile = tiles[random_() % tiles.size()];
      mapping.block = {grown(mapping.tile.m, part.m), grown(mapping.tile.n, part.n),
                       grown(mapping.tile.k, part.k)};
      if (mapping.block == TileShape{part.m, part.n, part.k}) {
        mapping.batch_block = upto(part.batch);
      }
      mapping.panel_m = grown(mapping.block.m, part.m);
      mapping.panel_n = grown(mapping.block.n, part.n);
      mapping.n_is_outer = upto(2) == 1;
      mapping.hold_outer = upto(2) == 1;
      mapping.hold_inner = upto(2) == 1;
      if (sharers_agree(whole, mapping)) return region_of(whole, mapping);
    }
  }

 private:
  /// From 1 to `limit`.
  std::int64_t upto(std::int64_t limit) {
    return 1 + static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(limit));
  }
  /// `piece` doubled some times, up to `limit`.
  std::int64_t grown(std::int64_t piece, std::int64_t limit) {
    while (piece < limit && upto(2) == 1) piece = std::min(2 * piece, limit);
    return piece;
  }

  std::mt19937_64 random_;
};

}  // namespace simdse
