// Units, clocks, spelling and quantities.
#include <gtest/gtest.h>
#include <unistd.h>

#include <random>
#include <type_traits>

#include "models/base/clock.h"
#include "models/base/error.h"
#include "models/base/number_format.h"
#include "models/base/quantity_text.h"
#include "models/base/units.h"
#include "models/base/worker_pool.h"

namespace simdse {
namespace {

template <class A, class B, class = void>
struct CanAdd : std::false_type {};
template <class A, class B>
struct CanAdd<A, B, std::void_t<decltype(std::declval<A>() + std::declval<B>())>> : std::true_type {
};

TEST(Units, DifferentQuantitiesDoNotMix) {
  EXPECT_TRUE((CanAdd<Bytes, Bytes>::value));
  EXPECT_FALSE((CanAdd<Bytes, Cycles>::value));
  EXPECT_FALSE((CanAdd<Seconds, Hertz>::value));
  EXPECT_FALSE((CanAdd<Seconds, double>::value));
}

TEST(Units, BytesOverBandwidthAreSeconds) {
  const Seconds time = Bytes(700) / BytesPerSecond(7e9);
  EXPECT_DOUBLE_EQ(time.value(), 1e-7);
  EXPECT_DOUBLE_EQ((Cycles(700) / Hertz(7e8)).value(), 1e-6);
}

TEST(Divisor, DividesAsTheProcessorDoes) {
  std::mt19937_64 random(7);
  const auto draw = [&](unsigned bits) {
    return static_cast<std::int64_t>(random() >> (64 - bits));
  };
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
  for (int i = 0; i < 20'000; ++i) {
    const std::int64_t value = std::max<std::int64_t>(1, draw(1 + random() % 63));
    const Divisor divisor(value);
    // A multiple and its neighbours, the largest number, and any.
    const std::int64_t multiple = draw(1 + random() % 63) / value * value;
    for (const std::int64_t number : {std::max<std::int64_t>(0, multiple - 1), multiple, most,
                                      most / value * value, draw(63)}) {
      ASSERT_EQ(divisor.quotient(number), number / value) << number << " / " << value;
      ASSERT_EQ(divisor.rest(number), number % value) << number << " / " << value;
      if (number > most - value) continue;
      ASSERT_EQ(divisor.quotient_up(number), ceil_div(number, value)) << number << " / " << value;
    }
  }
}

TEST(Clock, EdgesAreExactHoweverManyCyclesPass) {
  const Clock clock(Hertz(700e6));  // the period is 1428.571... ps
  EXPECT_EQ(clock.edge(Cycles(0)), 0);
  EXPECT_EQ(clock.edge(Cycles(1)), 1429);
  EXPECT_EQ(clock.edge(Cycles(7)), 10000);
  // A rounded period of 1429 ps would be 300 us off after a second.
  EXPECT_EQ(clock.edge(Cycles(700'000'000)), 1'000'000'000'000);
}

TEST(Clock, NextEdgeInvertsEdge) {
  std::mt19937_64 random(1);
  for (const double megahertz : {1.0, 700.0, 940.0, 1050.0, 1410.0, 9973.0}) {
    const Clock clock(Hertz(megahertz * 1e6));
    for (int i = 0; i < 1000; ++i) {
      const Cycles cycle(static_cast<std::int64_t>(random() % 1'000'000'000));
      const Picoseconds edge = clock.edge(cycle);
      EXPECT_EQ(clock.next_edge(edge), cycle);
      EXPECT_EQ(clock.next_edge(edge + 1), cycle + Cycles(1));
    }
  }
}

TEST(Clock, TimesThatCannotBeCountedAreRefused) {
  EXPECT_EQ(to_picoseconds(Seconds(1.4999e-12)), 1);
  EXPECT_EQ(to_picoseconds(Seconds(-2e-9)), -2000);
  EXPECT_EQ(to_picoseconds(Seconds(9.2e6)), 9'200'000'000'000'000'000);
  for (const double seconds :
       {1e7, -1e7, kLongestTime.value(), std::numeric_limits<double>::infinity(),
        std::numeric_limits<double>::quiet_NaN()}) {
    EXPECT_THROW(to_picoseconds(Seconds(seconds)), InputError) << seconds;
  }
}

TEST(Spelling, OffersTheNearestWordOnly) {
  const std::vector<std::string> words = {"rows", "columns", "overlap"};
  EXPECT_EQ(nearest_spelling("rosw", words), "rows");
  EXPECT_EQ(nearest_spelling("colums", words), "columns");
  EXPECT_EQ(nearest_spelling("zzzzzzzzz", words), "");
  EXPECT_NE(spelling_hint("zzzzzzzzz", words).find("allowed"), std::string::npos);
}

TEST(Spelling, ListsEachWordOnceAndOfVeryManyTheNearest) {
  EXPECT_EQ(spelling_hint("zzzzzzzzz", {"rows", "rows", "columns"}), " (allowed: rows, columns)");
  std::vector<std::string> many;
  for (int i = 0; i < 2000; ++i) {
    many.push_back("encoder." + std::to_string(i / 2) + ".attention");
  }
  many.emplace_back("pooler.something.query");
  const std::string hint = spelling_hint("query", many);
  EXPECT_EQ(hint.rfind(" (of 1001 the nearest: pooler.something.query, encoder.", 0), 0U) << hint;
  EXPECT_LT(hint.size(), 200U);
}

TEST(Quantity, ReadsUnitsAndRefusesOthers) {
  const SourceLocation here{"x.yaml", 3, 7};
  EXPECT_DOUBLE_EQ(parse_quantity("32 MiB", Dimension::bytes, here, "a"), 32.0 * 1024 * 1024);
  EXPECT_DOUBLE_EQ(parse_quantity("700MHz", Dimension::frequency, here, "a"), 700e6);
  EXPECT_DOUBLE_EQ(parse_quantity("2 Gb/s", Dimension::bandwidth, here, "a"), 0.25e9);
  EXPECT_DOUBLE_EQ(parse_quantity("3.9 pJ/b", Dimension::energy_per_byte, here, "a"), 31.2e-12);
  EXPECT_THROW(parse_quantity("32", Dimension::bytes, here, "a"), InputError);
  EXPECT_THROW(parse_quantity("32 MHz", Dimension::bytes, here, "a"), InputError);
  EXPECT_THROW(parse_quantity("nan", Dimension::count, here, "a"), InputError);
  EXPECT_THROW(parse_quantity("4 MiB", Dimension::count, here, "a"), InputError);
  try {
    parse_quantity("32 MHz", Dimension::bytes, here, "memory.capacity");
    FAIL();
  } catch (const InputError& error) {
    EXPECT_STREQ(error.what(),
                 "x.yaml:3:7: memory.capacity: wrong unit 'MHz' in '32 MHz' (allowed: B, kB, KiB, "
                 "MB, MiB, GB, GiB, TB, TiB)");
  }
}

TEST(Quantity, FormattedTextReadsBackAsTheSameNumber) {
  const SourceLocation here;
  for (const double value : {1.0, 512.0, 1048576.0, 27262976.0, 17179869184.0}) {
    const std::string text = format_quantity(value, Dimension::bytes, 12);
    EXPECT_DOUBLE_EQ(parse_quantity(text, Dimension::bytes, here, ""), value) << text;
  }
  EXPECT_DOUBLE_EQ(
      parse_quantity(format_quantity(3.9e-6, Dimension::time), Dimension::time, here, ""), 3.9e-6);
}

TEST(NumberFormat, CountsBytesWithSharedScales) {
  EXPECT_EQ(number_format("bf16").bytes(1000), Bytes(2000));
  EXPECT_EQ(number_format("mask").bytes(1000), Bytes(1000));
  // 64 elements in two blocks: 64 bytes and two scales of one byte.
  EXPECT_EQ(number_format("mxfp8").bytes(64), Bytes(66));
  EXPECT_THROW(number_format("bf61"), std::out_of_range);
}

TEST(WorkerPool, AnInterruptKillsWhatRunsAndStartsNoMore) {
  const auto quick = [] { return std::string("done"); };
  const auto endless = []() -> std::string {
    for (;;) pause();
  };
  bool has_first = false;
  WorkerOptions options;
  options.is_interrupted = [&has_first] { return has_first; };
  const std::vector<JobResult> results =
      run_jobs({quick, endless, quick}, options, [&](std::size_t) { has_first = true; });
  ASSERT_EQ(results.size(), 3U);
  EXPECT_TRUE(results[0].ok);
  EXPECT_EQ(results[0].output, "done");
  for (const std::size_t i : {1U, 2U}) {
    EXPECT_FALSE(results[i].ok);
    EXPECT_EQ(results[i].failure, "interrupted");
  }
}

}  // namespace
}  // namespace simdse
