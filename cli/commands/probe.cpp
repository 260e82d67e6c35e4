#include "cli/probe/probe.h"

#include <fmt/core.h>

#include <iostream>

namespace simdse {
namespace {

void print_help() {
  std::cout << "usage: simdse probe NAME --design D [options]\n\n"
               "One block of a design alone, by its formula and simulated, under a load:\n";
  for (const Probe& probe : probes()) {
    std::cout << fmt::format("  {:<10} {}\n", probe.name, probe.summary);
  }
  std::cout << "\nsimdse probe NAME --help tells more.\n\n"
               "Example:\n  simdse probe memory --design tpu_v2 --pattern random --block 64B\n";
}

}  // namespace

int run_probe(const CommandContext& context) {
  std::vector<std::string> known;
  std::string names;
  for (const Probe& probe : probes()) {
    known.emplace_back(probe.name);
    names += (names.empty() ? "" : " | ") + known.back();
  }
  if (context.arguments.empty()) {
    throw InputError(fmt::format("probe: say what to probe: {}; see simdse probe --help", names));
  }
  const std::string& name = context.arguments.front();
  if (name == "--help" || name == "-h") {
    print_help();
    return kDone;
  }
  for (const Probe& probe : probes()) {
    if (name == probe.name) {
      return probe.run({context.files, {context.arguments.begin() + 1, context.arguments.end()}});
    }
  }
  throw InputError(fmt::format("probe: there is no probe '{}'{}; the first word is one of {}", name,
                               spelling_hint(name, known), names));
}

}  // namespace simdse
