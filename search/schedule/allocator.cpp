#include "search/schedule/allocator.h"

#include <fmt/core.h>

#include <algorithm>
#include <limits>
#include <optional>

#include "models/base/error.h"
#include "models/base/quantity_text.h"
#include "search/schedule/space.h"
#include "workloads/operators/keep.h"

namespace simdse {
namespace {

/// Where the bytes of one tensor are while the plan is walked.
struct Home {
  std::vector<RegionId> uses;  ///< regions that touch it, ascending
  std::size_t writers = 0;     ///< of these, the ones that write it
  bool is_persistent = false;
  bool is_kept = false;               ///< read after the end
  std::optional<std::size_t> memory;  ///< index into Plan::allocations
  std::optional<std::size_t> buffer;
  RegionId last_buffer_use = kNone;
};

/// What gradients are added to is there from the start.
bool is_main_gradient(const Tensor& tensor) {
  return tensor.role == TensorRole::parameter_gradient && tensor.producer == kNone;
}

/// What an allocation changes of a plan, as it was before.
class Unplaced {
 public:
  explicit Unplaced(const Plan& plan) {
    Sizes all;
    for (const Region& region : plan.regions) {
      all.inputs += region.inputs.size();
      all.outputs += region.outputs.size();
      all.after += region.after.size();
    }
    sizes_.reserve(plan.regions.size());
    operands_.reserve(all.inputs + all.outputs);
    after_.reserve(all.after);
    for (const Region& region : plan.regions) {
      operands_.insert(operands_.end(), region.inputs.begin(), region.inputs.end());
      operands_.insert(operands_.end(), region.outputs.begin(), region.outputs.end());
      after_.insert(after_.end(), region.after.begin(), region.after.end());
      sizes_.push_back({region.inputs.size(), region.outputs.size(), region.after.size()});
    }
  }

  void restore(Plan& plan) const {
    auto operand = operands_.begin();
    auto before = after_.begin();
    const auto take = [](auto& from, std::size_t count, auto& to) {
      to.assign(from, from + static_cast<std::ptrdiff_t>(count));
      from += static_cast<std::ptrdiff_t>(count);
    };
    for (std::size_t i = 0; i < plan.regions.size(); ++i) {
      take(operand, sizes_[i].inputs, plan.regions[i].inputs);
      take(operand, sizes_[i].outputs, plan.regions[i].outputs);
      take(before, sizes_[i].after, plan.regions[i].after);
    }
    plan.allocations.clear();
    plan.peak_memory = plan.peak_buffer = Bytes(0);
  }

 private:
  struct Sizes {
    std::size_t inputs = 0;
    std::size_t outputs = 0;
    std::size_t after = 0;
  };
  std::vector<Sizes> sizes_;  ///< by region
  std::vector<Operand> operands_;
  std::vector<RegionId> after_;
};

class Allocator {
 public:
  Allocator(Plan& plan, const Chip& chip, const TaskGraph& graph, Space memory)
      : plan_(plan),
        graph_(*graph.graph),
        tensor_bytes_(graph.tensor_bytes),
        layout_(BufferLayout::of(chip)),
        memory_(std::move(memory)),
        buffer_(layout_.resident, layout_.end, Space::Policy::rotating),
        homes_(graph_.tensors().size()) {
    const std::vector<bool> kept = kept_tensors(graph_);
    for (std::size_t id = 0; id < homes_.size(); ++id) homes_[id].is_kept = kept[id];
  }

  /// Places everything; `highest` is then the end of the memory used. False if `memory` is too
  /// small.
  bool run(std::int64_t& highest) {
    find_uses();
    place_persistent();
    for (Region& region : plan_.regions) {
      if (overflowed_) return false;
      place_rings(region);
      place_outputs(region);
      resolve_inputs(region);
      plan_.peak_buffer = std::max(plan_.peak_buffer, Bytes(buffer_.used()) + region.ring_bytes());
      free_after(region);
    }
    for (Region& region : plan_.regions) finish_dependencies(region);
    plan_.peak_memory = Bytes(peak_);
    highest = highest_;
    return !overflowed_;
  }

 private:
  static std::int64_t aligned(Bytes bytes) { return in_lines(bytes).value(); }

  Bytes size_of(TensorId tensor) const { return tensor_bytes_[tensor]; }

  void find_uses() {
    constexpr std::size_t few_uses = 8;
    for (const Region& region : plan_.regions) {
      const auto note = [&](const Operand& operand, bool is_write) {
        if (operand.tensor == kNone) return;
        Home& home = homes_[operand.tensor];
        if (home.uses.empty()) home.uses.reserve(few_uses);
        if (home.uses.empty() || home.uses.back() != region.id) home.uses.push_back(region.id);
        if (is_write) ++home.writers;
      };
      for (const Operand& input : region.inputs) note(input, false);
      for (const Operand& output : region.outputs) note(output, true);
    }
  }

  void place_persistent() {
    for (std::size_t id = 0; id < graph_.tensors().size(); ++id) {
      const Tensor& tensor = graph_.tensors()[id];
      Home& home = homes_[id];
      if (tensor.storage != static_cast<TensorId>(id) || home.uses.empty()) continue;
      home.is_persistent = tensor.role == TensorRole::parameter ||
                           tensor.role == TensorRole::optimizer_state ||
                           tensor.role == TensorRole::input || is_main_gradient(tensor);
      if (home.is_persistent) {
        home.memory =
            grant_memory(static_cast<TensorId>(id), tensor_bytes_[id], kNone, kNone, nullptr);
      }
    }
  }

  std::size_t grant_memory(TensorId tensor, Bytes bytes, RegionId first, RegionId last,
                           Region* region) {
    auto found = memory_.allocate(aligned(bytes));
    overflowed_ = overflowed_ || !found;
    const Space::Grant grant = found.value_or(Space::Grant{});
    highest_ = std::max(highest_, grant.address + aligned(bytes));
    peak_ = std::max(peak_, memory_.used());
    if (region != nullptr) wait_for(*region, grant.former_users);
    plan_.allocations.push_back({tensor, Level::memory, grant.address, bytes, first, last});
    return plan_.allocations.size() - 1;
  }

  static void wait_for(Region& region, const std::vector<RegionId>& former_users) {
    region.after.insert(region.after.end(), former_users.begin(), former_users.end());
  }

  /// Rings lie in the slices of the region's tensor cores, which nobody else uses meanwhile.
  void place_rings(Region& region) {
    if (region.tensor_cores.empty()) return;
    std::int64_t address = layout_.slice * region.tensor_cores.front();
    for (std::size_t i = 0; i < 2; ++i) {
      region.inputs[i].ring_address = address;
      address += region.inputs[i].ring_bytes.value();
    }
  }

  void place_outputs(Region& region) {
    std::vector<Operand> outputs;
    outputs.reserve(2 * region.outputs.size());
    for (Operand& output : region.outputs) {
      if (output.tensor == kNone) {
        place_scratch(region, output);
        outputs.push_back(output);
        continue;
      }
      Home& home = homes_[output.tensor];
      if (!home.memory && !home.buffer) make_home(region, output.tensor, home);
      const std::int64_t offset = output.address;
      if (home.memory) {
        output.path = Path::direct;
        output.address = plan_.allocations[*home.memory].address + offset;
        outputs.push_back(output);
      }
      if (home.buffer) {
        output.path = Path::resident;
        output.address = plan_.allocations[*home.buffer].address + offset;
        outputs.push_back(output);
      }
    }
    region.outputs = std::move(outputs);
  }

  void make_home(Region& region, TensorId tensor, Home& home) {
    const Bytes bytes = size_of(tensor);
    const RegionId last = home.uses.back();
    // Tensors put together by several regions, and those used only much later, go to memory.
    RegionId last_near = kNone;
    for (const RegionId use : home.uses) {
      if (use > region.id && use <= region.id + kNearby) last_near = use;
    }
    if (home.writers == 1 && last_near != kNone) {
      if (auto grant = buffer_.allocate(aligned(bytes))) {
        wait_for(region, grant->former_users);
        home.buffer = plan_.allocations.size();
        home.last_buffer_use = last_near;
        plan_.allocations.push_back(
            {tensor, Level::buffer, grant->address, bytes, region.id, last_near});
      }
    }
    if (!home.buffer || last > last_near || home.is_kept) {
      const RegionId end = home.is_kept ? plan_.regions.back().id : last;
      home.memory = grant_memory(tensor, bytes, region.id, end, &region);
    }
  }

  /// Partial sums go from a region to the reduction right behind it.
  void place_scratch(Region& region, Operand& output) {
    const auto reduction = std::find_if(
        plan_.regions.begin() + region.id + 1, plan_.regions.end(), [&](const Region& other) {
          return !other.contraction && !other.inputs.empty() &&
                 other.inputs.front().tensor == kNone &&
                 other.operators.front() == region.operators.front();
        });
    const std::size_t index = grant_memory(kNone, output.bytes, region.id, reduction->id, &region);
    output.address = plan_.allocations[index].address;
    reduction->inputs.front().address = output.address;
    scratch_.push_back(index);
  }

  void resolve_inputs(Region& region) {
    for (Operand& input : region.inputs) {
      if (input.tensor == kNone) continue;
      const Home& home = homes_[input.tensor];
      const std::int64_t offset = input.address;
      if (home.buffer && region.id <= home.last_buffer_use) {
        input.path = Path::resident;
        input.ring_bytes = Bytes(0);
        input.address = plan_.allocations[*home.buffer].address + offset;
      } else {
        input.address = plan_.allocations[*home.memory].address + offset;
      }
    }
  }

  void free_after(const Region& region) {
    const auto visit = [&](const Operand& operand) {
      if (operand.tensor == kNone) return;
      Home& home = homes_[operand.tensor];
      if (home.buffer && home.last_buffer_use == region.id) {
        const Allocation& space = plan_.allocations[*home.buffer];
        buffer_.release(space.address, aligned(space.bytes), users_until(home, region.id));
        home.buffer.reset();
      }
      if (home.memory && !home.is_persistent && !home.is_kept && home.uses.back() == region.id) {
        const Allocation& space = plan_.allocations[*home.memory];
        memory_.release(space.address, aligned(space.bytes), home.uses);
        home.memory.reset();
      }
    };
    for (const Operand& input : region.inputs) visit(input);
    for (const Operand& output : region.outputs) visit(output);
    for (const std::size_t index : scratch_) {
      const Allocation& space = plan_.allocations[index];
      if (space.last == region.id) {
        memory_.release(space.address, aligned(space.bytes), {space.first, space.last});
      }
    }
  }

  static std::vector<RegionId> users_until(const Home& home, RegionId last) {
    return {home.uses.begin(), std::upper_bound(home.uses.begin(), home.uses.end(), last)};
  }

  static void finish_dependencies(Region& region) {
    std::sort(region.after.begin(), region.after.end());
    region.after.erase(std::unique(region.after.begin(), region.after.end()), region.after.end());
  }

  Plan& plan_;
  const Graph& graph_;
  const std::vector<Bytes>& tensor_bytes_;
  BufferLayout layout_;
  Space memory_;
  Space buffer_;
  std::vector<Home> homes_;
  std::vector<std::size_t> scratch_;
  std::int64_t highest_ = 0;
  std::int64_t peak_ = 0;
  bool overflowed_ = false;
};

}  // namespace

void allocate(Plan& plan, const Chip& chip, const TaskGraph& graph) {
  const std::int64_t capacity = chip.memory().capacity().value();
  const Unplaced unplaced(plan);
  std::int64_t highest = 0;
  if (Allocator(plan, chip, graph, Space(0, capacity, Space::Policy::rotating)).run(highest))
    return;
  // Pack as tightly as this allocator can, in a memory without end, to see what is needed.
  unplaced.restore(plan);
  constexpr std::int64_t endless = std::numeric_limits<std::int64_t>::max() / 2;
  Allocator(plan, chip, graph, Space(0, endless, Space::Policy::lowest)).run(highest);
  if (highest <= capacity) return;
  const auto text = [](std::int64_t bytes) {
    return format_quantity(static_cast<double>(bytes), Dimension::bytes, 4);
  };
  throw InputError(fmt::format(
      "the workload does not fit the memory: it needs {}, the chip has {}; {} too little",
      text(highest), text(capacity), text(highest - capacity)));
}

}  // namespace simdse
