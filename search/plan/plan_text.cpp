#include "search/plan/plan_text.h"

#include <fmt/core.h>

#include <nlohmann/json.hpp>

#include "models/base/error.h"

namespace simdse {
namespace {

using Json = nlohmann::ordered_json;

Json to_json(const VectorShape& s) {
  return {s.rows, s.columns, s.alu_ops, s.special_ops, s.reductions, s.passes};
}

VectorShape vector_shape(const Json& j) {
  return {j.at(0), j.at(1), j.at(2), j.at(3), j.at(4), j.at(5)};
}

Json to_json(const TileShape& s) { return {s.m, s.n, s.k}; }

TileShape tile_shape(const Json& j) { return {j.at(0), j.at(1), j.at(2)}; }

Json to_json(const Operand& o) {
  return {{"tensor", o.tensor},
          {"path", static_cast<int>(o.path)},
          {"bytes", o.bytes.value()},
          {"address", o.address},
          {"ring", {o.ring_address, o.ring_bytes.value()}},
          {"bytes_per_element", {o.bytes_per_element.numerator, o.bytes_per_element.denominator}}};
}

/// Enumerators are kept as numbers; others than the known ones are refused.
template <class E>
E enumerator(const Json& j, int count) {
  const int value = j.get<int>();
  if (value < 0 || value >= count) throw InputError(fmt::format("{} is not a choice", value));
  return static_cast<E>(value);
}

Operand operand(const Json& j) {
  Operand o;
  o.tensor = j.at("tensor");
  o.path = enumerator<Path>(j.at("path"), 3);
  o.bytes = Bytes(j.at("bytes"));
  o.address = j.at("address");
  o.ring_address = j.at("ring").at(0);
  o.ring_bytes = Bytes(j.at("ring").at(1));
  o.bytes_per_element = {j.at("bytes_per_element").at(0), j.at("bytes_per_element").at(1)};
  if (o.bytes_per_element.denominator < 1) throw InputError("a fraction has no denominator");
  return o;
}

Json to_json(const ContractionMapping& m) {
  return {{"dataflow", static_cast<int>(m.dataflow)},
          {"split", static_cast<int>(m.split)},
          {"parts", m.parts},
          {"tile", to_json(m.tile)},
          {"block", to_json(m.block)},
          {"batch_block", m.batch_block},
          {"panel", {m.panel_m, m.panel_n}},
          {"n_is_outer", m.n_is_outer},
          {"hold_outer", m.hold_outer},
          {"hold_inner", m.hold_inner}};
}

ContractionMapping contraction_mapping(const Json& j) {
  ContractionMapping m;
  m.dataflow = enumerator<Dataflow>(j.at("dataflow"), 3);
  m.split = enumerator<SplitAxis>(j.at("split"), 5);
  m.parts = j.at("parts");
  m.tile = tile_shape(j.at("tile"));
  m.block = tile_shape(j.at("block"));
  m.batch_block = j.at("batch_block");
  m.panel_m = j.at("panel").at(0);
  m.panel_n = j.at("panel").at(1);
  m.n_is_outer = j.at("n_is_outer");
  m.hold_outer = j.at("hold_outer");
  m.hold_inner = j.at("hold_inner");
  for (const std::int64_t size : {m.parts, m.tile.m, m.tile.n, m.tile.k, m.block.m, m.block.n,
                                  m.block.k, m.batch_block, m.panel_m, m.panel_n}) {
    if (size < 1) throw InputError("a mapping has a size below 1");
  }
  return m;
}

Json to_json(const Region& r) {
  Json json = {{"id", r.id},
               {"operators", r.operators},
               {"tensor_cores", r.tensor_cores},
               {"vector_cores", r.vector_cores},
               {"after", r.after}};
  if (r.contraction) {
    const ContractionShape& c = *r.contraction;
    json["contraction"] = {c.batch, c.m, c.n, c.k};
    json["mapping"] = to_json(r.mapping);
  }
  json["vector"] = Json::array();
  for (const VectorShape& shape : r.vector) json["vector"].push_back(to_json(shape));
  const VectorMapping& v = r.vector_mapping;
  json["vector_mapping"] = {v.parts, v.chunks, v.units, v.input_passes};
  json["inputs"] = Json::array();
  for (const Operand& input : r.inputs) json["inputs"].push_back(to_json(input));
  json["outputs"] = Json::array();
  for (const Operand& output : r.outputs) json["outputs"].push_back(to_json(output));
  return json;
}

Region region(const Json& j) {
  Region r;
  r.id = j.at("id");
  r.operators = j.at("operators").get<std::vector<OperatorId>>();
  r.tensor_cores = j.at("tensor_cores").get<std::vector<std::int32_t>>();
  r.vector_cores = j.at("vector_cores").get<std::vector<std::int32_t>>();
  r.after = j.at("after").get<std::vector<RegionId>>();
  if (j.contains("contraction")) {
    const Json& c = j.at("contraction");
    r.contraction = ContractionShape{c.at(0), c.at(1), c.at(2), c.at(3)};
    r.mapping = contraction_mapping(j.at("mapping"));
  }
  for (const Json& shape : j.at("vector")) r.vector.push_back(vector_shape(shape));
  const Json& v = j.at("vector_mapping");
  r.vector_mapping = {v.at(0), v.at(1), v.at(2), v.at(3)};
  if (r.vector_mapping.parts < 1 || r.vector_mapping.chunks < 1 || r.vector_mapping.units < 1) {
    throw InputError("a vector mapping has a size below 1");
  }
  for (const Json& input : j.at("inputs")) r.inputs.push_back(operand(input));
  for (const Json& output : j.at("outputs")) r.outputs.push_back(operand(output));
  return r;
}

}  // namespace

std::string plan_to_text(const Plan& plan) {
  std::string text = fmt::format("{{\"schema\": 1, \"peak_memory\": {},\n\"regions\": [\n",
                                 plan.peak_memory.value());
  for (std::size_t i = 0; i < plan.regions.size(); ++i) {
    text += to_json(plan.regions[i]).dump() + (i + 1 < plan.regions.size() ? ",\n" : "\n");
  }
  text += "],\n\"allocations\": [\n";
  for (std::size_t i = 0; i < plan.allocations.size(); ++i) {
    const Allocation& a = plan.allocations[i];
    const Json json = {{"tensor", a.tensor},   {"level", static_cast<int>(a.level)},
                       {"address", a.address}, {"bytes", a.bytes.value()},
                       {"first", a.first},     {"last", a.last}};
    text += json.dump() + (i + 1 < plan.allocations.size() ? ",\n" : "\n");
  }
  return text + "]}\n";
}

Plan plan_from_text(const std::string& text, const std::string& source) {
  try {
    const Json json = Json::parse(text);
    if (json.at("schema") != 1) throw InputError("schema is not 1");
    Plan plan;
    plan.peak_memory = Bytes(json.at("peak_memory"));
    for (const Json& entry : json.at("regions")) plan.regions.push_back(region(entry));
    for (const Json& entry : json.at("allocations")) {
      plan.allocations.push_back({entry.at("tensor"), enumerator<Level>(entry.at("level"), 2),
                                  entry.at("address"), Bytes(entry.at("bytes")), entry.at("first"),
                                  entry.at("last")});
    }
    return plan;
  } catch (const nlohmann::json::exception& error) {
    throw InputError(fmt::format("{}: is not a plan: {}", source, error.what()));
  } catch (const InputError& error) {
    throw InputError(fmt::format("{}: is not a plan: {}", source, error.what()));
  }
}

}  // namespace simdse
