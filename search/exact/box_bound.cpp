#include "search/exact/box_bound.h"

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <limits>

#include "models/base/error.h"

namespace simdse {

namespace {

/// Rounding must not make a bound wrong; and the sharing of resources is solved to this.
constexpr double kRounding = 1 - 1e-5;

/// A value for each of some mixtures, reckoned with all at once.
template <std::size_t Count>
using Each = Eigen::Array<double, static_cast<int>(Count), 1>;

template <std::size_t Count>
auto each(std::array<double, Count>& values) {
  return Eigen::Map<Each<Count>>(values.data());
}
template <std::size_t Count>
auto each(const std::array<double, Count>& values) {
  return Eigen::Map<const Each<Count>>(values.data());
}

/// What one core group is as a chip, with the tables of its cores.
std::optional<Chip> chip_at(const SearchSpace& space, const Evaluator& evaluator,
                            const Point& point) {
  try {
    return evaluator.chip(space.design(point));
  } catch (const InputError&) {
    return std::nullopt;  // parameters that contradict each other make no design
  }
}

/// Least energy of a byte through the memory and the network, and of a MAC.
std::array<Joules, 2> action_energies(const Chip& chip) {
  ActionCounts bytes;
  bytes.memory_bytes = bytes.network_bytes = 1;
  ActionCounts macs;
  macs.macs = 1;
  return {energy_of(chip, bytes, Seconds(0)), energy_of(chip, macs, Seconds(0))};
}

/// Not slower at `b` in anything.
bool is_no_slower(const ChipRates& b, const ChipRates& a) {
  return b.port >= a.port && b.network_buffer >= a.network_buffer &&
         b.network_memory >= a.network_memory && b.buffer >= a.buffer && b.memory >= a.memory &&
         b.noc_latency <= a.noc_latency && b.buffer_latency <= a.buffer_latency &&
         b.memory_latency <= a.memory_latency && b.launch <= a.launch;
}

}  // namespace

struct BoxBound::Cell {
  explicit Cell(Chip chip_in) : chip(std::move(chip_in)), vector(*chip.vector_cores().front()) {}

  Chip chip;
  std::shared_ptr<CoreBound> tensor;
  VectorBound vector;
};

double BoxFigures::worth(Objective objective, const ThroughputFloor& floor, double batch) const {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  const double throughput = time.value() > 0 ? batch / time.value() : infinity;
  if (!floor.allows(objective, throughput)) return 0;
  const double per_joule = energy.value() > 0 ? batch / energy.value() : infinity;
  return simdse::worth(objective, throughput, per_joule, tdp);
}

BoxBound::~BoxBound() = default;

std::string BoxBound::obstacle(const SearchSpace& space) {
  if (!space.base().plugins.empty()) {
    return "what blocks of plug-ins take is known in child processes alone";
  }
  for (const char* kind : {"tensor_core", "vector_core"}) {
    const auto groups =
        std::count_if(space.base().cores.begin(), space.base().cores.end(),
                      [&](const CoreGroupConfig& group) { return group.block.kind == kind; });
    if (groups > 1) return std::string("there are several groups of kind ") + kind;
  }
  return "";
}

BoxBound::BoxBound(std::shared_ptr<PriceList> prices)
    : prices_(std::move(prices)),
      space_(prices_->space()),
      evaluator_(prices_->evaluator()),
      traffic_finder_(evaluator_.tasks()) {
  const std::string problem = obstacle(space_);
  if (!problem.empty()) throw InputError("designs can't be bounded: " + problem);
  classify_axes();
  tensor_count_ = count_axis("tensor_core");
  vector_count_ = count_axis("vector_core");
}

bool BoxBound::is_ordered(std::size_t axis, const Point& from) const {
  std::optional<Chip> before;
  Point point = from;
  for (point[axis] = 0; point[axis] < space_.axes()[axis].values.size(); ++point[axis]) {
    std::optional<Chip> chip = chip_at(space_, evaluator_, point);
    if (!chip) continue;
    if (before) {
      const bool is_dearer = chip->area() >= before->area() && chip->tdp() >= before->tdp() &&
                             chip->static_power() >= before->static_power() &&
                             action_energies(*chip)[0] >= action_energies(*before)[0] &&
                             action_energies(*chip)[1] >= action_energies(*before)[1];
      const bool is_larger = chip->buffer().capacity() >= before->buffer().capacity();
      const bool is_faster = is_no_slower(ChipRates::of(*chip), ChipRates::of(*before));
      if (!is_dearer || !is_larger || !is_faster) return false;
    }
    before = std::move(chip);
  }
  return true;
}

void BoxBound::classify_axes() {
  const Box whole = Box::whole(space_);
  for (std::size_t i = 0; i < space_.axes().size(); ++i) {
    const Axis& axis = space_.axes()[i];
    group_of_.push_back(space_.base().cores.size());
    for (std::size_t g = 0; g < space_.base().cores.size(); ++g) {
      if (axis.path.rfind("cores." + std::to_string(g) + '.', 0) == 0) group_of_.back() = g;
    }
    const bool is_core = axis.path.rfind("cores.", 0) == 0 && axis.role != AxisRole::count;
    const bool is_clock = axis.path == kClockPath;
    is_dimension_.push_back(is_core || is_clock || !is_ordered(i, whole.low) ||
                            !is_ordered(i, whole.high));
  }
}

bool BoxBound::is_cell(const Box& box) const {
  for (std::size_t i = 0; i < is_dimension_.size(); ++i) {
    if (is_dimension_[i] && !box.is_fixed(i)) return false;
  }
  return true;
}

BoxBound::Cell& BoxBound::cell_of(const Box& box, double port) {
  Point key = box.low;
  for (std::size_t i = 0; i < key.size(); ++i) {
    if (!is_dimension_[i]) key[i] = 0;
  }
  std::unique_ptr<Cell>& cell = cells_[{key, port}];
  if (!cell) {
    std::optional<Chip> chip = chip_at(space_, evaluator_, key);
    // Where the least of all else makes no design, the greatest does: its platform is known.
    if (!chip) chip = chip_at(space_, evaluator_, box.high);
    cell = std::make_unique<Cell>(std::move(chip).value());
    // Cells that differ in their vector cores alone share what their tensor cores can do.
    for (std::size_t i = 0; i < key.size(); ++i) {
      if (space_.base().cores.size() > group_of_[i] &&
          space_.base().cores[group_of_[i]].block.kind == "vector_core") {
        key[i] = 0;
      }
    }
    std::shared_ptr<CoreBound>& shared = core_bounds_[{key, port}];
    if (!shared)
      shared = std::make_shared<CoreBound>(cell->chip.tensor_cores().front(), port, calls_);
    cell->tensor = shared;
  }
  return *cell;
}

const TrafficBound& BoxBound::traffic_of(double resident) {
  const auto found = traffic_.find(resident);
  if (found != traffic_.end()) return found->second;
  return traffic_.emplace(resident, traffic_finder_.find(resident)).first->second;
}

BoxBound::CountAxis BoxBound::count_axis(const char* kind) const {
  CountAxis result;
  for (std::size_t g = 0; g < space_.base().cores.size(); ++g) {
    const CoreGroupConfig& group = space_.base().cores[g];
    if (group.block.kind != kind) continue;
    result.fixed = group.count;
    const std::string path = "cores." + std::to_string(g) + ".count";
    for (std::size_t i = 0; i < space_.axes().size(); ++i) {
      if (space_.axes()[i].path == path) result.axis = i;
    }
  }
  return result;
}

BoxBound::Counts BoxBound::counts_of(const Box& box, const CountAxis& from) const {
  Counts counts;
  if (from.axis) {
    const std::vector<ParamValue>& values = space_.axes()[*from.axis].values;
    for (std::size_t at = box.low[*from.axis]; at <= box.high[*from.axis]; ++at) {
      counts.parts.push_back(std::get<std::int64_t>(values[at]));
    }
  } else {
    counts.parts.push_back(from.fixed);
  }
  counts.high = counts.parts.back();
  for (std::int64_t p = 1; p < counts.high; p *= 2) counts.parts.push_back(p);
  std::sort(counts.parts.begin(), counts.parts.end());
  counts.parts.erase(std::unique(counts.parts.begin(), counts.parts.end()), counts.parts.end());
  return counts;
}

void BoxBound::add_choice(const Choice& choice) {
  // No mixture is less for it, however it is rounded.
  for (std::size_t i = choices_begin_.back(); i < choices_.size(); ++i) {
    const Choice& other = choices_[i];
    if (other.latency <= choice.latency && other.tensor <= choice.tensor &&
        other.vector <= choice.vector) {
      return;
    }
  }
  choices_.push_back(choice);
}

void BoxBound::add_choices(const TaskClass& entry, Cell& cell, const ChipRates& r,
                           const Counts& tensor, const Counts& vector) {
  const Task& task = *entry.task;
  const double first = 2 * r.noc_latency + std::min(r.memory_latency, r.buffer_latency);
  const double in = entry.bytes_in > 0 ? first : 0;
  const double out = entry.bytes_out > 0 ? first : 0;
  const double way = 2 * r.noc_latency + r.memory_latency;
  const double both = std::max(r.memory + r.buffer, 1.0);
  const double work = cell.vector.work(task);
  const double all_bytes = entry.bytes_in + entry.bytes_out;
  // `memory`, `levels`: cycles of the former, and of both together.
  const auto moves = [&](double share, double memory, double levels) {
    const double one_way = std::max(entry.bytes_in, entry.bytes_out) * share;
    return way + std::max({memory, levels, one_way / r.port});
  };
  if (!task.contraction) {
    const auto shapes = static_cast<double>(task.vector.size());
    for (const std::int64_t parts : vector.parts) {
      const auto p = static_cast<double>(parts);
      const double share = VectorBound::share(task, parts);
      if (share == 0) break;  // too small to be divided further
      const double busy = in + std::max(work * share - shapes, 0.0) + out;
      const double moved =
          moves(share, entry.memory_bytes * (share * p) / r.memory, all_bytes * (share * p) / both);
      const double latency = r.launch + std::max(busy, moved);
      add_choice({latency, 0, p * latency});
    }
    return;
  }
  const ContractionShape& shape = *task.contraction;
  const double sum_bytes = 4.0 * static_cast<double>(shape.batch * shape.m * shape.n);
  const double memory = entry.memory_bytes / r.memory;
  const double levels = all_bytes / both;
  for (const std::int64_t parts : tensor.parts) {
    const auto p = static_cast<double>(parts);
    const PartCycles cycles = cell.tensor->contraction(task, parts);
    const double behind = std::min(p, static_cast<double>(vector.high));
    if (std::isfinite(cycles.whole_sums)) {
      const double busy = in + std::max(cycles.whole_sums, work / behind) + out;
      const double latency = r.launch + std::max(busy, moves(1 / p, memory, levels));
      add_choice({latency, p * latency, task.has_vector_work() ? behind * latency : 0});
    }
    if (std::isfinite(cycles.split_sums)) {
      // Unfinished sums go to memory, come back and are added up by a region of its own.
      const double sums = sum_bytes * static_cast<double>(cycles.most_sums);
      const double main = r.launch + std::max(in + cycles.split_sums + out, way + sums / r.memory);
      const double moved = (entry.memory_bytes + 2 * sums) / r.memory;
      const double latency =
          std::max(main + r.launch + way + sums / r.memory, 2 * (r.launch + way) + moved);
      add_choice({latency, p * main, 0});
    }
  }
}

double BoxBound::least_cycles(const Segment& segment, const Counts& tensor, const Counts& vector) {
  const auto choices_of = [&](std::int32_t index) {
    const auto i = static_cast<std::size_t>(index);
    return std::pair(choices_.data() + choices_begin_[i], choices_.data() + choices_begin_[i + 1]);
  };
  const std::size_t tasks = segment.class_at.size();
  if (tasks == 1) {
    double least = std::numeric_limits<double>::infinity();
    const auto [begin, end] = choices_of(segment.classes[0].first);
    for (const Choice* choice = begin; choice != end; ++choice) {
      least = std::min(least, choice->latency);
    }
    return least;
  }
  const double per_tensor = 1 / static_cast<double>(tensor.high);
  const double per_vector = 1 / static_cast<double>(vector.high);
  // Weights of the path, of the tensor cores and of the vector cores. The last two have no path.
  constexpr Mixed of_path = {1, 0.75, 0.5, 0.25, 0.75, 0.5, 0.6, 0.4, 0, 0};
  constexpr Mixed of_tensor = {0, 0.25, 0.5, 0.75, 0, 0, 0.2, 0.3, 1, 0};
  constexpr Mixed of_vector = {0, 0, 0, 0, 0.25, 0.5, 0.2, 0.3, 0, 1};
  using EachMixture = Each<kMixtures>;
  using EachPath = Each<kPathMixtures>;
  EachMixture total = EachMixture::Zero();  // of what tasks cost off the path
  if (on_path_.size() < segment.classes.size()) on_path_.resize(segment.classes.size());
  for (std::size_t i = 0; i < segment.classes.size(); ++i) {
    const auto [begin, end] = choices_of(segment.classes[i].first);
    EachMixture off = EachMixture::Constant(std::numeric_limits<double>::infinity());
    EachMixture on = off;
    for (const Choice* choice = begin; choice != end; ++choice) {
      const EachMixture cores = each(of_tensor) * choice->tensor * per_tensor +
                                each(of_vector) * choice->vector * per_vector;
      off = off.min(cores);
      on = on.min(cores + each(of_path) * choice->latency);
    }
    total += off * segment.classes[i].second;
    each(on_path_[i]) = (on - off).head<kPathMixtures>();
  }
  if (finish_.size() < tasks) finish_.resize(tasks);
  for (std::size_t i = 0; i < tasks; ++i) {
    EachPath finish = each(on_path_[static_cast<std::size_t>(segment.class_at[i])]);
    const std::int32_t* before = segment.predecessors.data() + segment.predecessors_begin[i];
    const std::int32_t* end = segment.predecessors.data() + segment.predecessors_begin[i + 1];
    if (before != end) {
      EachPath start = each(finish_[static_cast<std::size_t>(*before)]);
      while (++before != end) {
        start = start.max(each(finish_[static_cast<std::size_t>(*before)]));
      }
      finish += start;
    }
    each(finish_[i]) = finish;
  }
  // No task takes less than no time: the longest paths end with the last ones.
  EachPath longest = EachPath::Zero();
  for (const std::int32_t i : segment.last) {
    longest = longest.max(each(finish_[static_cast<std::size_t>(i)]));
  }
  total.head<kPathMixtures>() += longest;
  return std::max(0.0, total.maxCoeff());
}

BoxFigures BoxBound::figures(const Box& box, bool with_energy) {
  const BoxFigures result = bound(box, with_energy);
  evaluator_.charge(calls_.count() - charged_);
  charged_ = calls_.count();
  return result;
}

BoxFigures BoxBound::bound(const Box& box, bool with_energy) {
  BoxFigures result;
  const Price& least = prices_->price(box.low);
  result.area = least.area;
  result.tdp = least.tdp;
  if (!is_cell(box)) return result;
  const Price& best = prices_->price(box.high);
  if (!best.is_chip) return result;
  const ChipRates& rates = best.rates;
  Cell& cell = cell_of(box, rates.port);
  // Half of the buffer, and what rounding leaves of the slices of up to 1,024 cores.
  const TrafficBound& traffic = traffic_of(to_double(best.buffer_capacity) / 2 + 1024);
  const Counts tensor = counts_of(box, tensor_count_);
  const Counts vector = counts_of(box, vector_count_);
  choices_.clear();
  choices_begin_.assign(1, 0);
  std::vector<double> moved;  // through the memory, by class
  for (const TaskClass& entry : traffic.classes) {
    add_choices(entry, cell, rates, tensor, vector);
    choices_begin_.push_back(choices_.size());
    // Of a chain that is divided, rounding may count a little less.
    const double share = entry.task->contraction ? 1
                                                 : VectorBound::share(*entry.task, vector.high) *
                                                       static_cast<double>(vector.high);
    moved.push_back(entry.memory_bytes * share);
  }
  struct Least {
    double bytes = 0;
    double cycles = 0;
  };
  std::vector<Least> of_segments(traffic.segments.size());
  double cycles = 0;
  double memory_bytes = 0;
  for (std::size_t i = 0; i < traffic.segments.size(); ++i) {
    const Segment& segment = traffic.segments[i];
    Least& own = of_segments[i];
    if (static_cast<std::size_t>(segment.alike) < i) {
      own = of_segments[static_cast<std::size_t>(segment.alike)];
    } else {
      for (const auto& [index, count] : segment.classes) {
        own.bytes += count * moved[static_cast<std::size_t>(index)];
      }
      own.cycles = std::max(own.bytes / rates.memory, least_cycles(segment, tensor, vector));
    }
    memory_bytes += own.bytes;
    cycles += own.cycles;
  }
  result.time = Seconds(cycles * kRounding / cell.chip.clock().frequency().value());
  if (!with_energy) return result;
  if (const std::optional<Chip> chip = chip_at(space_, evaluator_, box.low)) {
    ActionCounts actions;
    for (const Task& task : evaluator_.tasks().tasks) {
      if (!task.contraction) continue;
      const auto products = static_cast<double>(1 + task.follow_ups.size());
      const std::optional<FormatRate> rate = cell.chip.tensor_cores().front()->rate(task.format);
      if (!rate) continue;  // then no design holds the workload
      actions.macs += products * static_cast<double>(task.contraction->macs()) * rate->cycles();
    }
    actions.memory_bytes = memory_bytes;
    actions.network_bytes = memory_bytes;
    result.energy = energy_of(*chip, actions, result.time) * kRounding;
  }
  return result;
}

}  // namespace simdse
