#include <fmt/core.h>
#include <poll.h>
#include <unistd.h>

#include <csignal>
#include <iostream>

#include "cli/command.h"
#include "sim/kernel/module_registry.h"

namespace simdse {

const std::vector<Command>& commands() {
  static const std::vector<Command> all = {
      {"search", "search designs for a workload, then simulate the best", run_search},
      {"compare", "the search beside other ways to search, in the same space", run_compare},
      {"simulate", "one design, one workload, transaction-level", run_simulate},
      {"estimate", "the analytic answer alone, per operator and in total", run_estimate},
      {"probe", "one block alone under a load, by formula and simulated", run_probe},
      {"validate", "how far estimate, simulation and what was measured are from each other",
       run_validate},
      {"workload", "operators, parameters, MACs and bytes of a network", run_workload},
      {"blocks", "registered hardware blocks and their parameters", run_blocks},
  };
  return all;
}

namespace {

void print_help() {
  std::cout
      << "simdse " << SIMDSE_VERSION
      << ": finds the accelerator that trains a network fastest within a budget, and simulates "
         "it\n\nusage: simdse COMMAND [options]\n\n";
  for (const Command& command : commands()) {
    std::cout << fmt::format("  {:<10} {}\n", command.name, command.summary);
  }
  std::cout << "\nsimdse COMMAND --help tells more. A good start:\n"
               "  simdse search configs/searches/bert_large.yaml\n";
}

int run(int count, char** words) {
  if (count < 2) {
    print_help();
    return kBadInput;
  }
  const std::string name = words[1];
  if (name == "--help" || name == "-h" || name == "help") {
    print_help();
    return kDone;
  }
  if (name == "--version") {
    std::cout << "simdse " << SIMDSE_VERSION << '\n';
    return kDone;
  }
  const std::vector<std::string> disagreements = ModuleRegistry::instance().disagreements();
  if (!disagreements.empty()) throw std::logic_error(disagreements.front());
  std::vector<std::string> known;
  for (const Command& command : commands()) {
    if (name == command.name) {
      return command.run({DataFiles::standard(), {words + 2, words + count}});
    }
    known.emplace_back(command.name);
  }
  throw InputError(fmt::format("there is no command '{}'{}", name, spelling_hint(name, known)));
}

/// True if standard output is a pipe from which nobody reads any more.
bool has_no_reader() {
  pollfd out{STDOUT_FILENO, 0, 0};
  return poll(&out, 1, 0) == 1 && (out.revents & POLLERR) != 0;
}

}  // namespace
}  // namespace simdse

int main(int count, char** words) {
  std::signal(SIGPIPE, SIG_IGN);
  try {
    const int status = simdse::run(count, words);
    std::cout.flush();
    if (std::cout) return status;
    if (simdse::has_no_reader()) {
      // The work is done: end without a word, as programs do whose reader has seen enough.
      std::signal(SIGPIPE, SIG_DFL);
      std::raise(SIGPIPE);
    }
    std::cerr << "simdse: standard output can't be written\n";
    return simdse::kInternalFailure;
  } catch (const simdse::InputError& error) {
    std::cerr << "simdse: " << simdse::printable(error.what()) << '\n';
    return simdse::kBadInput;
  } catch (const simdse::NegativeResult& error) {
    std::cerr << "simdse: " << simdse::printable(error.what()) << '\n';
    return simdse::kNegative;
  } catch (const std::exception& error) {
    std::cerr << "simdse: internal failure: " << simdse::printable(error.what()) << '\n';
    return simdse::kInternalFailure;
  }
}
