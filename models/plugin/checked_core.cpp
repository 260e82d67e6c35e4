#include "models/plugin/checked_core.h"

#include <fmt/core.h>

#include <memory>
#include <utility>

#include "models/base/error.h"
#include "models/tensor_core/tensor_core.h"
#include "models/vector_core/vector_core.h"

namespace simdse {
namespace {

// No tile takes longer than this: seconds of latency, and a lane that works bit by bit. A million
// of tiles, and as many operations as a training iteration has, add up within 64 bits.
constexpr double kMostCycles = 4294967296;  // 2^32
constexpr double kMostCyclesPerOperation = 1024;

double number(std::int64_t value) { return static_cast<double>(value); }

std::string text(const TileShape& shape) {
  return fmt::format("{}x{}x{}", shape.m, shape.n, shape.k);
}

/// What the core says, in the name of its type.
class Answers {
 public:
  explicit Answers(std::string block) : block_(std::move(block)) {}

  [[noreturn]] void refuse(const std::string& what) const { throw PluginFailure(block_ + what); }

  /// `of` says what is timed: called when needed only.
  template <class Of>
  void check(const TileTiming& timing, double operations, Of&& of) const {
    const double most = kMostCycles + kMostCyclesPerOperation * operations;
    const auto check_span = [&](const char* name, Cycles span, std::int64_t least) {
      if (span.value() >= least && to_double(span) <= most) return;
      refuse(fmt::format("the {} of {} is {} cycles, which can't be: from {} to {:.0f} may", name,
                         of(), span.value(), least, most));
    };
    check_span("setup", timing.setup, 0);
    check_span("body", timing.body, 1);
    check_span("open", timing.open, 0);
    check_span("tail", timing.tail, -1);
    if (timing.open > timing.body) {
      refuse(fmt::format("the open of {} is {} cycles, later than the end of its body at {}", of(),
                         timing.open.value(), timing.body.value()));
    }
  }

 private:
  std::string block_;
};

class CheckedTensorCore final : public TensorCore {
 public:
  CheckedTensorCore(std::shared_ptr<const TensorCore> own, Answers answers)
      : own_(std::move(own)), answers_(std::move(answers)) {}

  std::vector<TileShape> tiles(Dataflow dataflow, const TileShape& whole,
                               double element_bytes) const override {
    std::vector<TileShape> tiles = own_->tiles(dataflow, whole, element_bytes);
    if (tiles.empty()) {
      answers_.refuse(fmt::format("it gives no tiles of a {} product of {}",
                                  dataflow_name(dataflow), text(whole)));
    }
    const auto is_within = [](std::int64_t size, std::int64_t most) {
      return size >= 1 && size <= most;
    };
    for (const TileShape& tile : tiles) {
      if (is_within(tile.m, whole.m) && is_within(tile.n, whole.n) && is_within(tile.k, whole.k))
        continue;
      answers_.refuse(fmt::format("it gives a tile of {} of a {} product of {}", text(tile),
                                  dataflow_name(dataflow), text(whole)));
    }
    return tiles;
  }

  TileTiming timing(Dataflow dataflow, const TileShape& block, const TileShape& tile,
                    std::int64_t count) const override {
    const TileTiming timing = own_->timing(dataflow, block, tile, count);
    check(timing, dataflow, block, tile, count);
    return timing;
  }

  void time_tiles(Dataflow dataflow, const TileShape& whole, std::int64_t count,
                  std::vector<TimedTile>& timed) const override {
    own_->time_tiles(dataflow, whole, count, timed);
    for (const TimedTile& tile : timed) check(tile.timing, dataflow, whole, tile.shape, count);
  }

  std::int64_t output_places(std::int64_t elements) const override {
    const std::int64_t places = own_->output_places(elements);
    const std::int64_t least = buffering() == Buffering::single ? 1 : 2;
    if (places < least) {
      answers_.refuse(fmt::format(
          "it holds {} output blocks of {} elements, fewer than its buffering takes: {}", places,
          elements, least));
    }
    return places;
  }

  std::vector<Dataflow> dataflows() const override { return own_->dataflows(); }
  std::int64_t peak_macs_per_cycle() const override { return own_->peak_macs_per_cycle(); }
  Buffering buffering() const override { return own_->buffering(); }
  int multiplier_bits() const override { return own_->multiplier_bits(); }
  std::int64_t products_of_8_bits() const override { return own_->products_of_8_bits(); }
  std::int64_t passes_of_32_bits() const override { return own_->passes_of_32_bits(); }
  BytesPerCycle drain_width() const override { return own_->drain_width(); }
  Bytes private_memory() const override { return own_->private_memory(); }
  std::string label() const override { return own_->label(); }
  BlockCost cost(const Technology& technology) const override { return own_->cost(technology); }

 private:
  void check(const TileTiming& timing, Dataflow dataflow, const TileShape& block,
             const TileShape& tile, std::int64_t count) const {
    const double macs = number(block.m) * number(block.n) * number(block.k) * number(count);
    answers_.check(timing, macs, [&] {
      return fmt::format("{} {} product of {} in tiles of {}", count, dataflow_name(dataflow),
                         text(block), text(tile));
    });
  }

  std::shared_ptr<const TensorCore> own_;
  Answers answers_;
};

class CheckedVectorCore final : public VectorCore {
 public:
  CheckedVectorCore(std::shared_ptr<const VectorCore> own, Answers answers)
      : own_(std::move(own)), answers_(std::move(answers)) {}

  TileTiming timing(const VectorShape& tile) const override {
    const TileTiming timing = own_->timing(tile);
    const double operations = number(tile.rows) * number(tile.columns) *
                              (1.0 + tile.alu_ops + tile.special_ops + tile.reductions);
    answers_.check(timing, operations,
                   [&] { return fmt::format("a vector tile of {}x{}", tile.rows, tile.columns); });
    return timing;
  }

  std::int64_t peak_operations_per_cycle() const override {
    return own_->peak_operations_per_cycle();
  }
  Bytes private_memory() const override { return own_->private_memory(); }
  Buffering buffering() const override { return own_->buffering(); }
  std::string label() const override { return own_->label(); }
  BlockCost cost(const Technology& technology) const override { return own_->cost(technology); }

 private:
  std::shared_ptr<const VectorCore> own_;
  Answers answers_;
};

template <class Interface, class Checked>
void check_answers_of(BlockType& type) {
  type.create = [create = std::move(type.create),
                 answers = Answers(fmt::format("{} block '{}': ", type.kind, type.name))](
                    const ParamValues& params,
                    const BlockContext& context) -> std::shared_ptr<const Block> {
    std::shared_ptr<const Block> block = create(params, context);
    auto own = std::dynamic_pointer_cast<const Interface>(block);
    if (own == nullptr) return block;  // whoever asks for its description says so
    return std::make_shared<const Checked>(std::move(own), answers);
  };
}

}  // namespace

void check_answers(BlockType& type) {
  if (type.kind == "tensor_core") check_answers_of<TensorCore, CheckedTensorCore>(type);
  if (type.kind == "vector_core") check_answers_of<VectorCore, CheckedVectorCore>(type);
}

}  // namespace simdse
