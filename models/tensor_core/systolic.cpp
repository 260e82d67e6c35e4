#include "models/tensor_core/systolic.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "models/technology/technology.h"

namespace simdse {

const char* dataflow_name(Dataflow dataflow) {
  switch (dataflow) {
    case Dataflow::weight_stationary:
      return "weight_stationary";
    case Dataflow::output_stationary:
      return "output_stationary";
    case Dataflow::input_stationary:
      return "input_stationary";
  }
  return "";
}

void Systolic::Params::declare(ParamTable<Params>& table) {
  table.add("rows", &Params::rows, "PE rows of the array")
      .range(1, 1024)
      .powers_of_two()
      .search({256, 128, 64, 32, 16, 8, 4});
  table.add("columns", &Params::columns, "PE columns of the array")
      .range(1, 1024)
      .powers_of_two()
      .search({256, 128, 64, 32, 16, 8, 4});
  table.add_choice("dataflow", &Params::dataflow,
                   {"any", "weight_stationary", "output_stationary", "input_stationary"},
                   "operand that stays in the array; 'any' leaves it to the mapping");
  table.add_choice("overlap", &Params::overlap, {"none", "drain", "full"},
                   "what consecutive folds overlap: nothing, the drain, or loading as well");
  table.add("operand_depth", &Params::operand_depth, "16-bit operand entries beside each row")
      .range(16, 1 << 20);
  table
      .add("accumulator_depth", &Params::accumulator_depth, "32-bit accumulators below each column")
      .range(16, 1 << 20);
  table
      .add("drain_width", &Params::drain_width,
           "bytes of finished sums per cycle to the vector core behind; 0: columns x 4 bytes")
      .range(0, 1 << 20);
  table.add_choice("buffering", &Params::buffering, {"single", "double"},
                   "whether operands and results move while the array works");
  table
      .add("products_of_8_bits", &Params::products_of_8_bits,
           "products of 8-bit numbers that a PE makes and adds up in a cycle")
      .range(1, 2);
  table
      .add("passes_of_32_bits", &Params::passes_of_32_bits,
           "passes that a product of 32-bit numbers takes: 6 or 3 as bf16 parts, 2 rounded to "
           "TF32; 0: refused")
      .range(0, 9);
  table
      .add(
          "block", &Params::block,
          "sides of a GPU's thread blocks are multiples of this, and every block takes the time of "
          "a whole one (dataflow: output_stationary); 0: none")
      .range(0, 1024);
  table
      .add("sustained", &Params::sustained,
           "share of the clock at which the array multiplies for long under the chip's power limit")
      .range(0.1, 1);
}

Systolic::Systolic(const Params& params, const BlockContext& context)
    : p_(params), clock_(context.clock) {
  if (p_.block > 0 && p_.dataflow != Dataflows::output_stationary) {
    throw InputError(
        fmt::format("cores: blocks of {} are made of sums that stay in the array, which takes "
                    "dataflow: output_stationary",
                    p_.block));
  }
}

std::vector<Dataflow> Systolic::dataflows() const {
  switch (p_.dataflow) {
    case Dataflows::weight_stationary:
      return {Dataflow::weight_stationary};
    case Dataflows::output_stationary:
      return {Dataflow::output_stationary};
    case Dataflows::input_stationary:
      return {Dataflow::input_stationary};
    case Dataflows::any:
      break;
  }
  return {Dataflow::weight_stationary, Dataflow::output_stationary, Dataflow::input_stationary};
}

std::string Systolic::label() const { return fmt::format("{}x{}", p_.rows, p_.columns); }

namespace {

/// The axes of a product by the part they play in the array.
struct Axes {
  std::int64_t TileShape::*rows;
  std::int64_t TileShape::*columns;
  std::int64_t TileShape::*stream;
};

Axes axes_of(Dataflow dataflow) {
  switch (dataflow) {
    case Dataflow::weight_stationary:
      return {&TileShape::k, &TileShape::n, &TileShape::m};
    case Dataflow::output_stationary:
      return {&TileShape::m, &TileShape::n, &TileShape::k};
    case Dataflow::input_stationary:
      return {&TileShape::k, &TileShape::m, &TileShape::n};
  }
  return {};
}

/// Folds that an axis of `size`, cut into tiles, makes on a side of `extent` PEs.
std::int64_t folds(std::int64_t size, std::int64_t tile, std::int64_t extent) {
  if (tile == size || tile == extent) return ceil_div(size, extent);
  return size / tile * ceil_div(tile, extent) + ceil_div(size % tile, extent);
}

/// An axis of `size` with all of its tiles filled up to the next multiple of `block`.
std::int64_t whole_tiles(std::int64_t size, std::int64_t tile, std::int64_t block) {
  return ceil_div(size, tile) * round_up(tile, block);
}

/// Calls visit(value) with the multiples of `extent` worth trying for an axis of `size`: doubling,
/// and the whole axis; not with those behind one for which it returns false.
template <class Visit>
void for_each_multiple(std::int64_t extent, std::int64_t size, Visit&& visit) {
  for (std::int64_t value = extent; value < size; value *= 2) {
    if (!visit(value)) return;
  }
  visit(size);
}

}  // namespace

std::vector<TileShape> Systolic::tiles(Dataflow dataflow, const TileShape& whole,
                                       double element_bytes) const {
  const Axes axes = axes_of(dataflow);
  // Half of each memory is in use while the other half is filled or emptied.
  const auto places = static_cast<double>(operand_places(p_.buffering));
  const auto operands =
      static_cast<std::int64_t>(to_double(operand_memory()) / (places * element_bytes));
  // Of thread blocks only one need fit.
  const double sum_places = p_.block > 0 ? 1 : places;
  const auto sums = static_cast<std::int64_t>(to_double(accumulators()) / (sum_places * 4));
  const std::int64_t least_rows = p_.block > 0 ? p_.block : p_.rows;
  const std::int64_t least_columns = p_.block > 0 ? p_.block : p_.columns;
  const std::int64_t stream = whole.*axes.stream;
  /// The longest stream with which a tile of `rows` x `columns` fits, 0 if none does: both operands
  /// of a tile lie in the one memory, its sums in the other.
  const auto longest = [&](std::int64_t rows, std::int64_t columns) -> std::int64_t {
    const std::int64_t face = rows * columns;
    if (dataflow == Dataflow::output_stationary) {  // the face are the sums
      return face <= sums ? std::min(stream, operands / (rows + columns)) : 0;
    }
    return face <= operands ? std::min({stream, (operands - face) / rows, sums / columns}) : 0;
  };
  std::vector<TileShape> result;
  result.reserve(16);
  // Where a tile does not fit, none with more rows or columns does.
  for_each_multiple(least_rows, whole.*axes.rows, [&](std::int64_t rows) {
    bool fits_any = false;
    for_each_multiple(least_columns, whole.*axes.columns, [&](std::int64_t columns) {
      const std::int64_t most = p_.block > 0
                                    ? longest(round_up(rows, p_.block), round_up(columns, p_.block))
                                    : longest(rows, columns);
      if (most == 0) return false;
      // Evened out so that no short piece is left over.
      TileShape& tile = result.emplace_back();
      tile.*axes.rows = rows;
      tile.*axes.columns = columns;
      tile.*axes.stream = most == stream ? stream : ceil_div(stream, ceil_div(stream, most));
      return fits_any = true;
    });
    return fits_any;
  });
  if (result.empty()) {
    // A memory too small for one fold holds what it can; the stream is cut to single steps.
    TileShape tile;
    tile.*axes.rows = std::min(least_rows, whole.*axes.rows);
    tile.*axes.columns = std::min(least_columns, whole.*axes.columns);
    tile.*axes.stream = 1;
    result.push_back(tile);
  }
  return result;
}

TileTiming Systolic::timing(Dataflow dataflow, const TileShape& block, const TileShape& tile,
                            std::int64_t count) const {
  const Axes axes = axes_of(dataflow);
  const auto folds_along = [&](std::int64_t TileShape::*axis, std::int64_t extent) {
    if (p_.block == 0) return folds(block.*axis, std::min(tile.*axis, block.*axis), extent);
    return folds(whole_tiles(block.*axis, tile.*axis, p_.block), round_up(tile.*axis, p_.block),
                 extent);
  };
  return timing_of_folds(
      dataflow, count * folds_along(axes.rows, p_.rows) * folds_along(axes.columns, p_.columns),
      block.*axes.stream, tile.*axes.stream);
}

void Systolic::time_tiles(Dataflow dataflow, const TileShape& whole, std::int64_t count,
                          std::vector<TimedTile>& timed) const {
  if (p_.block > 0) {
    TensorCore::time_tiles(dataflow, whole, count, timed);
    return;
  }
  // Sides of tiles are multiples of the array's, or all of the product's: however it is cut, the
  // folds are as many. So what tells the times apart is the length of the stream.
  const Axes axes = axes_of(dataflow);
  const std::int64_t folds_per_piece =
      count * ceil_div(whole.*axes.rows, p_.rows) * ceil_div(whole.*axes.columns, p_.columns);
  const TimedTile* before = nullptr;
  for (TimedTile& tile : timed) {
    const std::int64_t stream = tile.shape.*axes.stream;
    tile.timing = before != nullptr && before->shape.*axes.stream == stream
                      ? before->timing
                      : timing_of_folds(dataflow, folds_per_piece, whole.*axes.stream, stream);
    before = &tile;
  }
}

Cycles Systolic::least_body(Dataflow dataflow, const TileShape& whole, std::int64_t count) const {
  if (p_.block > 0) return Cycles(0);  // whole thread blocks may be more, or fewer
  // Folds are as many however the product is cut, and none is quicker for a shorter stream.
  return timing(dataflow, whole, whole, count).body;
}

TileTiming Systolic::timing_of_folds(Dataflow dataflow, std::int64_t folds_per_piece,
                                     std::int64_t stream, std::int64_t tile_stream) const {
  const std::int64_t r = p_.rows;
  const std::int64_t c = p_.columns;
  // Every fold streams a whole piece of the stream axis; the last piece may be shorter.
  const std::int64_t piece = std::min(tile_stream, stream);
  const std::int64_t whole_pieces = piece == stream ? 1 : stream / piece;
  const std::int64_t rest = stream - whole_pieces * piece;
  const std::int64_t last = rest > 0 ? rest : piece;
  const std::int64_t all_folds = folds_per_piece * (whole_pieces + (rest > 0 ? 1 : 0));
  const std::int64_t streamed = folds_per_piece * stream;
  // Sum over the folds of the larger of the stream's length and the rows.
  const std::int64_t spaced =
      folds_per_piece * (whole_pieces * std::max(piece, r) + (rest > 0 ? std::max(rest, r) : 0));
  const std::int64_t skew = r + c - 2;  // from the last operand in to the last result out

  std::int64_t setup = 0;
  std::int64_t open = 0;
  std::int64_t body = 0;
  std::int64_t tail = -1;
  if (dataflow == Dataflow::output_stationary) {
    if (p_.overlap == Overlap::none) {
      open = body = streamed + all_folds * skew;
    } else {
      open = body = spaced;
      tail = skew - 1;
    }
  } else {
    setup = r;  // the stationary operand enters row by row
    switch (p_.overlap) {
      case Overlap::none:
        open = body = streamed + all_folds * (r + skew) - r;
        break;
      case Overlap::drain:
        open = body = streamed + all_folds * r - r;
        tail = skew - 1;
        break;
      case Overlap::full:
        open = spaced - std::max(last, r);
        body = open + last;
        tail = skew - 1;
        break;
    }
  }
  const auto at_clock = [&](std::int64_t cycles) {
    if (p_.sustained == 1) return Cycles(cycles);
    return Cycles(static_cast<std::int64_t>(std::ceil(static_cast<double>(cycles) / p_.sustained)));
  };
  return {at_clock(setup), at_clock(open), at_clock(body), Cycles(tail)};
}

BlockCost Systolic::cost(const Technology& technology) const {
  const double pes = static_cast<double>(p_.rows * p_.columns);
  BlockCost cost;
  // The significands of bf16 have 8 bits, so that the PE's multiplier makes one product of 8-bit
  // numbers; a second takes a multiplier and an adder more, and shares registers and memory.
  const Area second = technology.mac_8_bit_area * static_cast<double>(p_.products_of_8_bits - 1);
  const Area array = (technology.mac_area + second) * pes;
  const Area operands = technology.sram_area(operand_memory(), p_.rows);
  const Area sums = technology.sram_area(accumulators(), p_.columns);
  cost.area = {{"PE array", array, true}, {"operand memory", operands}, {"accumulators", sums}};
  constexpr double bytes_per_mib = 1024 * 1024;
  cost.static_power =
      Watts(technology.logic_leakage * array.value() +
            technology.sram_leakage_per_mib.value() * to_double(private_memory()) / bytes_per_mib);
  // One 2-byte operand serves a row of MACs; one 4-byte sum is read and written for a column of
  // them.
  const Joules operand = technology.sram_energy_per_byte(Bytes(p_.operand_depth * 2)) *
                         (2.0 / static_cast<double>(p_.columns));
  const Joules sum = technology.sram_energy_per_byte(Bytes(p_.accumulator_depth * 4)) *
                     (8.0 / static_cast<double>(p_.rows));
  // A pair of 8-bit products takes no more than one of bf16: at 7 nm 2 x 0.07 pJ for multiplying,
  // 0.03 for adding one to the other and 0.38 for the fp32 sum, 0.55 against 0.59 (Jouppi et al.,
  // ISCA 2021).
  const double rate = pes * clock_.frequency().value() * p_.sustained;
  cost.actions = {{"mac", technology.mac_energy, rate},
                  {"operand memory", operand, rate},
                  {"accumulators", sum, rate}};
  return cost;
}

namespace {
const RegisterBlock<Systolic> registration("tensor_core", "systolic",
                                           "systolic array with operand memories and accumulators");
}

}  // namespace simdse
