// One router of the flit-level mesh.
#pragma once

#include <cstdint>
#include <vector>

#include "models/noc/grid.h"
#include "models/noc/separable_allocator.h"

namespace simdse {

/// What one router and the link behind it are like. Times in cycles.
struct RouterParams {
  int virtual_channels = 4;
  int buffer_depth = 8;   ///< flits of one virtual channel
  int route = 1;          ///< computing the output port of a head flit
  int vc_allocation = 1;  ///< of a head flit
  int switch_allocation = 1;
  int traversal = 1;  ///< of the switch
  int link = 1;

  /// From a flit's arrival in one router to its arrival in the next, or at its endpoint, when
  /// nothing is in its way.
  int hop() const { return route + vc_allocation + switch_allocation + traversal + link; }
  /// From an endpoint into the router's buffer, from where the first hop counts: the link and the
  /// register before it.
  int entry() const { return link + 1; }
};

struct Flit {
  std::uint32_t packet = 0;
  std::uint32_t destination = 0;
  bool is_head = false;
  bool is_tail = false;
};

/// An input-queued virtual-channel router (Dally and Towles, Principles and Practices of
/// Interconnection Networks, 2004, chapter 16). A head flit at the front of a virtual channel goes
/// through route computation, is given a virtual channel of the next router that no other packet
/// holds, and from then on the packet's flits compete for the switch, one by one, while the next
/// router has room for them (credits). A packet behind another in one virtual channel begins its
/// own way through the pipeline when the tail before it has left. Both allocations are separable.
class MeshRouter {
 public:
  /// `node` is this router's place; its outputs begin with full credit.
  MeshRouter(const Grid& grid, std::int64_t node, const RouterParams& params);

  void receive(int port, int channel, const Flit& flit, std::int64_t cycle);
  void credit(int port, int channel) { ++output(port, channel).credits; }

  /// A flit that won the switch: it frees a place of its input and leaves through its output.
  struct Sent {
    int input_port;
    int input_channel;
    int output_port;
    int output_channel;
    Flit flit;
  };
  /// Appends what leaves in this cycle.
  void step(std::int64_t cycle, std::vector<Sent>& sent);

  bool is_empty() const { return flits_ == 0; }

 private:
  enum class State : std::uint8_t { idle, waiting, active };

  struct Input {
    std::vector<Flit> queue;  ///< a ring
    int first = 0;
    int count = 0;
    State state = State::idle;
    std::int64_t ready = 0;  ///< first cycle in which its allocation can be decided
    int output_port = 0;
    int output_channel = 0;
  };
  struct Output {
    int credits = 0;
    bool is_taken = false;
  };

  Input& input(int port, int channel) { return inputs_[index(port, channel)]; }
  Output& output(int port, int channel) { return outputs_[index(port, channel)]; }
  std::size_t index(int port, int channel) const {
    return static_cast<std::size_t>(port * params_.virtual_channels + channel);
  }
  /// The head at the front begins its way through the pipeline.
  void begin(Input& input, std::int64_t cycle);
  void allocate_channels(std::int64_t cycle);
  void allocate_switch(std::int64_t cycle, std::vector<Sent>& sent);

  const Grid& grid_;
  std::int64_t node_;
  RouterParams params_;
  std::vector<Input> inputs_;
  std::vector<Output> outputs_;
  SeparableAllocator channel_allocator_;
  SeparableAllocator switch_allocator_;
  std::vector<int> first_channel_;  ///< by input port: has the first say within the port
  int flits_ = 0;
};

}  // namespace simdse
