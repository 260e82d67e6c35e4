#include <fmt/core.h>

#include <iostream>

#include "cli/command.h"
#include "cli/overrides.h"
#include "cli/report/json_report.h"
#include "cli/report/operator_view.h"
#include "cli/report/output_folder.h"
#include "cli/report/software_report.h"
#include "cli/report/table.h"
#include "search/estimate/planned_estimate.h"
#include "search/plan/plan_text.h"

namespace po = boost::program_options;

namespace simdse {
namespace {

std::string percent(double share) { return fmt::format("{:.1f} %", share * 100); }

void print_estimate(const Chip& chip, const TrainingSetup& setup, const Plan& plan,
                    const PlanEstimate& estimate) {
  const double frequency = chip.clock().frequency().value();
  Table table;
  table.add_column("region", Table::Align::left);
  table.add_column("time us", Table::Align::right);
  table.add_column("share", Table::Align::right);
  table.add_column("bound", Table::Align::left);
  table.add_column("of its time", Table::Align::right);
  table.add_column("cores", Table::Align::left);
  for (const Region& region : plan.regions) {
    const RegionEstimate& e = estimate.regions[region.id];
    std::string name = setup.region_name(region);
    if (region.operators.size() > 1) name += fmt::format(" +{}", region.operators.size() - 1);
    table.add_row({name, fmt::format("{:.1f}", e.cycles / frequency * 1e6),
                   percent(e.cycles / estimate.cycles), resource_name(e.binding),
                   percent(e.bound(e.binding).cycles / e.cycles),
                   fmt::format("{}+{}", region.tensor_cores.size(), region.vector_cores.size())});
  }
  std::cout << table.text() << '\n';
  const double throughput = static_cast<double>(setup.workload.batch()) / estimate.time.value();
  std::cout
      << fmt::format("{} on {} ({})\n", setup.workload.name, chip.design().name, chip.label())
      << fmt::format("time         {:.4g} ms per step of {} samples: {:.4g} samples/s\n",
                     estimate.time.value() * 1e3, setup.workload.batch(), throughput)
      << fmt::format("energy       {:.4g} J per step; TDP {:.4g} W: {:.3g} samples/s/W\n",
                     estimate.energy.value(), chip.tdp().value(), throughput / chip.tdp().value())
      << fmt::format("area         {:.4g} mm2\n", chip.area().value())
      << fmt::format("memory       {} of {}\n",
                     format_quantity(to_double(plan.peak_memory), Dimension::bytes, 4),
                     format_quantity(to_double(chip.memory().capacity()), Dimension::bytes, 4))
      << fmt::format("buffer       {} of {}\n",
                     format_quantity(to_double(plan.peak_buffer), Dimension::bytes, 4),
                     format_quantity(to_double(chip.buffer().capacity()), Dimension::bytes, 4))
      << software_text(setup.workload.training.software, {&setup.graph}, 13)
      << utilisation_of(chip, setup, estimate.macs, estimate.time).text();
  std::string parts;
  for (std::size_t i = 0; i < kResourceCount; ++i) {
    parts += fmt::format("{} {:.1f} | ", resource_name(static_cast<Resource>(i)),
                         estimate.breakdown[i] * 100);
  }
  std::cout << fmt::format("bound by     {}launch and wait {:.1f}   = 100 %\n", parts,
                           estimate.breakdown[kResourceCount] * 100);
}

}  // namespace

int run_estimate(const CommandContext& context) {
  Arguments arguments("estimate",
                      "--design D --workload W [--op NAME] [--write-plan FILE] [--set path=value] "
                      "[--json]",
                      "simdse estimate --design tpu_v2 --workload bert_large --op "
                      "layer0.ffn1.forward");
  arguments.options().add_options()("design", po::value<std::string>(),
                                    "a design's name or YAML file")(
      "workload", po::value<std::string>(), "a zoo name, a YAML file or an ONNX model")(
      "op", po::value<std::string>(), "show the bounds of one operator, level by level")(
      "set", po::value<std::vector<std::string>>()->composing(),
      "override a value: design.path=value or workload.path=value")(
      "write-plan", po::value<std::string>(),
      "write the plan (mapping, order, addresses) to a file that simulate --plan reads")(
      "json", "for scripts");
  add_onnx_options(arguments);
  if (!arguments.parse(context)) return kDone;
  const SplitOverrides overrides = split_overrides(arguments.overrides());
  const Chip chip =
      load_chip(arguments.get<std::string>("design"), context.files, overrides.design);
  const TrainingSetup setup(load_workload(arguments.get<std::string>("workload"), context.files,
                                          with_onnx_options(arguments, overrides.workload)));
  const auto [planned, estimate] = plan_and_estimate(chip, setup.tasks);
  if (arguments.has("write-plan")) {
    write_file(arguments.get<std::string>("write-plan"), plan_to_text(planned.plan));
  }
  if (arguments.has("op")) {
    const Region& region = find_region(setup, planned.plan, arguments.get<std::string>("op"));
    if (arguments.has("json")) {
      std::cout << operator_view_json(chip, setup, region, estimate.regions[region.id]).dump(2)
                << '\n';
    } else {
      std::cout << operator_view(chip, setup, region, estimate.regions[region.id]);
    }
    return kDone;
  }
  if (arguments.has("json")) {
    nlohmann::ordered_json json = estimate_json(chip, setup, estimate);
    json["peak_buffer_bytes"] = planned.plan.peak_buffer.value();
    json["software"] = software_json(setup.workload.training.software);
    json["chip"] = chip_json(chip);
    json["operators"] = operators_json(chip, setup, planned.plan, estimate, nullptr);
    std::cout << json.dump(2) << '\n';
  } else {
    print_estimate(chip, setup, planned.plan, estimate);
  }
  return kDone;
}

}  // namespace simdse
