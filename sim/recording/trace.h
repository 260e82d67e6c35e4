// Timelines in Perfetto's format.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "models/base/clock.h"
#include "models/core/occupancy.h"

namespace simdse {

/// Writes a Perfetto trace (the protobuf messages of perfetto/trace/trace_packet.proto). Times are
/// nanoseconds of simulated time.
class TraceWriter {
 public:
  /// Busy spans with shorter breaks between them than 1 / `detail` of the time that has passed are
  /// shown as one. So a track has at most about detail x ln(time / first span) slices, however long
  /// the run turns out to be.
  explicit TraceWriter(double detail) : detail_(detail) {}

  /// Shortest break that is shown at `time`.
  Picoseconds resolution(Picoseconds time) const {
    return static_cast<Picoseconds>(static_cast<double>(time) / detail_);
  }

  /// Adds a track; tracks of one group are shown together.
  std::uint64_t add_track(const std::string& group, const std::string& name);
  void add_slice(std::uint64_t track, const std::string& name, Picoseconds start,
                 Picoseconds finish);

  /// Adds a track of a quantity over time, which keeps each value until the next.
  std::uint64_t add_counter(const std::string& group, const std::string& name,
                            const std::string& unit);
  void add_value(std::uint64_t counter, Picoseconds time, double value);

  /// The file's content.
  const std::string& data() const { return data_; }

 private:
  std::uint64_t group_uuid(const std::string& group);

  double detail_;
  std::string data_;
  std::vector<std::pair<std::string, std::uint64_t>> groups_;
  std::uint64_t last_uuid_ = 0;
};

/// Turns the busy spans of a block's resources into slices, each with its data rate.
class OccupancyTrace : public OccupancyObserver {
 public:
  /// Resource r is shown on track names[map[r]]; several resources may share a track.
  OccupancyTrace(TraceWriter& writer, const std::string& group,
                 const std::vector<std::string>& names, std::vector<std::size_t> track_of_resource);

  void busy(std::int64_t resource, Picoseconds start, Picoseconds finish,
            std::int64_t bytes) override;
  /// Writes what is still open.
  void flush();

 private:
  struct Track {
    std::uint64_t id = 0;
    Picoseconds start = 0;
    Picoseconds finish = 0;
    std::int64_t bytes = 0;
    bool is_open = false;
  };

  void close(Track& track);

  TraceWriter& writer_;
  std::vector<Track> tracks_;
  std::vector<std::size_t> track_of_resource_;
};

}  // namespace simdse
