#include "sim/recording/power.h"

#include <algorithm>
#include <map>

namespace simdse {

void ActivityProfile::coarsen() {
  window_ *= 2;
  for (std::size_t i = 0; i < amounts_.size(); ++i) {
    const double amount = amounts_[i];
    amounts_[i] = 0;
    amounts_[i / 2] += amount;
  }
  amounts_.resize((amounts_.size() + 1) / 2);
}

void ActivityProfile::coarsen_to(Picoseconds window) {
  while (window_ < window) coarsen();
}

void ActivityProfile::add(Picoseconds start, Picoseconds finish, double amount) {
  // What takes no time counts where it starts.
  const Picoseconds last = std::max(start, finish - 1);
  while (last / window_ >= static_cast<Picoseconds>(kWindows)) coarsen();
  const auto first_window = static_cast<std::size_t>(start / window_);
  const auto last_window = static_cast<std::size_t>(last / window_);
  if (amounts_.size() <= last_window) amounts_.resize(last_window + 1);
  if (first_window == last_window) {
    amounts_[first_window] += amount;
    return;
  }
  const double rate = amount / static_cast<double>(finish - start);
  for (std::size_t i = first_window; i <= last_window; ++i) {
    const auto window_start = static_cast<Picoseconds>(i) * window_;
    const Picoseconds from = std::max(start, window_start);
    const Picoseconds to = std::min(finish, window_start + window_);
    amounts_[i] += rate * static_cast<double>(to - from);
  }
}

Watts PowerProfile::peak() const {
  const std::vector<double>& watts = tracks.front().watts;
  double highest = watts.front();
  for (std::size_t i = 0; i < watts.size(); ++i) {
    if (static_cast<Picoseconds>(i + 1) * window <= end) highest = std::max(highest, watts[i]);
  }
  return Watts(highest);
}

Joules PowerProfile::energy(const Track& track) const {
  double joules = 0;
  for (std::size_t i = 0; i < track.watts.size(); ++i) {
    const auto start = static_cast<Picoseconds>(i) * window;
    joules += track.watts[i] * to_seconds(std::min(window, end - start)).value();
  }
  return Joules(joules);
}

PowerProfile power_profile(const std::vector<EnergyPart>& energy,
                           const std::vector<BlockActivity>& activity, Picoseconds end) {
  PowerProfile result;
  result.end = end;
  // One length of window for all: the longest.
  ActivityProfile whole;
  whole.add(0, end, 1);
  result.window = whole.window();
  for (const BlockActivity& block : activity) {
    result.window = std::max(result.window, block.profile->window());
  }
  const auto windows = static_cast<std::size_t>(ceil_div(end, result.window));
  // Shares of each window in a block's energy. What was done in the run's very last instant may
  // reach beyond its end.
  const auto shares_of = [&](ActivityProfile profile) {
    profile.coarsen_to(result.window);
    std::vector<double> shares(windows, 0.0);
    double total = 0;
    for (std::size_t i = 0; i < profile.amounts().size(); ++i) {
      shares[std::min(i, windows - 1)] += profile.amounts()[i];
      total += profile.amounts()[i];
    }
    for (double& share : shares) share = total > 0 ? share / total : 0;
    return shares;
  };
  const std::vector<double> evenly = shares_of(whole);
  std::vector<PowerProfile::Track> tracks;
  const auto add = [&](const std::string& name, const std::vector<double>& shares, Joules joules) {
    auto track = std::find_if(tracks.begin(), tracks.end(),
                              [&](const PowerProfile::Track& t) { return t.block == name; });
    if (track == tracks.end()) {
      tracks.push_back({name, std::vector<double>(windows, 0.0)});
      track = tracks.end() - 1;
    }
    for (std::size_t i = 0; i < windows; ++i) {
      const auto start = static_cast<Picoseconds>(i) * result.window;
      const double seconds = to_seconds(std::min(result.window, end - start)).value();
      track->watts[i] += joules.value() * shares[i] / seconds;
    }
  };
  std::map<std::pair<std::string, std::string>, std::vector<double>> shares;
  for (const BlockActivity& block : activity) {
    if (block.profile->amounts().empty()) continue;
    shares[{block.block, block.action}] = shares_of(*block.profile);
  }
  for (const EnergyPart& part : energy) {
    auto own = shares.find({part.block, part.action});
    if (own == shares.end()) own = shares.find({part.block, ""});
    if (part.action == "always") {
      add("always", evenly, part.energy);
      add("total", evenly, part.energy);
    } else {
      const std::vector<double>& when = own == shares.end() ? evenly : own->second;
      add(part.block, when, part.energy);
      add("total", when, part.energy);
    }
  }
  std::stable_partition(tracks.begin(), tracks.end(),
                        [](const PowerProfile::Track& t) { return t.block == "total"; });
  result.tracks = std::move(tracks);
  return result;
}

void write_power(TraceWriter& trace, const PowerProfile& profile) {
  for (const PowerProfile::Track& track : profile.tracks) {
    const std::uint64_t id = trace.add_counter("power", track.block, "W");
    for (std::size_t i = 0; i < track.watts.size(); ++i) {
      if (i > 0 && track.watts[i] == track.watts[i - 1]) continue;
      trace.add_value(id, static_cast<Picoseconds>(i) * profile.window, track.watts[i]);
    }
    trace.add_value(id, profile.end, 0);
  }
}

}  // namespace simdse
