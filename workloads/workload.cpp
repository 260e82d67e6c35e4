#include "workloads/workload.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "models/base/config_reader.h"
#include "workloads/model_reader.h"

namespace simdse {
namespace {

constexpr const char* kZooFolder = "workloads/zoo";

/// Parts of the document that describe the network; the rest says how it is trained.
ConfigValue graph_part(const ConfigValue& document) {
  std::vector<ConfigValue::Member> members;
  for (const char* key : {"requires", "inputs", "blocks", "operators"}) {
    if (const ConfigValue* value = document.find(key)) members.push_back({key, {}, *value});
  }
  return ConfigValue::map(std::move(members), document.where());
}

/// The model's parameters in their order, each by the workload's value or else its own expression,
/// which may use those before it.
Variables read_parameters(const ConfigValue& model, ConfigReader& workload) {
  Variables parameters;
  ExpressionEvaluator evaluator;
  const auto define = [&](const std::string& key, const ConfigValue& value,
                          const std::string& what) {
    const double number = evaluator.number(value, parameters, what);
    if (number < 0) {
      throw InputError(value.where(), fmt::format("{}: {} is negative", what, value.text(what)));
    }
    parameters[key] = number;
  };
  if (const ConfigValue* declared = model.find("parameters")) {
    for (const ConfigValue::Member& member : declared->members("parameters")) {
      const ConfigValue* given = workload.find(member.key);
      define(member.key, given == nullptr ? member.value : *given,
             given == nullptr ? "parameters." + member.key : member.key);
    }
  }
  if (const ConfigValue* batch = workload.find("batch")) define("batch", *batch, "batch");
  const double batch = parameters.emplace("batch", 1.0).first->second;
  if (batch < 1 || batch != std::floor(batch)) {
    const ConfigValue* given = workload.find("batch");
    throw InputError(given == nullptr ? model.where() : given->where(),
                     fmt::format("batch: {} is not a whole number of at least 1", batch));
  }
  return parameters;
}

/// Reads what a workload file says beside the network itself, then builds the graph.
Workload read_document(const ConfigValue& document, const ConfigValue& model, std::string name) {
  Workload workload;
  workload.name = std::move(name);
  ConfigReader reader(document, "");
  for (const char* key :
       {"model", "name", "about", "parameters", "requires", "inputs", "blocks", "operators"}) {
    reader.find(key);
  }
  workload.name = reader.text_or("name", workload.name);
  std::vector<std::string> rules;
  for (const OptimizerRule& rule : optimizer_rules()) rules.emplace_back(rule.name);
  TrainingOptions& training = workload.training;
  training.optimizer = reader.choice_or("optimizer", rules, training.optimizer);
  training.formats.compute = number_format(reader.choice_or(
      "format", {"bf16", "fp16", "fp32", "fp8", "int8"}, training.formats.compute.name));
  const std::string recompute = reader.choice_or("recompute", recomputation_names(), "none");
  const auto& modes = recomputation_names();
  training.recompute =
      static_cast<Recomputation>(std::find(modes.begin(), modes.end(), recompute) - modes.begin());
  // Every other key is the value of one of the model's parameters.
  workload.parameters = read_parameters(model, reader);
  reader.finish();
  workload.forward = read_model(graph_part(model), workload.parameters, workload.training.formats);
  return workload;
}

Workload from_document(const ConfigValue& document, const DataFiles& files,
                       const std::string& relative_to, const std::string& name) {
  const ConfigValue* base = document.find("model");
  if (base == nullptr) {
    if (document.find("operators") == nullptr) {
      throw InputError(document.where(),
                       "a workload needs 'model' (a name of the zoo) or 'operators'");
    }
    return read_document(document, document, name);
  }
  if (const ConfigValue* operators = document.find("operators")) {
    throw InputError(operators->where(), "give either 'model' or 'operators', not both");
  }
  const std::string& model_name = base->text("model");
  const std::string path = files.find(kZooFolder, model_name, "model", base->where(), relative_to);
  return read_document(document, load_config(path), std::filesystem::path(path).stem().string());
}

}  // namespace

Workload load_workload(const std::string& name_or_path, const DataFiles& files,
                       const std::vector<Override>& overrides) {
  const std::string path = files.find(kZooFolder, name_or_path, "workload");
  const std::filesystem::path as_path(path);
  return from_document(load_config(path, overrides), files, as_path.parent_path().string(),
                       as_path.stem().string());
}

Workload read_workload(const ConfigValue& value, const DataFiles& files,
                       const std::string& relative_to) {
  if (value.is_map()) return from_document(value, files, relative_to, "workload");
  const std::string path =
      files.find(kZooFolder, value.text("workload"), "workload", value.where(), relative_to);
  const std::filesystem::path as_path(path);
  return from_document(load_config(path), files, as_path.parent_path().string(),
                       as_path.stem().string());
}

}  // namespace simdse
