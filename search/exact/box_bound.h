// Bounds that hold for all designs of a box: what they cost at least, and what they achieve at
// most.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "search/exact/box.h"
#include "search/exact/core_bound.h"
#include "search/exact/traffic_bound.h"
#include "search/local/evaluator.h"
#include "search/local/objective.h"
#include "search/local/price_list.h"

namespace simdse {

/// What no design of a box beats, each by itself.
struct BoxFigures {
  Area area;
  Watts tdp;
  Seconds time;
  Joules energy;

  /// No design of the box is worth more; 0 if none reaches the floor.
  double worth(Objective objective, const ThroughputFloor& floor, double batch) const;
};

/// Bounds boxes whose core dimensions, and whatever else of a core is searched, are fixed (cells);
/// of other boxes only the cost. The cost of a box is that of its lower corner, its rates are those
/// of its upper corner: whether both are so is found out along every axis at the start, and an axis
/// along which they are not counts as a dimension, which is fixed in a cell.
///
/// The time of a training step is at least the sum over its segments (see Segment) of the largest
/// of, in cycles of the clock,
///   sum over tasks of the bytes that no plan keeps from the memory / its rate;
///   the longest path of L(task), the least latency on any allowed number of cores;
///   sum over tasks of the least core-cycles / cores, for tensor and for vector cores;
///   and any convex mixture of the last three, for which each task takes one number of cores for
///   all of them: the longest path of  a L(p) + b p L(p) / tensor cores + ...  with the off-path
///   tasks at their least. This is what tells that a split which shortens the path costs cores.
///
/// L(p) = launch + the largest of
///   way in + work on the slowest part's cores (CoreBound) + way out
///   way + bytes to and from memory / its rate, and all bytes / (rates of memory and buffer)
///   way + the slowest part's bytes / its port's rate
/// which are bounds of RegionEstimate. Sharing only slows regions down, and takes no more of the
/// memory than there is.
class BoxBound {
 public:
  /// Why the designs of a space have no bounds, or "": closed forms of plug-ins are not at hand,
  /// and with several groups of one kind of core a task may run on any of them.
  static std::string obstacle(const SearchSpace& space);

  /// All must outlive the bound. Throws InputError where there is an obstacle.
  BoxBound(const SearchSpace& space, const Evaluator& evaluator)
      : BoxBound(std::make_shared<PriceList>(space, evaluator)) {}
  /// With prices that others ask for, too.
  explicit BoxBound(std::shared_ptr<PriceList> prices);
  ~BoxBound();

  /// Axes that must be fixed for a time bound.
  const std::vector<bool>& is_dimension() const { return is_dimension_; }
  bool is_cell(const Box& box) const;

  /// What no design of a cell beats. Zero time and energy where nothing is known, and zero energy
  /// if it is not asked for.
  BoxFigures figures(const Box& box, bool with_energy = true);

 private:
  struct Cell;
  /// Where the number of cores of a kind comes from.
  struct CountAxis {
    std::int64_t fixed = 1;
    std::optional<std::size_t> axis;  ///< empty: it is fixed
  };
  /// Numbers of cores of one kind that the designs of a box have.
  struct Counts {
    std::int64_t high = 1;
    /// Numbers of parts that a scheduler may choose: powers of two, and all cores. Ascending.
    std::vector<std::int64_t> parts;
  };
  /// One way to run a class of tasks.
  struct Choice {
    double latency = 0;
    double tensor = 0;  ///< cycles of tensor cores
    double vector = 0;  ///< cycles of vector cores
  };

  /// Mixtures of path, tensor cores and vector cores that are tried, see least_cycles().
  static constexpr std::size_t kMixtures = 10;
  using Mixed = std::array<double, kMixtures>;
  /// The first of them give the path a weight.
  static constexpr std::size_t kPathMixtures = 8;
  using PathMixed = std::array<double, kPathMixtures>;

  BoxFigures bound(const Box& box, bool with_energy);
  void classify_axes();
  bool is_ordered(std::size_t axis, const Point& from) const;
  Cell& cell_of(const Box& box, double port);
  const TrafficBound& traffic_of(double resident);
  CountAxis count_axis(const char* kind) const;
  Counts counts_of(const Box& box, const CountAxis& from) const;
  void add_choices(const TaskClass& entry, Cell& cell, const ChipRates& rates, const Counts& tensor,
                   const Counts& vector);
  /// Adds a way to run the last class, unless another one is no worse in anything.
  void add_choice(const Choice& choice);
  /// Of the tasks of a segment.
  double least_cycles(const Segment& segment, const Counts& tensor, const Counts& vector);

  std::shared_ptr<PriceList> prices_;
  const SearchSpace& space_;
  const Evaluator& evaluator_;
  CostCalls calls_;           ///< of the bounds of cores ...
  std::int64_t charged_ = 0;  ///< ... and those that the evaluator has been told of
  std::vector<bool> is_dimension_;
  std::vector<std::size_t> group_of_;  ///< core group of each axis, or how many there are
  CountAxis tensor_count_;
  CountAxis vector_count_;
  std::map<std::pair<Point, double>, std::unique_ptr<Cell>> cells_;
  /// By the cell's point without what is the vector cores'.
  std::map<std::pair<Point, double>, std::shared_ptr<CoreBound>> core_bounds_;
  TrafficFinder traffic_finder_;
  std::map<double, TrafficBound> traffic_;
  // Scratch of one bound: the choices of all classes, and where those of each begin; ...
  std::vector<Choice> choices_;
  std::vector<std::size_t> choices_begin_;
  // ... of a segment, what each class adds to a path, and when each task is over, in each mixture.
  std::vector<PathMixed> on_path_;
  std::vector<PathMixed> finish_;
};

}  // namespace simdse
