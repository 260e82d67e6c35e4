// Commands of the program.
#pragma once

#include <fmt/core.h>

#include <boost/program_options.hpp>
#include <string>
#include <vector>

#include "models/base/data_files.h"

namespace simdse {

/// What a command is given.
struct CommandContext {
  DataFiles files;
  std::vector<std::string> arguments;  ///< after the command's name
};

struct Command {
  const char* name;
  const char* summary;
  int (*run)(const CommandContext&);
};

/// All commands, in the order in which help lists them.
const std::vector<Command>& commands();

int run_search(const CommandContext& context);
int run_compare(const CommandContext& context);
int run_simulate(const CommandContext& context);
int run_estimate(const CommandContext& context);
int run_probe(const CommandContext& context);
int run_validate(const CommandContext& context);
int run_workload(const CommandContext& context);
int run_blocks(const CommandContext& context);

/// Exit statuses.
constexpr int kDone = 0;
constexpr int kNegative = 1;
constexpr int kBadInput = 2;
constexpr int kInternalFailure = 3;
constexpr int kInterrupted = 130;  ///< by Ctrl-C, as shells have it; what was found is written

/// Parsed arguments of one command.
///
/// Example:
///   Arguments arguments("estimate", "--design D --workload W", "simdse estimate ...");
///   arguments.options().add_options()("design", po::value<std::string>(), "the design");
///   if (!arguments.parse(context)) return kDone;  // help was asked for
class Arguments {
 public:
  Arguments(std::string command, std::string synopsis, std::string example);

  boost::program_options::options_description& options() { return options_; }
  /// The next positional argument is option `name`.
  void positional(const std::string& name) { positional_.add(name.c_str(), 1); }

  /// Returns false after printing help. Throws InputError for what can't be parsed, with the
  /// nearest option.
  bool parse(const CommandContext& context);

  bool has(const std::string& name) const { return values_.count(name) > 0; }
  /// The value; throws InputError when it was not given.
  template <class T>
  T get(const std::string& name) const {
    if (!has(name)) missing(name);
    return values_[name].as<T>();
  }
  /// A number that lies between `least` and `most`, or `otherwise` when it was not given. Throws
  /// InputError.
  template <class T>
  T number(const std::string& name, T least, T most, T otherwise) const {
    if (!has(name)) return otherwise;
    const T value = get<T>(name);
    if (value >= least && value <= most) return value;
    out_of_range(name, fmt::format("{} must lie between {} and {}", value, least, most));
  }
  /// Adds `--jobs`, whose meaning is `what` at a time.
  void add_jobs(const char* what);
  /// The value of `--jobs`, by default one per processor. Throws InputError.
  int jobs() const;
  /// Parsed `--set` options.
  std::vector<struct Override> overrides() const;

 private:
  [[noreturn]] void missing(const std::string& name) const;
  [[noreturn]] void out_of_range(const std::string& name, const std::string& problem) const;

  std::string command_;
  std::string synopsis_;
  std::string example_;
  boost::program_options::options_description options_;
  boost::program_options::positional_options_description positional_;
  boost::program_options::variables_map values_;
};

}  // namespace simdse
