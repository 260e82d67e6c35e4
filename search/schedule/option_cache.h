// Options that one design's tasks share with another's: found once.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "search/schedule/task_options.h"

namespace simdse {

/// Remembers mappings and options of one task graph over many chips, by all that they depend on:
/// the rates of what the cores share, the two cores, the task's signature, the number of parts, and
/// what each function adds. An answer from the cache is the answer that would be found again. For
/// built-in blocks only: a core is taken to be what its parameters are.
class OptionCache {
 public:
  /// What cores of a chip are alike with those of other chips. kNone: what has to do with cores of
  /// that kind is not asked for.
  struct Cores {
    std::int32_t id = 0;
  };
  Cores cores_of(const Chip& chip, const ChipRates& rates, std::int32_t tensor_core,
                 std::int32_t vector_core);

  /// Mappings of a contraction, with the layer-cost calls that finding them took.
  struct Mappings {
    std::vector<MappedContraction> mapped;
    std::int64_t calls = 0;
    std::int64_t staging = 0;  ///< bytes that were allowed ...
    std::int64_t needed = 0;   ///< ... and that the mappings use: within these two it is the same
    std::int64_t id = 0;
  };
  const Mappings* find_mappings(Cores cores, std::int32_t signature, std::int64_t parts,
                                std::int64_t staging) const;
  const Mappings& add_mappings(Cores cores, std::int32_t signature, std::int64_t parts,
                               Mappings mappings);

  std::size_t size() const { return mappings_.size() + options_.size(); }

  /// An option and the calls that it took, mappings not counted. Cores are those of the first chip.
  struct Option {
    TaskOption option;
    std::int64_t calls = 0;
  };
  /// `vectors`: what matters about the number of vector cores, 0 if nothing does; `mapping`: id of
  /// the mappings, or kNone.
  const Option* find_option(Cores cores, std::int32_t signature, std::int64_t parts,
                            std::int64_t vectors, std::int64_t mapping) const;
  const Option& add_option(Cores cores, std::int32_t signature, std::int64_t parts,
                           std::int64_t vectors, std::int64_t mapping, Option option);

 private:
  using Key = std::array<std::int64_t, 5>;
  struct Hash {
    std::size_t operator()(const Key& key) const {
      std::uint64_t hash = 14695981039346656037ULL;
      for (const std::int64_t part : key) {
        hash = (hash ^ static_cast<std::uint64_t>(part)) * 1099511628211ULL;
        hash ^= hash >> 29;
      }
      return static_cast<std::size_t>(hash);
    }
  };

  std::map<std::string, std::int32_t> cores_;
  std::int64_t mappings_count_ = 0;
  std::unordered_map<Key, std::vector<Mappings>, Hash> mappings_;
  /// Options lie apart: a look for one passes the keys alone.
  std::unordered_map<Key, std::unique_ptr<const Option>, Hash> options_;
};

}  // namespace simdse
