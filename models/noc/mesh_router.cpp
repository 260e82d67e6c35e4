#include "models/noc/mesh_router.h"

#include <array>

namespace simdse {

MeshRouter::MeshRouter(const Grid& grid, std::int64_t node, const RouterParams& params)
    : grid_(grid),
      node_(node),
      params_(params),
      inputs_(static_cast<std::size_t>(Grid::kPorts * params.virtual_channels)),
      outputs_(inputs_.size()),
      channel_allocator_(static_cast<int>(inputs_.size()), static_cast<int>(inputs_.size())),
      switch_allocator_(Grid::kPorts, Grid::kPorts),
      first_channel_(Grid::kPorts) {
  for (Input& input : inputs_) input.queue.resize(static_cast<std::size_t>(params.buffer_depth));
  for (Output& output : outputs_) output.credits = params.buffer_depth;
}

void MeshRouter::receive(int port, int channel, const Flit& flit, std::int64_t cycle) {
  Input& to = input(port, channel);
  to.queue[static_cast<std::size_t>((to.first + to.count) % params_.buffer_depth)] = flit;
  ++to.count;
  ++flits_;
  if (to.state == State::idle) begin(to, cycle);
}

void MeshRouter::begin(Input& input, std::int64_t cycle) {
  const Flit& head = input.queue[static_cast<std::size_t>(input.first)];
  input.state = State::waiting;
  input.output_port = grid_.next(node_, head.destination);
  // Decided in the last cycle of the stage.
  input.ready = cycle + params_.route + params_.vc_allocation - 1;
}

void MeshRouter::step(std::int64_t cycle, std::vector<Sent>& sent) {
  if (flits_ == 0) return;
  allocate_channels(cycle);
  allocate_switch(cycle, sent);
}

void MeshRouter::allocate_channels(std::int64_t cycle) {
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    const Input& from = inputs_[i];
    if (from.state != State::waiting || from.ready > cycle) continue;
    for (int channel = 0; channel < params_.virtual_channels; ++channel) {
      if (!output(from.output_port, channel).is_taken) {
        channel_allocator_.request(static_cast<int>(i),
                                   static_cast<int>(index(from.output_port, channel)));
      }
    }
  }
  channel_allocator_.allocate([&](int from, int to) {
    Input& winner = inputs_[static_cast<std::size_t>(from)];
    winner.state = State::active;
    winner.output_channel = to % params_.virtual_channels;
    winner.ready = cycle + params_.switch_allocation;
    outputs_[static_cast<std::size_t>(to)].is_taken = true;
  });
}

void MeshRouter::allocate_switch(std::int64_t cycle, std::vector<Sent>& sent) {
  // One virtual channel of a port speaks for each output.
  std::array<std::array<int, Grid::kPorts>, Grid::kPorts> speaker{};
  for (int port = 0; port < Grid::kPorts; ++port) {
    std::array<std::uint64_t, Grid::kPorts> asking{};
    for (int channel = 0; channel < params_.virtual_channels; ++channel) {
      const Input& from = input(port, channel);
      if (from.state != State::active || from.count == 0 || from.ready > cycle) continue;
      if (output(from.output_port, from.output_channel).credits == 0) continue;
      asking[static_cast<std::size_t>(from.output_port)] |= std::uint64_t{1} << channel;
    }
    for (int to = 0; to < Grid::kPorts; ++to) {
      if (asking[static_cast<std::size_t>(to)] == 0) continue;
      speaker[static_cast<std::size_t>(port)][static_cast<std::size_t>(to)] =
          SeparableAllocator::first(asking[static_cast<std::size_t>(to)],
                                    first_channel_[static_cast<std::size_t>(port)]);
      switch_allocator_.request(port, to);
    }
  }
  switch_allocator_.allocate([&](int port, int to) {
    const int channel = speaker[static_cast<std::size_t>(port)][static_cast<std::size_t>(to)];
    first_channel_[static_cast<std::size_t>(port)] =
        SeparableAllocator::after(channel, static_cast<std::size_t>(params_.virtual_channels));
    Input& from = input(port, channel);
    Output& out = output(to, from.output_channel);
    const Flit flit = from.queue[static_cast<std::size_t>(from.first)];
    from.first = (from.first + 1) % params_.buffer_depth;
    --from.count;
    --flits_;
    --out.credits;
    sent.push_back({port, channel, to, from.output_channel, flit});
    from.ready = cycle + 1;
    if (flit.is_tail) {
      out.is_taken = false;
      from.state = State::idle;
      if (from.count > 0) begin(from, cycle + 1);
    }
  });
}

}  // namespace simdse
