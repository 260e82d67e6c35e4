// A tensor core that does what it may not, where it is told to.
#include <limits>

#include "fault.h"
#include "models/tensor_core/systolic.h"

namespace {

using namespace simdse;

class FaultyPe : public Systolic {
 public:
  enum class Place { constructor, label, cost, timing };

  struct Params {
    std::int64_t rows = 64;
    Fault fault = Fault::none;
    Place place = Place::timing;
    bool nonsense = false;
    static void declare(ParamTable<Params>& table) {
      table.add("rows", &Params::rows, "rows and columns of the array")
          .range(1, 1024)
          .powers_of_two()
          .search({32, 64});
      table.add_choice("fault", &Params::fault,
                       {"none", "throw", "crash", "hang", "corrupt", "leave"}, "what goes wrong");
      table.add_choice("place", &Params::place, {"constructor", "label", "cost", "timing"},
                       "where it goes wrong");
      table.add("nonsense", &Params::nonsense, "a negative peak rate");
    }
  };

  FaultyPe(const Params& params, const BlockContext& context)
      : Systolic(array_params(params), context), faulty_(params) {
    if (params.rows == 16) throw InputError("16 rows are not made");
    commit_at(Place::constructor);
  }
  std::int64_t peak_macs_per_cycle() const override {
    return faulty_.nonsense ? -3 : Systolic::peak_macs_per_cycle();
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
    return Systolic::timing(dataflow, block, tile, count);
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
