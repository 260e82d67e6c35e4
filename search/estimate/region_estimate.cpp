#include "search/estimate/region_estimate.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

#include "models/core/transfer_limits.h"
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
  rates.turnaround = chip.memory().turnaround().value() * frequency;
  rates.write_batch = to_double(chip.memory().write_batch() * chip.memory().channels());
  rates.noc_latency = to_double(noc.latency());
  rates.buffer_latency = to_double(chip.buffer().latency());
  rates.memory_latency = chip.memory().latency().value() * frequency;
  rates.launch = to_double(chip.dispatcher().launch_latency()) +
                 to_double(chip.dispatcher().completion_latency());
  return rates;
}

namespace {

/// A wait so long that it dwarfs all else, so that the time of a chain counts the waits in it.
constexpr std::int64_t kLongWait = std::int64_t{1} << 36;

/// The chain that waits for nobody.
constexpr std::size_t kAlone = 0;

/// What one part asks of its cores and moves, summed over its steps.
struct PartTotals {
  Cycles matrix_work;
  Cycles vector_work;
  double port_in = 0;
  double port_out = 0;
  double from_memory = 0;
  double to_memory = 0;
};

/// The first or the last block of a part.
struct EndBlock {
  Cycles work;        ///< on all its cores
  double loaded = 0;  ///< bytes from memory by the step that completes it ...
  double stored = 0;  ///< ... and to memory
};

/// What a region's operands pass.
struct Passing {
  std::array<bool, kWayCount> ways{};
  bool staged = false;  ///< from memory to the buffer

  explicit Passing(const Region& region) {
    const auto note = [&](const std::vector<Operand>& operands, Way memory, Way buffer) {
      for (const Operand& operand : operands) {
        ways[static_cast<std::size_t>(operand.path == Path::direct ? memory : buffer)] = true;
        staged |= operand.path == Path::staged;
      }
    };
    note(region.inputs, Way::from_memory, Way::from_buffer);
    note(region.outputs, Way::to_memory, Way::to_buffer);
  }

  bool from_memory() const { return ways[static_cast<std::size_t>(Way::from_memory)]; }
  bool to_memory() const { return ways[static_cast<std::size_t>(Way::to_memory)]; }
  bool from_buffer() const { return ways[static_cast<std::size_t>(Way::from_buffer)]; }
  bool to_buffer() const { return ways[static_cast<std::size_t>(Way::to_buffer)]; }
};

/// Traffic of the whole region.
struct Traffic {
  /// Through the network: its directions do not share ports.
  struct Network {
    double in = 0;
    double out = 0;
    double busier() const { return std::max(in, out); }
    double all() const { return in + out; }
  };
  Network network_buffer;
  Network network_memory;
  double buffer = 0;
  double memory = 0;
  double written = 0;  ///< to memory
  double turning = 0;  ///< cycles, if memory turned for every write of these
};

class Estimator {
 public:
  /// `with_waits`: work out what waiting does, too.
  Estimator(const Chip& chip, const ChipRates& rates, const Region& region, bool with_waits)
      : chip_(chip),
        rates_(rates),
        region_(region),
        with_waits_(with_waits),
        passing_(region),
        fill_(region) {}

  RegionEstimate estimate() {
    // Part 0 is the slowest: it fetches all that is shared, of a contraction the last parts along
    // an axis may be smaller, and of a chain's chunks those that don't divide go to the first
    // parts.
    const PartTotals first = region_.contraction ? walk_grid() : walk_chain();
    return combine(first);
  }

 private:
  /// `in`: towards the cores.
  void count(const Operand& operand, double bytes, bool in) {
    const bool is_direct = operand.path == Path::direct;
    Traffic::Network& network = is_direct ? traffic_.network_memory : traffic_.network_buffer;
    (in ? network.in : network.out) += bytes;
    (is_direct ? traffic_.memory : traffic_.buffer) += bytes;
  }

  /// What a write to memory that comes between reads costs its bus.
  void count_write(double bytes, double times) {
    const double transactions = std::ceil(bytes / static_cast<double>(limits_.max_bytes));
    traffic_.written += bytes * times;
    traffic_.turning +=
        rates_.turnaround * std::min(transactions, bytes / rates_.write_batch) * times;
  }

  /// Cycles in which the memory's bus turns. Before a write in the queue there is a read as often
  /// as bytes are read.
  double turning() const {
    if (traffic_.memory == 0) return 0;
    return (1 - traffic_.written / traffic_.memory) * traffic_.turning;
  }

  /// Equal parts.
  struct Alike {
    std::int64_t part = 0;  ///< the first of them
    double count = 1;
    std::array<double, 2> leaders{1,
                                  1};  ///< how many of them fetch blocks of A and of B, if any do
  };

  /// Adds one step of each of some equal parts.
  void add(const ProgramStep& step, const Alike& parts, PartTotals& t) {
    const double times = parts.count;
    for (const StageTransfer& block : step.staged) {
      const double bytes =
          to_double(block.bytes) * parts.leaders[static_cast<std::size_t>(block.operand)];
      traffic_.memory += bytes;
      traffic_.buffer += bytes;
      staged_ += bytes;
    }
    const auto load = [&](const std::vector<StepTransfer>& loads) {
      double in = 0;
      for (const StepTransfer& transfer : loads) {
        const Operand& operand = region_.inputs[transfer.operand];
        const auto bytes = to_double(transfer.bytes);
        count(operand, bytes * times, true);
        in += bytes;
        if (operand.path == Path::direct) t.from_memory += bytes;
      }
      t.port_in += in;
      return in;
    };
    load(step.tensor_loads);
    const double into_vector = load(step.vector_loads);
    const bool has_vector = !region_.vector_cores.empty();
    if (has_vector) vector_bytes_ += into_vector * times;
    if (region_.contraction) t.matrix_work += step.tensor.body;
    macs_ += static_cast<double>(step.macs) * times;
    operations_ += static_cast<double>(step.vector_operations) * times;
    if (!step.has_output) return;
    if (has_vector) {
      // The sums' way in hides behind work, unless it is the longer of the two.
      t.vector_work +=
          region_.contraction ? std::max(step.vector.setup, step.vector.body) : step.vector.body;
      vector_bytes_ += to_double(step.forwarded) * times;
    }
    double out = 0;
    for (const StepTransfer& store : step.stores) {
      const Operand& operand = region_.outputs[store.operand];
      count(operand, to_double(store.bytes) * times, false);
      out += to_double(store.bytes);
      if (operand.path == Path::direct) {
        t.to_memory += to_double(store.bytes);
        count_write(to_double(store.bytes), times);
      }
    }
    t.port_out += out;
    if (has_vector) vector_bytes_ += out * times;
  }

  /// Walks the parts of a contraction: along each axis all but the last are equal, and the last too
  /// if the axis divides.
  PartTotals walk_grid() {
    const ContractionShape& whole = *region_.contraction;
    const Split& split = region_.mapping.split;
    struct Places {
      std::int64_t first = 0;
      std::int64_t count = 0;  ///< 0: there are none
    };
    const auto kinds = [](std::int64_t size, std::int64_t parts) -> std::array<Places, 2> {
      if (parts == 1 || size % parts == 0) return {{{0, parts}, {}}};
      return {{{0, parts - 1}, {parts - 1, 1}}};
    };
    PartTotals first;
    for (const Places& batch : kinds(whole.batch, split.batch)) {
      for (const Places& m : kinds(whole.m, split.m)) {
        for (const Places& n : kinds(whole.n, split.n)) {
          for (const Places& k : kinds(whole.k, split.k)) {
            if (batch.count * m.count * n.count * k.count == 0) continue;
            const auto outside_mn = static_cast<double>(batch.count * k.count);
            Alike alike;
            alike.part =
                ((batch.first * split.m + m.first) * split.n + n.first) * split.k + k.first;
            alike.count = outside_mn * static_cast<double>(m.count * n.count);
            // Of parts that share a block the one at the beginning of its axis fetches it.
            alike.leaders = {outside_mn * static_cast<double>(m.count),
                             outside_mn * static_cast<double>(n.count)};
            if (alike.part == 0) {
              first = walk_first(alike);
            } else {
              walk(alike);
            }
          }
        }
      }
    }
    return first;
  }

  /// Walks the parts of a vector chain: the `larger` first ones have a chunk more, and the others
  /// differ by what rounding gives them, so that the last stands for itself.
  PartTotals walk_chain() {
    const auto parts = static_cast<std::int64_t>(region_.parts());
    const VectorMapping& chain = region_.vector_mapping;
    const std::int64_t larger = std::max<std::int64_t>(1, chain.chunks % chain.parts);
    const auto walk_from = [&](std::int64_t part, std::int64_t count) {
      if (count > 0) walk({part, static_cast<double>(count), {}});
    };
    const PartTotals first = walk_first({0, 1, {}});
    walk_from(1, larger - 1);
    walk_from(larger, parts - larger - 1);
    walk_from(parts - 1, parts > 1 ? 1 : 0);
    return first;
  }

  void walk(const Alike& parts) {
    PartTotals unused;
    const auto first = static_cast<std::size_t>(parts.part);
    for (PartProgram program(chip_, region_, first); !program.done(); program.next()) {
      add(program.step(), parts, unused);
    }
  }

  /// Walks part 0, and follows what its cores wait for; adds what it and its like do.
  PartTotals walk_first(const Alike& parts) {
    MoveCosts costs;
    costs.memory_latency = 2 * rates_.noc_latency + rates_.memory_latency;
    costs.buffer_latency = 2 * rates_.noc_latency + rates_.buffer_latency;
    costs.stage_latency = rates_.memory_latency + rates_.buffer_latency;
    costs.port = rates_.port;
    costs.memory = rates_.memory;
    costs.buffer = rates_.buffer;
    costs.parts = static_cast<double>(region_.parts());
    chains_.emplace(region_, costs, vector_turns());
    if (with_waits_) {
      const auto follow_with = [&](std::optional<std::size_t>& chain, auto&& wait_of) {
        Waits waits;
        wait_of(waits) = Cycles(kLongWait);
        chain = chains_->add(waits);
      };
      const Passing& p = passing_;
      // Where all that waits goes one way, that way's chain tells.
      if (p.staged || (p.from_memory() && p.to_memory())) {
        follow_with(memory_waits_, [](Waits& w) -> Cycles& { return w.memory; });
      }
      if (p.staged || (p.from_buffer() && p.to_buffer())) {
        follow_with(buffer_waits_, [](Waits& w) -> Cycles& { return w.buffer; });
      }
      for (std::size_t way = 0; way < kWayCount; ++way) {
        if (!p.ways[way]) continue;
        follow_with(way_waits_[way], [way](Waits& w) -> Cycles& { return w.ways[way]; });
      }
    }
    PartTotals t;
    for (PartProgram program(chip_, region_, 0); !program.done(); program.next()) {
      const ProgramStep& step = program.step();
      const double loaded_before = t.from_memory;
      const double stored_before = t.to_memory;
      add(step, parts, t);
      const StepMoves moves = StepMoves::of(step, region_);
      chains_->append(step, moves);
      fill_.append(step, chains_->finish(kAlone));
      if (!step.has_output) continue;
      last_.work = Cycles(0);
      if (region_.contraction)
        last_.work += step.tensor.setup + step.tensor.body + step.tensor.tail;
      if (!region_.vector_cores.empty()) {
        last_.work += step.vector.setup + step.vector.body + step.vector.tail;
      }
      last_.loaded = t.from_memory - loaded_before;
      last_.stored = t.to_memory - stored_before;
      if (blocks_++ == 0) first_ = last_;
    }
    return t;
  }

  /// Parts that share a vector core are served in turn.
  std::int64_t vector_turns() const {
    std::int64_t turns = 1;
    for (const std::int32_t core : region_.vector_cores) {
      turns = std::max<std::int64_t>(
          turns, std::count(region_.vector_cores.begin(), region_.vector_cores.end(), core));
    }
    return turns;
  }

  /// What memory rests while the first block is worked on and nothing but the operands of one more
  /// step can be fetched, and while the last one is and only one more result waits to be stored.
  /// Parts start one after another, as the data of their first steps comes in.
  double memory_rest() const {
    if (blocks_ < 2) return 0;  // nothing to hide behind: the chain has it all
    const auto parts = static_cast<double>(region_.parts());
    const double load = first_.loaded * parts / rates_.memory;
    const double store = last_.stored * parts / rates_.memory;
    const double rest = std::max(0.0, to_double(first_.work) + load / parts - 2 * load) +
                        std::max(0.0, to_double(last_.work) + store / parts - 2 * store);
    return std::min(rest, to_double(chains_->finish(kAlone)));
  }

  void set_patience(RegionEstimate& e) const {
    const auto of_way = [&](Way way) -> const std::optional<std::size_t>& {
      return way_waits_[static_cast<std::size_t>(way)];
    };
    // That of a level whose own chain was not followed: of its only way, or nothing waits there.
    const auto of_level = [&](const std::optional<std::size_t>& own, Way in, Way out) {
      const std::optional<std::size_t>& chain = own ? own : of_way(in) ? of_way(in) : of_way(out);
      return patience_of(chain.value_or(kAlone), e.launch);
    };
    e.with_memory = of_level(memory_waits_, Way::from_memory, Way::to_memory);
    e.with_buffer = of_level(buffer_waits_, Way::from_buffer, Way::to_buffer);
    for (std::size_t way = 0; way < kWayCount; ++way) {
      if (way_waits_[way]) e.with_way[way] = patience_of(*way_waits_[way], e.launch);
    }
  }

  /// Splits the time of a chain whose transfers wait long into the waits and the rest.
  Patience patience_of(std::size_t chain, double launch) const {
    const std::int64_t time = chains_->finish(chain).value();
    return {launch + static_cast<double>(time % kLongWait), static_cast<double>(time / kLongWait)};
  }

  RegionEstimate combine(const PartTotals& part) {
    RegionEstimate e;
    const auto set = [&](Resource resource, double cycles, double traffic) {
      e.bounds[static_cast<std::size_t>(resource)] = {cycles,
                                                      Bytes(static_cast<std::int64_t>(traffic))};
    };
    if (region_.contraction) set(Resource::matrix, to_double(part.matrix_work), 0);
    if (!region_.vector_cores.empty()) {
      set(Resource::vector, to_double(part.vector_work) * static_cast<double>(vector_turns()), 0);
    }
    const double one_way = std::max(part.port_in, part.port_out);
    set(Resource::port, one_way / rates_.port, one_way);
    const double to_buffer = traffic_.network_buffer.busier() / rates_.network_buffer;
    const double to_memory = traffic_.network_memory.busier() / rates_.network_memory;
    set(Resource::network, std::max(to_buffer, to_memory),
        to_buffer >= to_memory ? traffic_.network_buffer.busier()
                               : traffic_.network_memory.busier());
    e.network_bytes = traffic_.network_buffer.all() + traffic_.network_memory.all();
    set(Resource::buffer, traffic_.buffer / rates_.buffer, traffic_.buffer);
    e.turning = turning();
    set(Resource::memory, traffic_.memory / rates_.memory + e.turning, traffic_.memory);

    e.launch = rates_.launch;
    const double finish = to_double(chains_->finish(kAlone));
    e.startup = to_double(chains_->first_begin(kAlone));
    e.drain = finish - to_double(chains_->last_store(kAlone));
    const double matrix = e.bound(Resource::matrix).cycles;
    const double vector = e.bound(Resource::vector).cycles;
    e.pace = matrix >= vector ? Resource::matrix : Resource::vector;
    e.latency = finish - std::max(matrix, vector);
    e.exposed = e.latency - e.startup - e.drain;
    const bool serial = is_serial(chip_, region_);
    if (serial) add_up(e);
    double slowest = std::max(matrix, vector) + e.latency;
    double binding_cycles = 0;
    for (std::size_t i = 0; i < kResourceCount; ++i) {
      const auto resource = static_cast<Resource>(i);
      if (e.bounds[i].cycles > binding_cycles) {
        binding_cycles = e.bounds[i].cycles;
        e.binding = resource;
      }
      if (resource == Resource::matrix || resource == Resource::vector) continue;
      double latency = 2 * rates_.noc_latency + rates_.memory_latency;
      if (resource == Resource::memory && !serial) latency += memory_rest();
      if (e.bounds[i].cycles + latency <= slowest) continue;
      slowest = e.bounds[i].cycles + latency;
      e.pace = resource;
      e.latency = latency;
    }
    e.cycles = e.launch + slowest;
    split(e, serial);
    if (with_waits_) set_patience(e);
    e.way_cycles = {traffic_.network_memory.in / rates_.network_memory,
                    traffic_.network_memory.out / rates_.network_memory,
                    traffic_.network_buffer.in / rates_.network_buffer,
                    traffic_.network_buffer.out / rates_.network_buffer};
    e.core_windows = (part.from_memory + part.to_memory) / to_double(limits_.core_window);
    e.macs = static_cast<std::int64_t>(macs_);
    e.vector_bytes = vector_bytes_;
    e.vector_operations = static_cast<std::int64_t>(operations_);
    return e;
  }

  /// Tells the time in which rings are filled from the rest. What a region takes longer for the
  /// traffic's coming at once, its cores stand still. With single buffering nothing runs ahead.
  void split(RegionEstimate& e, bool serial) const {
    RegionWork work;
    work.launch = e.launch;
    work.chain = to_double(chains_->finish(kAlone));
    work.cycles = e.cycles;
    work.memory = e.bound(Resource::memory).cycles;
    work.buffer = e.bound(Resource::buffer).cycles;
    work.staged = staged_;
    work.staged_memory = staged_ / rates_.memory;
    work.staged_buffer = staged_ / rates_.buffer;
    e.phases = (serial ? RingFill() : fill_).phases(work);
    const double longer = e.phases[0].cycles + e.phases[1].cycles - e.cycles;
    e.cycles += longer;
    e.latency += longer;
    if (e.pace == Resource::matrix || e.pace == Resource::vector) e.exposed += longer;
  }

  /// Where nothing hides behind work: loads, work and stores, and what lies between the cores.
  void add_up(RegionEstimate& e) const {
    const SerialTime time = serial_time(chip_, rates_, region_);
    e.startup = time.load;
    e.drain = time.store;
    e.latency = time.total - e.bound(e.pace).cycles;
    e.exposed = e.latency - e.startup - e.drain;
  }

  const Chip& chip_;
  const ChipRates& rates_;
  const Region& region_;
  const TransferLimits limits_;
  bool with_waits_;
  const Passing passing_;
  RingFill fill_;
  std::optional<PartChains> chains_;
  std::optional<std::size_t> memory_waits_;  ///< numbers of chains
  std::optional<std::size_t> buffer_waits_;
  std::array<std::optional<std::size_t>, kWayCount> way_waits_;
  EndBlock first_;
  EndBlock last_;
  std::int64_t blocks_ = 0;
  Traffic traffic_;
  double staged_ = 0;
  double macs_ = 0;
  double operations_ = 0;
  double vector_bytes_ = 0;
};

}  // namespace

RegionEstimate estimate_region(const Chip& chip, const ChipRates& rates, const Region& region) {
  return Estimator(chip, rates, region, true).estimate();
}

double region_cycles(const Chip& chip, const ChipRates& rates, const Region& region) {
  return Estimator(chip, rates, region, false).estimate().cycles;
}

}  // namespace simdse
