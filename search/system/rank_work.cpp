#include "search/system/rank_work.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

namespace simdse {
namespace {

/// Kinds of tags, beside the microbatch and the part: the k-th send of a tag meets its k-th
/// receive.
enum class Way : std::int64_t { forward, backward };

/// Makes the program of one rank.
class RankBuilder {
 public:
  struct Groups {
    std::int32_t tensor = -1;
    std::int32_t data = -1;
    std::map<TiedStages, std::int32_t> tied;
  };

  RankBuilder(const DistributedStep& step, std::int64_t t, std::int64_t d, std::int64_t place,
              Groups groups, std::size_t design, RankProgram& program)
      : step_(step),
        parallelism_(step.parallelism()),
        t_(t),
        d_(d),
        place_(place),
        groups_(std::move(groups)),
        design_(design),
        program_(program),
        made_(step.parts().size()),
        reduced_(step.parts().size()),
        waiting_(step.parts().size()) {}

  void build(const std::vector<PipelineItem>& items) {
    std::map<std::size_t, std::size_t> last_use;  // of parts, as places in items
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (items[i].kind != PipelineWork::forward && items[i].kind != PipelineWork::input_gradient) {
        last_use[part_of(items[i])] = i;
      }
    }
    for (std::size_t i = 0; i < items.size(); ++i) {
      const std::size_t part = part_of(items[i]);
      do_item(items[i], part, last_use[part] == i);
    }
    for (const std::size_t part : own_parts()) reduce_what_waits(part);
    for (const std::size_t part : own_parts()) update(part);
  }

 private:
  using Indices = std::vector<std::int32_t>;
  struct PartNode {
    std::size_t part;
    std::size_t node;
  };

  std::size_t part_of(const PipelineItem& item) const {
    return static_cast<std::size_t>(item.chunk * parallelism_.pipeline + place_);
  }
  std::int32_t peer(std::size_t part) const {
    return chip_number(parallelism_, t_, d_,
                       static_cast<std::int64_t>(part) % parallelism_.pipeline);
  }
  std::int32_t add(RankNode node) {
    program_.nodes.push_back(std::move(node));
    return static_cast<std::int32_t>(program_.nodes.size()) - 1;
  }

  std::int32_t add_collective(const std::string& name, CollectiveOp op, Bytes bytes,
                              std::int32_t group, Indices after) {
    RankNode node;
    node.name = name;
    node.action = RankAction::collective;
    node.op = op;
    node.bytes = bytes;
    node.group = group;
    node.after = std::move(after);
    return add(std::move(node));
  }

  std::int32_t add_message(RankAction action, std::size_t between, Way way, int microbatch,
                           Bytes bytes, Indices after) {
    RankNode node;
    node.name = way == Way::forward ? "activations" : "gradients";
    node.action = action;
    const bool to_next = (way == Way::forward) == (action == RankAction::send);
    node.peer = peer(to_next ? between + 1 : between);
    node.tag = (static_cast<std::int64_t>(microbatch) * step_.shape().parts() +
                static_cast<std::int64_t>(between)) *
                   2 +
               static_cast<std::int64_t>(way);
    node.bytes = bytes;
    node.after = std::move(after);
    return add(std::move(node));
  }

  static bool belongs(const StepNode& node, PipelineWork kind) {
    switch (kind) {
      case PipelineWork::forward:
        return node.piece_class == PieceClass::forward;
      case PipelineWork::input_gradient:
        return node.piece_class == PieceClass::input_gradient;
      case PipelineWork::weight_gradient:
        return node.piece_class == PieceClass::weight_gradient;
      case PipelineWork::backward:
        return node.piece_class == PieceClass::input_gradient ||
               node.piece_class == PieceClass::weight_gradient;
    }
    return false;
  }

  /// Whether an input gradient waits for this exchange, or it makes the part's own.
  static bool is_on_the_way(const PartWork& part, std::size_t n) {
    const StepNode& node = part.nodes[n];
    if (!node.is_collective() || node.piece_class != PieceClass::input_gradient) return false;
    return node.makes_input_gradient ||
           std::any_of(part.nodes.begin(), part.nodes.end(), [&](const StepNode& other) {
             return other.piece_class == PieceClass::input_gradient &&
                    std::find(other.after.begin(), other.after.end(), n) != other.after.end();
           });
  }

  /// The nodes of an item, those on the way of the gradients first.
  std::vector<std::size_t> members(const PartWork& part, PipelineWork kind) const {
    std::vector<std::size_t> result;
    for (const bool of_weights : {false, true}) {
      for (std::size_t i = 0; i < part.nodes.size(); ++i) {
        const bool is_weight = part.nodes[i].piece_class == PieceClass::weight_gradient;
        if (is_weight == of_weights && belongs(part.nodes[i], kind)) result.push_back(i);
      }
    }
    return result;
  }

  /// The chip's parts of the network, one per chunk.
  std::vector<std::size_t> own_parts() const {
    std::vector<std::size_t> parts;
    for (std::int64_t chunk = 0; chunk < parallelism_.interleave; ++chunk) {
      parts.push_back(static_cast<std::size_t>(chunk * parallelism_.pipeline + place_));
    }
    return parts;
  }

  void reduce_over_replicas(std::size_t part, Bytes bytes, Indices after) {
    reduced_[part].push_back(add_collective(
        "gradients",
        parallelism_.zero == 0 ? CollectiveOp::all_reduce : CollectiveOp::reduce_scatter, bytes,
        groups_.data, std::move(after)));
  }

  /// What was not reduced during the backward pass, as one exchange.
  void reduce_what_waits(std::size_t part) {
    if (waiting_[part] > Bytes(0)) reduce_over_replicas(part, waiting_[part], last_);
  }

  /// Exchanges of ZeRO-3 before an item.
  Indices gather_weights(const PartWork& part) {
    if (parallelism_.zero != 3 || parallelism_.data == 1) return {};
    // While the item before runs: when the one before that has ended.
    return {add_collective("weights", CollectiveOp::all_gather,
                           Bytes(part.parameters.value() / parallelism_.data), groups_.data,
                           before_last_)};
  }

  void do_item(const PipelineItem& item, std::size_t part_number, bool is_last) {
    const PartWork& part = step_.parts()[part_number];
    const std::size_t last_part = step_.parts().size() - 1;
    const bool is_forward = item.kind == PipelineWork::forward;
    const Indices weights =
        item.kind == PipelineWork::weight_gradient ? Indices() : gather_weights(part);
    std::int32_t received = -1;
    if (is_forward && part_number > 0) {
      received = add_message(RankAction::receive, part_number - 1, Way::forward, item.microbatch,
                             step_.parts()[part_number - 1].send, {});
    }
    const bool leads_back =
        item.kind == PipelineWork::backward || item.kind == PipelineWork::input_gradient;
    if (leads_back && part_number < last_part) {
      received = add_message(RankAction::receive, part_number, Way::backward, item.microbatch,
                             step_.parts()[part_number + 1].send_back, {});
    }
    std::map<std::size_t, std::int32_t>& made = made_[part_number][item.microbatch];
    const std::vector<std::size_t> nodes = members(part, item.kind);
    Indices outputs;
    std::set<std::int32_t> open;  // compute of the item that no other compute of it follows
    std::vector<std::pair<std::size_t, std::int32_t>> gradients;
    Indices exchanged;
    for (const std::size_t n : nodes) {
      const StepNode& node = part.nodes[n];
      Indices after;
      for (const std::size_t before : node.after) {
        const auto found = made.find(before);
        if (found != made.end()) after.push_back(found->second);
      }
      if (received >= 0 && (is_forward ? node.reads_input : node.reads_output_gradient)) {
        after.push_back(received);
      }
      if (!node.is_collective()) {
        for (const std::int32_t before : after) open.erase(before);
        after.insert(after.end(), last_.begin(), last_.end());
        after.insert(after.end(), weights.begin(), weights.end());
        if (node.piece_class == PieceClass::weight_gradient) {
          after.insert(after.end(), exchanged.begin(), exchanged.end());
        }
      }
      std::sort(after.begin(), after.end());
      after.erase(std::unique(after.begin(), after.end()), after.end());
      const std::int32_t index = add_step_node(node, after, false);
      made[n] = index;
      if (!node.is_collective()) open.insert(index);
      if (step_.exchanges_in_order() && is_on_the_way(part, n)) exchanged.push_back(index);
      if (is_forward ? node.makes_output : node.makes_input_gradient) outputs.push_back(index);
      if (part.gradients[n] > Bytes(0)) gradients.emplace_back(n, index);
    }
    if (is_forward && part_number < last_part) {
      add_message(RankAction::send, part_number, Way::forward, item.microbatch, part.send, outputs);
    }
    // Where input and weight gradients are one item, what it makes is there when it has ended.
    if (item.kind == PipelineWork::backward)
      outputs.insert(outputs.end(), open.begin(), open.end());
    std::sort(outputs.begin(), outputs.end());
    outputs.erase(std::unique(outputs.begin(), outputs.end()), outputs.end());
    if (leads_back && part_number > 0) {
      add_message(RankAction::send, part_number - 1, Way::backward, item.microbatch, part.send_back,
                  outputs);
    }
    const bool is_scattered = parallelism_.zero == 3;
    if (parallelism_.data > 1 && (is_last || is_scattered)) {
      for (const auto& [node, index] : gradients) {
        if (step_.reduces_afterwards()) {
          waiting_[part_number] += part.gradients[node];
        } else {
          reduce_over_replicas(part_number, part.gradients[node], {index});
        }
      }
    }
    before_last_ = last_;
    if (!open.empty()) last_.assign(open.begin(), open.end());
    if (is_forward) return;
    // The forward pass of a microbatch is not looked at again after its weight gradients.
    if (item.kind != PipelineWork::input_gradient && !is_last)
      made_[part_number].erase(item.microbatch);
    if (is_last) last_microbatch_[part_number] = item.microbatch;
  }

  std::int32_t add_step_node(const StepNode& node, Indices after, bool is_update) {
    if (node.is_collective()) {
      // What a chip updates is all that it has of the gradients then.
      const double share = is_update ? step_.update_share() : 1;
      return add_collective(node.name, node.op, Bytes(std::llround(to_double(node.bytes) * share)),
                            node.group == CollectiveGroup::tensor
                                ? groups_.tensor
                                : groups_.tied.at(node.tied_stages),
                            std::move(after));
    }
    RankNode result;
    result.name = node.name;
    result.work.piece =
        RankWorkload::piece_number(design_, step_.pieces().size(), node.piece, is_update);
    result.after = std::move(after);
    return add(std::move(result));
  }

  void update(std::size_t part_number) {
    const PartWork& part = step_.parts()[part_number];
    Indices updated;
    for (std::size_t n = 0; n < part.nodes.size(); ++n) {
      if (part.nodes[n].piece_class != PieceClass::update) continue;
      const std::int32_t index = updated_node({part_number, n});
      if (!part.nodes[n].is_collective()) updated.push_back(index);
    }
    if (parallelism_.data > 1 && parallelism_.zero == 1) {
      add_collective("weights", CollectiveOp::all_gather,
                     Bytes(part.parameters.value() / parallelism_.data), groups_.data, updated);
    }
  }

  std::map<std::size_t, std::int32_t>& made_last(std::size_t part) {
    return made_[part][last_microbatch_[part]];
  }

  /// A node of the update phase; adds it, and what it waits for, where it is not there yet.
  std::int32_t updated_node(PartNode which) {
    const auto found = made_last(which.part).find(which.node);
    if (found != made_last(which.part).end()) return found->second;
    const StepNode& node = step_.parts()[which.part].nodes[which.node];
    const std::vector<PartNode> together = summed_with(which);
    Indices after;
    for (const PartNode& one : together) {
      const std::vector<StepNode>& nodes = step_.parts()[one.part].nodes;
      after.insert(after.end(), reduced_[one.part].begin(), reduced_[one.part].end());
      for (const std::size_t before : nodes[one.node].after) {
        if (nodes[before].piece_class == PieceClass::update) {
          after.push_back(updated_node({one.part, before}));
        } else if (const auto made = made_last(one.part).find(before);
                   made != made_last(one.part).end()) {
          after.push_back(made->second);
        }
      }
    }
    if (!node.is_collective()) after.insert(after.end(), last_.begin(), last_.end());
    std::sort(after.begin(), after.end());
    after.erase(std::unique(after.begin(), after.end()), after.end());
    const std::int32_t index = add_step_node(node, std::move(after), true);
    for (const PartNode& one : together) made_last(one.part)[one.node] = index;
    return index;
  }

  /// Of a sum over the parts that have tied parameters, the same sum in all of them that are on
  /// this chip, which takes part in it once. Any other node alone.
  std::vector<PartNode> summed_with(PartNode which) const {
    const StepNode& node = step_.parts()[which.part].nodes[which.node];
    if (!node.is_collective() || node.group != CollectiveGroup::tied) return {which};
    const auto sums_of = [&](std::size_t part) {
      std::vector<std::size_t> sums;
      const std::vector<StepNode>& nodes = step_.parts()[part].nodes;
      for (std::size_t n = 0; n < nodes.size(); ++n) {
        if (nodes[n].is_collective() && nodes[n].tied_stages == node.tied_stages) sums.push_back(n);
      }
      return sums;
    };
    const std::vector<std::size_t> own = sums_of(which.part);
    const auto number =
        static_cast<std::size_t>(std::find(own.begin(), own.end(), which.node) - own.begin());
    std::vector<PartNode> result;
    for (const std::int32_t part : node.tied_stages) {
      if (part % parallelism_.pipeline != place_) continue;
      const auto here = static_cast<std::size_t>(part);
      result.push_back({here, sums_of(here).at(number)});
    }
    return result;
  }

  const DistributedStep& step_;
  const Parallelism& parallelism_;
  std::int64_t t_;
  std::int64_t d_;
  std::int64_t place_;
  Groups groups_;
  std::size_t design_;
  RankProgram& program_;
  /// By part and microbatch: the rank's node of each of the step's.
  std::vector<std::map<int, std::map<std::size_t, std::int32_t>>> made_;
  std::vector<Indices> reduced_;  ///< by part: exchanges of gradients
  std::vector<Bytes> waiting_;    ///< by part: gradients to exchange when all is done
  std::map<std::size_t, int> last_microbatch_;
  Indices last_;         ///< what ends the compute of the item before
  Indices before_last_;  ///< the same of the one before that
};

/// Which parts have tied parameters together.
std::set<TiedStages> sets_of_tied(const DistributedStep& step) {
  std::set<TiedStages> sets;
  for (const PartWork& part : step.parts()) {
    for (const StepNode& node : part.nodes) {
      if (!node.tied_stages.empty()) sets.insert(node.tied_stages);
    }
  }
  return sets;
}

}  // namespace

RankWorkload make_rank_workload(const DistributedStep& step, RankScope scope,
                                const std::vector<std::size_t>& design_of_place) {
  const Parallelism& parallelism = step.parallelism();
  RankWorkload result;
  result.programs.ranks.resize(static_cast<std::size_t>(parallelism.chips));
  const std::vector<std::vector<PipelineItem>>& orders = step.orders();
  const bool is_all = scope == RankScope::all;
  const std::int64_t tensors = is_all ? parallelism.tensor : 1;
  const std::int64_t replicas = is_all ? parallelism.data : 1;

  const auto add_group = [&](const std::string& name, const std::vector<std::int32_t>& members) {
    result.members.push_back(members);
    std::vector<std::int32_t> ranks;
    for (const std::int32_t chip : members) {
      const bool is_wanted = is_all || chip % (parallelism.tensor * parallelism.data) == 0;
      if (is_wanted) ranks.push_back(chip);
    }
    result.programs.groups.push_back({name, std::move(ranks)});
    return static_cast<std::int32_t>(result.members.size()) - 1;
  };
  const auto along = [&](std::int64_t count, const auto& chip_of) {
    std::vector<std::int32_t> members;
    for (std::int64_t i = 0; i < count; ++i) members.push_back(chip_of(i));
    return members;
  };
  const std::set<TiedStages> tied_sets = sets_of_tied(step);
  std::map<std::pair<std::int64_t, std::int64_t>, std::map<TiedStages, std::int32_t>> tied;
  for (std::int64_t t = 0; t < tensors; ++t) {
    for (std::int64_t d = 0; d < replicas; ++d) {
      for (const TiedStages& stages : tied_sets) {
        std::set<std::int64_t> places;
        for (const std::int32_t stage : stages) places.insert(stage % parallelism.pipeline);
        std::vector<std::int32_t> members;
        for (const std::int64_t place : places) {
          members.push_back(chip_number(parallelism, t, d, place));
        }
        tied[{t, d}][stages] = add_group("tied", members);
      }
    }
  }
  for (std::int64_t place = 0; place < parallelism.pipeline; ++place) {
    std::map<std::int64_t, std::int32_t> data_groups;  // by t
    for (std::int64_t t = 0; t < tensors; ++t) {
      data_groups[t] = add_group("data", along(parallelism.data, [&](std::int64_t d) {
                                   return chip_number(parallelism, t, d, place);
                                 }));
    }
    for (std::int64_t d = 0; d < replicas; ++d) {
      const std::int32_t tensor_group = add_group(
          "tensor", along(parallelism.tensor,
                          [&](std::int64_t t) { return chip_number(parallelism, t, d, place); }));
      for (std::int64_t t = 0; t < tensors; ++t) {
        RankBuilder(
            step, t, d, place, {tensor_group, data_groups[t], tied[{t, d}]},
            design_of_place[static_cast<std::size_t>(place)],
            result.programs.ranks[static_cast<std::size_t>(chip_number(parallelism, t, d, place))])
            .build(orders[static_cast<std::size_t>(place)]);
      }
    }
  }
  return result;
}

}  // namespace simdse
