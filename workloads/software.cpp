#include "workloads/software.h"

#include <algorithm>
#include <filesystem>

#include "models/base/config_reader.h"

namespace simdse {
namespace {

std::vector<std::vector<std::string>> read_chains(const ConfigValue& value) {
  std::vector<std::vector<std::string>> chains;
  for (const ConfigValue& chain : value.items("fused")) {
    std::vector<std::string> kinds;
    for (const ConfigValue& kind : chain.items("fused")) kinds.push_back(kind.text("fused"));
    if (kinds.size() < 2) throw InputError(chain.where(), "fused: a chain has two kinds or more");
    if (std::find(chains.begin(), chains.end(), kinds) != chains.end()) {
      throw InputError(chain.where(), "fused: the chain is there twice");
    }
    chains.push_back(std::move(kinds));
  }
  return chains;
}

std::vector<UpdatePass> read_passes(const ConfigValue& value) {
  const std::vector<std::string>& names = update_pass_names();
  std::vector<UpdatePass> passes;
  for (const ConfigValue& item : value.items("update_passes")) {
    const std::string& name = read_choice(item, "update_passes", names);
    const auto pass =
        static_cast<UpdatePass>(std::find(names.begin(), names.end(), name) - names.begin());
    if (std::find(passes.begin(), passes.end(), pass) != passes.end()) {
      throw InputError(item.where(), "update_passes: '" + name + "' is there twice");
    }
    passes.push_back(pass);
  }
  return passes;
}

}  // namespace

const std::vector<std::string>& update_pass_names() {
  static const std::vector<std::string> names = {"unscale", "norm", "clip", "copy", "zero"};
  return names;
}

bool Software::has(UpdatePass pass) const {
  return std::find(update_passes.begin(), update_passes.end(), pass) != update_passes.end();
}

Software load_software(const std::string& name_or_path, const DataFiles& files,
                       const SourceLocation& where) {
  const std::filesystem::path file(where.line == 0 ? "" : where.file);
  const std::string path =
      files.find("configs/software", name_or_path, "software", where, file.parent_path().string());
  const ConfigValue document = load_config(path);
  ConfigReader reader(document, "");
  Software software;
  software.name = std::filesystem::path(path).stem().string();
  reader.find("about");
  software.kernels.in_order = reader.choice_or("kernels", {"free", "in_order"}, "free") != "free";
  if (const ConfigValue* fused = reader.find("fused"))
    software.kernels.chains = read_chains(*fused);
  if (reader.find("main_gradients") != nullptr) {
    software.main_gradients =
        number_format(reader.choice_or("main_gradients", {"fp32", "bf16", "fp16"}, "fp32"));
  }
  if (const ConfigValue* passes = reader.find("update_passes")) {
    software.update_passes = read_passes(*passes);
  }
  software.exchanges_in_order =
      reader.choice_or("exchanges", {"overlapped", "in_order"}, "overlapped") == "in_order";
  software.reduces_afterwards = reader.choice_or("gradient_exchange", {"overlapped", "afterwards"},
                                                 "overlapped") == "afterwards";
  reader.finish();
  return software;
}

}  // namespace simdse
