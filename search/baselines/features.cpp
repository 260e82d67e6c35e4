#include "search/baselines/features.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "search/estimate/region_estimate.h"

namespace simdse {

DomainFeatures::DomainFeatures(const TaskGraph& tasks, const Budget& budget)
    : budget_(budget), format_(product_format(tasks)) {
  std::map<std::int32_t, Product> by_signature;
  for (const Task& task : tasks.tasks) {
    bytes_ += to_double(task.bytes_in()) + to_double(task.bytes_out());
    for (const VectorShape& shape : task.vector) {
      vector_operations_ += static_cast<double>(shape.elements());
    }
    if (!task.contraction) continue;
    const double macs = static_cast<double>(task.contraction->macs()) *
                        static_cast<double>(1 + task.follow_ups.size());
    macs_ += macs;
    Product& product = by_signature[task.signature];
    product.shape = *task.contraction;
    product.macs += macs;
  }
  for (const auto& [signature, product] : by_signature) products_.push_back(product);
}

const std::vector<std::string>& DomainFeatures::names() {
  static const std::vector<std::string> all = {
      "constant",         "PEs",          "tensor cores",      "vector lanes",
      "vector cores",     "buffer bytes", "buffer rate",       "core ports' rate",
      "network rate",     "memory rate",  "memory bytes",      "clock",
      "array fill",       "matrix time",  "vector time",       "memory time",
      "longest of these", "sum of these", "share of the area", "share of the power",
      "bytes per PE"};
  return all;
}

double DomainFeatures::array_fill(const Chip& chip) const {
  const CoreGroupConfig* group = chip.design().group("tensor_core");
  const auto dimension = [&](const char* name) -> std::int64_t {
    if (group == nullptr) return 0;
    const auto found = group->block.params.find(name);
    if (found == group->block.params.end()) return 0;
    const auto* value = std::get_if<std::int64_t>(&found->second);
    return value == nullptr ? 0 : *value;
  };
  const std::int64_t rows = dimension("rows");
  const std::int64_t columns = dimension("columns");
  if (rows <= 0 || columns <= 0 || macs_ == 0) return 1;  // another kind of array
  const auto share = [](std::int64_t work, std::int64_t width) {
    return static_cast<double>(work) / static_cast<double>((work + width - 1) / width * width);
  };
  double filled = 0;
  for (const Product& product : products_) {
    const ContractionShape& s = product.shape;
    const double sums_stay = share(s.m, rows) * share(s.n, columns);
    const double weights_stay = share(s.k, rows) * share(s.n, columns);
    filled += product.macs * std::max(sums_stay, weights_stay);
  }
  return filled / macs_;
}

Eigen::VectorXd DomainFeatures::of(const Chip& chip) const {
  const ChipRates rates = ChipRates::of(chip);
  double lanes = 0;
  for (const auto& core : chip.vector_cores()) {
    lanes += static_cast<double>(core->peak_operations_per_cycle());
  }
  const double clock = chip.clock().frequency().value();
  const double cores = static_cast<double>(chip.tensor_cores().size());
  const double pes = std::max(chip.peak_macs_per_second(format_) / clock, 1.0);
  const double buffer = to_double(chip.buffer().capacity());
  const double fill = array_fill(chip);
  const double matrix_time = macs_ / (pes * fill * clock);
  const double vector_time = vector_operations_ / (std::max(lanes, 1.0) * clock);
  const double memory_time = bytes_ / (rates.memory * clock);
  const auto log = [](double value) { return std::log2(std::max(value, 1e-30)); };
  const std::vector<double> values = {1,
                                      log(pes),
                                      log(cores),
                                      log(lanes),
                                      log(static_cast<double>(chip.vector_cores().size())),
                                      log(buffer),
                                      log(rates.buffer),
                                      log(rates.port * static_cast<double>(chip.core_count())),
                                      log(rates.network_buffer + rates.network_memory),
                                      log(rates.memory),
                                      log(to_double(chip.memory().capacity())),
                                      log(clock),
                                      log(fill),
                                      log(matrix_time),
                                      log(vector_time),
                                      log(memory_time),
                                      log(std::max({matrix_time, vector_time, memory_time})),
                                      log(matrix_time + vector_time + memory_time),
                                      chip.area() / budget_.area,
                                      chip.tdp() / budget_.power,
                                      log(buffer / pes)};
  return Eigen::Map<const Eigen::VectorXd>(values.data(), static_cast<Eigen::Index>(values.size()));
}

}  // namespace simdse
