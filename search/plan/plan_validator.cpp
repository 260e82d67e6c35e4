#include "search/plan/plan_validator.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <unordered_map>

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
    for (const Region& region : plan_.regions) check_shapes(region);
    // Walking steps makes sense only of work that is the graph's.
    if (!problems_.empty()) return problems_;
    for (const Region& region : plan_.regions) check_work(region);
    check_allocations();
    check_rings();
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
    first_region_of_ = region_of_;
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
        } else if (is_reduction(region)) {
          check_reduction(region, op);
        } else if (first_region_of_[op] != kNone) {
          problem("operator '{}' runs twice", graph_.op(op).name);
        } else {
          first_region_of_[op] = region_of_[op] = region.id;
        }
      }
    }
    for (const Operator& op : graph_.operators()) {
      if (!op.kind->is_view() && region_of_[op.id] == kNone) problem("'{}' is not run", op.name);
    }
  }

  /// True if the parts of a region leave partial sums for a reduction.
  static bool leaves_sums(const Region& region) {
    return region.contraction && region.mapping.split.k > 1;
  }

  /// A reduction stands alone behind the one region whose sums it adds up.
  void check_reduction(const Region& region, OperatorId op) {
    const RegionId main = first_region_of_[op];
    if (region.operators.size() != 1 || main == kNone || region_of_[op] != main ||
        !leaves_sums(plan_.regions[main])) {
      problem("region {} adds up sums that no region leaves", region.id);
      return;
    }
    region_of_[op] = region.id;
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
    const auto has_twice = [](std::vector<std::int32_t> cores) {
      std::sort(cores.begin(), cores.end());
      return std::adjacent_find(cores.begin(), cores.end()) != cores.end();
    };
    // Parts of a contraction may share the vector core behind them.
    if (has_twice(region.tensor_cores) || (!has_tensor && has_twice(region.vector_cores))) {
      problem("region {} has two parts on one core", region.id);
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
        const RegionId own = first_region_of_[op.id];
        const RegionId other = region_of_[before];
        if (own != other && !ancestors_->is_before(other, own)) {
          problem("'{}' may start before '{}' is done", op.name, graph_.op(before).name);
        }
      }
    }
  }

  /// What an operand must be, by the graph.
  struct Expected {
    TensorId tensor = kNone;
    std::int64_t offset = 0;
    std::int64_t bytes = 0;
    std::int64_t elements = 1;  ///< of the index space that its bytes are spread over
  };

  static constexpr std::int64_t kSumBytes = 4;  // a partial sum is fp32

  static std::int64_t product_elements(const ContractionShape& c) { return c.batch * c.m * c.n; }

  bool is_made_inside(const Region& region, const Tensor& tensor) const {
    return tensor.producer != kNone && first_region_of_[tensor.producer] == region.id;
  }

  /// The tensors that come into a region, in the order in which its operators read them.
  std::vector<Expected> expected_inputs(const Region& region) const {
    std::vector<Expected> result;
    for (const OperatorId id : region.operators) {
      const Operator& op = graph_.op(id);
      const Work work = graph_.work(id);
      for (std::size_t i = 0; i < op.inputs.size(); ++i) {
        const Tensor& tensor = graph_.tensor(op.inputs[i]);
        if (is_made_inside(region, tensor)) continue;
        Expected expected{tensor.storage, tensor.storage_offset.value(), work.read[i].value()};
        if (work.contraction) {
          const ContractionShape& c = *work.contraction;
          if (i < 2) expected.elements = c.batch * c.k * (i == 0 ? c.m : c.n);
        } else if (std::any_of(result.begin(), result.end(), [&](const Expected& known) {
                     return known.tensor == expected.tensor && known.offset == expected.offset;
                   })) {
          continue;  // read once for all operators of a chain
        }
        result.push_back(expected);
      }
    }
    return result;
  }

  std::vector<Expected> expected_outputs(const Region& region) const {
    std::vector<Expected> result;
    for (const OperatorId id : region.operators) {
      const Operator& op = graph_.op(id);
      const Work work = graph_.work(id);
      for (std::size_t i = 0; i < op.outputs.size(); ++i) {
        const Tensor& tensor = graph_.tensor(op.outputs[i]);
        const bool stays_inside =
            !tensor.consumers.empty() &&
            std::all_of(tensor.consumers.begin(), tensor.consumers.end(),
                        [&](OperatorId user) { return first_region_of_[user] == region.id; });
        if (stays_inside) continue;
        result.push_back({tensor.storage, tensor.storage_offset.value(), work.written[i].value(),
                          region.contraction ? product_elements(*region.contraction) : 1});
      }
    }
    return result;
  }

  static bool same_shape(const VectorShape& a, const VectorShape& b) {
    return a.rows == b.rows && a.columns == b.columns && a.alu_ops == b.alu_ops &&
           a.special_ops == b.special_ops && a.reductions == b.reductions && a.passes == b.passes;
  }

  /// A region's shapes and operands are those of its operators.
  void check_shapes(const Region& region) {
    std::optional<ContractionShape> contraction;
    NumberFormat format;
    std::vector<FollowUp> follow_ups;
    std::vector<VectorShape> vector;
    std::vector<Expected> inputs;
    std::vector<Expected> outputs;
    if (is_reduction(region)) {
      const Region& main = plan_.regions[first_region_of_[region.operators.front()]];
      const std::int64_t elements = product_elements(*main.contraction);
      const std::int64_t sums = main.mapping.split.k;
      VectorShape sum;
      sum.columns = elements;
      sum.alu_ops = static_cast<int>(sums - 1);
      vector = {sum};
      inputs = {{kNone, 0, elements * sums * kSumBytes}};
      for (Expected output : expected_outputs(main)) {
        output.elements = 1;
        outputs.push_back(output);
      }
    } else {
      for (const OperatorId op : region.operators) {
        const Work work = graph_.work(op);
        if (work.contraction) {
          contraction = work.contraction;
          format = operand_format(graph_, graph_.op(op));
        }
        if (!work.follow_ups.empty()) follow_ups = work.follow_ups;
        if (work.vector) vector.push_back(*work.vector);
      }
      inputs = expected_inputs(region);
      outputs = expected_outputs(region);
    }
    if (!(region.contraction == contraction)) {
      const auto macs = [](const std::optional<ContractionShape>& c) {
        const auto real = [](std::int64_t size) { return static_cast<double>(size); };
        return c ? real(c->batch) * real(c->m) * real(c->n) * real(c->k) : 0;
      };
      problem("region {} makes {:.0f} MACs of {:.0f}, or those of other sizes", region.id,
              macs(region.contraction), macs(contraction));
      return;
    }
    if (!is_reduction(region) && contraction && !(region.format == format)) {
      problem("region {} multiplies {}, its operands are {}", region.id, region.format.name,
              format.name);
      return;
    }
    for (const std::int32_t core : region.tensor_cores) {
      if (!contraction || chip_.tensor_cores()[core]->rate(format)) continue;
      problem("region {} multiplies {}, which its cores can't", region.id, format.name);
      return;
    }
    if (!(region.follow_ups == follow_ups)) {
      problem("region {} has other follow-ups than its operators", region.id);
      return;
    }
    if (!std::equal(vector.begin(), vector.end(), region.vector.begin(), region.vector.end(),
                    same_shape)) {
      problem("region {} has other vector work than its operators", region.id);
      return;
    }
    if (!is_reduction(region) && leaves_sums(region)) {
      const std::int64_t elements = product_elements(*region.contraction) * region.mapping.split.k;
      outputs = {{kNone, 0, elements * kSumBytes, elements}};
    }
    check_mapping(region);
    check_operands(region, region.inputs, inputs, "input");
    check_operands(region, region.outputs, outputs, "output");
  }

  /// Every part has a core and something to do on it.
  void check_split(const Region& region) {
    const Split& split = region.mapping.split;
    const ContractionShape& whole = *region.contraction;
    if (split.parts() != static_cast<std::int64_t>(region.parts())) {
      problem("region {} has {} cores for {} parts, {}", region.id, region.parts(), split.parts(),
              split_text(split));
      return;
    }
    if (!fills_all_parts(whole, split)) {
      problem("region {} has empty parts: {} x {} x {} x {} (batch x MxNxK), {}", region.id,
              whole.batch, whole.m, whole.n, whole.k, split_text(split));
    }
    if (!allows_follow_ups(split, region.follow_ups)) {
      problem("region {} has follow-ups on sums that other parts have, {}", region.id,
              split_text(split));
    }
    if (!sharers_agree(whole, region.mapping)) {
      problem("region {} has parts that share a ring and fetch other blocks through it, {}",
              region.id, split_text(split));
    }
  }

  void check_mapping(const Region& region) {
    const auto parts = static_cast<std::int64_t>(region.parts());
    if (region.contraction) {
      check_split(region);
      if (region.mapping.follow_up_tiles.size() != region.follow_ups.size()) {
        problem("region {} has {} tiles for {} follow-ups", region.id,
                region.mapping.follow_up_tiles.size(), region.follow_ups.size());
      }
      return;
    }
    const VectorMapping& mapping = region.vector_mapping;
    if (mapping.parts != parts || mapping.chunks < parts || mapping.chunks > mapping.units) {
      problem("region {} has {} chunks of {} units for {} cores", region.id, mapping.chunks,
              mapping.units, parts);
      return;
    }
    // Chunks are rows where an operator needs whole rows; if not, it passes over its row as often
    // as it must.
    const std::int64_t elements = region.vector.front().elements();
    std::int64_t rows = elements;
    std::int64_t passes = 1;
    for (const VectorShape& shape : region.vector) {
      if (shape.reductions > 0) rows = std::min(rows, shape.rows);
      passes = std::max<std::int64_t>(passes, shape.passes);
    }
    const bool is_by_rows = mapping.units == rows && mapping.input_passes >= 1;
    const bool is_by_elements = mapping.units == elements && mapping.input_passes >= passes;
    if (!is_by_rows && !is_by_elements) {
      problem("region {} cuts its vector work into {} units", region.id, mapping.units);
    }
  }

  /// Every expected operand is there, and no other. An output may go to memory and buffer both.
  void check_operands(const Region& region, const std::vector<Operand>& operands,
                      const std::vector<Expected>& expected, const char* kind) {
    std::vector<bool> is_found(expected.size(), false);
    std::size_t next = 0;
    for (std::size_t i = 0; i < operands.size(); ++i) {
      const Operand& operand = operands[i];
      const auto matches = [&](std::size_t e) {
        return e < expected.size() && operand.tensor == expected[e].tensor &&
               operand.bytes.value() == expected[e].bytes;
      };
      // In order, and an output once more right behind itself.
      std::size_t match = next;
      if (!matches(match) && next > 0 && kind == std::string("output")) match = next - 1;
      if (!matches(match)) {
        problem("region {}: {} {} is not {} bytes of tensor {} by the graph", region.id, kind, i,
                operand.bytes.value(), operand.tensor);
        return;
      }
      next = match + 1;
      offset_of_[&operand] = expected[match].offset;
      is_found[match] = true;
      const Ratio ratio =
          Ratio::of(expected[match].bytes, std::max<std::int64_t>(expected[match].elements, 1));
      if (operand.bytes_per_element.numerator != ratio.numerator ||
          operand.bytes_per_element.denominator != ratio.denominator) {
        problem("region {}: {} {} has {}/{} bytes per element, not {}/{}", region.id, kind, i,
                operand.bytes_per_element.numerator, operand.bytes_per_element.denominator,
                ratio.numerator, ratio.denominator);
      }
    }
    for (std::size_t e = 0; e < expected.size(); ++e) {
      if (!is_found[e]) problem("region {} lacks {} {}", region.id, kind, e);
    }
  }

  /// Walks all parts of a region and adds up what they do.
  void check_work(const Region& region) {
    std::int64_t macs = 0;
    std::vector<std::int64_t> loaded(region.inputs.size());
    std::vector<std::int64_t> stored(region.outputs.size());
    for (std::size_t part = 0; part < region.parts(); ++part) {
      std::int64_t live[2] = {0, 0};
      const Split& split = region.mapping.split;
      const auto index = static_cast<std::int64_t>(part);
      const bool feeds[2] = {split.rank_of(0, index) == 0, split.rank_of(1, index) == 0};
      for (PartProgram program(chip_, region, part); !program.done(); program.next()) {
        const ProgramStep& step = program.step();
        macs += step.macs;
        for (const StepTransfer& load : step.tensor_loads)
          loaded[load.operand] += load.bytes.value();
        for (const StepTransfer& load : step.vector_loads)
          loaded[load.operand] += load.bytes.value();
        for (const StepTransfer& store : step.stores) stored[store.operand] += store.bytes.value();
        check_rings_of(region, feeds, step, live);
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
      // Sums that a fused operator can't keep on chip leave and come back.
      const bool is_exact =
          region.follow_ups.empty() && region.outputs[i].bytes_per_element.denominator == 1;
      if (is_exact ? stored[i] != whole : stored[i] < whole) {
        problem("region {} stores {} of {} bytes of output {}", region.id, stored[i], whole, i);
      }
    }
  }

  /// Blocks in a ring are those fetched and not released; they must fit at every step.
  void check_rings_of(const Region& region, const bool (&feeds)[2], const ProgramStep& step,
                      std::int64_t (&live)[2]) {
    for (const StageTransfer& block : step.staged) live[block.operand] += block.bytes.value();
    for (std::size_t i = 0; i < 2 && region.contraction; ++i) {
      if (region.inputs[i].path != Path::staged) continue;
      if (!feeds[i]) continue;
      const std::int64_t capacity =
          region.inputs[i].ring_bytes.value() / region.mapping.split.rings(i);
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
      const auto regions = static_cast<RegionId>(plan_.regions.size());
      const bool is_tensor =
          space.tensor == kNone ||
          (space.tensor >= 0 && space.tensor < static_cast<TensorId>(graph_.tensors().size()));
      if (!is_tensor || space.first < kNone || space.first >= regions || space.last < kNone ||
          space.last >= regions) {
        problem("an allocation is for tensor {} from region {} to {}, which are not there",
                space.tensor, space.first, space.last);
        continue;
      }
      if (space.tensor != kNone && space.bytes != graph_.tensor(space.tensor).bytes()) {
        problem("tensor {} has {} bytes, its allocation {}", space.tensor,
                graph_.tensor(space.tensor).bytes().value(), space.bytes.value());
      }
      const std::int64_t end = space.level == Level::memory ? memory : buffer;
      if (space.address < 0 || space.address + space.bytes.value() > end) {
        problem("tensor {} with {} bytes at {} leaves the {} of {} bytes", space.tensor,
                space.bytes.value(), space.address,
                space.level == Level::memory ? "memory" : "global buffer", end);
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
    check_peak(Level::memory, "peak_memory", plan_.peak_memory);
    check_peak(Level::buffer, "peak_buffer", plan_.peak_buffer);
  }

  /// The most bytes of a level that are in use at once, in the plan's order.
  void check_peak(Level level, const char* name, Bytes stated) {
    // Space is handed out before it is taken back.
    std::map<RegionId, Bytes> given;
    std::map<RegionId, Bytes> taken;
    for (const Allocation& space : plan_.allocations) {
      if (space.level != level) continue;
      given[space.first] += in_lines(space.bytes);
      if (space.last != kNone) taken[space.last] += in_lines(space.bytes);
    }
    Bytes used = given[kNone];
    Bytes peak = used;
    for (const Region& region : plan_.regions) {
      used += given[region.id];
      peak = std::max(peak, level == Level::buffer ? used + region.ring_bytes() : used);
      used -= taken[region.id];
    }
    if (peak != stated) problem("{} is {} bytes, not {}", name, peak.value(), stated.value());
  }

  /// Rings of one region, and of regions that may run at the same time, lie apart.
  void check_rings() {
    struct Ring {
      RegionId region;
      std::int64_t begin;
      std::int64_t end;
    };
    std::vector<Ring> rings;
    for (const Region& region : plan_.regions) {
      for (std::size_t i = 0; i < 2 && region.contraction; ++i) {
        const Operand& operand = region.inputs[i];
        if (operand.path != Path::staged) continue;
        rings.push_back(
            {region.id, operand.ring_address, operand.ring_address + operand.ring_bytes.value()});
      }
    }
    for (std::size_t j = 0; j < rings.size(); ++j) {
      for (std::size_t i = 0; i < j; ++i) {
        const Ring& a = rings[i];
        const Ring& b = rings[j];
        if (a.begin >= b.end || b.begin >= a.end) continue;
        if (a.region != b.region && ancestors_->is_before(a.region, b.region)) continue;
        problem("regions {} and {} may run at the same time and their rings overlap", a.region,
                b.region);
      }
    }
  }

  void find_home(const Region& region, const Operand& operand,
                 const std::map<std::pair<Level, TensorId>, std::vector<std::size_t>>& by_tensor,
                 std::vector<Tenancy>& tenancies) {
    const Level level = operand.path == Path::resident ? Level::buffer : Level::memory;
    const auto found = by_tensor.find({level, operand.tensor});
    if (found != by_tensor.end()) {
      for (const std::size_t index : found->second) {
        const Allocation& space = *tenancies[index].space;
        // Some operators read bytes repeatedly, so what is read may be more than what is there.
        const bool is_inside = operand.address == space.address + offset_of_.at(&operand);
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
        problem("region {}: a ring of {} bytes at {} leaves the global buffer of {} bytes",
                region.id, operand.ring_bytes.value(), operand.ring_address, buffer);
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
  std::vector<RegionId> first_region_of_;  ///< by operator
  std::vector<RegionId> region_of_;        ///< by operator; the reduction if there is one
  std::unordered_map<const Operand*, std::int64_t> offset_of_;  ///< within the tensor's storage
  std::unique_ptr<Ancestors> ancestors_;
};

}  // namespace

std::vector<std::string> validate_plan(const Graph& graph, const Chip& chip, const Plan& plan) {
  return Validator(graph, chip, plan).run();
}

}  // namespace simdse
