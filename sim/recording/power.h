// Power over simulated time.
#pragma once

#include <string>
#include <vector>

#include "models/base/clock.h"
#include "models/chip/energy.h"
#include "models/core/occupancy.h"
#include "sim/recording/trace.h"

namespace simdse {

/// When something was done, in windows of equal length. The length doubles whenever the run proves
/// longer than the windows reach, so their number stays between half of kWindows and kWindows.
class ActivityProfile {
 public:
  static constexpr std::size_t kWindows = 4096;
  static constexpr Picoseconds kShortest = 100'000;  ///< of one window

  /// Spreads `amount` evenly over the span.
  void add(Picoseconds start, Picoseconds finish, double amount);

  Picoseconds window() const { return window_; }
  const std::vector<double>& amounts() const { return amounts_; }
  /// Makes windows at least that long (a power of two times kShortest).
  void coarsen_to(Picoseconds window);

 private:
  void coarsen();

  Picoseconds window_ = kShortest;
  std::vector<double> amounts_;
};

/// What a profile is made of by an observed block: bytes while they are moved.
class ActivityObserver : public OccupancyObserver {
 public:
  explicit ActivityObserver(OccupancyObserver* next = nullptr) : next_(next) {}
  void busy(std::int64_t resource, Picoseconds start, Picoseconds finish,
            std::int64_t bytes) override {
    if (bytes > 0) profile_.add(start, finish, static_cast<double>(bytes));
    if (next_ != nullptr) next_->busy(resource, start, finish, bytes);
  }
  const ActivityProfile& profile() const { return profile_; }

 private:
  OccupancyObserver* next_;
  ActivityProfile profile_;
};

/// Power in windows of equal length; the last may be cut short by the end of the run.
struct PowerProfile {
  Picoseconds window = 0;
  Picoseconds end = 0;
  struct Track {
    std::string block;          ///< as in Chip::costs, "always", or "total"
    std::vector<double> watts;  ///< by window
  };
  std::vector<Track> tracks;  ///< the total first

  /// Highest total of a window of full length (of the only window, if there is one).
  Watts peak() const;
  /// Area under a track.
  Joules energy(const Track& track) const;
};

/// Where the energy of each block went in time: an action's energy is spread as its activity was,
/// or else as its block's was, or evenly if none was seen, and static power over the whole run.
struct BlockActivity {
  std::string block;
  const ActivityProfile* profile;
  std::string action;  ///< empty: all of the block's that have none of their own
};
PowerProfile power_profile(const std::vector<EnergyPart>& energy,
                           const std::vector<BlockActivity>& activity, Picoseconds end);

/// Adds a counter track per block to a trace.
void write_power(TraceWriter& trace, const PowerProfile& profile);

}  // namespace simdse
