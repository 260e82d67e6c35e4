#include "reference/group_interpreter.h"

#include <algorithm>
#include <cmath>

#include "workloads/operators/collective.h"
#include "workloads/operators/optimizer.h"
#include "workloads/operators/vocabulary.h"

namespace simdse {
namespace {

/// Calls visit(place in the whole, chip, place in the chip's part) for each element of `shape`,
/// split along `axis`.
template <typename Visit>
void for_each_part(const Shape& shape, std::size_t axis, std::int64_t ranks, Visit visit) {
  std::int64_t inner = 1;
  for (std::size_t i = axis + 1; i < shape.size(); ++i) inner *= shape[i];
  const std::int64_t part = shape[axis] / ranks * inner;
  const std::int64_t total = element_count(shape);
  for (std::int64_t i = 0; i < total; ++i) {
    const std::int64_t row = i / (part * ranks);
    const std::int64_t place = i % (part * ranks);
    visit(static_cast<std::size_t>(i), static_cast<std::size_t>(place / part),
          static_cast<std::size_t>(row * part + place % part));
  }
}

/// The axis along which `local` is smaller, or -1.
int split_axis(const Shape& whole, const Shape& local) {
  for (std::size_t i = 0; i < whole.size(); ++i) {
    if (whole[i] != local[i]) return static_cast<int>(i);
  }
  return -1;
}

}  // namespace

void GroupInterpreter::give(TensorId tensor, const Shape& shape, const Values& whole) {
  const int axis = split_axis(shape, graph_.tensor(tensor).shape);
  const auto ranks = static_cast<std::int64_t>(chips_.size());
  for (Interpreter& chip : chips_) {
    chip.values(tensor) = whole;
    if (axis >= 0) chip.values(tensor).resize(whole.size() / chips_.size());
  }
  if (axis < 0) return;
  for_each_part(shape, static_cast<std::size_t>(axis), ranks,
                [&](std::size_t i, std::size_t chip, std::size_t place) {
                  chips_[chip].values(tensor)[place] = whole[i];
                });
}

Values GroupInterpreter::whole(TensorId tensor, const Shape& shape, double& difference) const {
  const int axis = split_axis(shape, graph_.tensor(tensor).shape);
  Values result = chips_[0].values(tensor);
  if (axis < 0) {
    for (const Interpreter& chip : chips_) {
      for (std::size_t i = 0; i < result.size(); ++i) {
        difference = std::max(difference, std::abs(chip.values(tensor)[i] - result[i]));
      }
    }
    return result;
  }
  result.resize(result.size() * chips_.size());
  for_each_part(shape, static_cast<std::size_t>(axis), static_cast<std::int64_t>(chips_.size()),
                [&](std::size_t i, std::size_t chip, std::size_t place) {
                  result[i] = chips_[chip].values(tensor)[place];
                });
  return result;
}

void GroupInterpreter::run() {
  for (const Operator& op : graph_.operators()) {
    if (dynamic_cast<const OptimizerStep*>(op.kind.get()) == nullptr) run(op);
  }
}

void GroupInterpreter::run(const Operator& op) {
  if (collective_of(op) != nullptr) return exchange(op);
  if (dynamic_cast<const Replicate*>(op.kind.get()) != nullptr) {
    for (Interpreter& chip : chips_) chip.values(op.outputs[0]) = chip.values(op.inputs[0]);
    return;
  }
  if (const auto* own = dynamic_cast<const OwnPart*>(op.kind.get())) {
    for (Interpreter& chip : chips_) {
      chip.values(op.outputs[0]).resize(graph_.tensor(op.outputs[0]).elements());
    }
    for_each_part(graph_.tensor(op.inputs[0]).shape, own->axis(), own->ranks(),
                  [&](std::size_t i, std::size_t chip, std::size_t place) {
                    chips_[chip].values(op.outputs[0])[place] =
                        chips_[chip].values(op.inputs[0])[i];
                  });
    return;
  }
  if (run_vocabulary(op)) return;
  for (Interpreter& chip : chips_) chip.run(op);
}

bool GroupInterpreter::run_vocabulary(const Operator& op) {
  const OperatorKind* kind = op.kind.get();
  for (std::size_t rank = 0; rank < chips_.size(); ++rank) {
    Interpreter& chip = chips_[rank];
    const auto in = [&](std::size_t i) -> const Values& { return chip.values(op.inputs[i]); };
    Values& out = chip.values(op.outputs[0]);
    const Shape& shape = graph_.tensor(op.outputs[0]).shape;
    const auto prepare = [&] { out.assign(static_cast<std::size_t>(element_count(shape)), 0); };
    // Place of an id among this chip's `count` rows, or -1.
    const auto here = [&](double id, std::int64_t count) {
      const auto place = static_cast<std::int64_t>(id) - static_cast<std::int64_t>(rank) * count;
      return place >= 0 && place < count ? place : -1;
    };
    const std::int64_t width = graph_.tensor(op.inputs[0]).shape.back();
    if (dynamic_cast<const VocabularyEmbedding*>(kind) != nullptr) {
      const Shape& table = graph_.tensor(op.inputs[1]).shape;
      prepare();
      for (std::size_t i = 0; i < in(0).size(); ++i) {
        const std::int64_t row = here(in(0)[i], table[0]);
        for (std::int64_t j = 0; row >= 0 && j < table[1]; ++j) {
          out[i * table[1] + j] = in(1)[row * table[1] + j];
        }
      }
    } else if (dynamic_cast<const VocabularyEmbeddingGradient*>(kind) != nullptr) {
      prepare();
      for (std::size_t i = 0; i < in(1).size(); ++i) {
        const std::int64_t row = here(in(1)[i], shape[0]);
        for (std::int64_t j = 0; row >= 0 && j < width; ++j) {
          out[row * width + j] += in(0)[i * width + j];
        }
      }
    } else if (dynamic_cast<const VocabularyMaximum*>(kind) != nullptr) {
      prepare();
      for (std::size_t row = 0; row < out.size(); ++row) {
        const auto begin = in(0).begin() + static_cast<std::int64_t>(row) * width;
        out[row] = *std::max_element(begin, begin + width);
      }
    } else if (dynamic_cast<const VocabularySums*>(kind) != nullptr) {
      prepare();
      const std::size_t rows = in(1).size();
      for (std::size_t row = 0; row < rows; ++row) {
        const std::int64_t label = here(in(1)[row], width);
        for (std::int64_t i = 0; i < width; ++i) {
          const double shifted = in(0)[row * width + i] - in(2)[row];
          out[row] += std::exp(shifted);
          if (i == label) out[rows + row] = shifted;
        }
      }
    } else if (dynamic_cast<const VocabularyLoss*>(kind) != nullptr) {
      prepare();
      const std::size_t rows = in(1).size();
      for (std::size_t row = 0; row < rows; ++row) {
        out[0] += (std::log(in(3)[row]) - in(3)[rows + row]) / static_cast<double>(rows);
      }
    } else if (dynamic_cast<const VocabularyLossGradient*>(kind) != nullptr) {
      prepare();
      const std::size_t rows = in(1).size();
      for (std::size_t row = 0; row < rows; ++row) {
        const std::int64_t label = here(in(1)[row], width);
        for (std::int64_t i = 0; i < width; ++i) {
          const std::size_t place = row * width + i;
          const double probability = std::exp(in(0)[place] - in(2)[row]) / in(3)[row];
          out[place] = (probability - (i == label ? 1 : 0)) / static_cast<double>(rows);
        }
      }
    } else {
      return false;
    }
  }
  return true;
}

void GroupInterpreter::exchange(const Operator& op) {
  const Collective& collective = *collective_of(op);
  const TensorId input = op.inputs[0];
  const TensorId output = op.outputs[0];
  const auto ranks = static_cast<std::int64_t>(chips_.size());
  if (collective.operation() == CollectiveOp::all_gather) {
    const Shape& shape = graph_.tensor(output).shape;
    Values whole(static_cast<std::size_t>(element_count(shape)));
    for_each_part(shape, collective.axis(), ranks,
                  [&](std::size_t i, std::size_t chip, std::size_t place) {
                    whole[i] = chips_[chip].values(input)[place];
                  });
    for (Interpreter& chip : chips_) chip.values(output) = whole;
    return;
  }
  Values reduced = chips_[0].values(input);
  for (std::size_t rank = 1; rank < chips_.size(); ++rank) {
    const Values& other = chips_[rank].values(input);
    for (std::size_t i = 0; i < reduced.size(); ++i) {
      reduced[i] = collective.reduction() == CollectiveReduction::sum
                       ? reduced[i] + other[i]
                       : std::max(reduced[i], other[i]);
    }
  }
  if (collective.operation() == CollectiveOp::all_reduce) {
    for (Interpreter& chip : chips_) chip.values(output) = reduced;
    return;
  }
  for (Interpreter& chip : chips_) {
    chip.values(output).resize(static_cast<std::size_t>(graph_.tensor(output).elements()));
  }
  for_each_part(graph_.tensor(input).shape, collective.axis(), ranks,
                [&](std::size_t i, std::size_t chip, std::size_t place) {
                  chips_[chip].values(output)[place] = reduced[i];
                });
}

}  // namespace simdse
