#include "sim/probe/memory_probe.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "cli/probe/probe.h"
#include "cli/probe/probe_report.h"

namespace po = boost::program_options;

namespace simdse {
namespace {

constexpr double kMaxBlock = 1LL << 30;         // a payload's length is 32 bits
constexpr std::int64_t kMaxOutstanding = 4096;  // asked for by default, at most

Bytes bytes_option(const Arguments& arguments, const std::string& name, Bytes fallback, Bytes min,
                   Bytes max) {
  return Bytes(static_cast<std::int64_t>(quantity_option(
      arguments, name, Dimension::bytes, to_double(fallback), to_double(min), to_double(max))));
}

AccessPattern::Order read_order(const Arguments& arguments) {
  const std::vector<std::string> names = {"sequential", "random", "stride"};
  const auto name = arguments.get<std::string>("pattern");
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (name == names[i]) return static_cast<AccessPattern::Order>(i);
  }
  throw InputError(
      fmt::format("--pattern: there is no pattern '{}'{} (sequential | random | "
                  "stride)",
                  name, spelling_hint(name, names)));
}

MemoryLoad read_load(const Arguments& arguments, const Memory& memory) {
  const Bytes capacity = memory.capacity();
  MemoryLoad load;
  AccessPattern& pattern = load.pattern;
  pattern.order = read_order(arguments);
  const Bytes largest(std::min<std::int64_t>(capacity.value(), kMaxBlock));
  pattern.block = bytes_option(arguments, "block", pattern.block, Bytes(1), largest);
  if (pattern.order == AccessPattern::Order::stride) {
    const Bytes fallback(std::max(pattern.stride.value(), pattern.block.value()));
    pattern.stride = bytes_option(arguments, "stride", fallback, Bytes(1), capacity);
    if (pattern.stride < pattern.block) {
      throw InputError(fmt::format("--stride: {} is less than a block of {}: blocks would overlap",
                                   arguments.get<std::string>("stride"),
                                   format_quantity(to_double(pattern.block), Dimension::bytes)));
    }
  } else if (arguments.has("stride")) {
    throw InputError("--stride: only --pattern stride has one");
  }
  pattern.write_share = quantity_option(arguments, "write-share", Dimension::count, 0, 0, 1);
  const double most = static_cast<double>(std::int64_t{1} << 20);
  const auto queue = static_cast<double>(std::min(memory.queue_depth(), kMaxOutstanding));
  const double outstanding =
      quantity_option(arguments, "outstanding", Dimension::count, queue, 1, most);
  pattern.outstanding = static_cast<std::int64_t>(outstanding);
  if (static_cast<double>(pattern.outstanding) != outstanding) {
    throw InputError("--outstanding: must be a whole number");
  }
  const Bytes fallback(
      std::max(std::min<std::int64_t>(64 << 20, capacity.value()), pattern.block.value()));
  const Bytes total = bytes_option(arguments, "bytes", fallback, pattern.block, capacity);
  load.blocks = total.value() / pattern.block.value();
  pattern.outstanding = std::min(pattern.outstanding, load.blocks);
  if (arguments.has("seed")) load.seed = arguments.get<std::uint64_t>("seed");
  return load;
}

/// Mean latency of a run of some length. The first blocks are asked for at once: each waits only
/// for those before it, half as long in the mean as those that follow.
double mean_latency_of_run(const Memory& memory, const MemoryLoad& load) {
  AccessPattern alone = load.pattern;
  alone.outstanding = 1;
  const double at_once =
      static_cast<double>(load.pattern.outstanding) / static_cast<double>(load.blocks);
  return std::max(memory.mean_latency(alone).value(),
                  memory.mean_latency(load.pattern).value() * (1 - at_once / 2));
}

std::string probe_memory_of(const Chip& chip, const Arguments& arguments) {
  const Memory& memory = chip.memory();
  const MemoryLoad load = read_load(arguments, memory);
  const AccessPattern& pattern = load.pattern;

  const std::string answer = simulate_apart([&] {
    const MemoryProbeResult r = probe_memory(chip, load);
    return nlohmann::json({r.time.value(), r.mean_latency.value(), r.idle_latency.value()}).dump();
  });
  const std::vector<double> simulated = nlohmann::json::parse(answer);
  const double bytes = to_double(pattern.block) * static_cast<double>(load.blocks);
  const double peak = memory.peak_bandwidth().value();
  const double formula_bandwidth = memory.bandwidth(pattern).value();
  const double simulated_bandwidth = bytes / simulated[0];
  const auto share = [peak](double bandwidth) {
    return std::isinf(peak) ? std::numeric_limits<double>::quiet_NaN() : bandwidth / peak;
  };

  ProbeReport report(
      "memory",
      fmt::format("memory of {} ({}): {} {}, {} blocks of {}, {} outstanding", chip.design().name,
                  chip.design().memory.type, format_quantity(peak, Dimension::bandwidth, 4),
                  arguments.get<std::string>("pattern"), load.blocks,
                  format_quantity(to_double(pattern.block), Dimension::bytes),
                  pattern.outstanding));
  report.input("design", chip.design().name);
  report.input("type", chip.design().memory.type);
  report.input("pattern", arguments.get<std::string>("pattern"));
  report.input("block_bytes", pattern.block.value());
  if (pattern.order == AccessPattern::Order::stride) {
    report.input("stride_bytes", pattern.stride.value());
  }
  report.input("write_share", pattern.write_share);
  report.input("bytes", load.blocks * pattern.block.value());
  report.input("outstanding", pattern.outstanding);
  report.input("seed", load.seed);
  if (std::isfinite(peak)) report.input("peak_bandwidth_bytes_per_s", peak);
  report.figure("bandwidth_bytes_per_s", "bandwidth", Dimension::bandwidth, formula_bandwidth,
                simulated_bandwidth);
  report.figure("fraction_of_peak", "fraction of peak", Dimension::count, share(formula_bandwidth),
                share(simulated_bandwidth));
  report.figure("mean_latency_s", "mean latency", Dimension::time,
                mean_latency_of_run(memory, load), simulated[1]);
  report.figure("idle_latency_s", "idle latency (one burst, row closed)", Dimension::time,
                memory.idle_latency().value(), simulated[2]);
  return report.text(arguments.has("json"));
}

}  // namespace

int run_memory_probe(const CommandContext& context) {
  Arguments arguments("probe memory",
                      "--design D --pattern sequential|random|stride [--block 256B] [--stride "
                      "4KiB] [--write-share 0.3] [--bytes 64MiB] [--seed N] [--outstanding N] "
                      "[--set design.path=value] [--json]",
                      "simdse probe memory --design tpu_v2 --pattern random --block 64B");
  add_probe_options(arguments);
  arguments.options().add_options()("pattern", po::value<std::string>(),
                                    "order of the blocks: sequential, random or stride")(
      "block", po::value<std::string>(), "bytes of one access (default 256 B)")(
      "stride", po::value<std::string>(),
      "from block to block, with --pattern stride (default 4 KiB)")(
      "write-share", po::value<std::string>(), "share of blocks that are written (default 0)")(
      "bytes", po::value<std::string>(),
      "bytes in all (default 64 MiB, so that refreshes average out)")(
      "seed", po::value<std::uint64_t>(), "of random addresses and of what is written (default 1)")(
      "outstanding", po::value<std::string>(),
      "blocks under way at a time (default: what the memory's queues hold)");
  if (!arguments.parse(context)) return kDone;
  return on_probed_chip(arguments, context,
                        [&](const Chip& chip) { return probe_memory_of(chip, arguments); });
}

}  // namespace simdse
