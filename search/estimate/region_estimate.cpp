#include "search/estimate/region_estimate.h"

#include <algorithm>

#include "search/estimate/serial_estimate.h"

namespace simdse {

const char* resource_name(Resource resource) {
  switch (resource) {
    case Resource::matrix:
      return "matrix";
    case Resource::vector:
      return "vector";
    case Resource::port:
      return "port";
    case Resource::network:
      return "network";
    case Resource::buffer:
      return "buffer";
    case Resource::memory:
      return "memory";
  }
  return "";
}

ChipRates ChipRates::of(const Chip& chip) {
  const double frequency = chip.clock().frequency().value();
  const Noc& noc = chip.noc();
  ChipRates rates;
  rates.port = noc.port_width().value();
  rates.network_buffer = noc.buffer_bandwidth().value();
  rates.network_memory = noc.memory_bandwidth().value();
  rates.buffer = chip.buffer().bandwidth().value();
  rates.memory = chip.memory().sustained_bandwidth().value() / frequency;
  rates.noc_latency = to_double(noc.latency());
  rates.buffer_latency = to_double(chip.buffer().latency());
  rates.memory_latency = chip.memory().latency().value() * frequency;
  rates.launch = to_double(chip.dispatcher().launch_latency()) +
                 to_double(chip.dispatcher().completion_latency());
  return rates;
}

namespace {

/// What one part asks of its cores and moves, summed over its steps.
struct PartTotals {
  TilePipeline matrix;
  TilePipeline held;  ///< the matrix core again, where blocks wait for places to put their sums
  TilePipeline vector;
  std::vector<Cycles> drained;  ///< when each finished block had left the matrix core
  std::size_t outputs = 0;      ///< blocks begun
  Cycles matrix_done;
  Cycles vector_work;
  Cycles done;
  double port_in = 0;
  double port_out = 0;
  double first_memory = 0;     // bytes of the first step that come from memory ...
  double first_port = 0;       // ... and through the core's port
  double last_port = 0;        // bytes of the last store
  bool first_is_deep = false;  // the first step waits for a block on its way through the buffer
  bool last_to_memory = false;
};

/// Traffic of the whole region.
struct Traffic {
  double network_buffer = 0;
  double network_memory = 0;
  double buffer = 0;
  double memory = 0;
};

class Estimator {
 public:
  Estimator(const Chip& chip, const ChipRates& rates, const Region& region)
      : chip_(chip), rates_(rates), region_(region) {}

  RegionEstimate estimate() {
    // Part 0 is the slowest: only it fetches shared blocks, the last part of a contraction may be
    // smaller, and of a chain's chunks those that don't divide go to the first parts. The parts
    // between are equal, but for the `larger` first ones of a chain.
    const std::size_t parts = region_.parts();
    const VectorMapping& chain = region_.vector_mapping;
    const std::size_t larger =
        region_.contraction ? 1 : std::max<std::size_t>(1, chain.chunks % chain.parts);
    const PartTotals first = walk(0, 1);
    if (larger > 1) walk(1, static_cast<double>(larger - 1));
    if (parts > larger + 1) walk(larger, static_cast<double>(parts - larger - 1));
    if (parts > 1) walk(parts - 1, 1);
    return combine(first);
  }

 private:
  void count(const Operand& operand, double bytes, double times) {
    if (operand.path == Path::direct) {
      traffic_.network_memory += bytes * times;
      traffic_.memory += bytes * times;
    } else {
      traffic_.network_buffer += bytes * times;
      traffic_.buffer += bytes * times;
    }
  }

  /// Walks one part and adds its traffic `times` times.
  PartTotals walk(std::size_t part, double times) {
    PartTotals t;
    bool is_first = true;
    for (PartProgram program(chip_, region_, part); !program.done(); program.next()) {
      const ProgramStep& step = program.step();
      double in = 0;
      double from_memory = 0;
      for (const StageTransfer& block : step.staged) {
        const auto bytes = to_double(block.bytes);
        traffic_.memory += bytes * times;
        traffic_.buffer += bytes * times;
        from_memory += bytes;
        if (is_first) t.first_is_deep = true;
      }
      const auto load = [&](const std::vector<StepTransfer>& loads) {
        for (const StepTransfer& transfer : loads) {
          const Operand& operand = region_.inputs[transfer.operand];
          const auto bytes = to_double(transfer.bytes);
          count(operand, bytes, times);
          in += bytes;
          if (operand.path == Path::direct) from_memory += bytes;
        }
      };
      load(step.tensor_loads);
      const double into_tensor = in;
      load(step.vector_loads);
      if (!region_.vector_cores.empty()) vector_bytes_ += (in - into_tensor) * times;
      t.port_in += in;
      Cycles ready(0);
      if (region_.contraction) {
        const TilePipeline::Span span = t.matrix.append(step.tensor, Cycles(0));
        Cycles place(0);
        if (step.starts_output && !region_.vector_cores.empty()) {
          const auto places = static_cast<std::size_t>(step.output_places);
          if (t.outputs >= places) place = t.drained[t.outputs - places];
          ++t.outputs;
        }
        ready = t.held.append(step.tensor, place).done;
        t.matrix_done = span.done;
        t.done = span.done;
      }
      macs_ += static_cast<double>(step.macs) * times;
      operations_ += static_cast<double>(step.vector_operations) * times;
      if (step.has_output) {
        if (!region_.vector_cores.empty()) {
          t.done = t.vector.append(step.vector, ready).done;
          if (region_.contraction) t.drained.push_back(t.vector.open);
          // The sums' way in hides behind work, unless it is the longer of the two.
          t.vector_work += region_.contraction ? std::max(step.vector.setup, step.vector.body)
                                               : step.vector.body;
          vector_bytes_ += to_double(step.forwarded) * times;
        }
        t.last_port = 0;
        for (const StepTransfer& store : step.stores) {
          const Operand& operand = region_.outputs[store.operand];
          count(operand, to_double(store.bytes), times);
          t.last_port += to_double(store.bytes);
          t.last_to_memory = operand.path == Path::direct;
        }
        t.port_out += t.last_port;
        if (!region_.vector_cores.empty()) vector_bytes_ += t.last_port * times;
      }
      if (is_first) {
        t.first_memory = from_memory;
        t.first_port = in;
        is_first = false;
      }
    }
    return t;
  }

  RegionEstimate combine(const PartTotals& part) {
    RegionEstimate e;
    const auto set = [&](Resource resource, double cycles, double traffic) {
      e.bounds[static_cast<std::size_t>(resource)] = {cycles,
                                                      Bytes(static_cast<std::int64_t>(traffic))};
    };
    const double parts = static_cast<double>(region_.parts());
    // A vector core that serves several parts works for them in turn.
    double sharing = 1;
    for (const std::int32_t core : region_.vector_cores) {
      sharing =
          std::max(sharing, static_cast<double>(std::count(region_.vector_cores.begin(),
                                                           region_.vector_cores.end(), core)));
    }
    if (region_.contraction) {
      set(Resource::matrix, to_double(part.matrix_done), 0);
      if (!region_.vector_cores.empty()) {
        set(Resource::vector, to_double(part.vector_work) * sharing, 0);
      }
    } else {
      set(Resource::vector, to_double(part.vector_work), 0);
    }
    const double one_way = std::max(part.port_in, part.port_out);
    set(Resource::port, one_way / rates_.port, one_way);
    const double to_buffer = traffic_.network_buffer / rates_.network_buffer;
    const double to_memory = traffic_.network_memory / rates_.network_memory;
    set(Resource::network, std::max(to_buffer, to_memory),
        to_buffer >= to_memory ? traffic_.network_buffer : traffic_.network_memory);
    e.network_bytes = traffic_.network_buffer + traffic_.network_memory;
    set(Resource::buffer, traffic_.buffer / rates_.buffer, traffic_.buffer);
    set(Resource::memory, traffic_.memory / rates_.memory, traffic_.memory);

    e.launch = rates_.launch;
    e.startup =
        part.first_memory * parts / rates_.memory + part.first_port / rates_.port +
        2 * rates_.noc_latency + (part.first_memory > 0 ? rates_.memory_latency : 0) +
        (part.first_is_deep || part.first_memory < part.first_port ? rates_.buffer_latency : 0);
    e.drain = part.last_port / rates_.port + 2 * rates_.noc_latency +
              (part.last_to_memory ? rates_.memory_latency : rates_.buffer_latency);
    // Cores wait for the first data and are waited for by the last store; data movers are not.
    const double matrix = e.bound(Resource::matrix).cycles;
    const double vector = e.bound(Resource::vector).cycles;
    e.pace = matrix >= vector ? Resource::matrix : Resource::vector;
    e.last_block = std::max(0.0, to_double(part.done) - std::max(matrix, vector));
    e.latency = e.startup + e.drain + e.last_block;
    if (is_serial(chip_, region_)) add_up(e);
    double slowest = std::max(matrix, vector) + e.latency;
    double binding_cycles = 0;
    for (std::size_t i = 0; i < kResourceCount; ++i) {
      const auto resource = static_cast<Resource>(i);
      if (e.bounds[i].cycles > binding_cycles) {
        binding_cycles = e.bounds[i].cycles;
        e.binding = resource;
      }
      if (resource == Resource::matrix || resource == Resource::vector) continue;
      const double latency = 2 * rates_.noc_latency + rates_.memory_latency;
      if (e.bounds[i].cycles + latency <= slowest) continue;
      slowest = e.bounds[i].cycles + latency;
      e.pace = resource;
      e.latency = latency;
    }
    e.cycles = e.launch + slowest;
    e.macs = static_cast<std::int64_t>(macs_);
    e.vector_bytes = vector_bytes_;
    e.vector_operations = static_cast<std::int64_t>(operations_);
    return e;
  }

  /// Where nothing hides behind work: loads, work and stores, and what lies between the cores.
  void add_up(RegionEstimate& e) const {
    const SerialTime time = serial_time(chip_, rates_, region_);
    e.startup = time.load;
    e.drain = time.store;
    e.latency = time.total - e.bound(e.pace).cycles;
    e.last_block = e.latency - e.startup - e.drain;
  }

  const Chip& chip_;
  const ChipRates& rates_;
  const Region& region_;
  Traffic traffic_;
  double macs_ = 0;
  double operations_ = 0;
  double vector_bytes_ = 0;
};

}  // namespace

RegionEstimate estimate_region(const Chip& chip, const ChipRates& rates, const Region& region) {
  return Estimator(chip, rates, region).estimate();
}

}  // namespace simdse
