// The mesh flit by flit, against its formulas, the bounds of its links, and figures of an
// independent flit-level simulator.
#include "models/noc/mesh.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <set>

#include "models/noc/flit_mesh.h"
#include "models/noc/load_test.h"

namespace simdse {
namespace {

/// A mesh of so many rows and columns with one port of each storage, and cores everywhere else.
MeshTopology topology_of(std::int64_t rows, std::int64_t columns, const RouterParams& router = {}) {
  return MeshTopology(Grid(rows, columns), router, rows * columns - 2, 1, 1);
}

LoadFigures run(const MeshTopology& topology, Traffic::Pattern pattern, const NetworkLoad& load,
                double hot_share = 0.1) {
  FlitMesh mesh(topology.grid(), topology.router());
  return run_load(mesh, Traffic(topology, pattern, hot_share), load);
}

/// Highest sustained rate, to within 0.005.
double saturation(const MeshTopology& topology, Traffic::Pattern pattern, NetworkLoad load,
                  double hot_share = 0.1) {
  double sustained = 0;
  double too_much = 1;
  while (too_much - sustained > 0.005) {
    load.rate = (sustained + too_much) / 2;
    (run(topology, pattern, load, hot_share).is_saturated ? too_much : sustained) = load.rate;
  }
  return sustained;
}

/// Load of the most loaded link per flit that each endpoint offers: every pair's route is walked
/// here, by its own steps along the row and then the column.
double walked_load(std::int64_t rows, std::int64_t columns,
                   const std::function<double(std::int64_t, std::int64_t)>& share) {
  std::map<std::pair<std::int64_t, std::int64_t>, double> loads;
  for (std::int64_t from = 0; from < rows * columns; ++from) {
    for (std::int64_t to = 0; to < rows * columns; ++to) {
      std::int64_t at = from;
      const auto walk = [&](std::int64_t next) {
        loads[{at, next}] += share(from, to);
        at = next;
      };
      while (at % columns < to % columns) walk(at + 1);
      while (at % columns > to % columns) walk(at - 1);
      while (at / columns < to / columns) walk(at + columns);
      while (at / columns > to / columns) walk(at - columns);
      loads[{to, -1}] += share(from, to);  // out of the network
    }
  }
  double most = 0;
  for (const auto& [link, load] : loads) most = std::max(most, load);
  return most;
}

// A packet alone takes entry + hops x (route + allocations + traversal + link) + flits - 1.
TEST(FlitMesh, APacketAloneTakesTheSumOfItsStages) {
  std::mt19937 random(1);
  const auto upto = [&](int most) { return 1 + static_cast<int>(random() % most); };
  for (int round = 0; round < 40; ++round) {
    RouterParams router;
    router.virtual_channels = upto(8);
    router.route = upto(3) - 1;
    router.vc_allocation = upto(3);
    router.switch_allocation = upto(3);
    router.traversal = upto(3);
    router.link = upto(4);
    // Deep enough for the turn-around of credits.
    router.buffer_depth = 2 * router.link + router.traversal + 4 + upto(4);
    const MeshTopology topology = topology_of(upto(6), upto(6) + 1, router);
    FlitMesh mesh(topology.grid(), router);
    const auto from = static_cast<std::int64_t>(random()) % topology.endpoints();
    const auto to = static_cast<std::int64_t>(random()) % topology.endpoints();
    const int flits = upto(20);
    mesh.offer({0, from, to, flits});
    std::vector<PacketNetwork::Packet> arrived;
    std::int64_t cycle = -1;
    while (arrived.empty() && cycle < 1000) {
      mesh.step(arrived);
      ++cycle;
    }
    const std::int64_t hops =
        1 + std::abs(from / topology.grid().columns() - to / topology.grid().columns()) +
        std::abs(from % topology.grid().columns() - to % topology.grid().columns());
    const int stages = router.route + router.vc_allocation + router.switch_allocation +
                       router.traversal + router.link;
    EXPECT_EQ(cycle, router.link + 1 + hops * stages + flits - 1);
    EXPECT_EQ(cycle, topology.latency(from, to) + flits);
  }
}

// One virtual channel of few places: a packet's flits leave at no more than depth / round trip of
// a credit, which is the traversal, the link there and back, and the registers at both ends.
TEST(FlitMesh, CreditsBoundTheThroughputOfOneChannel) {
  for (const int depth : {1, 2, 3, 4, 8}) {
    RouterParams router;
    router.virtual_channels = 1;
    router.buffer_depth = depth;
    const MeshTopology topology = topology_of(1, 4, router);
    FlitMesh mesh(topology.grid(), router);
    constexpr std::int64_t kFlits = 4000;
    mesh.offer({0, 0, 3, kFlits});
    std::vector<PacketNetwork::Packet> arrived;
    std::int64_t cycle = 0;
    while (arrived.empty() && cycle < 100000) {
      mesh.step(arrived);
      ++cycle;
    }
    const int round_trip = (router.traversal + router.link + 1) + (router.link + 1);
    const double rate = std::min(1.0, static_cast<double>(depth) / round_trip);
    EXPECT_NEAR(kFlits / rate, static_cast<double>(cycle), 0.02 * kFlits) << depth;
  }
}

TEST(FlitMesh, NoFlitIsLostAndAllDrains) {
  for (const int flits : {1, 3, 17}) {
    const MeshTopology topology = topology_of(4, 5);
    const Traffic traffic(topology, Traffic::Pattern::uniform, 0);
    FlitMesh mesh(topology.grid(), topology.router());
    TrafficRandom random(7);
    std::multiset<std::int64_t> offered;
    std::multiset<std::int64_t> received;
    std::vector<PacketNetwork::Packet> arrived;
    for (std::int64_t cycle = 0; cycle < 60000; ++cycle) {
      // Far beyond saturation at first, then nothing.
      for (std::int64_t node = 0; cycle < 1000 && node < topology.endpoints(); ++node) {
        if (random.fraction() > 0.5) continue;
        const std::int64_t tag = cycle * 100 + node;
        mesh.offer({tag, node, traffic.draw(node, random), flits});
        offered.insert(tag);
      }
      arrived.clear();
      mesh.step(arrived);
      for (const PacketNetwork::Packet& packet : arrived) received.insert(packet.tag);
    }
    EXPECT_EQ(offered, received);
    EXPECT_EQ(mesh.flits_under_way(), 0);
    EXPECT_EQ(mesh.flits_delivered(), static_cast<std::int64_t>(offered.size()) * flits);
  }
}

// An independent flit-level simulator with such routers: 33.2 cycles at 0.02, 37.9 at 0.30,
// saturation at 0.42 (single flits); 41.7 and 60.7 at 0.05 and 0.30 with packets of 8 flits, which
// saturate at 0.40.
TEST(FlitMesh, IndependentFiguresOf8x8) {
  const MeshTopology mesh = topology_of(8, 8);
  const auto uniform = Traffic::Pattern::uniform;
  EXPECT_NEAR(run(mesh, uniform, {0.02, 1}).mean_latency, 33.2, 0.02 * 33.2);
  EXPECT_NEAR(run(mesh, uniform, {0.30, 1}).mean_latency, 37.9, 0.02 * 37.9);
  EXPECT_NEAR(saturation(mesh, uniform, {0, 1, 8000}), 0.42, 0.05 * 0.42);
  EXPECT_NEAR(run(mesh, uniform, {0.05, 8}).mean_latency, 41.7, 0.03 * 41.7);
  EXPECT_NEAR(run(mesh, uniform, {0.30, 8}).mean_latency, 60.7, 0.03 * 60.7);
  EXPECT_NEAR(saturation(mesh, uniform, {0, 8, 8000}), 0.40, 0.05 * 0.40);
}

TEST(FlitMesh, TransposedTrafficSaturatesBelowTheBoundOfItsRoutes) {
  const double most = walked_load(8, 8, [](std::int64_t from, std::int64_t to) {
    return to == from % 8 * 8 + from / 8 ? 1.0 : 0.0;
  });
  EXPECT_EQ(most, 7);  // row and column exchanged: seven sources turn at one corner
  const MeshTopology mesh = topology_of(8, 8);
  const Traffic traffic(mesh, Traffic::Pattern::transpose, 0);
  EXPECT_DOUBLE_EQ(LoadFormula::of(traffic, {0.1, 1}).bound, 1 / most);
  const double found = saturation(mesh, Traffic::Pattern::transpose, {0, 1});
  EXPECT_LT(found, 1 / most);
  EXPECT_GT(found, 0.9 / most);
  EXPECT_TRUE(run(mesh, Traffic::Pattern::transpose, {1.02 / most, 1}).is_saturated);
}

TEST(FlitMesh, LatencyNeverFallsAsLoadRises) {
  const MeshTopology mesh = topology_of(8, 8);
  for (const auto pattern :
       {Traffic::Pattern::uniform, Traffic::Pattern::transpose, Traffic::Pattern::hotspot}) {
    double before = 0;
    double accepted = 0;
    for (const double rate : {0.02, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5}) {
      // Enough packets for their mean way to be known better than what the load adds to it.
      const auto cycles = std::max<std::int64_t>(8000, std::llround(1000 / rate));
      const LoadFigures figures = run(mesh, pattern, {rate, 1, cycles});
      EXPECT_GT(figures.mean_latency, before) << rate;
      EXPECT_GE(figures.accepted_rate, 0.95 * accepted) << rate;
      EXPECT_LE(figures.accepted_rate, 1.03 * rate);
      before = figures.mean_latency;
      accepted = std::max(accepted, figures.accepted_rate);
    }
  }
}

// Whatever the size, no pattern is sustained beyond the most loaded link; and with long pipelines
// filled by enough channels not far below it.
TEST(FlitMesh, BoundsOfOtherSizesAndPatterns) {
  const std::pair<std::int64_t, std::int64_t> sizes[] = {{4, 4}, {2, 8}, {6, 3}};
  for (const auto& [rows, columns] : sizes) {
    const MeshTopology mesh = topology_of(rows, columns);
    const auto nodes = static_cast<double>(rows * columns);
    for (const int flits : {1, 5}) {
      const double uniform =
          1 / walked_load(rows, columns, [&](std::int64_t, std::int64_t) { return 1 / nodes; });
      // Half of what one half of the longer side sends crosses the middle.
      const std::int64_t longer = std::max(rows, columns);
      if (longer % 2 == 0) {
        EXPECT_DOUBLE_EQ(uniform, std::min(1.0, 4.0 / static_cast<double>(longer)));
      }
      const double found = saturation(mesh, Traffic::Pattern::uniform, {0, flits, 8000});
      EXPECT_LE(found, uniform);
      EXPECT_GE(found, 0.6 * uniform);
      // The hot endpoint takes one flit per cycle.
      const double hot = 1 / (0.4 * nodes + 0.6);
      EXPECT_DOUBLE_EQ(
          LoadFormula::of(Traffic(mesh, Traffic::Pattern::hotspot, 0.4), {0.1, flits}).bound, hot);
      const double found_hot = saturation(mesh, Traffic::Pattern::hotspot, {0, flits, 8000}, 0.4);
      EXPECT_LE(found_hot, 1.02 * hot);
      EXPECT_GE(found_hot, 0.8 * hot);
    }
  }
}

TEST(LoadFormula, AgreesWithTheSimulationAtLowLoad) {
  const MeshTopology mesh = topology_of(8, 8);
  for (const int flits : {1, 4, 16}) {
    const NetworkLoad load{0.05, flits};
    const Traffic traffic(mesh, Traffic::Pattern::uniform, 0);
    FlitMesh network(mesh.grid(), mesh.router());
    const LoadFigures simulated = run_load(network, traffic, load);
    const LoadFormula formula = LoadFormula::of(traffic, load);
    EXPECT_NEAR(formula.figures.mean_latency, simulated.mean_latency,
                0.05 * simulated.mean_latency);
    EXPECT_NEAR(formula.figures.accepted_rate, simulated.accepted_rate, 0.002);
  }
}

Mesh mesh_of(const Mesh::Params& params, std::int64_t cores) {
  return Mesh(params, {Clock(Hertz(1e9)), cores});
}

TEST(Mesh, EverythingHasAPlaceOfItsOwnAndMemoryIsAtTheEdges) {
  for (const std::int64_t cores : {1, 2, 6, 17, 58}) {
    for (const std::int64_t memory_ports : {1, 2, 4, 5}) {
      Mesh::Params params;
      params.memory_ports = memory_ports;
      const Mesh mesh = mesh_of(params, cores);
      const MeshTopology& topology = mesh.topology();
      const Grid& grid = topology.grid();
      EXPECT_GE(grid.nodes(), cores + 4 + memory_ports);
      EXPECT_LT((grid.rows() - 1) * grid.columns(), cores + 4 + memory_ports);
      std::set<std::int64_t> places;
      for (std::int64_t i = 0; i < cores; ++i) places.insert(topology.core(i));
      for (std::int64_t i = 0; i < 4; ++i) places.insert(topology.buffer_port(i));
      for (std::int64_t i = 0; i < memory_ports; ++i) {
        const std::int64_t place = topology.memory_port(i);
        places.insert(place);
        if (memory_ports <= 2 * grid.rows()) {
          EXPECT_EQ(grid.column(place), i % 2 == 0 ? 0 : grid.columns() - 1);
        }
      }
      EXPECT_EQ(static_cast<std::int64_t>(places.size()), cores + 4 + memory_ports);
      EXPECT_GE(*places.begin(), 0);
      EXPECT_LT(*places.rbegin(), grid.nodes());
    }
  }
}

TEST(Mesh, AGridThatIsTooSmallIsRefused) {
  Mesh::Params params;
  params.rows = 2;
  params.columns = 3;
  EXPECT_THROW(mesh_of(params, 4), InputError);
}

TEST(Mesh, PacketsOfData) {
  Mesh::Params params;
  params.flit_width = BytesPerCycle(64);
  params.packet_flits = 4;
  params.header = Bytes(8);
  const Mesh mesh = mesh_of(params, 4);
  EXPECT_DOUBLE_EQ(mesh.port_width().value(), 62);
  EXPECT_EQ(mesh.flits_of(1), 1);
  EXPECT_EQ(mesh.flits_of(56), 1);
  EXPECT_EQ(mesh.flits_of(57), 2);
  EXPECT_EQ(mesh.flits_of(248), 4);
  EXPECT_EQ(mesh.flits_of(249), 5);
  EXPECT_EQ(mesh.flits_of(2 * 248), 8);
  for (const std::int64_t flits : {1, 3, 4, 5, 20}) {
    EXPECT_EQ(mesh.flits_of(mesh.data_of(flits)), flits);
  }
}

// All cores on one side of a single link can get no more than it carries.
TEST(Mesh, ALinkThatAllTrafficCrossesBoundsTheBandwidth) {
  Mesh::Params params;
  params.rows = 1;
  params.memory_ports = 1;
  params.buffer_ports = 1;
  params.header = Bytes(0);
  const Mesh mesh = mesh_of(params, 6);
  EXPECT_DOUBLE_EQ(mesh.memory_bandwidth().value(), params.flit_width.value());
  params.memory_ports = 2;  // one at each end of the row
  EXPECT_DOUBLE_EQ(mesh_of(params, 6).memory_bandwidth().value(), 2 * params.flit_width.value());
}

}  // namespace
}  // namespace simdse
