#include "search/schedule/task_options.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <stdexcept>
#include <utility>

#include "models/base/error.h"
#include "models/base/quantity_text.h"
#include "search/mapping/vector_mapper.h"
#include "search/schedule/option_cache.h"

namespace simdse {

BufferLayout BufferLayout::of(const Chip& chip) {
  // Half for what passes through, half for what stays: neither starves the other.
  const auto cores = static_cast<std::int64_t>(chip.tensor_cores().size());
  BufferLayout layout;
  layout.end = chip.buffer().capacity().value();
  layout.slice = layout.end / 2 / cores;
  layout.resident = layout.slice * cores;
  return layout;
}

namespace {

Operand make_operand(const TaskTensor& tensor, std::int64_t elements) {
  Operand operand;
  operand.tensor = tensor.tensor;
  operand.bytes = tensor.bytes;
  operand.address = tensor.offset.value();
  operand.bytes_per_element = Ratio::of(tensor.bytes.value(), std::max<std::int64_t>(elements, 1));
  return operand;
}

/// Elements of the index space of operand `index` (0 A, 1 B, 2 C).
std::int64_t index_space(const ContractionShape& shape, int index) {
  switch (index) {
    case 0:
      return shape.batch * shape.m * shape.k;
    case 1:
      return shape.batch * shape.k * shape.n;
    default:
      return shape.batch * shape.m * shape.n;
  }
}

constexpr std::int64_t kSumBytes = 4;  // a partial sum is fp32

}  // namespace

Region make_region(const Task& task, const TaskOption& option) {
  Region region;
  region.operators = task.operators;
  region.contraction = task.contraction;
  region.format = task.format;
  region.follow_ups = task.follow_ups;
  region.vector = task.vector;
  region.vector_mapping = option.vector;
  if (task.contraction) region.tensor_cores.reserve(static_cast<std::size_t>(option.parts));
  if (task.has_vector_work()) region.vector_cores.reserve(static_cast<std::size_t>(option.parts));
  region.inputs.reserve(task.inputs.size());
  region.outputs.reserve(task.outputs.size());
  for (std::int32_t part = 0; part < static_cast<std::int32_t>(option.parts); ++part) {
    if (task.contraction) region.tensor_cores.push_back(option.tensor_group.first + part);
    if (task.has_vector_work()) {
      region.vector_cores.push_back(option.vector_group.first + part % option.vector_group.count);
    }
  }
  for (std::size_t i = 0; i < task.inputs.size(); ++i) {
    const std::int64_t elements =
        task.contraction && i < 2 ? index_space(*task.contraction, static_cast<int>(i)) : 1;
    region.inputs.push_back(make_operand(task.inputs[i], elements));
  }
  const std::int64_t output_elements = task.contraction ? index_space(*task.contraction, 2) : 1;
  for (const TaskTensor& output : task.outputs) {
    region.outputs.push_back(make_operand(output, output_elements));
  }
  if (task.contraction) {
    region.mapping = option.contraction->mapping;
    region.inputs[0].path = option.contraction->a_path;
    region.inputs[0].ring_bytes = option.contraction->a_ring;
    region.inputs[1].path = option.contraction->b_path;
    region.inputs[1].ring_bytes = option.contraction->b_ring;
  }
  if (option.reduction) {
    // The parts write partial sums to scratch; the reduction makes the real outputs of them.
    const std::int64_t sums = output_elements * option.contraction->mapping.split.k;
    region.outputs = {make_operand({kNone, Bytes(0), Bytes(sums * kSumBytes)}, sums)};
  }
  return region;
}

Region make_reduction(const Task& task, const TaskOption& option) {
  const std::int64_t elements = index_space(*task.contraction, 2);
  Region region;
  region.operators = {task.operators.front()};
  VectorShape sum;
  sum.columns = elements;
  const std::int64_t sums = option.contraction->mapping.split.k;
  sum.alu_ops = static_cast<int>(sums - 1);
  region.vector = {sum};
  region.vector_mapping = *option.reduction;
  for (std::int32_t part = 0; part < option.reduction->parts; ++part) {
    region.vector_cores.push_back(option.vector_group.first + part);
  }
  region.inputs = {make_operand({kNone, Bytes(0), Bytes(elements * sums * kSumBytes)}, 1)};
  for (const TaskTensor& output : task.outputs) region.outputs.push_back(make_operand(output, 1));
  return region;
}

namespace {

class OptionFinder {
 public:
  OptionFinder(const Chip& chip, const TaskGraph& graph, std::optional<Dataflow> dataflow,
               CostCalls* calls, OptionCache* cache)
      : chip_(chip),
        graph_(graph),
        dataflow_(dataflow),
        calls_(calls),
        cache_(cache),
        rates_(ChipRates::of(chip)),
        layout_(BufferLayout::of(chip)) {}

  TaskOptions options(const Task& task) {
    return task.contraction ? contraction_options(task) : vector_options(task);
  }

 private:
  /// 1, 2, 4, ... and all cores of a group.
  static std::vector<std::int64_t> part_counts(const CoreRange& group) {
    std::vector<std::int64_t> counts;
    for (std::int64_t count = 1; count < group.count; count *= 2) counts.push_back(count);
    counts.push_back(group.count);
    return counts;
  }

  ContractionProblem problem_of(const Task& task, const VectorCore& vector_core) const {
    ContractionProblem problem;
    problem.shape = *task.contraction;
    problem.format = task.format;
    problem.follow_ups = task.follow_ups;
    problem.dataflow = dataflow_;
    problem.a_bytes = Ratio::of(task.inputs[0].bytes.value(), index_space(problem.shape, 0));
    problem.b_bytes = Ratio::of(task.inputs[1].bytes.value(), index_space(problem.shape, 1));
    problem.c_bytes =
        to_double(task.bytes_out()) / static_cast<double>(index_space(problem.shape, 2));
    for (const VectorShape& shape : task.vector) {
      // Weighted as the vector core weighs them: by the cycles of one full register.
      VectorShape unit = shape;
      unit.rows = 1;
      unit.columns = vector_core.peak_operations_per_cycle();
      problem.epilogue_operations += vector_core.timing(unit).body.value();
    }
    return problem;
  }

  void check_formats(const Task& task) const {
    for (const CoreRange& group : chip_.tensor_groups()) {
      const TensorCore& core = *chip_.tensor_cores()[group.first];
      if (core.rate(task.format)) continue;
      throw InputError(fmt::format(
          "operator '{}' multiplies {}, the tensor cores numbers of up to {} bits; "
          "give the workload a narrower format, or the cores passes_of_32_bits",
          graph_.graph->op(task.operators.front()).name, task.format.name, core.multiplier_bits()));
    }
  }

  double cycles_of(const Region& region) const {
    count_calls(calls_, 1);
    return region_cycles(chip_, rates_, region);
  }

  /// A mapping with the time that the estimate gives it.
  TaskOption option_of(const Task& task, const ContractionProblem& problem, const CoreRange& group,
                       const MappedContraction& mapped) const {
    const CoreRange& vectors = chip_.vector_groups().front();
    TaskOption option;
    option.contraction = mapped;
    option.parts = mapped.mapping.split.parts();
    option.tensor_group = group;
    if (task.has_vector_work()) option.vector_group = vectors;
    if (mapped.mapping.split.k > 1) {
      option.vector_group = vectors;
      VectorShape sum;
      sum.columns = index_space(problem.shape, 2);
      const Bytes sums(sum.columns * mapped.mapping.split.k * kSumBytes);
      option.reduction = map_vector(*chip_.vector_cores()[vectors.first], {sum},
                                    sums + task.bytes_out(), vectors.count);
      option.reduction_cycles = cycles_of(make_reduction(task, option));
    }
    option.cycles = cycles_of(make_region(task, option));
    return option;
  }

  std::vector<MappedContraction> map(const ContractionProblem& problem, const CoreRange& group,
                                     std::int64_t parts) const {
    const VectorCore& vector_core = *chip_.vector_cores()[chip_.vector_groups().front().first];
    return map_contraction(rates_, *chip_.tensor_cores()[group.first], vector_core, problem, parts,
                           Bytes(layout_.slice * parts), calls_);
  }

  /// The mapping that the estimate prefers; none if there is none.
  std::optional<TaskOption> find_best(const Task& task, const ContractionProblem& problem,
                                      const CoreRange& group,
                                      const std::vector<MappedContraction>& mapped) const {
    std::optional<TaskOption> best;
    for (const MappedContraction& each : mapped) {
      TaskOption option = option_of(task, problem, group, each);
      if (!best || option.total_cycles() < best->total_cycles()) best = std::move(option);
    }
    return best;
  }

  /// Does `work` and returns the calls that it took.
  template <class Work>
  std::int64_t counted(Work&& work) {
    CostCalls own;
    CostCalls* outer = std::exchange(calls_, &own);
    work();
    calls_ = outer;
    return own.count();
  }

  static bool has_partial_sums(const std::vector<MappedContraction>& mapped) {
    return std::any_of(mapped.begin(), mapped.end(),
                       [](const MappedContraction& each) { return each.mapping.split.k > 1; });
  }

  /// The same from the cache, which learns what it does not know.
  std::optional<TaskOption> cached_best(const Task& task, const ContractionProblem& problem,
                                        const CoreRange& group, std::int64_t parts) {
    const CoreRange& vectors = chip_.vector_groups().front();
    // A product with nothing behind it is mapped alike whatever the vector cores are.
    OptionCache::Cores cores =
        cores_of(group.first, task.has_vector_work() ? vectors.first : kNone);
    const std::int64_t staging = layout_.slice * parts;
    const OptionCache::Mappings* mappings =
        cache_->find_mappings(cores, task.signature, parts, staging);
    if (mappings == nullptr) {
      OptionCache::Mappings found;
      found.calls = counted([&] { found.mapped = map(problem, group, parts); });
      found.staging = staging;
      mappings = &cache_->add_mappings(cores, task.signature, parts, std::move(found));
    }
    count_calls(calls_, mappings->calls);
    if (mappings->mapped.empty()) return std::nullopt;
    // Vector cores behind count by how many parts each serves; all of them add up partial sums.
    std::int64_t count = 0;
    if (task.has_vector_work()) {
      count = ceil_div(parts, std::int64_t{vectors.count});
    } else if (has_partial_sums(mappings->mapped)) {
      count = vectors.count;
      cores = cores_of(group.first, vectors.first);
    }
    const OptionCache::Option* known =
        cache_->find_option(cores, task.signature, parts, count, mappings->id);
    if (known == nullptr) {
      OptionCache::Option found;
      found.calls =
          counted([&] { found.option = *find_best(task, problem, group, mappings->mapped); });
      known =
          &cache_->add_option(cores, task.signature, parts, count, mappings->id, std::move(found));
    }
    count_calls(calls_, known->calls);
    TaskOption option = known->option;
    option.tensor_group = group;
    if (option.vector_group.count > 0) option.vector_group = vectors;
    return option;
  }

  /// Cores of a chip, told from others' once per pair.
  OptionCache::Cores cores_of(std::int32_t tensor_core, std::int32_t vector_core) {
    const auto [entry, is_new] = cores_.try_emplace({tensor_core, vector_core});
    if (is_new) entry->second = cache_->cores_of(chip_, rates_, tensor_core, vector_core);
    return entry->second;
  }

  TaskOption vector_option(const Task& task, const CoreRange& group, std::int64_t parts) const {
    TaskOption option;
    option.vector = map_vector(*chip_.vector_cores()[group.first], task.vector,
                               task.bytes_in() + task.bytes_out(), parts);
    option.parts = option.vector.parts;
    option.vector_group = group;
    if (option.parts == parts) option.cycles = cycles_of(make_region(task, option));
    return option;
  }

  TaskOption cached_vector_option(const Task& task, const CoreRange& group, std::int64_t parts) {
    const OptionCache::Cores cores = cores_of(kNone, group.first);
    const OptionCache::Option* known = cache_->find_option(cores, task.signature, parts, 0, kNone);
    if (known == nullptr) {
      OptionCache::Option found;
      found.calls = counted([&] { found.option = vector_option(task, group, parts); });
      known = &cache_->add_option(cores, task.signature, parts, 0, kNone, std::move(found));
    }
    count_calls(calls_, known->calls);
    TaskOption option = known->option;
    option.vector_group = group;
    return option;
  }

  TaskOptions contraction_options(const Task& task) {
    const ContractionProblem problem =
        problem_of(task, *chip_.vector_cores()[chip_.vector_groups().front().first]);
    check_formats(task);
    TaskOptions result;
    for (const CoreRange& group : chip_.tensor_groups()) {
      const std::vector<std::int64_t> counts = part_counts(group);
      result.reserve(result.size() + counts.size());
      for (const std::int64_t parts : counts) {
        std::optional<TaskOption> best =
            cache_ == nullptr ? find_best(task, problem, group, map(problem, group, parts))
                              : cached_best(task, problem, group, parts);
        if (best) result.push_back(std::move(*best));
      }
    }
    if (result.empty()) {
      throw InputError(fmt::format("operator '{}' can't be mapped: no tile of it fits the chip",
                                   graph_.graph->op(task.operators.front()).name));
    }
    return result;
  }

  TaskOptions vector_options(const Task& task) {
    TaskOptions result;
    for (const CoreRange& group : chip_.vector_groups()) {
      const std::vector<std::int64_t> counts = part_counts(group);
      result.reserve(result.size() + counts.size());
      for (const std::int64_t parts : counts) {
        TaskOption option = cache_ == nullptr ? vector_option(task, group, parts)
                                              : cached_vector_option(task, group, parts);
        if (option.parts < parts) break;  // too small to be divided further
        result.push_back(std::move(option));
      }
    }
    return result;
  }

  const Chip& chip_;
  const TaskGraph& graph_;
  std::optional<Dataflow> dataflow_;
  CostCalls* calls_;
  OptionCache* cache_;
  ChipRates rates_;
  BufferLayout layout_;
  std::map<std::pair<std::int32_t, std::int32_t>, OptionCache::Cores> cores_;
};

/// Refuses what is far beyond what any schedule could hold, before it is mapped at length.
void check_memory(const Chip& chip, double needed) {
  const double capacity = to_double(chip.memory().capacity());
  if (needed <= 4 * capacity) return;  // near the limit the allocator tells exactly
  const auto text = [](double bytes) { return format_quantity(bytes, Dimension::bytes, 4); };
  throw InputError(fmt::format(
      "the workload does not fit the memory: it needs at least {}, the chip has {}; {} too little",
      text(needed), text(capacity), text(needed - capacity)));
}

}  // namespace

std::vector<TaskOptions> find_options(const Chip& chip, const TaskGraph& graph,
                                      std::optional<Dataflow> dataflow, CostCalls* calls,
                                      OptionCache* cache) {
  if (dataflow && cache != nullptr) throw std::logic_error("a cache knows all dataflows at once");
  check_memory(chip, graph.least_memory);
  std::vector<TaskOptions> result(static_cast<std::size_t>(graph.signatures));
  OptionFinder finder(chip, graph, dataflow, calls, cache);
  for (const Task& task : graph.tasks) {
    if (result[task.signature].empty()) result[task.signature] = finder.options(task);
  }
  return result;
}

}  // namespace simdse
