#include "models/network/torus.h"

namespace simdse {
namespace {

constexpr std::size_t kDirections = 2;

}  // namespace

TorusInterconnect::TorusInterconnect(const NetworkConfig& config, const Link& link, double links)
    : Interconnect(config, static_cast<std::int32_t>(config.chips())),
      shape_(config.shape.begin(), config.shape.end()) {
  std::size_t ports = 0;
  std::vector<std::int64_t> levels;
  for (const std::int32_t size : shape_) {
    if (size == 1) continue;
    ports += kDirections;
    levels.push_back(size);
  }
  set_levels(std::move(levels));
  const double per_port = links / static_cast<double>(ports);
  line_.assign(static_cast<std::size_t>(chips()) * shape_.size() * kDirections, -1);
  std::size_t at = 0;
  for (std::int32_t chip = 0; chip < chips(); ++chip) {
    std::int32_t stride = 1;
    for (const std::int32_t size : shape_) {
      const std::int32_t place = chip / stride % size;
      const std::int32_t origin = chip - place * stride;
      const std::int32_t next[] = {(place + 1) % size, (place + size - 1) % size};
      for (std::size_t direction = 0; direction < kDirections; ++direction, ++at) {
        if (size > 1) line_[at] = add_line(chip, origin + next[direction] * stride, link, per_port);
      }
      stride *= size;
    }
  }
  slow_down();
}

void TorusInterconnect::route(std::int32_t from, std::int32_t to, RingWay way,
                              std::vector<Hop>& hops) const {
  hops.clear();
  std::int32_t chip = from;
  std::int32_t stride = 1;
  for (std::size_t dimension = 0; dimension < shape_.size(); ++dimension) {
    const std::int32_t size = shape_[dimension];
    std::int32_t place = chip / stride % size;
    const std::int32_t target = to / stride % size;
    const std::int32_t ahead = (target - place + size) % size;
    const bool is_even = 2 * ahead == size;
    const bool goes_forward =
        is_even ? way == RingWay::forward || (way == RingWay::even && place % 2 == 0)
                : 2 * ahead < size;
    std::int32_t place_class = 0;
    while (place != target) {
      const std::size_t at =
          (static_cast<std::size_t>(chip) * shape_.size() + dimension) * kDirections +
          (goes_forward ? 0 : 1);
      const std::int32_t next = goes_forward ? (place + 1) % size : (place + size - 1) % size;
      if (goes_forward ? next < place : next > place) place_class = 1;
      hops.push_back({line_[at], place_class});
      chip += (next - place) * stride;
      place = next;
    }
    stride *= size;
  }
}

}  // namespace simdse
