#include "search/plan/plan_validator.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <memory>

#include "search/plan/part_program.h"

namespace simdse {
namespace {

/// Which regions are done, under any timing, before which others start.
class Ancestors {
 public:
  Ancestors(const Chip& chip, const Plan& plan)
      : words_((plan.regions.size() + 63) / 64), bits_(plan.regions.size() * words_) {
    std::vector<RegionId> tensor_last(chip.tensor_cores().size(), kNone);
    std::vector<RegionId> vector_last(chip.vector_cores().size(), kNone);
    for (const Region& region : plan.regions) {
      for (const RegionId before : region.after) follow(region.id, before);
      const auto follow_cores = [&](std::vector<RegionId>& last,
                                    const std::vector<std::int32_t>& cores) {
        for (const std::int32_t core : cores) {
          if (last[core] != kNone && last[core] != region.id) follow(region.id, last[core]);
          last[core] = region.id;
        }
      };
      follow_cores(tensor_last, region.tensor_cores);
      follow_cores(vector_last, region.vector_cores);
    }
  }

  bool is_before(RegionId before, RegionId region) const {
    return (row(region)[before / 64] >> (before % 64) & 1) != 0;
  }

 private:
  const std::uint64_t* row(RegionId id) const {
    return bits_.data() + static_cast<std::size_t>(id) * words_;
  }
  void follow(RegionId region, RegionId before) {
    std::uint64_t* own = bits_.data() + static_cast<std::size_t>(region) * words_;
    const std::uint64_t* other = row(before);
    for (std::size_t i = 0; i < words_; ++i) own[i] |= other[i];
    own[before / 64] |= std::uint64_t{1} << (before % 64);
  }

  std::size_t words_;
  std::vector<std::uint64_t> bits_;
};

class Validator {
 public:
  Validator(const Graph& graph, const Chip& chip, const Plan& plan)
      : graph_(graph), chip_(chip), plan_(plan) {}

  std::vector<std::string> run() {
    check_structure();
    // The rest makes sense only of cores and regions that exist.
    if (!problems_.empty()) return problems_;
    ancestors_ = std::make_unique<Ancestors>(chip_, plan_);
    check_dependencies();
    for (const Region& region : plan_.regions) check_work(region);
    check_allocations();
    return problems_;
  }

 private:
  template <class... Args>
  void problem(fmt::format_string<Args...> text, Args&&... args) {
    constexpr std::size_t enough = 50;
    if (problems_.size() < enough) {
      problems_.push_back(fmt::format(text, std::forward<Args>(args)...));
    }
  }

  static bool is_reduction(const Region& region) {
    return !region.contraction && !region.inputs.empty() && region.inputs.front().tensor == kNone;
  }

  void check_structure() {
    region_of_.assign(graph_.operators().size(), kNone);
    RegionId expected = 0;
    for (const Region& region : plan_.regions) {
      if (region.id != expected++) problem("region {} stands at place {}", region.id, expected - 1);
      for (const RegionId before : region.after) {
        if (before < 0 || before >= region.id) problem("region {} waits for {}", region.id, before);
      }
      check_cores(region);
      if (region.operators.empty()) problem("region {} has no operator", region.id);
      for (const OperatorId op : region.operators) {
        if (op < 0 || op >= static_cast<OperatorId>(graph_.operators().size())) {
          problem("region {} runs operator {}, which is not in the graph", region.id, op);
        } else if (region_of_[op] != kNone && !is_reduction(region)) {
          problem("operator '{}' runs twice", graph_.op(op).name);
        } else {
          region_of_[op] = region.id;
        }
      }
    }
    for (const Operator& op : graph_.operators()) {
      if (!op.kind->is_view() && region_of_[op.id] == kNone) problem("'{}' is not run", op.name);
    }
  }

  void check_cores(const Region& region) {
    const auto check = [&](const std::vector<std::int32_t>& cores, std::size_t count,
                           const char* kind) {
      for (const std::int32_t core : cores) {
        if (core < 0 || core >= static_cast<std::int32_t>(count)) {
          problem("region {} runs on {} core {}, the chip has {}", region.id, kind, core, count);
        }
      }
    };
    check(region.tensor_cores, chip_.tensor_cores().size(), "tensor");
    check(region.vector_cores, chip_.vector_cores().size(), "vector");
    const bool has_tensor = !region.tensor_cores.empty();
    const bool has_vector = !region.vector_cores.empty();
    if (has_tensor != region.contraction.has_value() || has_vector == region.vector.empty()) {
      problem("region {} has cores that its work does not call for", region.id);
    }
    if (has_tensor && has_vector && region.tensor_cores.size() != region.vector_cores.size()) {
      problem("region {} has parts without a vector core", region.id);
    }
    if (region.contraction && region.inputs.size() < 2) {
      problem("region {} contracts fewer than two operands", region.id);
    }
  }

  void check_dependencies() {
    for (const Operator& op : graph_.operators()) {
      if (op.kind->is_view()) continue;
      for (const OperatorId before : graph_.predecessors(op.id)) {
        const RegionId own = region_of_[op.id];
        const RegionId other = region_of_[before];
        if (own != other && !ancestors_->is_before(other, own)) {
          problem("'{}' may start before '{}' is done", op.name, graph_.op(before).name);
        }
      }
    }
  }

  /// Walks all parts of a region and adds up what they do.
  void check_work(const Region& region) {
    std::int64_t macs = 0;
    std::vector<std::int64_t> loaded(region.inputs.size());
    std::vector<std::int64_t> stored(region.outputs.size());
    for (std::size_t part = 0; part < region.parts(); ++part) {
      std::int64_t live[2] = {0, 0};
      for (PartProgram program(chip_, region, part); !program.done(); program.next()) {
        const ProgramStep& step = program.step();
        macs += step.macs;
        for (const StepTransfer& load : step.tensor_loads)
          loaded[load.operand] += load.bytes.value();
        for (const StepTransfer& load : step.vector_loads)
          loaded[load.operand] += load.bytes.value();
        for (const StepTransfer& store : step.stores) stored[store.operand] += store.bytes.value();
        check_ring(region, part, step, live);
      }
    }
    std::int64_t expected = 0;
    for (const OperatorId op : region.operators) expected += graph_.work(op).macs();
    if (is_reduction(region)) expected = 0;
    if (macs != expected) {
      problem("region {} makes {} MACs of {}", region.id, macs, expected);
    }
    for (std::size_t i = 0; i < loaded.size(); ++i) {
      if (loaded[i] < region.inputs[i].bytes.value()) {
        problem("region {} loads {} of {} bytes of input {}", region.id, loaded[i],
                region.inputs[i].bytes.value(), i);
      }
    }
    for (std::size_t i = 0; i < stored.size(); ++i) {
      // Where windows overlap, the last byte of a block is rounded up.
      const std::int64_t whole = region.outputs[i].bytes.value();
      const bool is_exact = region.outputs[i].bytes_per_element.denominator == 1;
      if (is_exact ? stored[i] != whole : stored[i] < whole) {
        problem("region {} stores {} of {} bytes of output {}", region.id, stored[i], whole, i);
      }
    }
  }

  /// Blocks in a ring are those fetched and not released; they must fit at every step.
  void check_ring(const Region& region, std::size_t part, const ProgramStep& step,
                  std::int64_t (&live)[2]) {
    for (const StageTransfer& block : step.staged) live[block.operand] += block.bytes.value();
    for (std::size_t i = 0; i < 2 && region.contraction; ++i) {
      if (region.inputs[i].path != Path::staged) continue;
      const bool shared = is_shared(region, i);
      if (shared && part != 0) continue;
      const auto share = static_cast<std::int64_t>(shared ? 1 : region.parts());
      const std::int64_t capacity = region.inputs[i].ring_bytes.value() / share;
      if (live[i] > capacity) {
        problem("region {}: {} bytes of operand {} must be in a ring of {}", region.id, live[i], i,
                capacity);
        live[i] = 0;
      }
      live[i] -= step.released[i].value();
    }
  }

  /// An allocation with the regions that touch it.
  struct Tenancy {
    const Allocation* space = nullptr;
    std::vector<RegionId> users;
  };

  void check_allocations() {
    std::map<std::pair<Level, TensorId>, std::vector<std::size_t>> by_tensor;
    std::vector<Tenancy> tenancies;
    const std::int64_t memory = chip_.memory().capacity().value();
    const std::int64_t buffer = chip_.buffer().capacity().value();
    for (const Allocation& space : plan_.allocations) {
      const std::int64_t end = space.level == Level::memory ? memory : buffer;
      if (space.address < 0 || space.address + space.bytes.value() > end) {
        problem("an allocation of {} bytes at {} leaves its memory of {}", space.bytes.value(),
                space.address, end);
      }
      by_tensor[{space.level, space.tensor}].push_back(tenancies.size());
      tenancies.push_back({&space, {}});
    }
    for (const Region& region : plan_.regions) {
      for (const Operand& operand : region.inputs) find_home(region, operand, by_tensor, tenancies);
      for (const Operand& operand : region.outputs)
        find_home(region, operand, by_tensor, tenancies);
      check_ring_place(region, buffer);
    }
    check_overlaps(tenancies);
  }

  void find_home(const Region& region, const Operand& operand,
                 const std::map<std::pair<Level, TensorId>, std::vector<std::size_t>>& by_tensor,
                 std::vector<Tenancy>& tenancies) {
    const Level level = operand.path == Path::resident ? Level::buffer : Level::memory;
    const auto found = by_tensor.find({level, operand.tensor});
    if (found != by_tensor.end()) {
      for (const std::size_t index : found->second) {
        const Allocation& space = *tenancies[index].space;
        const bool is_inside =
            operand.address >= space.address &&
            operand.address < space.address + std::max<std::int64_t>(space.bytes.value(), 1);
        const bool is_alive = (space.first == kNone || space.first <= region.id) &&
                              (space.last == kNone || space.last >= region.id);
        if (!is_inside || !is_alive) continue;
        tenancies[index].users.push_back(region.id);
        return;
      }
    }
    problem("region {} uses tensor {} at {}, where it does not live", region.id, operand.tensor,
            operand.address);
  }

  void check_ring_place(const Region& region, std::int64_t buffer) {
    if (region.tensor_cores.empty()) return;
    for (std::size_t i = 0; i < 2; ++i) {
      const Operand& operand = region.inputs[i];
      if (operand.path != Path::staged) continue;
      if (operand.ring_address < 0 || operand.ring_address + operand.ring_bytes.value() > buffer) {
        problem("region {}: a ring of {} bytes at {} leaves the buffer", region.id,
                operand.ring_bytes.value(), operand.ring_address);
      }
      for (const Allocation& space : plan_.allocations) {
        if (space.level == Level::buffer &&
            space.address < operand.ring_address + operand.ring_bytes.value() &&
            operand.ring_address < space.address + space.bytes.value()) {
          problem("region {}: a ring lies where tensor {} lives", region.id, space.tensor);
        }
      }
    }
  }

  void check_overlaps(std::vector<Tenancy>& tenancies) {
    std::sort(tenancies.begin(), tenancies.end(), [](const Tenancy& a, const Tenancy& b) {
      return std::make_pair(a.space->level, a.space->address) <
             std::make_pair(b.space->level, b.space->address);
    });
    for (std::size_t i = 0; i < tenancies.size(); ++i) {
      const Allocation& a = *tenancies[i].space;
      for (std::size_t j = i + 1; j < tenancies.size(); ++j) {
        const Allocation& b = *tenancies[j].space;
        if (b.level != a.level || b.address >= a.address + a.bytes.value()) break;
        if (!ordered(tenancies[i], tenancies[j]) && !ordered(tenancies[j], tenancies[i])) {
          problem("tensors {} and {} share addresses and may be alive at the same time", a.tensor,
                  b.tensor);
        }
      }
    }
  }

  /// True if every user of `a` is done before any user of `b` starts.
  bool ordered(const Tenancy& a, const Tenancy& b) const {
    if (a.space->last == kNone || b.space->first == kNone) return false;
    return std::all_of(a.users.begin(), a.users.end(),
                       [&](RegionId user) { return ancestors_->is_before(user, b.space->first); });
  }

  const Graph& graph_;
  const Chip& chip_;
  const Plan& plan_;
  std::vector<std::string> problems_;
  std::vector<RegionId> region_of_;
  std::unique_ptr<Ancestors> ancestors_;
};

}  // namespace

std::vector<std::string> validate_plan(const Graph& graph, const Chip& chip, const Plan& plan) {
  return Validator(graph, chip, plan).run();
}

}  // namespace simdse
