#include "cli/overrides.h"

#include <fmt/core.h>

namespace po = boost::program_options;

namespace simdse {

SplitOverrides split_overrides(const std::vector<Override>& overrides) {
  SplitOverrides result;
  for (const Override& item : overrides) {
    const std::size_t dot = item.path.find('.');
    const std::string file = item.path.substr(0, dot);
    if (dot == std::string::npos || (file != "design" && file != "workload")) {
      throw InputError(fmt::format(
          "--set {}: the path must begin with 'design.' or 'workload.', e.g. design.memory.stacks",
          item.path));
    }
    const Override inner{item.path.substr(dot + 1), item.value};
    (file == "design" ? result.design : result.workload).push_back(inner);
  }
  return result;
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
