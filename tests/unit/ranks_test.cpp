// Programs of ranks: who meets whom, and what can't be run. Chakra traces: written here, and the
// public ones where they are at hand.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <protozero/pbf_writer.hpp>

#include "models/base/error.h"
#include "workloads/chakra/chakra_file.h"
#include "workloads/chakra/chakra_trace.h"
#include "workloads/ranks/rank_program.h"

namespace simdse {
namespace {

namespace fs = std::filesystem;

template <class Action>
std::string error_of(Action&& action) {
  try {
    action();
  } catch (const InputError& error) {
    return error.what();
  }
  return "";
}

RankNode message(RankAction action, const std::string& name, std::int32_t peer,
                 std::vector<std::int32_t> after = {}, std::int64_t bytes = 8,
                 std::int64_t tag = 0) {
  RankNode node;
  node.name = name;
  node.action = action;
  node.peer = peer;
  node.after = std::move(after);
  node.bytes = Bytes(bytes);
  node.tag = tag;
  return node;
}

RankNode collective(const std::string& name, std::int32_t group,
                    std::vector<std::int32_t> after = {},
                    CollectiveOp op = CollectiveOp::all_reduce) {
  RankNode node;
  node.name = name;
  node.action = RankAction::collective;
  node.group = group;
  node.after = std::move(after);
  node.op = op;
  node.bytes = Bytes(16);
  return node;
}

RankPrograms two_ranks(std::vector<RankNode> first, std::vector<RankNode> second) {
  RankPrograms programs;
  programs.ranks = {{std::move(first)}, {std::move(second)}};
  programs.groups = {{"both", {0, 1}}};
  return programs;
}

constexpr RankAction kSend = RankAction::send;
constexpr RankAction kReceive = RankAction::receive;

TEST(Ranks, MessagesOfATagMeetInOrder) {
  const RankMeetings meetings = match_ranks(
      two_ranks({message(kSend, "a", 1, {}, 8, 5), message(kSend, "b", 1, {}, 4, 5),
                 message(kSend, "c", 1, {}, 2, 6)},
                {message(kReceive, "z", 0, {}, 2, 6), message(kReceive, "x", 0, {}, 8, 5),
                 message(kReceive, "y", 0, {}, 4, 5)}));
  ASSERT_EQ(meetings.messages.size(), 3u);
  const std::vector<std::pair<int, int>> expected = {{0, 1}, {1, 2}, {2, 0}};
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(meetings.messages[i].send.node, expected[i].first);
    EXPECT_EQ(meetings.messages[i].receive.node, expected[i].second);
  }
}

TEST(Ranks, CollectivesOfAGroupMeetInOrder) {
  const RankMeetings meetings = match_ranks(two_ranks(
      {collective("a", 0), collective("b", 0, {}, CollectiveOp::all_gather)},
      {RankNode(), collective("c", 0), collective("d", 0, {}, CollectiveOp::all_gather)}));
  ASSERT_EQ(meetings.collectives.size(), 2u);
  EXPECT_EQ(meetings.collectives[1][0].node, 1);
  EXPECT_EQ(meetings.collectives[1][1].node, 2);
}

TEST(Ranks, WhatHasNoPartnerIsNamed) {
  EXPECT_EQ(error_of([] { match_ranks(two_ranks({message(kSend, "a", 1, {}, 8, 5)}, {})); }),
            "rank 0 send 'a' (tag 5) has no receive at rank 1");
  EXPECT_EQ(error_of([] { match_ranks(two_ranks({message(kReceive, "a", 1)}, {})); }),
            "rank 0 receive 'a' (tag 0) has no send at rank 1");
  EXPECT_EQ(error_of([] { match_ranks(two_ranks({message(kSend, "a", 0)}, {})); }),
            "rank 0 send 'a' names rank 0 as its peer; there are ranks 0 to 1");
  EXPECT_EQ(
      error_of([] {
        match_ranks(two_ranks({message(kSend, "a", 1, {}, 8)}, {message(kReceive, "b", 0, {}, 9)}));
      }),
      "rank 0 send 'a' sends 8 bytes, rank 1 receive 'b' takes 9 (tag 0)");
  EXPECT_EQ(error_of([] { match_ranks(two_ranks({collective("a", 0)}, {})); }),
            "group 'both': rank 0 takes part in 1 collectives, rank 1 in 0");
  EXPECT_EQ(error_of([] {
              match_ranks(two_ranks({collective("a", 0)},
                                    {collective("b", 0, {}, CollectiveOp::all_gather)}));
            }),
            "group 'both', collective 0: rank 0 collective 'a' is all_reduce of 16 bytes, rank 1 "
            "collective 'b' is all_gather of 16");
  EXPECT_EQ(error_of([] { match_ranks(two_ranks({collective("a", 3)}, {})); }),
            "rank 0 collective 'a' names no group");
  EXPECT_EQ(error_of([] {
              RankPrograms programs = two_ranks({}, {});
              programs.groups.front().ranks = {0, 0};
              match_ranks(programs);
            }),
            "group 'both' names rank 0 twice");
}

TEST(Ranks, ADeadlockIsNamedAsACircle) {
  EXPECT_EQ(error_of([] {
              match_ranks(two_ranks({message(kReceive, "a", 1), message(kSend, "b", 1, {0})},
                                    {message(kReceive, "c", 0), message(kSend, "d", 0, {0})}));
            }),
            "deadlock: rank 0 receive 'a' waits for rank 1 send 'd' waits for rank 1 receive 'c' "
            "waits for rank 0 send 'b' waits for rank 0 receive 'a'");
  // Sends first: both are under way before anything is awaited.
  EXPECT_NO_THROW(match_ranks(two_ranks({message(kSend, "a", 1), message(kReceive, "b", 1, {0})},
                                        {message(kSend, "c", 0), message(kReceive, "d", 0, {0})})));
  // A collective waits for what its members wait for.
  EXPECT_EQ(error_of([] {
              match_ranks(two_ranks({collective("a", 0), message(kSend, "b", 1, {0})},
                                    {message(kReceive, "c", 0), collective("d", 0, {0})}));
            }),
            "deadlock: rank 0 collective 'a' waits for rank 1 receive 'c' waits for rank 0 send "
            "'b' waits for rank 0 collective 'a'");
}

/// A folder that is gone in the end.
class Folder {
 public:
  Folder() : path_(fs::temp_directory_path() / ("chakra." + std::to_string(getpid()))) {
    fs::create_directories(path_);
  }
  ~Folder() { fs::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  std::string path() const { return path_.string(); }
  void write(const std::string& name, const std::string& content) const {
    std::ofstream(path_ / name, std::ios::binary) << content;
  }

 private:
  fs::path path_;
};

/// A trace as protobuf writes it.
class Trace {
 public:
  Trace() {
    std::string metadata;
    protozero::pbf_writer(metadata).add_string(1, "0.0.4");
    add(metadata);
  }

  struct Node {
    std::uint64_t id;
    int type;
    std::vector<std::uint64_t> after = {};
    std::vector<std::pair<std::string, std::int64_t>> numbers = {};
    std::vector<std::pair<std::string, std::string>> texts = {};
    std::uint64_t micros = 0;
  };
  Trace& node(const Node& node) {
    std::string text;
    protozero::pbf_writer message(text);
    message.add_uint64(1, node.id);
    message.add_string(2, "n" + std::to_string(node.id));
    message.add_enum(3, node.type);
    message.add_packed_uint64(5, node.after.begin(), node.after.end());
    if (node.micros > 0) message.add_uint64(7, node.micros);
    for (const auto& [name, value] : node.numbers) {
      protozero::pbf_writer attribute(message, 10);
      attribute.add_string(1, name);
      attribute.add_int64(9, value);
    }
    for (const auto& [name, value] : node.texts) {
      protozero::pbf_writer attribute(message, 10);
      attribute.add_string(1, name);
      attribute.add_string(29, value);
    }
    add(text);
    return *this;
  }
  const std::string& bytes() const { return bytes_; }

 private:
  void add(const std::string& message) {
    protozero::write_varint(std::back_inserter(bytes_), message.size());
    bytes_ += message;
  }
  std::string bytes_;
};

TEST(Chakra, WorkDurationsAndLaterDependencies) {
  const Folder folder;
  folder.write("t.0.et",
               Trace()
                   .node({1, 4, {3}, {{"num_ops", 100}, {"tensor_size", 7}}, {{"op_type", "M"}}})
                   .node({2, 1, {3}})
                   .node({3, 4, {}, {{"num_ops", 50}}, {{"op_type", "E"}}, 12})
                   .node({4, 2, {2}, {{"tensor_size", 64}}})
                   .bytes());
  const RankPrograms programs = read_chakra_traces(folder.path());
  ASSERT_EQ(programs.ranks.size(), 1u);
  const std::vector<RankNode>& nodes = programs.ranks[0].nodes;
  ASSERT_EQ(nodes.size(), 3u) << "metadata is no node";
  EXPECT_EQ(nodes[0].work.macs, 100);
  EXPECT_EQ(nodes[0].work.bytes, Bytes(7));
  EXPECT_EQ(nodes[0].after, (std::vector<std::int32_t>{1})) << "a dependency that comes later";
  EXPECT_EQ(nodes[1].work.operations, 50);
  EXPECT_DOUBLE_EQ(nodes[1].work.duration.value(), 12e-6);
  EXPECT_EQ(nodes[2].action, RankAction::memory);
  EXPECT_EQ(nodes[2].after, (std::vector<std::int32_t>{1})) << "through the metadata node";
}

TEST(Chakra, GroupsAreOfTheRanksThatNameThem) {
  const Folder folder;
  const auto rank = [](const std::string& group) {
    return Trace()
        .node({1, 7, {}, {{"comm_type", 0}, {"comm_size", 32}}, {{"pg_name", group}}})
        .bytes();
  };
  folder.write("t.0.et", rank("a"));
  folder.write("t.1.et", rank("b"));
  folder.write("t.2.et", rank("a"));
  folder.write("t.3.et", rank("b"));
  const RankPrograms programs = read_chakra_traces(folder.path());
  ASSERT_EQ(programs.groups.size(), 2u);
  EXPECT_EQ(programs.groups[0].ranks, (std::vector<std::int32_t>{0, 2}));
  EXPECT_EQ(programs.groups[1].ranks, (std::vector<std::int32_t>{1, 3}));
}

TEST(Chakra, BadTracesAreRefused) {
  const auto refused = [](const std::vector<std::pair<std::string, std::string>>& contents) {
    const Folder folder;
    for (const auto& [name, content] : contents) folder.write(name, content);
    const std::string message = error_of([&] { read_chakra_traces(folder.path()); });
    const std::size_t begin = message.find(folder.path());
    return begin == std::string::npos ? message : message.substr(begin + folder.path().size());
  };
  const std::string whole = Trace().node({1, 4, {}, {{"num_ops", 5}}}).bytes();
  EXPECT_EQ(refused({}), ": there is no Chakra trace (NAME.0.et, ...) in this folder");
  EXPECT_EQ(refused({{"t.et", whole}}),
            "/t.et: a trace's name ends in its rank: NAME.0.et, NAME.1.et, ...");
  EXPECT_EQ(refused({{"t.0.et", whole}, {"t.2.et", whole}}),
            ": the trace of rank 1 is missing; there are 2, one of rank 2");
  EXPECT_EQ(refused({{"t.0.et", ""}}), "/t.0.et: is empty");
  const std::string cut = refused({{"t.0.et", whole.substr(0, whole.size() - 3)}});
  EXPECT_NE(cut.find("/t.0.et: at byte 8: a message of"), std::string::npos) << cut;
  EXPECT_NE(cut.find("the file is cut off"), std::string::npos) << cut;
  EXPECT_EQ(refused({{"t.0.et", Trace().node({1, 4}).node({1, 4}).bytes()}}),
            "/t.0.et: node 1 'n1' has the id of another node");
  EXPECT_EQ(refused({{"t.0.et", Trace().node({1, 4, {9}}).bytes()}}),
            "/t.0.et: node 1 'n1' depends on node 9, which is not in the trace");
  EXPECT_EQ(refused({{"t.0.et", Trace().node({1, 4, {2}}).node({2, 4, {1}}).bytes()}}),
            ": deadlock: rank 0 compute 'n1' waits for rank 0 compute 'n2' waits for rank 0 "
            "compute 'n1'");
  EXPECT_EQ(refused({{"t.0.et", Trace().node({1, 5, {}, {{"comm_size", 4}}}).bytes()}}),
            "/t.0.et: node 1 'n1' has no comm_dst");
  EXPECT_EQ(refused({{"t.0.et", Trace().node({1, 4, {}, {}, {}, 10'000'000'000'000}).bytes()}}),
            "/t.0.et: node 1 'n1' has a duration of 10000000000000 us, more than the 9223372036855 "
            "that can be counted");
  EXPECT_EQ(refused({{"t.0.et", Trace()
                                    .node({1, 4, {}, {}, {}, 5'000'000'000'000})
                                    .node({2, 4, {}, {}, {}, 5'000'000'000'000})
                                    .bytes()}}),
            "/t.0.et: node 2 'n2' makes the rank's durations more than the 9223372036855 us that "
            "can be counted");
  EXPECT_EQ(
      refused({{"t.0.et",
                Trace().node({1, 7, {}, {{"comm_type", 2}, {"comm_size", 1LL << 62}}}).bytes()}}),
      "/t.0.et: node 1 'n1' has a comm_size of 4611686018427387904 bytes, more than "
      "4398046511104 (4 TiB)");
  EXPECT_EQ(refused({{"t.0.et", Trace().node({1, 8}).bytes()}}),
            "/t.0.et: node 1 'n1' is of type 8, none of memory load (2), memory store (3), compute "
            "(4), send (5), receive (6) and collective (7)");
}

/// Every way of cutting a file short, or of changing a byte, is an error or a trace; nothing else.
TEST(Chakra, DamagedFilesNeverCrash) {
  const std::string whole =
      Trace()
          .node({1, 4, {}, {{"num_ops", 5}, {"tensor_size", 9}}, {{"op_type", "M"}}, 3})
          .node({2, 7, {1}, {{"comm_type", 0}, {"comm_size", 9}}, {{"pg_name", "x"}}})
          .bytes();
  const Folder folder;
  int refused = 0;
  const auto attempt = [&](const std::string& content) {
    folder.write("t.0.et", content);
    if (!error_of([&] { read_chakra_traces(folder.path()); }).empty()) ++refused;
  };
  for (std::size_t length = 0; length < whole.size(); ++length) attempt(whole.substr(0, length));
  for (std::size_t i = 0; i < whole.size(); ++i) {
    for (const char flipped : {'\x01', '\x08', '\x80', '\xff'}) {
      std::string content = whole;
      content[i] = static_cast<char>(content[i] ^ flipped);
      attempt(content);
    }
  }
  EXPECT_GT(refused, static_cast<int>(whole.size()));
}

/// Where the public traces are: beside the source, or where SIMDSE_CHAKRA_DIR says.
std::string public_traces() {
  const char* given = std::getenv("SIMDSE_CHAKRA_DIR");
  return given != nullptr ? given : std::string(SIMDSE_SOURCE_DIR) + "/../shared/data/chakra";
}

TEST(Chakra, PublicTracesOfAFourLayerGpt) {
  if (!fs::is_directory(public_traces())) GTEST_SKIP() << "no " << public_traces();
  const RankPrograms programs = read_chakra_traces(public_traces());
  ASSERT_EQ(programs.ranks.size(), 4u);
  double macs = 0;
  std::size_t nodes = 0;
  for (const RankProgram& rank : programs.ranks) {
    nodes += rank.nodes.size();
    for (const RankNode& node : rank.nodes) macs += static_cast<double>(node.work.macs);
  }
  EXPECT_EQ(nodes, 339u + 339u + 347u + 347u);
  EXPECT_NEAR(macs, 1.42378e12, 5e6) << "the published total of contractions";
  const RankMeetings meetings = match_ranks(programs);
  EXPECT_EQ(meetings.messages.size(), 4u * 4u)
      << "four microbatches there and back, two ranks wide";
  EXPECT_EQ(programs.groups.size(), 2u);
  EXPECT_EQ(meetings.collectives.size(), 2u * 81u);
}

}  // namespace
}  // namespace simdse
