// The closed forms of the systolic array against a systolic array in Verilog: whole products, tile
// by tile, with sums over K in accumulators.
#include <fmt/core.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

#include "models/tensor_core/systolic.h"
#include "unit/pe_array.h"

namespace simdse {
namespace {

/// Registers on the way that the closed form, which counts from the first operand in the array to
/// the last result out of it, does not know: the command's, the one that issues to the banks, the
/// banks' own, and the accumulators'.
constexpr std::int64_t kPipelineRegisters = 4;

enum class Array { weight_stationary, output_stationary };

/// The core in Verilog, of one size.
class Rtl {
 public:
  Rtl(Array array, std::int64_t rows, std::int64_t columns)
      : array_(array), rows_(rows), columns_(columns) {
    folder_ = std::filesystem::temp_directory_path() / fmt::format("simdse_rtl_{}", getpid());
    std::filesystem::create_directories(folder_);
    run(
        fmt::format("{} -g2005-sv -Ptestbench.ROWS={} -Ptestbench.COLUMNS={} "
                    "-Ptestbench.OUTPUT_STATIONARY={} -s testbench -o core.vvp {}/tests/rtl/*.v",
                    SIMDSE_IVERILOG, rows, columns, array == Array::output_stationary ? 1 : 0,
                    SIMDSE_SOURCE_DIR));
  }
  ~Rtl() { std::filesystem::remove_all(folder_); }
  Rtl(const Rtl&) = delete;
  Rtl& operator=(const Rtl&) = delete;

  struct Result {
    Matrix product;
    std::int64_t cycles = -1;
  };

  /// a x b; the stream axis (M, or K if output-stationary) in pieces of at most `piece`.
  Result multiply(const Factors& f, std::int64_t piece, Systolic::Overlap overlap) {
    const std::int64_t m_size = f.a.rows;
    const std::int64_t k_size = f.a.columns;
    const std::int64_t n_size = f.b.columns;
    fill_banks(f);
    const std::string output =
        run(fmt::format("{} -n core.vvp +m={} +n={} +k={} +piece={} +overlap={}", SIMDSE_VVP,
                        m_size, n_size, k_size, piece, static_cast<int>(overlap)));
    Result result{Matrix(m_size, n_size)};
    std::vector<int> written(result.product.values.size());
    std::istringstream lines(output);
    for (std::string text; std::getline(lines, text);) {
      std::istringstream line(text);
      std::string word;
      line >> word;
      if (word == "cycles") {
        line >> result.cycles;
      } else if (word == "y") {
        std::int64_t m = 0;
        std::int64_t n = 0;
        line >> m >> n;
        line >> result.product.at(m, n);
        ++written[static_cast<std::size_t>(m * n_size + n)];
      } else if (text.find("Not enough words") == std::string::npos &&  // banks need not be full
                 text.find("$finish called") == std::string::npos) {
        ADD_FAILURE() << text;
      }
    }
    // Every element comes out once: what is not the whole sum yet stays inside.
    EXPECT_EQ(written, std::vector<int>(written.size(), 1));
    return result;
  }

 private:
  static std::int64_t padded(const Matrix& m, std::int64_t r, std::int64_t c) {
    return r < m.rows && c < m.columns ? m.at(r, c) : 0;
  }

  void write_bank(const std::string& name, const std::vector<std::int64_t>& values) const {
    std::ofstream file(folder_ / name);
    for (const std::int64_t value : values) file << fmt::format("{:02x}\n", value & 0xff);
  }

  /// The layouts that the cores' headers describe.
  void fill_banks(const Factors& f) const {
    const std::int64_t k_folds = ceil_div(f.a.columns, rows_);
    const std::int64_t n_folds = ceil_div(f.b.columns, columns_);
    const std::int64_t m_folds = ceil_div(f.a.rows, rows_);
    for (std::int64_t r = 0; r < rows_; ++r) {
      std::vector<std::int64_t> bank;
      if (array_ == Array::output_stationary) {
        for (std::int64_t fold = 0; fold < m_folds; ++fold) {
          for (std::int64_t k = 0; k < f.a.columns; ++k) {
            bank.push_back(padded(f.a, fold * rows_ + r, k));
          }
        }
      } else {
        for (std::int64_t fold = 0; fold < k_folds; ++fold) {
          for (std::int64_t m = 0; m < f.a.rows; ++m) {
            bank.push_back(padded(f.a, m, fold * rows_ + r));
          }
        }
      }
      write_bank(fmt::format("row{}.hex", r), bank);
    }
    for (std::int64_t c = 0; c < columns_; ++c) {
      std::vector<std::int64_t> bank;
      for (std::int64_t fold = 0; fold < n_folds; ++fold) {
        const std::int64_t depth = array_ == Array::output_stationary ? f.b.rows : k_folds * rows_;
        for (std::int64_t k = 0; k < depth; ++k) {
          bank.push_back(padded(f.b, k, fold * columns_ + c));
        }
      }
      write_bank(fmt::format("column{}.hex", c), bank);
    }
  }

  /// Runs a command in the folder and returns what it says.
  std::string run(const std::string& command) const {
    const std::string all = fmt::format("cd {} && {} >said 2>&1", folder_.string(), command);
    const int status = std::system(all.c_str());
    std::ifstream said(folder_ / "said");
    std::ostringstream text;
    text << said.rdbuf();
    if (status != 0) throw std::runtime_error(command + ": " + text.str());
    return text.str();
  }

  Array array_;
  std::int64_t rows_;
  std::int64_t columns_;
  std::filesystem::path folder_;
};

struct Size {
  std::int64_t rows;
  std::int64_t columns;
};

class RtlArray : public ::testing::TestWithParam<std::tuple<Dataflow, Size>> {
 protected:
  void SetUp() override {
    if (std::string(SIMDSE_IVERILOG).empty()) {
      GTEST_SKIP() << "Icarus Verilog (iverilog) was not there when the build was configured";
    }
  }
};

TEST_P(RtlArray, TakesTheCyclesOfTheClosedFormAndItsPipelineRegisters) {
  const auto [dataflow, size] = GetParam();
  // An input-stationary array is a weight-stationary one that multiplies the transposed matrices in
  // the other order.
  const bool is_transposed = dataflow == Dataflow::input_stationary;
  Rtl rtl(
      dataflow == Dataflow::output_stationary ? Array::output_stationary : Array::weight_stationary,
      size.rows, size.columns);
  std::mt19937_64 random(static_cast<std::uint64_t>(size.rows * 100 + size.columns));
  const auto draw = [&](std::int64_t min, std::int64_t max) {
    return min + static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(max - min + 1));
  };
  for (const auto overlap :
       {Systolic::Overlap::none, Systolic::Overlap::drain, Systolic::Overlap::full}) {
    for (int turn = 0; turn < 2; ++turn) {
      // At least 3 x 4 tiles, the last ones ragged as it comes.
      TileShape shape;
      std::int64_t TileShape::*stream = dataflow == Dataflow::weight_stationary   ? &TileShape::m
                                        : dataflow == Dataflow::output_stationary ? &TileShape::k
                                                                                  : &TileShape::n;
      for (auto axis : {&TileShape::m, &TileShape::n, &TileShape::k}) shape.*axis = draw(1, 30);
      const auto rows_axis =
          dataflow == Dataflow::output_stationary ? &TileShape::m : &TileShape::k;
      const auto columns_axis = is_transposed ? &TileShape::m : &TileShape::n;
      shape.*rows_axis = draw(2 * size.rows + 1, 3 * size.rows);
      shape.*columns_axis = draw(3 * size.columns + 1, 4 * size.columns);
      TileShape tile = shape;
      tile.*stream = draw(ceil_div(shape.*stream, 3), shape.*stream);

      const auto matrix = [&](std::int64_t rows, std::int64_t columns) {
        Matrix m(rows, columns);
        for (std::int64_t& value : m.values) value = draw(-128, 127);
        return m;
      };
      const Factors factors = is_transposed
                                  ? Factors{matrix(shape.n, shape.k), matrix(shape.k, shape.m)}
                                  : Factors{matrix(shape.m, shape.k), matrix(shape.k, shape.n)};
      const Rtl::Result result = rtl.multiply(factors, tile.*stream, overlap);
      EXPECT_EQ(result.product.values, product_of(factors).values);

      Systolic::Params params;
      params.rows = size.rows;
      params.columns = size.columns;
      params.overlap = overlap;
      const Systolic array(params, {Clock(Hertz(1e9)), 1});
      const TileTiming t = array.timing(dataflow, shape, tile, 1);
      EXPECT_EQ(result.cycles, (t.setup + t.body + t.tail).value() + kPipelineRegisters)
          << shape.m << "x" << shape.k << "x" << shape.n << " on " << size.rows << "x"
          << size.columns << " in pieces of " << tile.*stream << ", overlap "
          << static_cast<int>(overlap);
    }
  }
}

std::string test_name(const ::testing::TestParamInfo<RtlArray::ParamType>& test) {
  const Size size = std::get<1>(test.param);
  return fmt::format("{}_{}x{}", dataflow_name(std::get<0>(test.param)), size.rows, size.columns);
}

INSTANTIATE_TEST_SUITE_P(All, RtlArray,
                         ::testing::Combine(::testing::Values(Dataflow::weight_stationary,
                                                              Dataflow::output_stationary,
                                                              Dataflow::input_stationary),
                                            ::testing::Values(Size{4, 4}, Size{8, 4}, Size{4, 16},
                                                              Size{2, 8}, Size{8, 8})),
                         test_name);

}  // namespace
}  // namespace simdse
