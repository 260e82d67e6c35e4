#include "search/plan/plan_text.h"

#include <fmt/core.h>

#include <algorithm>
#include <initializer_list>
#include <limits>
#include <nlohmann/json.hpp>

#include "models/base/error.h"

namespace simdse {
namespace {

using Json = nlohmann::ordered_json;

Json to_json(const VectorShape& s) {
  return {s.rows, s.columns, s.alu_ops, s.special_ops, s.reductions, s.passes};
}

Json to_json(const TileShape& s) { return {s.m, s.n, s.k}; }

Json to_json(const Operand& o) {
  return {{"tensor", o.tensor},
          {"path", static_cast<int>(o.path)},
          {"bytes", o.bytes.value()},
          {"address", o.address},
          {"ring", {o.ring_address, o.ring_bytes.value()}},
          {"bytes_per_element", {o.bytes_per_element.numerator, o.bytes_per_element.denominator}}};
}

Json to_json(const ContractionMapping& m) {
  Json tiles = Json::array();
  for (const TileShape& tile : m.follow_up_tiles) tiles.push_back(to_json(tile));
  return {{"follow_up_tiles", std::move(tiles)},
          {"dataflow", static_cast<int>(m.dataflow)},
          {"split", {m.split.batch, m.split.m, m.split.n, m.split.k}},
          {"tile", to_json(m.tile)},
          {"block", to_json(m.block)},
          {"batch_block", m.batch_block},
          {"panel", {m.panel_m, m.panel_n}},
          {"n_is_outer", m.n_is_outer},
          {"hold_outer", m.hold_outer},
          {"hold_inner", m.hold_inner}};
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
    json["format"] = r.format.name;
    if (!r.follow_ups.empty()) json["follow_ups"] = Json::array();
    for (const FollowUp& f : r.follow_ups) {
      json["follow_ups"].push_back(
          {static_cast<int>(f.rows), static_cast<int>(f.columns), static_cast<int>(f.sum)});
    }
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

}  // namespace

std::string plan_to_text(const Plan& plan) {
  std::string text =
      fmt::format("{{\"schema\": 1, \"peak_memory\": {}, \"peak_buffer\": {},\n\"regions\": [\n",
                  plan.peak_memory.value(), plan.peak_buffer.value());
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

namespace {

/// A value of the document that is read, and the way to it.
class Value {
 public:
  explicit Value(const Json& json) : json_(json) {}
  Value(const Json& json, const Value& parent, std::string key)
      : json_(json), parent_(&parent), key_(std::move(key)) {}

  [[noreturn]] void fail(const std::string& message) const {
    const std::string where = path();
    throw InputError(where.empty() ? message : where + ": " + message);
  }

  /// A whole number between `min` and `max`.
  template <class T = std::int64_t>
  T whole(T min = std::numeric_limits<T>::min(), T max = std::numeric_limits<T>::max()) const {
    const bool is_whole = json_.is_number_integer();
    const bool is_huge = is_whole && json_.is_number_unsigned() &&
                         json_.get<std::uint64_t>() >
                             static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    if (!is_whole || is_huge || json_.get<std::int64_t>() < min ||
        json_.get<std::int64_t>() > max) {
      fail(fmt::format("{} is not a whole number from {} to {}", json_.dump(), min, max));
    }
    return static_cast<T>(json_.get<std::int64_t>());
  }
  bool flag() const {
    if (!json_.is_boolean()) fail(fmt::format("{} is neither true nor false", json_.dump()));
    return json_.get<bool>();
  }
  NumberFormat format() const {
    for (const NumberFormat& known : number_formats()) {
      if (json_ == known.name) return known;
    }
    fail(json_.dump() + " is not a number format");
  }
  /// Enumerators are kept as numbers; others than the known ones are refused.
  template <class E>
  E enumerator(int count) const {
    return static_cast<E>(whole<std::int32_t>(0, count - 1));
  }

  std::size_t size() const { return json_.size(); }
  Value item(std::size_t index) const { return {json_[index], *this, std::to_string(index)}; }
  /// This value, which must be a list; of `count` items if that is given.
  const Value& list(std::size_t count = 0) const {
    if (!json_.is_array()) fail("is not a list");
    if (count > 0 && size() != count) fail(fmt::format("is not a list of {} values", count));
    return *this;
  }
  template <class T, class Read>
  std::vector<T> list_of(Read&& read) const {
    list();
    std::vector<T> result;
    result.reserve(size());
    for (std::size_t i = 0; i < size(); ++i) result.push_back(read(item(i)));
    return result;
  }

  bool has(const char* key) const { return json_.is_object() && json_.contains(key); }
  Value operator[](const char* key) const {
    if (!json_.is_object()) fail("is not a map");
    if (!json_.contains(key)) fail(fmt::format("'{}' is missing", key));
    return {json_.at(key), *this, key};
  }
  /// This value, which must be a map without other keys than these.
  const Value& map(std::initializer_list<const char*> keys) const {
    if (!json_.is_object()) fail("is not a map");
    for (const auto& member : json_.items()) {
      const auto is_member = [&](const char* key) { return member.key() == key; };
      if (std::none_of(keys.begin(), keys.end(), is_member)) {
        fail(fmt::format("'{}' is not known here", member.key()));
      }
    }
    return *this;
  }

 private:
  std::string path() const {
    if (parent_ == nullptr) return "";
    const std::string before = parent_->path();
    return before.empty() ? key_ : before + "." + key_;
  }

  const Json& json_;
  const Value* parent_ = nullptr;
  std::string key_;
};

// Products of two sizes fit 64 bits; what they must be is the validator's business.
constexpr std::int64_t kMaxSize = std::int64_t{1} << 31;

std::int64_t size_of(const Value& v) { return v.whole<std::int64_t>(1, kMaxSize); }

std::int64_t count_of(const Value& v) {
  return v.whole<std::int64_t>(0, std::int64_t{1} << 50);  // bytes, addresses, elements
}

template <class T>
std::vector<T> ids(const Value& v) {
  return v.list_of<T>([](const Value& id) { return id.whole<T>(0); });
}

VectorShape vector_shape(const Value& v) {
  v.list(6);
  const auto count = [&](std::size_t i) { return v.item(i).whole<std::int32_t>(0, 1 << 20); };
  return {count_of(v.item(0)), count_of(v.item(1)), count(2), count(3), count(4), count(5)};
}

TileShape tile_shape(const Value& v) {
  v.list(3);
  return {size_of(v.item(0)), size_of(v.item(1)), size_of(v.item(2))};
}

FollowUp follow_up(const Value& v) {
  v.list(3);
  const auto axis = [&](std::size_t i) { return v.item(i).enumerator<ContractionAxis>(3); };
  return {axis(0), axis(1), axis(2)};
}

Operand operand(const Value& v) {
  v.map({"tensor", "path", "bytes", "address", "ring", "bytes_per_element"});
  Operand o;
  o.tensor = v["tensor"].whole<TensorId>(kNone);
  o.path = v["path"].enumerator<Path>(3);
  o.bytes = Bytes(count_of(v["bytes"]));
  o.address = count_of(v["address"]);
  const Value ring = v["ring"];
  ring.list(2);
  o.ring_address = count_of(ring.item(0));
  o.ring_bytes = Bytes(count_of(ring.item(1)));
  const Value ratio = v["bytes_per_element"];
  ratio.list(2);
  o.bytes_per_element = {count_of(ratio.item(0)),
                         ratio.item(1).whole<std::int64_t>(1, std::int64_t{1} << 50)};
  return o;
}

Split split(const Value& v) {
  v.list(4);
  // The product of all four fits 64 bits.
  const auto parts = [&](std::size_t i) { return v.item(i).whole<std::int64_t>(1, 1 << 15); };
  return {parts(0), parts(1), parts(2), parts(3)};
}

ContractionMapping contraction_mapping(const Value& v) {
  v.map({"dataflow", "split", "tile", "block", "batch_block", "panel", "n_is_outer", "hold_outer",
         "hold_inner", "follow_up_tiles"});
  ContractionMapping m;
  m.dataflow = v["dataflow"].enumerator<Dataflow>(3);
  m.split = split(v["split"]);
  m.tile = tile_shape(v["tile"]);
  m.block = tile_shape(v["block"]);
  m.batch_block = size_of(v["batch_block"]);
  const Value panel = v["panel"];
  panel.list(2);
  m.panel_m = size_of(panel.item(0));
  m.panel_n = size_of(panel.item(1));
  m.n_is_outer = v["n_is_outer"].flag();
  m.hold_outer = v["hold_outer"].flag();
  m.hold_inner = v["hold_inner"].flag();
  m.follow_up_tiles = v["follow_up_tiles"].list_of<TileShape>(tile_shape);
  return m;
}

Region region(const Value& v) {
  v.map({"id", "operators", "tensor_cores", "vector_cores", "after", "contraction", "format",
         "follow_ups", "mapping", "vector", "vector_mapping", "inputs", "outputs"});
  Region r;
  r.id = v["id"].whole<RegionId>(0);
  r.operators = ids<OperatorId>(v["operators"]);
  r.tensor_cores = ids<std::int32_t>(v["tensor_cores"]);
  r.vector_cores = ids<std::int32_t>(v["vector_cores"]);
  r.after = ids<RegionId>(v["after"]);
  if (v.has("contraction")) {
    const Value c = v["contraction"];
    c.list(4);
    r.contraction = ContractionShape{size_of(c.item(0)), size_of(c.item(1)), size_of(c.item(2)),
                                     size_of(c.item(3))};
    r.format = v["format"].format();
    if (v.has("follow_ups")) r.follow_ups = v["follow_ups"].list_of<FollowUp>(follow_up);
    r.mapping = contraction_mapping(v["mapping"]);
  }
  r.vector = v["vector"].list_of<VectorShape>(vector_shape);
  const Value mapping = v["vector_mapping"];
  mapping.list(4);
  r.vector_mapping = {size_of(mapping.item(0)), size_of(mapping.item(1)),
                      mapping.item(2).whole<std::int64_t>(1, std::int64_t{1} << 50),
                      size_of(mapping.item(3))};
  r.inputs = v["inputs"].list_of<Operand>(operand);
  r.outputs = v["outputs"].list_of<Operand>(operand);
  return r;
}

Allocation allocation(const Value& v) {
  v.map({"tensor", "level", "address", "bytes", "first", "last"});
  return {v["tensor"].whole<TensorId>(kNone),
          v["level"].enumerator<Level>(2),
          count_of(v["address"]),
          Bytes(count_of(v["bytes"])),
          v["first"].whole<RegionId>(kNone),
          v["last"].whole<RegionId>(kNone)};
}

/// "3:17": where byte `at` (counted from 1) of a text is.
std::string place_in(const std::string& text, std::size_t at) {
  const std::string before = text.substr(0, at == 0 ? 0 : at - 1);
  const auto lines = std::count(before.begin(), before.end(), '\n');
  const std::size_t line_begin = before.rfind('\n') + 1;  // npos + 1 is 0
  return fmt::format("{}:{}", lines + 1, before.size() - line_begin + 1);
}

}  // namespace

Plan plan_from_text(const std::string& text, const std::string& source) {
  Json json;
  try {
    json = Json::parse(text);
  } catch (const Json::parse_error& error) {
    throw InputError(fmt::format("{}:{}: is not a plan: no JSON from here on", source,
                                 place_in(text, error.byte)));
  }
  try {
    const Value document(json);
    document.map({"schema", "peak_memory", "peak_buffer", "regions", "allocations"});
    document["schema"].whole<std::int64_t>(1, 1);
    Plan plan;
    plan.peak_memory = Bytes(count_of(document["peak_memory"]));
    plan.peak_buffer = Bytes(count_of(document["peak_buffer"]));
    plan.regions = document["regions"].list_of<Region>(region);
    plan.allocations = document["allocations"].list_of<Allocation>(allocation);
    return plan;
  } catch (const InputError& error) {
    throw InputError(fmt::format("{}: is not a plan: {}", source, error.what()));
  }
}

}  // namespace simdse
