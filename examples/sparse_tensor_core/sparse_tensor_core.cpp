// A systolic array that skips weights pruned 2:4: of every four consecutive weights along K two are
// zero, and only the others enter the array (Mishra et al. 2021, "Accelerating Sparse Deep Neural
// Networks", arXiv 2104.08378; the sparse tensor core of NVIDIA's A100).
#include <algorithm>
#include <string>

#include "models/technology/technology.h"
#include "models/tensor_core/systolic.h"

namespace {

using namespace simdse;

/// Weight-stationary: a column of R PEs holds the weights that are left of 2R along K. The
/// activations of a group of four pass two PEs of every column, and each PE picks the one that its
/// weight's index, two bits of metadata, names. So K is worked through at twice the pace. Nothing
/// is skipped where the weights are not the stationary operand: output-stationary, the array is an
/// ordinary one.
///
/// Assumed: whatever product the mapping runs weight-stationary has its stationary operand pruned
/// 2:4 along the sum. In the paper that holds for the forward pass. In a training step the input
/// gradients need masks that are 2:4 along both axes (transposable masks: Hubara et al. 2021, arXiv
/// 2102.08124), and the weight gradients, which have no weights as an operand, need pruned output
/// gradients (Chmiel et al. 2022, arXiv 2203.10991). Without these, only a third of a training
/// step's MACs gains, and this model's answer is a bound.
class SparseTensorCore : public TensorCore {
 public:
  struct Params {
    std::int64_t rows = 128;
    std::int64_t columns = 128;
    std::int64_t operand_depth = 4096;
    std::int64_t accumulator_depth = 2048;

    static void declare(ParamTable<Params>& table) {
      table.add("rows", &Params::rows, "PE rows of the array")
          .range(2, 1024)
          .powers_of_two()
          .search({256, 128, 64, 32, 16, 8});
      table.add("columns", &Params::columns, "PE columns of the array")
          .range(1, 1024)
          .powers_of_two()
          .search({256, 128, 64, 32, 16, 8});
      table.add("operand_depth", &Params::operand_depth, "16-bit operand entries beside each row")
          .range(16, 1 << 20);
      table
          .add("accumulator_depth", &Params::accumulator_depth,
               "32-bit accumulators below each column")
          .range(16, 1 << 20);
    }
  };

  SparseTensorCore(const Params& params, const BlockContext& context)
      : p_(params), clock_(context.clock), array_(array_params(params), context) {}

  std::vector<Dataflow> dataflows() const override {
    return {Dataflow::weight_stationary, Dataflow::output_stationary};
  }

  /// MACs of the dense product that the array stands for, as vendors count them.
  std::int64_t peak_macs_per_cycle() const override { return 2 * array_.peak_macs_per_cycle(); }

  std::vector<TileShape> tiles(Dataflow dataflow, const TileShape& whole,
                               double element_bytes) const override {
    if (dataflow != Dataflow::weight_stationary) {
      return array_.tiles(dataflow, whole, element_bytes);
    }
    // A tile has k/2 weights per column, with an eighth more for the metadata, but all k
    // activations per row: twice the bytes per step of the shortened K are enough for both.
    std::vector<TileShape> tiles = array_.tiles(dataflow, packed(whole), 2 * element_bytes);
    for (TileShape& tile : tiles) tile.k = std::min(2 * tile.k, whole.k);
    return tiles;
  }

  TileTiming timing(Dataflow dataflow, const TileShape& block, const TileShape& tile,
                    std::int64_t count) const override {
    if (dataflow != Dataflow::weight_stationary) {
      return array_.timing(dataflow, block, tile, count);
    }
    return array_.timing(dataflow, packed(block), packed(tile), count);
  }

  std::int64_t output_places(std::int64_t elements) const override {
    return array_.output_places(elements);
  }
  int multiplier_bits() const override { return array_.multiplier_bits(); }
  std::int64_t products_of_8_bits() const override { return array_.products_of_8_bits(); }
  std::int64_t passes_of_32_bits() const override { return array_.passes_of_32_bits(); }
  BytesPerCycle drain_width() const override { return array_.drain_width(); }
  Bytes private_memory() const override { return array_.private_memory(); }
  std::string label() const override { return array_.label() + "(2:4)"; }

  /// The dense array's, and in every PE what the choice takes.
  ///
  /// Gates, counted as NAND2: a 16-bit 4:1 multiplexer is 48 2:1 multiplexers of 2.25 gates; two
  /// PEs pass four activations on instead of two, so each has 16 register bits more; two more hold
  /// the metadata; a register bit is 6 gates: 108 + 18 x 6 = 216. The dense PE's 80 register bits
  /// are 1 um2 each in the 16 nm technology, of a MAC of 1040 um2: a gate is 1/6 um2 there, and the
  /// choice 36 um2, 3.5 % of the MAC; the same share is taken in every technology. Estimate: the
  /// cells' sizes are general knowledge of standard-cell libraries. Its energy per operation is
  /// taken to be the same share of the MAC's.
  BlockCost cost(const Technology& technology) const override {
    BlockCost cost = array_.cost(technology);
    const Area select = technology.mac_area * (kSelectShare * static_cast<double>(pes()));
    cost.area.push_back({"selection", select});
    cost.static_power += Watts(technology.logic_leakage * select.value());
    // One operation of a PE stands for two MACs of the dense product.
    const Joules operation = cost.actions.at(0).energy + technology.mac_energy * kSelectShare;
    cost.actions = {{"mac", operation * 0.5,
                     static_cast<double>(peak_macs_per_cycle()) * clock_.frequency().value()}};
    return cost;
  }

 private:
  static constexpr double kSelectShare = 36.0 / 1040;

  static Systolic::Params array_params(const Params& params) {
    Systolic::Params array;
    array.rows = params.rows;
    array.columns = params.columns;
    array.operand_depth = params.operand_depth;
    array.accumulator_depth = params.accumulator_depth;
    return array;
  }

  /// What is left of K: two of every four, and no more than two of a group that is not full.
  static TileShape packed(TileShape shape) {
    constexpr std::int64_t group = 4;
    constexpr std::int64_t kept = 2;
    shape.k = shape.k / group * kept + std::min(shape.k % group, kept);
    return shape;
  }

  std::int64_t pes() const { return p_.rows * p_.columns; }

  Params p_;
  Clock clock_;
  Systolic array_;
};

const RegisterBlock<SparseTensorCore> registration("tensor_core", "sparse_systolic",
                                                   "systolic array for weights pruned 2:4");

}  // namespace
