// Runs of equal units, against keeping every unit by itself.
#include "models/core/in_step.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <tuple>

namespace simdse {
namespace {

/// Depends on all that ever happened to it, and on its order.
struct Unit {
  Picoseconds free = 0;
  Picoseconds free_at() const { return free; }
  void delay(Picoseconds by) { free += by; }

  StorageSpan serve(std::int64_t bytes, std::int64_t first) {
    const Picoseconds start = free + first % 3;
    free = start + bytes + start % 7;
    return {start, free};
  }
};

/// What InStep says of itself, unit by unit.
class OneByOne {
 public:
  explicit OneByOne(const Interleave& interleave) : interleave_(interleave) {}

  StorageSpan serve_in_step(std::int64_t share, std::int64_t first) {
    StorageSpan span = common_.serve(share, first);
    Picoseconds behind = 0;
    for (auto& [unit, own] : own_) {
      span.add(own.serve(share, first));
      behind += own.free_at() - common_.free_at();
    }
    own_.clear();
    common_.delay(behind / interleave_.count());
    return span;
  }

  StorageSpan serve_alone(const StorageRequest& request) {
    StorageSpan span{kNever, 0};
    interleave_.for_each(request.address, request.bytes,
                         [&](std::int64_t unit, std::int64_t bytes, std::int64_t first) {
                           Unit& own = own_.try_emplace(unit, common_).first->second;
                           const StorageSpan busy = own.serve(bytes, first);
                           told.emplace_back(unit, busy.head, busy.tail, bytes);
                           span.add(busy);
                         });
    return span;
  }

  std::vector<std::tuple<std::int64_t, Picoseconds, Picoseconds, std::int64_t>> told;

 private:
  Interleave interleave_;
  Unit common_;
  std::map<std::int64_t, Unit> own_;
};

struct Listener : OccupancyObserver {
  void busy(std::int64_t unit, Picoseconds start, Picoseconds finish, std::int64_t bytes) override {
    told.emplace_back(unit, start, finish, bytes);
  }
  std::vector<std::tuple<std::int64_t, Picoseconds, Picoseconds, std::int64_t>> told;
};

TEST(InStep, RunsAreAsUnitsOneByOne) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 200; ++round) {
    const auto count = static_cast<std::int64_t>(1 + random() % 12);
    const Interleave interleave(count, 8);
    InStep<Unit> units(interleave, Unit{});
    OneByOne expected(interleave);
    for (int i = 0; i < 60; ++i) {
      const bool is_large = random() % 8 == 0;
      const auto bytes = static_cast<std::int64_t>(1 + random() % (is_large ? 800 : 150));
      const StorageRequest request{false, static_cast<std::int64_t>(random() % 300), bytes, 0};
      StorageSpan span;
      StorageSpan known;
      if (units.moves_in_step(request)) {
        units.observe(nullptr);
        span = units.serve_in_step(request, [&](Unit& unit) { return unit.serve(bytes, 1); });
        known = expected.serve_in_step(bytes, 1);
      } else {
        Listener listener;
        units.observe(&listener);
        span = units.serve_alone(request, [](Unit& unit, std::int64_t share, std::int64_t first) {
          return unit.serve(share, first);
        });
        expected.told.clear();
        known = expected.serve_alone(request);
        ASSERT_EQ(listener.told, expected.told);
      }
      ASSERT_EQ(span.head, known.head);
      ASSERT_EQ(span.tail, known.tail);
    }
  }
}

TEST(InStep, NeighboursThatShareAStateAreServedOnce) {
  InStep<Unit> units(Interleave(32, 8), Unit{});
  int calls = 0;
  const auto transfer = [&](std::int64_t address, std::int64_t bytes) {
    calls = 0;
    units.serve_alone({false, address, bytes, 0},
                      [&](Unit& unit, std::int64_t share, std::int64_t first) {
                        ++calls;
                        return unit.serve(share, first);
                      });
    return calls;
  };
  EXPECT_EQ(transfer(0, 2 * 32 * 8), 1);     // two turns of all
  EXPECT_EQ(transfer(8 * 8, 8 * 8), 1);      // units 8 to 15
  EXPECT_EQ(transfer(0, 32 * 8), 3);         // those before, they, those after
  EXPECT_EQ(transfer(4 * 8 + 2, 2 * 8), 3);  // the ends of two units and what lies between
}

}  // namespace
}  // namespace simdse
