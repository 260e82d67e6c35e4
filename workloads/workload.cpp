#include "workloads/workload.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "models/base/config_reader.h"
#include "workloads/model_reader.h"
#include "workloads/onnx/onnx_importer.h"

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

/// Reads how the network is trained.
void read_training(ConfigReader& reader, const DataFiles& files, Workload& workload) {
  workload.name = reader.text_or("name", workload.name);
  std::vector<std::string> rules;
  for (const OptimizerRule& rule : optimizer_rules()) rules.emplace_back(rule.name);
  TrainingOptions& training = workload.training;
  training.optimizer = reader.choice_or("optimizer", rules, training.optimizer);
  training.formats.compute = number_format(reader.choice_or(
      "format", {"bf16", "fp16", "fp32", "fp8", "int8"}, training.formats.compute.name));
  const std::string recompute = reader.choice_or("recompute", recomputation_names(), "none");
  if (const ConfigValue* software = reader.find("software")) {
    training.software = load_software(software->text("software"), files, software->where());
  }
  const auto& modes = recomputation_names();
  training.recompute =
      static_cast<Recomputation>(std::find(modes.begin(), modes.end(), recompute) - modes.begin());
}

/// Reads what a workload file says beside the network itself, then builds the graph.
Workload read_document(const ConfigValue& document, const ConfigValue& model,
                       const DataFiles& files, std::string name) {
  for (const char* key : {"dims", "opaque"}) {
    if (const ConfigValue* given = document.find(key)) {
      throw InputError(given->where(), fmt::format("'{}' is for ONNX models only", key));
    }
  }
  Workload workload;
  workload.name = std::move(name);
  ConfigReader reader(document, "");
  for (const char* key :
       {"model", "name", "about", "parameters", "requires", "inputs", "blocks", "operators"}) {
    reader.find(key);
  }
  read_training(reader, files, workload);
  // Every other key is the value of one of the model's parameters.
  workload.parameters = read_parameters(model, reader);
  reader.finish();
  workload.forward = read_model(graph_part(model), workload.parameters, workload.training.formats);
  return workload;
}

bool is_onnx(const std::string& path) { return std::filesystem::path(path).extension() == ".onnx"; }

/// The same where the network is an ONNX model.
Workload read_onnx(const ConfigValue& document, const DataFiles& files, const std::string& path) {
  Workload workload;
  workload.name = std::filesystem::path(path).stem().string();
  ConfigReader reader(document, "");
  for (const char* key : {"model", "name", "about"}) reader.find(key);
  read_training(reader, files, workload);
  OnnxOptions options;
  options.batch = reader.find("batch") == nullptr ? 0 : reader.integer("batch");
  options.allow_opaque = reader.flag_or("opaque", false);
  if (const ConfigValue* dims = reader.find("dims")) {
    for (const ConfigValue::Member& member : dims->members("dims")) {
      const std::string what = "dims." + member.key;
      options.dimensions[member.key] = read_integer(member.value, what);
    }
  }
  reader.finish();
  OnnxImport imported = import_onnx(path, options, workload.training.formats);
  workload.parameters["batch"] = static_cast<double>(imported.batch);
  for (const auto& [name, size] : options.dimensions) {
    workload.parameters.emplace(name, static_cast<double>(size));
  }
  workload.forward = std::move(imported.graph);
  workload.notes = std::move(imported.notes);
  return workload;
}

/// A workload file that has nothing but overrides.
ConfigValue overrides_alone(const std::string& path, const std::vector<Override>& overrides) {
  return with_overrides(ConfigValue::map({}, {path, 0, 0}), overrides);
}

/// `model` with the values of `document`, which names it, on top.
ConfigValue with_values(const ConfigValue& model, const ConfigValue& document) {
  std::vector<ConfigValue::Member> values;
  for (const ConfigValue::Member& member : document.members("")) {
    if (member.key != "model") values.push_back(member);
  }
  return model.merged_with(ConfigValue::map(std::move(values), document.where()));
}

Workload from_document(const ConfigValue& document, const DataFiles& files,
                       const std::string& relative_to, const std::string& name, int depth = 0) {
  const ConfigValue* base = document.find("model");
  if (base == nullptr) {
    if (document.find("operators") == nullptr) {
      throw InputError(document.where(),
                       "a workload needs 'model' (a name of the zoo) or 'operators'");
    }
    return read_document(document, document, files, name);
  }
  if (const ConfigValue* operators = document.find("operators")) {
    throw InputError(operators->where(), "give either 'model' or 'operators', not both");
  }
  const std::string& model_name = base->text("model");
  const std::string path = files.find(kZooFolder, model_name, "model", base->where(), relative_to);
  if (is_onnx(path)) return read_onnx(document, files, path);
  const ConfigValue model = load_config(path);
  const std::filesystem::path as_path(path);
  if (model.find("model") != nullptr) {
    if (depth == 10) throw InputError(base->where(), "the models refer to each other");
    return from_document(with_values(model, document), files, as_path.parent_path().string(),
                         as_path.stem().string(), depth + 1);
  }
  return read_document(document, model, files, as_path.stem().string());
}

}  // namespace

Workload load_workload(const std::string& name_or_path, const DataFiles& files,
                       const std::vector<Override>& overrides) {
  const std::string path = files.find(kZooFolder, name_or_path, "workload");
  if (is_onnx(path)) return read_onnx(overrides_alone(path, overrides), files, path);
  const std::filesystem::path as_path(path);
  return from_document(load_config(path, overrides), files, as_path.parent_path().string(),
                       as_path.stem().string());
}

Workload read_workload(const ConfigValue& value, const DataFiles& files,
                       const std::string& relative_to) {
  if (value.is_map()) return from_document(value, files, relative_to, "workload");
  const std::string path =
      files.find(kZooFolder, value.text("workload"), "workload", value.where(), relative_to);
  if (is_onnx(path)) return read_onnx(overrides_alone(path, {}), files, path);
  const std::filesystem::path as_path(path);
  return from_document(load_config(path), files, as_path.parent_path().string(),
                       as_path.stem().string());
}

void use_software(Workload& workload, const Software& software) {
  if (workload.training.software.name.empty()) workload.training.software = software;
}

}  // namespace simdse
