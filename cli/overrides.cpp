#include "cli/overrides.h"

#include <fmt/core.h>

namespace po = boost::program_options;

namespace simdse {

SplitOverrides split_overrides(const std::vector<Override>& overrides) {
  std::vector<Override> left = overrides;
  SplitOverrides result;
  result.design = take_overrides(left, "design");
  result.workload = take_overrides(left, "workload");
  if (!left.empty()) {
    throw InputError(fmt::format(
        "--set {}: the path must begin with 'design.' or 'workload.', e.g. design.memory.stacks",
        left.front().path));
  }
  return result;
}

std::vector<Override> take_overrides(std::vector<Override>& overrides, const std::string& file) {
  const std::string prefix = file + ".";
  std::vector<Override> taken;
  std::vector<Override> left;
  for (Override& item : overrides) {
    const bool is_of_file = item.path.rfind(prefix, 0) == 0;
    if (is_of_file) item.path.erase(0, prefix.size());
    (is_of_file ? taken : left).push_back(std::move(item));
  }
  overrides = std::move(left);
  return taken;
}

std::vector<Override> own_overrides(std::vector<Override> overrides, const std::string& file) {
  for (Override& item : overrides) {
    if (item.path.rfind(file + ".", 0) == 0) item.path.erase(0, file.size() + 1);
  }
  return overrides;
}

void add_onnx_options(Arguments& arguments) {
  arguments.options().add_options()("dim", po::value<std::vector<std::string>>()->composing(),
                                    "size of a symbolic dimension of an ONNX model: name=value")(
      "opaque", "take unknown operators of an ONNX model as memory-bound ones of known bytes");
}

std::vector<Override> with_onnx_options(const Arguments& arguments, std::vector<Override> others) {
  if (arguments.has("dim")) {
    for (const std::string& text : arguments.get<std::vector<std::string>>("dim")) {
      const std::size_t equals = text.find('=');
      if (equals == std::string::npos || equals == 0) {
        throw InputError(fmt::format("--dim {}: expected name=value", text));
      }
      if (text.find('.') < equals) {
        throw InputError(
            fmt::format("--dim {}: a name with '.' has to be given in a workload "
                        "file, under dims:",
                        text));
      }
      others.push_back({"dims." + text.substr(0, equals), text.substr(equals + 1)});
    }
  }
  if (arguments.has("opaque")) others.push_back({"opaque", "true"});
  return others;
}

}  // namespace simdse
