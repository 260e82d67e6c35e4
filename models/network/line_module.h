// One line of a system's network: the queue before it, the turns on it, and the flight.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "models/base/timed.h"
#include "models/network/message_table.h"
#include "sim/kernel/transfer.h"

namespace simdse {

/// Carries segments from node to node, one after the other, at the line's bandwidth: what packet
/// headers and credits of the link's own flow control leave (Link::bandwidth), so that packets need
/// not be looked at one by one.
///
/// Turns. Messages that want the line take turns by segments so that they share it equally in bytes
/// (start-time fair queueing: Goyal, Vin and Cheng, "Start-time fair queuing", 1996): every
/// message's turn begins where its last one ended, counted in bytes that the line has given to
/// each, or where the line is now if it was away; the earliest turn is next, and the message's key
/// decides ties.
///
/// Cut-through. A segment may leave a node before its end has come; it begins when it can go
/// without a break: when its head is there and, from a slower line, the end comes by the time it is
/// needed.
///
/// Places. A segment leaves when there is room for it behind the line, in the queue for the line
/// that it takes next; the room is held until it has left that line, and the news comes back after
/// the latency. There are places for each next line, so nobody waits for a message that takes
/// another one next. Those that take the same one wait together, wherever they go from there: a
/// line that is congested two lines further on holds them up, too. The receiver of a message takes
/// it at once.
///
/// Runs. A message that no other wants the line beside, and that goes no further than the next
/// node, keeps the line for one segment after another. These are simulated as one, with the same
/// times; whoever comes meanwhile has a turn at the next segment's beginning, where the run is cut.
///
/// Protocol: a segment is announced by BEGIN_REQ, with the time of its head as annotation and of
/// its tail in the payload, and always accepted: its place has been reserved. A run is announced
/// when it has left, with the time of its tail as annotation; `in_network` says by how much its
/// head is ahead of that. BEGIN_RESP says that a segment or a run has left its place.
class LineModule : public sc_core::sc_module, public Timed {
 public:
  LineModule(const sc_core::sc_module_name& name, TimeService& time, PayloadPool& pool,
             MessageTable& messages, const Line& line, const NetworkParams& params);

  tlm_utils::simple_target_socket<LineModule> in;
  tlm_utils::simple_initiator_socket<LineModule> out;

  /// Number of the places behind this line for those that take `next_line` and have `place_class`.
  std::size_t places_for(std::int32_t next_line, std::int32_t place_class);

  Bytes bytes_carried() const { return bytes_carried_; }
  Picoseconds busy() const { return busy_; }
  /// Time of so many bytes on the line.
  Picoseconds serialisation(std::int64_t bytes) const;

 private:
  struct Segment {
    std::int64_t turn = 0;
    std::uint64_t key = 0;
    tlm::tlm_generic_payload* payload = nullptr;

    friend bool operator>(const Segment& a, const Segment& b) {
      return a.turn != b.turn ? a.turn > b.turn : a.key > b.key;
    }
  };
  /// Segments of a message that is alone on the line.
  struct Run {
    Picoseconds began = 0;
    std::int64_t bytes = 0;        ///< that it will have carried
    std::int64_t second_turn = 0;  ///< where its second segment's turn begins
  };
  struct Coming {
    Picoseconds ready;
    tlm::tlm_generic_payload* payload;
  };
  struct Places {
    std::int32_t next_line;
    std::int32_t place_class;
    std::int64_t room;
    std::vector<Segment> waiting;          ///< their turn has come, but there was no room
    std::deque<std::int64_t> coming_back;  ///< bytes of places of which the news is under way
  };

  tlm::tlm_sync_enum nb_transport_fw(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                                     sc_core::sc_time& delay);
  tlm::tlm_sync_enum nb_transport_bw(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                                     sc_core::sc_time& delay);
  void on_time(std::uint64_t token) override;
  void enqueue(tlm::tlm_generic_payload& payload);
  void push(const Segment& segment);
  void ask_for_decision();
  void decide();
  void send(const Segment& segment);
  /// The run that the segment on the line may begin, if any.
  std::optional<Run> find_run();
  /// Time of so many bytes, segment by segment.
  Picoseconds run_time(std::int64_t bytes) const;
  /// Where the line is when so many segments of the run have begun.
  std::int64_t turn_of_run(std::int64_t begun) const;
  /// Ends the run after the segments that have begun.
  void cut_run();
  void end_run();
  /// Tells the next node of bytes that are about to leave or, a run's, have left.
  void announce(tlm::tlm_generic_payload& leaving, std::int64_t bytes, Picoseconds tail,
                Picoseconds in_network);
  void finish();

  TimeService& time_;
  PayloadPool& pool_;
  MessageTable& messages_;
  double picoseconds_per_byte_;
  Picoseconds latency_;
  std::int64_t queue_bytes_;
  std::int64_t segment_bytes_;
  std::vector<Segment> queue_;  // a heap, earliest turn on top
  std::deque<Coming> coming_;   // can't go without a break yet; soonest first
  std::vector<Places> places_;
  tlm::tlm_generic_payload* on_line_ = nullptr;
  std::optional<Run> run_;        // of the message on the line
  Picoseconds line_is_free_ = 0;  // when what is on it has left
  bool is_deciding_ = false;
  std::int64_t turn_ = 0;  // where the line is: the beginning of the turn on it
  Bytes bytes_carried_;
  Picoseconds busy_ = 0;
};

}  // namespace simdse
