// What the cores of one part wait for, as a recurrence over its steps.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "search/plan/part_program.h"

namespace simdse {

/// A way through the network: its ports to the memory and to the buffer, in either direction, carry
/// data side by side.
enum class Way { from_memory, to_memory, from_buffer, to_buffer };
constexpr std::size_t kWayCount = 4;

/// What every transfer waits because others are served first, by what lets it wait.
struct Waits {
  Cycles memory;
  Cycles buffer;
  std::array<Cycles, kWayCount> ways{};

  Cycles& way(Way way) { return ways[static_cast<std::size_t>(way)]; }
  Cycles way(Way way) const { return ways[static_cast<std::size_t>(way)]; }
};

/// What moving takes for one part, in cycles and bytes per cycle.
struct MoveCosts {
  double memory_latency = 0;  ///< request to first data, both ways through the network
  double buffer_latency = 0;
  double stage_latency = 0;  ///< memory to buffer
  double port = 0;           ///< rate of the core's port
  double memory = 0;         ///< rate at which memory serves all parts
  double buffer = 0;
  double parts = 1;  ///< that begin at the same time
};

/// Bytes to and from memory and buffer.
struct Moved {
  double memory = 0;
  double buffer = 0;

  Moved& operator+=(const Moved& other) {
    memory += other.memory;
    buffer += other.buffer;
    return *this;
  }
  friend bool operator==(const Moved& x, const Moved& y) {
    return x.memory == y.memory && x.buffer == y.buffer;
  }
};

/// What a step moves, by what it is moved for.
struct StepMoves {
  Moved tensor_loads;
  Moved vector_loads;
  Moved stores;

  static StepMoves of(const ProgramStep& step, const Region& region);
};

/// Steps of part 0, the slowest, one after another, on a tensor core, a vector core, or one behind
/// the other, with what holds a step up:
///   - operands are loaded into two places: the loads of step j begin when step j - 2 is over;
///   - blocks that pass through the buffer are asked for, in order, as soon as the ring has room,
///     which steps make by ending;
///   - a finished block keeps its place until it is stored or in the vector core, and there are
///     only so many places.
/// The same rules as those of the simulated cores; here a transfer takes what MoveCosts says, and
/// nothing that the part does delays others but by the waits that a chain is given. All parts ask
/// for the operands of their first two items at once, and are served in turn, this one last. From
/// then on they are as far apart as that took, and find a level free that on the whole has time for
/// all of them.
///
/// Several chains over the same steps differ in their waits alone: which places and which room in
/// the rings a step waits for is the same in all of them, and found once.
class PartChains {
 public:
  /// `vector_turns`: how many parts the vector core works for in turn. At first there is the chain
  /// without waits, number 0.
  PartChains(const Region& region, const MoveCosts& costs, std::int64_t vector_turns);

  /// One more chain, whose number is returned. All are there before the first step.
  std::size_t add(const Waits& waits);

  /// `moves`: of the step.
  void append(const ProgramStep& step, const StepMoves& moves);

  /// When the last result is stored.
  Cycles finish(std::size_t chain) const { return chains_[chain].finish; }
  /// When the first work begins, and when the last store does.
  Cycles first_begin(std::size_t chain) const { return chains_[chain].first_begin; }
  Cycles last_store(std::size_t chain) const { return chains_[chain].last_store; }

 private:
  /// Without waits, with those for memory and for the buffer, and with those of each way.
  static constexpr std::size_t kMostChains = 3 + kWayCount;
  /// A time for each chain.
  using Times = std::array<Cycles, kMostChains>;
  static constexpr Times kFromTheStart{};

  struct Chain {
    // What each transfer waits.
    Cycles load_memory;
    Cycles load_buffer;
    Cycles store_memory;
    Cycles store_buffer;
    Cycles stage;
    TilePipeline tensor;
    TilePipeline vector;
    std::array<Cycles, 2> tensor_ends{};  ///< of the last two items of each core
    std::array<Cycles, 2> vector_ends{};
    Cycles now;           ///< until when what is looked at of the step takes
    Cycles requested;     ///< when the last block was asked for
    Cycles first_issued;  ///< when the first item's operands were asked for
    Cycles first_begin;
    Cycles last_store;
    Cycles finish;
  };
  /// The times of the last two different transfers of a kind: steps are mostly alike, or take
  /// turns.
  struct LastMoves {
    struct Known {
      Moved moved;
      Times times;
      bool is_known = false;
    };
    std::array<Known, 2> known;
    std::size_t older = 0;

    const Times* find(const Moved& moved) const {
      for (const Known& each : known) {
        if (each.is_known && each.moved == moved) return &each.times;
      }
      return nullptr;
    }
    const Times& add(const Moved& moved, const Times& times) {
      Known& entry = known[older];
      entry = {moved, times, true};
      older = 1 - older;
      return entry.times;
    }
    void forget() { known[0].is_known = known[1].is_known = false; }
  };
  /// One thing after another, with a time for each chain.
  class Events {
   public:
    void reserve(std::size_t events, std::size_t chains) { times_.reserve(events * chains); }
    void push_back(Cycles time) { times_.push_back(time); }
    /// Times of all `chains` for event `index`.
    const Cycles* at(std::size_t index, std::size_t chains) const {
      return times_.data() + index * chains;
    }

   private:
    std::vector<Cycles> times_;
  };
  /// Blocks on their way through the buffer.
  struct Ring {
    std::int64_t capacity = 0;
    double copies = 1;  ///< rings like this one that memory fills at the same time
    std::int64_t requested = 0;
    std::int64_t last_bytes = -1;  ///< of a block, and how long it is on its way without waits
    Cycles last_time;
    std::vector<std::int64_t> freed;  ///< bytes, until each release
    Events releases;
    std::size_t next_release = 0;
  };

  /// Calls visit(chain, number).
  template <class Visit>
  void for_each_chain(Visit&& visit) {
    for (std::size_t i = 0; i < count_; ++i) visit(chains_[i], i);
  }
  void reserve();
  /// What a transfer takes, with the chain's waits for memory and buffer.
  Times move_times(const Moved& moved, Cycles Chain::*memory_wait,
                   Cycles Chain::*buffer_wait) const;
  Times load_times(const Moved& moved) const;
  const Times& load_times(const Moved& moved, LastMoves& last) const;
  const Times& store_times(const Moved& moved);
  /// What a transfer from or to memory takes, and one from or to the buffer, without waits.
  Cycles memory_time(const Moved& moved) const;
  Cycles buffer_time(const Moved& moved) const;
  // These move every chain's `now` on: from when a core is free to when what a step needs is in the
  // buffer, to when what is asked for then is in the core that begins items, and through its work.
  void wait_for_staged(const ProgramStep& step);
  void load_item(const Moved& moved, LastMoves& last);
  void run_tensor(const ProgramStep& step, const StepMoves& moves);
  void run_vector(const ProgramStep& step, const StepMoves& moves);
  void note_item();
  /// When there is a place for another output, of which there are `places`.
  const Cycles* place_free(const Events& freed, std::size_t begun, std::int64_t places) const;

  const Region& region_;
  MoveCosts costs_;
  std::int64_t vector_turns_;
  bool has_vector_;
  std::array<Chain, kMostChains> chains_;
  std::size_t count_ = 1;         ///< of chains
  std::size_t tensor_place_ = 0;  ///< which of the last two items of a core is the older one
  std::size_t vector_place_ = 0;
  std::size_t blocks_begun_ = 0;
  Events blocks_freed_;  ///< when each block had left the core that made it
  std::size_t results_begun_ = 0;
  Events results_freed_;  ///< the same of a vector core behind
  std::array<Ring, 2> rings_;
  LastMoves tensor_load_;
  LastMoves vector_load_;
  LastMoves store_;
  std::size_t items_ = 0;  ///< begun
  double parts_;           ///< that ask at the same time
  Moved first_moved_;      ///< that of the items that all parts ask for at once
};

}  // namespace simdse
