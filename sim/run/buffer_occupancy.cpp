#include "sim/run/buffer_occupancy.h"

#include <fmt/core.h>

#include <algorithm>
#include <iterator>
#include <stdexcept>

#include "models/base/quantity_text.h"

namespace simdse {
namespace {

/// The allocation of the buffer that an operand of `region` lies in; its index.
std::size_t allocation_of(const Plan& plan, const std::vector<std::size_t>& in_buffer,
                          RegionId region, const Operand& operand) {
  for (const std::size_t index : in_buffer) {
    const Allocation& space = plan.allocations[index];
    const bool is_inside =
        operand.address >= space.address && operand.address < space.address + space.bytes.value();
    const bool is_alive = space.first <= region && (space.last == kNone || space.last >= region);
    if (space.tensor == operand.tensor && is_inside && is_alive) return index;
  }
  throw std::runtime_error(
      fmt::format("region {} uses tensor {} at {} of the global buffer, which nobody reserved",
                  region, operand.tensor, operand.address));
}

}  // namespace

BufferOccupancy::BufferOccupancy(const Chip& chip, const Plan& plan)
    : capacity_(chip.buffer().capacity().value()), spaces_of_(plan.regions.size()) {
  // Space of tensors: one entry per allocation of the buffer, however many operands lie in it.
  std::map<TensorId, std::vector<std::size_t>> in_buffer;
  std::vector<std::size_t> space_of(plan.allocations.size());
  for (std::size_t i = 0; i < plan.allocations.size(); ++i) {
    const Allocation& allocation = plan.allocations[i];
    if (allocation.level != Level::buffer) continue;
    in_buffer[allocation.tensor].push_back(i);
    space_of[i] = spaces_.size();
    spaces_.push_back({allocation.address, in_lines(allocation.bytes).value()});
    if (allocation.last == kNone) ++spaces_.back().users;  // lives to the end
  }
  for (const Region& region : plan.regions) {
    std::vector<std::size_t>& own = spaces_of_[region.id];
    for (const std::vector<Operand>* operands : {&region.inputs, &region.outputs}) {
      for (const Operand& operand : *operands) {
        if (operand.path != Path::resident) continue;
        own.push_back(space_of[allocation_of(plan, in_buffer[operand.tensor], region.id, operand)]);
      }
    }
    std::sort(own.begin(), own.end());
    own.erase(std::unique(own.begin(), own.end()), own.end());
    for (const std::size_t index : own) ++spaces_[index].users;
    for (const Operand& input : region.inputs) {
      if (input.path != Path::staged) continue;
      own.push_back(spaces_.size());
      spaces_.push_back({input.ring_address, input.ring_bytes.value(), 1});
    }
  }
}

void BufferOccupancy::launched(RegionId region) {
  for (const std::size_t index : spaces_of_[region]) {
    Space& space = spaces_[index];
    if (space.is_held) continue;
    hold(region, space);
    space.is_held = true;
  }
}

void BufferOccupancy::hold(RegionId region, const Space& space) {
  const auto text = [](std::int64_t bytes) {
    return format_quantity(static_cast<double>(bytes), Dimension::bytes, 4);
  };
  const std::int64_t end = space.address + space.bytes;
  if (space.address < 0 || end > capacity_ || used_ + space.bytes > capacity_) {
    throw std::runtime_error(
        fmt::format("the global buffer of {} overflows: region {} reserves {} at {} while {} are "
                    "reserved",
                    text(capacity_), region, text(space.bytes), space.address, text(used_)));
  }
  const auto next = held_.lower_bound(space.address);
  const bool meets_next = next != held_.end() && next->first < end;
  const bool meets_last = next != held_.begin() && std::prev(next)->second > space.address;
  if (meets_next || meets_last) {
    throw std::runtime_error(fmt::format(
        "region {} reserves {} at {} of the global buffer, part of which is still in use", region,
        text(space.bytes), space.address));
  }
  held_.emplace(space.address, end);
  used_ += space.bytes;
  peak_ = std::max(peak_, used_);
}

void BufferOccupancy::done(RegionId region) {
  for (const std::size_t index : spaces_of_[region]) {
    Space& space = spaces_[index];
    if (--space.users > 0) continue;
    held_.erase(space.address);
    used_ -= space.bytes;
    space.is_held = false;
  }
}

}  // namespace simdse
