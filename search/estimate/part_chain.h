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
  Waits waits;
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
/// nothing that the part does delays others. All parts ask for the operands of their first two
/// items at once, and are served in turn, this one last. From then on they are as far apart as that
/// took, and find a level free that on the whole has time for all of them.
class PartChain {
 public:
  /// `vector_turns`: how many parts the vector core works for in turn.
  PartChain(const Region& region, const MoveCosts& costs, std::int64_t vector_turns);

  /// `moves`: of the step.
  void append(const ProgramStep& step, const StepMoves& moves);

  /// When the last result is stored.
  Cycles finish() const { return finish_; }
  /// When the first work begins, and when the last store does.
  Cycles first_begin() const { return first_begin_; }
  Cycles last_store() const { return last_store_; }

 private:
  /// The times of the last two different transfers of a kind: steps are mostly alike, or take
  /// turns.
  struct LastMoves {
    struct Known {
      Moved moved;
      Cycles time;
      bool is_known = false;
    };
    std::array<Known, 2> known;
    std::size_t older = 0;

    const Known* find(const Moved& moved) const {
      for (const Known& each : known) {
        if (each.is_known && each.moved == moved) return &each;
      }
      return nullptr;
    }
    Cycles add(const Moved& moved, Cycles time) {
      known[older] = {moved, time, true};
      older = 1 - older;
      return time;
    }
  };
  /// Blocks on their way through the buffer.
  struct Ring {
    std::int64_t capacity = 0;
    double copies = 1;  ///< rings like this one that memory fills at the same time
    std::int64_t requested = 0;
    std::int64_t freed = 0;
    std::int64_t last_bytes = -1;  ///< of a block, and how long it was on its way
    Cycles last_time;
    std::vector<std::pair<Cycles, std::int64_t>> releases;  ///< time, bytes freed until then
    std::size_t next_release = 0;
  };
  /// The last two items of a core.
  struct Places {
    std::array<Cycles, 2> ends{};
    std::size_t next = 0;

    Cycles free_at() const { return ends[next]; }
    void take(Cycles end) {
      ends[next] = end;
      next = 1 - next;
    }
  };

  Cycles load_time(const Moved& moved) const;
  Cycles load_time(const Moved& moved, LastMoves& last) const;
  Cycles store_time(const Moved& moved);
  /// `memory_wait`, `buffer_wait`: what a transfer from or to them waits.
  Cycles move_time(const Moved& moved, Cycles memory_wait, Cycles buffer_wait) const;
  Cycles staged_by(const ProgramStep& step);
  /// When what is asked for at `issued` is in the core that begins items.
  Cycles loaded(Cycles issued, const Moved& moved, LastMoves& last);
  void note_item(Cycles begin);
  /// When there is a place for another output, of which there are `places`.
  static Cycles place_free(const std::vector<Cycles>& freed, std::size_t begun,
                           std::int64_t places);

  const Region& region_;
  MoveCosts costs_;
  std::int64_t vector_turns_;
  TilePipeline tensor_;
  TilePipeline vector_;
  Places tensor_places_;
  Places vector_places_;
  std::size_t blocks_begun_ = 0;
  std::vector<Cycles> blocks_freed_;  ///< when each block had left the core that made it
  std::size_t results_begun_ = 0;
  std::vector<Cycles> results_freed_;  ///< the same of a vector core behind
  std::array<Ring, 2> rings_;
  LastMoves tensor_load_;
  LastMoves vector_load_;
  LastMoves store_;
  Cycles requested_;       ///< when the last block was asked for
  std::size_t items_ = 0;  ///< begun
  double parts_;           ///< that ask at the same time
  Cycles first_issued_;    ///< when the first item's operands were asked for
  Moved first_moved_;      ///< those of the items that all parts ask for at once
  Cycles first_begin_;
  Cycles last_store_;
  Cycles finish_;
};

}  // namespace simdse
