// A tensor core that does what it may not, where it is told to.
#include <cstdio>
#include <iostream>

#include "fault.h"
#include "models/tensor_core/systolic.h"

namespace {

using namespace simdse;

class FaultyPe : public Systolic {
 public:
  enum class Place { constructor, label, cost, timing };
  /// What it says that can't be.
  enum class Nonsense { none, rate, body, overflow, open, setup, no_tiles, empty_tile, places };

  struct Params {
    std::int64_t rows = 64;
    Fault fault = Fault::none;
    Place place = Place::timing;
    Nonsense nonsense = Nonsense::none;
    bool talks = false;
    static void declare(ParamTable<Params>& table) {
      table.add("rows", &Params::rows, "rows and columns of the array")
          .range(1, 1024)
          .powers_of_two()
          .search({32, 64});
      table.add_choice("fault", &Params::fault,
                       {"none", "throw", "crash", "hang", "corrupt", "leave"}, "what goes wrong");
      table.add_choice("place", &Params::place, {"constructor", "label", "cost", "timing"},
                       "where it goes wrong");
      table.add_choice(
          "nonsense", &Params::nonsense,
          {"none", "rate", "body", "overflow", "open", "setup", "no_tiles", "empty_tile", "places"},
          "what it says that can't be");
      table.add("talks", &Params::talks, "whether it prints while it answers");
    }
  };

  FaultyPe(const Params& params, const BlockContext& context)
      : Systolic(array_params(params), context), faulty_(params) {
    if (params.rows == 16) throw InputError("16 rows are not made");
    commit_at(Place::constructor);
  }
  std::int64_t peak_macs_per_cycle() const override {
    return faulty_.nonsense == Nonsense::rate ? -3 : Systolic::peak_macs_per_cycle();
  }
  std::string label() const override {
    commit_at(Place::label);
    return Systolic::label();
  }
  BlockCost cost(const Technology& technology) const override {
    commit_at(Place::cost);
    return Systolic::cost(technology);
  }
  TileTiming timing(Dataflow dataflow, const TileShape& block, const TileShape& tile,
                    std::int64_t count) const override {
    commit_at(Place::timing);
    if (faulty_.talks) {
      std::puts("said by way of C");
      std::cout << "said by way of C++\n";
    }
    TileTiming timing = Systolic::timing(dataflow, block, tile, count);
    switch (faulty_.nonsense) {
      case Nonsense::body:
        timing.open = timing.body = Cycles(-1);
        break;
      case Nonsense::overflow:
        timing.body = Cycles(std::int64_t{1} << 61);
        break;
      case Nonsense::open:
        timing.open = timing.body + Cycles(7);
        break;
      case Nonsense::setup:
        timing.setup = Cycles(-1000000);
        break;
      default:
        break;
    }
    return timing;
  }
  void time_tiles(Dataflow dataflow, const TileShape& whole, std::int64_t count,
                  std::vector<TimedTile>& timed) const override {
    TensorCore::time_tiles(dataflow, whole, count, timed);
  }
  std::vector<TileShape> tiles(Dataflow dataflow, const TileShape& whole,
                               double element_bytes) const override {
    if (faulty_.nonsense == Nonsense::no_tiles) return {};
    std::vector<TileShape> tiles = Systolic::tiles(dataflow, whole, element_bytes);
    if (faulty_.nonsense == Nonsense::empty_tile) tiles.back().k = 0;
    return tiles;
  }
  std::int64_t output_places(std::int64_t elements) const override {
    return faulty_.nonsense == Nonsense::places ? 0 : Systolic::output_places(elements);
  }

 private:
  static Systolic::Params array_params(const Params& params) {
    Systolic::Params array;
    array.rows = array.columns = params.rows;
    return array;
  }
  void commit_at(Place place) const {
    if (faulty_.place == place) commit(faulty_.fault);
  }

  Params faulty_;
};

const RegisterBlock<FaultyPe> registration("tensor_core", "faulty", "does what it may not");

}  // namespace
