// Normalisations, softmax, dropout, pooling, losses and the LSTM cell.
#include <cmath>
#include <functional>
#include <string>

#include "reference/kernels.h"
#include "workloads/operators/dropout.h"
#include "workloads/operators/local_response.h"
#include "workloads/operators/loss.h"
#include "workloads/operators/normalization.h"
#include "workloads/operators/pooling.h"
#include "workloads/operators/recurrence.h"
#include "workloads/operators/softmax.h"

namespace simdse {
namespace {

constexpr double kEpsilon = 1e-5;

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

void softmax_row(const Array& x, const Array& y, std::int64_t begin, std::int64_t width) {
  double sum = 0;
  for (std::int64_t i = begin; i < begin + width; ++i) sum += y[i] = std::exp(x[i]);
  for (std::int64_t i = begin; i < begin + width; ++i) y[i] /= sum;
}

/// Which elements share statistics, and which share a scale.
struct Statistics {
  std::function<std::int64_t(std::int64_t)> row_of;
  std::function<std::int64_t(std::int64_t)> feature_of;
  std::int64_t rows = 0;
};

Statistics statistics_of(NormalizationStyle style, const Shape& shape, std::int64_t groups) {
  const std::int64_t total = element_count(shape);
  if (style == NormalizationStyle::layer || style == NormalizationStyle::rms) {
    const std::int64_t width = shape.back();
    return {[=](std::int64_t i) { return i / width; }, [=](std::int64_t i) { return i % width; },
            total / width};
  }
  const std::int64_t channels = shape[1];
  const std::int64_t pixels = total / shape[0] / channels;
  const auto channel = [=](std::int64_t i) { return i / pixels % channels; };
  if (style == NormalizationStyle::batch) return {channel, channel, channels};
  const std::int64_t group_size = total / shape[0] / groups;
  return {[=](std::int64_t i) { return i / group_size; }, channel, shape[0] * groups};
}

struct Moments {
  std::vector<double> mean;
  std::vector<double> inverse_deviation;
  double count = 0;  ///< elements of a row
};

Moments moments_of(const Statistics& statistics, const Array& x, bool has_mean) {
  Moments result;
  result.mean.resize(statistics.rows);
  result.inverse_deviation.resize(statistics.rows);
  result.count = static_cast<double>(x.size()) / static_cast<double>(statistics.rows);
  for (std::int64_t i = 0; has_mean && i < x.size(); ++i) {
    result.mean[statistics.row_of(i)] += x[i] / result.count;
  }
  for (std::int64_t i = 0; i < x.size(); ++i) {
    const std::int64_t row = statistics.row_of(i);
    result.inverse_deviation[row] += std::pow(x[i] - result.mean[row], 2) / result.count;
  }
  for (double& value : result.inverse_deviation) value = 1 / std::sqrt(value + kEpsilon);
  return result;
}

void normalize(const Normalization& kind, const Arrays& in, const Arrays& out) {
  const Array& x = in[0];
  const Statistics statistics = statistics_of(kind.style(), x.shape, kind.groups());
  const Moments moments = moments_of(statistics, x, kind.style() != NormalizationStyle::rms);
  for (std::int64_t i = 0; i < x.size(); ++i) {
    const std::int64_t row = statistics.row_of(i);
    const std::int64_t feature = statistics.feature_of(i);
    const double normal = (x[i] - moments.mean[row]) * moments.inverse_deviation[row];
    out[0][i] = normal * in[1][feature] + (in.size() > 2 ? in[2][feature] : 0);
  }
  for (std::int64_t row = 0; out.size() > 1 && row < statistics.rows; ++row) {
    out[1][row] = moments.mean[row];
    out[2][row] = moments.inverse_deviation[row];
  }
}

void normalization_gradient(const NormalizationGradient& kind, const Arrays& in,
                            const Arrays& out) {
  const Array& dy = in[0];
  const Array& x = in[1];
  const bool has_mean = kind.style() != NormalizationStyle::rms;
  const Statistics statistics = statistics_of(kind.style(), x.shape, kind.groups());
  const Moments moments = moments_of(statistics, x, has_mean);
  std::vector<double> sum(statistics.rows);
  std::vector<double> product(statistics.rows);
  const auto normal = [&](std::int64_t i) {
    const std::int64_t row = statistics.row_of(i);
    return (x[i] - moments.mean[row]) * moments.inverse_deviation[row];
  };
  for (std::int64_t i = 0; i < x.size(); ++i) {
    const std::int64_t feature = statistics.feature_of(i);
    const double scaled = dy[i] * in[2][feature];
    sum[statistics.row_of(i)] += scaled / moments.count;
    product[statistics.row_of(i)] += scaled * normal(i) / moments.count;
    out[1][feature] += dy[i] * normal(i);
    if (out.size() > 2) out[2][feature] += dy[i];
  }
  for (std::int64_t i = 0; i < x.size(); ++i) {
    const std::int64_t row = statistics.row_of(i);
    const double scaled = dy[i] * in[2][statistics.feature_of(i)];
    out[0][i] = moments.inverse_deviation[row] *
                (scaled - (has_mean ? sum[row] : 0) - normal(i) * product[row]);
  }
}

/// Calls visit(window's output, input) for every pair of an input and a window that covers it.
template <typename Visit>
void for_each_window(const Window& window, const Shape& x, const Shape& y, Visit visit) {
  for_each_index(y, [&](const Shape& i) {
    for_each_index({window.kernel[0], window.kernel[1]}, [&](const Shape& k) {
      const std::int64_t row =
          i[2] * window.stride[0] + k[0] * window.dilation[0] - window.pad_before[0];
      const std::int64_t column =
          i[3] * window.stride[1] + k[1] * window.dilation[1] - window.pad_before[1];
      if (row < 0 || row >= x[2] || column < 0 || column >= x[3]) return;
      visit(place_of(i, y), ((i[0] * x[1] + i[1]) * x[2] + row) * x[3] + column);
    });
  });
}

std::vector<std::int64_t> winners(const Window& window, const Array& x, const Shape& y) {
  std::vector<std::int64_t> result(element_count(y), -1);
  for_each_window(window, x.shape, y, [&](std::int64_t output, std::int64_t input) {
    std::int64_t& best = result[output];
    if (best < 0 || x[input] > x[best]) best = input;
  });
  return result;
}

void pool(PoolingStyle style, const Window& window, const Array& x, const Array& y) {
  if (style == PoolingStyle::max) {
    const std::vector<std::int64_t> best = winners(window, x, y.shape);
    for (std::int64_t i = 0; i < y.size(); ++i) y[i] = x[best[i]];
    return;
  }
  for_each_window(window, x.shape, y.shape, [&](std::int64_t output, std::int64_t input) {
    y[output] += x[input] / static_cast<double>(window.kernel_elements());
  });
}

void pool_gradient(const PoolingGradient& kind, const Arrays& in, const Array& dx) {
  const Array& dy = in[0];
  if (kind.style() == PoolingStyle::max) {
    const std::vector<std::int64_t> best = winners(kind.window(), in[1], dy.shape);
    for (std::int64_t i = 0; i < dy.size(); ++i) dx[best[i]] += dy[i];
    return;
  }
  for_each_window(kind.window(), dx.shape, dy.shape, [&](std::int64_t output, std::int64_t input) {
    dx[input] += dy[output] / static_cast<double>(kind.window().kernel_elements());
  });
}

/// Sum of `term(j)` over the channels j = c - before .. c + after, as flat places like `i`.
template <typename Term>
double over_channels(const Shape& shape, std::int64_t i, std::int64_t before, std::int64_t after,
                     Term term) {
  const std::int64_t pixels = element_count(shape) / shape[0] / shape[1];
  const std::int64_t channel = i / pixels % shape[1];
  double sum = 0;
  for (std::int64_t c = channel - before; c <= channel + after; ++c) {
    if (c >= 0 && c < shape[1]) sum += term(i + (c - channel) * pixels);
  }
  return sum;
}

double local_power(const LocalResponseConstants& k, const Array& x, std::int64_t i) {
  const double squares = over_channels(x.shape, i, (k.size - 1) / 2, k.size / 2,
                                       [&](std::int64_t j) { return x[j] * x[j]; });
  return k.bias + k.alpha / static_cast<double>(k.size) * squares;
}

void local_response_gradient(const LocalResponseConstants& k, const Array& dy, const Array& x,
                             const Array& dx) {
  for (std::int64_t i = 0; i < x.size(); ++i) {
    // The window of channel j has c if c's mirrored window has j.
    const double sum = over_channels(x.shape, i, k.size / 2, (k.size - 1) / 2, [&](std::int64_t j) {
      return dy[j] * x[j] * std::pow(local_power(k, x, j), -k.beta - 1);
    });
    dx[i] = dy[i] * std::pow(local_power(k, x, i), -k.beta) -
            2 * k.alpha * k.beta / static_cast<double>(k.size) * x[i] * sum;
  }
}

void lstm_cell(const Arrays& in, const Arrays& out) {
  const std::int64_t width = out[1].shape.back();
  for (std::int64_t i = 0; i < out[1].size(); ++i) {
    const std::int64_t base = i / width * 4 * width + i % width;
    double gate[4];
    for (int g = 0; g < 4; ++g) {
      const std::int64_t at = base + g * width;
      const double z = in[0][at] + (in.size() > 1 ? in[1][at] : 0);
      out[2][at] = gate[g] = g == 2 ? std::tanh(z) : sigmoid(z);
    }
    const double previous = in.size() > 2 ? in[2][i] : 0;
    out[1][i] = gate[1] * previous + gate[0] * gate[2];
    out[0][i] = gate[3] * std::tanh(out[1][i]);
  }
}

void lstm_cell_gradient(const LstmCellGradient& kind, const Arrays& in, const Arrays& out) {
  const Array& gates = in[0];
  const Array& c = in[1];
  std::size_t next = 2;
  const Array* previous = kind.has_previous() ? &in[next++] : nullptr;
  const Array* dh = kind.has_dh() ? &in[next++] : nullptr;
  const Array* dc = kind.has_dc() ? &in[next++] : nullptr;
  const std::int64_t width = c.shape.back();
  for (std::int64_t n = 0; n < c.size(); ++n) {
    const std::int64_t base = n / width * 4 * width + n % width;
    const double i = gates[base];
    const double f = gates[base + width];
    const double g = gates[base + 2 * width];
    const double o = gates[base + 3 * width];
    const double t = std::tanh(c[n]);
    const double from_h = dh != nullptr ? (*dh)[n] : 0;
    const double whole = from_h * o * (1 - t * t) + (dc != nullptr ? (*dc)[n] : 0);
    out[0][base] = whole * g * i * (1 - i);
    out[0][base + width] = whole * (previous != nullptr ? (*previous)[n] : 0) * f * (1 - f);
    out[0][base + 2 * width] = whole * i * (1 - g * g);
    out[0][base + 3 * width] = from_h * t * o * (1 - o);
    if (previous != nullptr) out[1][n] = whole * f;
  }
}

void cross_entropy_gradient(const Arrays& in, const Array& dx) {
  const std::int64_t width = dx.shape.back();
  const auto rows = static_cast<double>(dx.size() / width);
  for (std::int64_t row = 0; row < dx.size() / width; ++row) {
    softmax_row(in[0], dx, row * width, width);
    dx[row * width + static_cast<std::int64_t>(in[1][row])] -= 1;
    for (std::int64_t i = row * width; i < (row + 1) * width; ++i) dx[i] /= rows;
  }
}

double cross_entropy(const Arrays& in) {
  std::vector<double> scratch(static_cast<std::size_t>(in[0].size()));
  const Array y{in[0].shape, &scratch};
  const std::int64_t width = in[0].shape.back();
  const std::int64_t rows = in[0].size() / width;
  double sum = 0;
  for (std::int64_t row = 0; row < rows; ++row) {
    softmax_row(in[0], y, row * width, width);
    sum -= std::log(y[row * width + static_cast<std::int64_t>(in[1][row])]);
  }
  return sum / static_cast<double>(rows);
}

void drop(const Operator& op, double rate, const Arrays& in, const Arrays& out) {
  *out[1].values = dropout_mask(op, rate, in[0].size());
  for (std::int64_t i = 0; i < in[0].size(); ++i) out[0][i] = in[0][i] * out[1][i] / (1 - rate);
}

}  // namespace

std::vector<double> dropout_mask(const Operator& op, double rate, std::int64_t elements) {
  std::size_t state = std::hash<std::string>{}(op.name.substr(0, op.name.rfind('.')));
  std::vector<double> mask;
  for (std::int64_t i = 0; i < elements; ++i) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    const double uniform = static_cast<double>(state >> 11) / 9007199254740992.0;
    mask.push_back(uniform < rate ? 0 : 1);
  }
  return mask;
}

void run_row_kernel(const Operator& op, const Arrays& in, const Arrays& out, bool& is_known) {
  is_known = true;
  const OperatorKind* kind = op.kind.get();
  const Array& y = out[0];
  if (const auto* normalization = dynamic_cast<const Normalization*>(kind)) {
    normalize(*normalization, in, out);
  } else if (const auto* gradient = dynamic_cast<const NormalizationGradient*>(kind)) {
    normalization_gradient(*gradient, in, out);
  } else if (dynamic_cast<const Softmax*>(kind) != nullptr) {
    const std::int64_t width = y.shape.back();
    for (std::int64_t row = 0; row < y.size() / width; ++row)
      softmax_row(in[0], y, row * width, width);
  } else if (dynamic_cast<const SoftmaxGradient*>(kind) != nullptr) {
    const std::int64_t width = y.shape.back();
    for (std::int64_t row = 0; row < y.size() / width; ++row) {
      double sum = 0;
      for (std::int64_t i = row * width; i < (row + 1) * width; ++i) sum += in[0][i] * in[1][i];
      for (std::int64_t i = row * width; i < (row + 1) * width; ++i)
        y[i] = in[1][i] * (in[0][i] - sum);
    }
  } else if (const auto* dropout = dynamic_cast<const Dropout*>(kind)) {
    drop(op, dropout->rate(), in, out);
  } else if (const auto* undrop = dynamic_cast<const DropoutGradient*>(kind)) {
    for (std::int64_t i = 0; i < y.size(); ++i) y[i] = in[0][i] * in[1][i] / (1 - undrop->rate());
  } else if (const auto* pooling = dynamic_cast<const Pooling*>(kind)) {
    pool(pooling->style(), pooling->window(), in[0], y);
  } else if (const auto* unpool = dynamic_cast<const PoolingGradient*>(kind)) {
    pool_gradient(*unpool, in, y);
  } else if (const auto* response = dynamic_cast<const LocalResponse*>(kind)) {
    const LocalResponseConstants& k = response->constants();
    for (std::int64_t i = 0; i < y.size(); ++i) {
      y[i] = in[0][i] * std::pow(local_power(k, in[0], i), -k.beta);
    }
  } else if (const auto* unresponse = dynamic_cast<const LocalResponseGradient*>(kind)) {
    local_response_gradient(unresponse->constants(), in[0], in[1], y);
  } else if (dynamic_cast<const LstmCell*>(kind) != nullptr) {
    lstm_cell(in, out);
  } else if (const auto* uncell = dynamic_cast<const LstmCellGradient*>(kind)) {
    lstm_cell_gradient(*uncell, in, out);
  } else if (dynamic_cast<const CrossEntropy*>(kind) != nullptr) {
    y[0] = cross_entropy(in);
  } else if (dynamic_cast<const CrossEntropyGradient*>(kind) != nullptr) {
    cross_entropy_gradient(in, y);
  } else if (dynamic_cast<const SquaredError*>(kind) != nullptr) {
    for (std::int64_t i = 0; i < in[0].size(); ++i) {
      y[0] += std::pow(in[0][i] - in[1][i], 2) / static_cast<double>(in[0].size());
    }
  } else if (dynamic_cast<const SquaredErrorGradient*>(kind) != nullptr) {
    for (std::int64_t i = 0; i < y.size(); ++i) {
      y[i] = 2 * (in[0][i] - in[1][i]) / static_cast<double>(y.size());
    }
  } else {
    is_known = false;
  }
}

}  // namespace simdse
