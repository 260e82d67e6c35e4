#include "search/baselines/bayesian_proposer.h"

#include <algorithm>
#include <cmath>

namespace simdse {
namespace {

constexpr std::size_t kFirst = 60;
constexpr int kDrawn = 30;
constexpr int kMoved = 30;
constexpr double kNoiseRatio = 1e-2;

}  // namespace

BayesianProposer::BayesianProposer(CountedEvaluator& counted, Random& random)
    : counted_(counted),
      random_(random),
      features_(counted.tasks(), counted.options().budget),
      process_(static_cast<Eigen::Index>(DomainFeatures::names().size()), kNoiseRatio) {
  for (const Point& start : counted.options().starts) {
    if (counted.is_known(start)) learn(start, counted.fitness(start));
  }
}

std::optional<BayesianProposer::Option> BayesianProposer::option_at(const Point& point) {
  if (learnt_.count(point) > 0) return std::nullopt;
  const std::optional<Chip> chip = counted_.chip(point);
  if (!chip) return std::nullopt;
  return Option{point, features_.of(*chip)};
}

std::optional<Point> BayesianProposer::propose() {
  while (!counted_.is_spent()) {
    if (!has_scales_) {
      const std::optional<Point> point = counted_.draw(random_);
      if (!point) return std::nullopt;
      if (learnt_.count(*point) == 0) return point;
      // A small space may not have enough designs to begin with.
      if (++repetitions_ > kFirst * 20) fit_scales();
      continue;
    }
    std::vector<Option> pool;
    for (int i = 0; i < kDrawn; ++i) {
      const std::optional<Point> point = counted_.draw(random_);
      if (!point) break;
      if (std::optional<Option> option = option_at(*point)) pool.push_back(std::move(*option));
    }
    for (int i = 0; i < kMoved && !best_point_.empty(); ++i) {
      std::optional<Option> option = option_at(counted_.moved(best_point_, random_));
      if (option) pool.push_back(std::move(*option));
    }
    const Option* best = nullptr;
    double most = -1;
    const double target = std::log(best_ > 0 ? best_ : 1) - target_offset_;
    for (const Option& option : pool) {
      const double gain = expected_improvement(process_.predict(scaled(option.features)), target);
      if (gain <= most) continue;
      most = gain;
      best = &option;
    }
    if (best != nullptr) return best->point;
  }
  return std::nullopt;
}

void BayesianProposer::learn(const Point& point, double fitness) {
  if (!learnt_.insert(point).second) return;
  const std::optional<Chip> chip = counted_.chip(point);
  if (!chip) return;
  if (fitness > best_) {
    best_ = fitness;
    best_point_ = point;
  }
  if (fitness > 0 && (worst_ == 0 || fitness < worst_)) worst_ = fitness;
  const Eigen::VectorXd features = features_.of(*chip);
  if (has_scales_) {
    process_.observe(scaled(features), target_of(fitness));
    return;
  }
  first_.push_back({features, fitness});
  if (first_.size() >= kFirst) fit_scales();
}

double BayesianProposer::target_of(double fitness) {
  // What does not fit is taken to be as bad as the worst that does.
  const double known = fitness > 0 ? fitness : worst_;
  return std::log(known > 0 ? known : 1) - target_offset_;
}

Eigen::VectorXd BayesianProposer::scaled(const Eigen::VectorXd& features) const {
  return (features - offset_).cwiseQuotient(scale_);
}

void BayesianProposer::fit_scales() {
  const auto size = static_cast<Eigen::Index>(DomainFeatures::names().size());
  offset_ = Eigen::VectorXd::Zero(size);
  scale_ = Eigen::VectorXd::Ones(size);
  has_scales_ = true;
  if (first_.empty()) return;
  const auto count = static_cast<double>(first_.size());
  double targets = 0;
  for (const Sample& sample : first_) {
    offset_ += sample.features / count;
    targets += target_of(sample.fitness) / count;
  }
  Eigen::VectorXd variance = Eigen::VectorXd::Zero(size);
  for (const Sample& sample : first_) {
    variance += (sample.features - offset_).cwiseAbs2() / count;
  }
  // What does not vary says nothing and stays; the constant is one of these.
  constexpr double least = 1e-12;
  for (Eigen::Index i = 0; i < size; ++i) {
    if (variance[i] > least) scale_[i] = std::sqrt(variance[i]);
  }
  offset_[0] = 0;
  target_offset_ = targets;
  for (const Sample& sample : first_) {
    process_.observe(scaled(sample.features), target_of(sample.fitness));
  }
  first_.clear();
}

}  // namespace simdse
