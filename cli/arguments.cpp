#include <fmt/core.h>

#include <algorithm>
#include <iostream>
#include <thread>

#include "cli/command.h"
#include "models/base/config_value.h"

namespace po = boost::program_options;

namespace simdse {

Arguments::Arguments(std::string command, std::string synopsis, std::string example)
    : command_(std::move(command)),
      synopsis_(std::move(synopsis)),
      example_(std::move(example)),
      options_("Options", 100, 50) {
  options_.add_options()("help,h", "show this help");
}

namespace {

template <class T>
bool is_of_type(const po::option_description& option) {
  const auto* typed = dynamic_cast<const po::typed_value_base*>(option.semantic().get());
  return typed != nullptr && typed->value_type() == typeid(T);
}

/// What the values of an option may be, for its message.
std::string allowed_values(const po::option_description& option) {
  if (is_of_type<std::size_t>(option) || is_of_type<std::uint64_t>(option)) {
    return "a whole number, not negative";
  }
  if (is_of_type<int>(option) || is_of_type<std::int64_t>(option)) return "a whole number";
  return "another value";
}

/// Unsigned numbers that are read from text wrap round below 0.
void refuse_negative_values(const po::parsed_options& parsed,
                            const po::options_description& options, const std::string& command) {
  for (const po::option& given : parsed.options) {
    if (given.string_key.empty() || given.value.empty() || given.value.front().front() != '-') {
      continue;
    }
    const po::option_description& option = options.find(given.string_key, false);
    if (!is_of_type<std::size_t>(option) && !is_of_type<std::uint64_t>(option)) continue;
    throw InputError(fmt::format("{}: --{}: '{}' must be {}", command, given.string_key,
                                 given.value.front(), allowed_values(option)));
  }
}

}  // namespace

bool Arguments::parse(const CommandContext& context) {
  const auto style = po::command_line_style::unix_style & ~po::command_line_style::allow_guessing;
  try {
    po::command_line_parser parser(context.arguments);
    const po::parsed_options parsed =
        parser.options(options_).positional(positional_).style(style).run();
    refuse_negative_values(parsed, options_, command_);
    po::store(parsed, values_);
    po::notify(values_);
  } catch (const po::unknown_option& error) {
    std::vector<std::string> known;
    for (const auto& option : options_.options()) known.push_back("--" + option->long_name());
    throw InputError(fmt::format("{}: there is no option '{}'{}", command_, error.get_option_name(),
                                 spelling_hint(error.get_option_name(), known)));
  } catch (const po::validation_error& error) {
    const std::string name = error.get_option_name();
    const std::size_t word = std::min(name.find_first_not_of('-'), name.size());
    throw InputError(fmt::format("{}: {}: must be {}", command_, error.what(),
                                 allowed_values(options_.find(name.substr(word), false))));
  } catch (const po::error& error) {
    throw InputError(fmt::format("{}: {}", command_, error.what()));
  }
  if (!has("help")) return true;
  std::cout << "usage: simdse " << command_ << ' ' << synopsis_ << "\n\n" << options_;
  std::cout << "\nExample:\n  " << example_ << '\n';
  return false;
}

void Arguments::out_of_range(const std::string& name, const std::string& problem) const {
  throw InputError(fmt::format("{}: --{}: {}", command_, name, problem));
}

void Arguments::missing(const std::string& name) const {
  throw InputError(
      fmt::format("{}: '{}' is missing; usage: simdse {} {}", command_, name, command_, synopsis_));
}

void Arguments::add_jobs(const char* what) {
  options_.add_options()("jobs,j", po::value<int>(), what);
}

int Arguments::jobs() const {
  if (!has("jobs")) return static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  const int jobs = get<int>("jobs");
  if (jobs < 1 || jobs > 1024) throw InputError(command_ + ": -j must lie between 1 and 1024");
  return jobs;
}

std::vector<Override> Arguments::overrides() const {
  std::vector<Override> result;
  if (!has("set")) return result;
  for (const std::string& text : values_["set"].as<std::vector<std::string>>()) {
    result.push_back(parse_override(text));
  }
  return result;
}

}  // namespace simdse
