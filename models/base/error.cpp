#include "models/base/error.h"

#include <fmt/core.h>
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <unordered_set>
#include <utility>

namespace simdse {

std::string SourceLocation::text() const {
  if (line == 0) return file;
  return fmt::format("{}:{}:{}", file, line, column);
}

namespace {

/// Levenshtein distance in which swapping two neighbours costs one, as a typing slip does.
int edit_distance(const std::string& a, const std::string& b) {
  std::vector<std::vector<int>> cost(a.size() + 1, std::vector<int>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) cost[i][0] = static_cast<int>(i);
  for (std::size_t j = 0; j <= b.size(); ++j) cost[0][j] = static_cast<int>(j);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const int substitution = cost[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      cost[i][j] = std::min({cost[i - 1][j] + 1, cost[i][j - 1] + 1, substitution});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
      }
    }
  }
  return cost[a.size()][b.size()];
}

}  // namespace

std::string nearest_spelling(const std::string& word, const std::vector<std::string>& candidates) {
  std::string best;
  constexpr std::size_t least_beginning = 3;
  for (const std::string& candidate : candidates) {
    const bool is_beginning = word.size() >= least_beginning && candidate.rfind(word, 0) == 0;
    if (is_beginning) return candidate;
  }
  int best_distance = static_cast<int>(std::max<std::size_t>(2, word.size() / 2)) + 1;
  for (const std::string& candidate : candidates) {
    const int distance = edit_distance(word, candidate);
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best;
}

std::string printable(std::string text) {
  for (char& letter : text) {
    if (std::iscntrl(static_cast<unsigned char>(letter)) != 0) letter = '?';
  }
  return text;
}

std::string spelling_hint(const std::string& word, const std::vector<std::string>& candidates) {
  const std::string nearest = nearest_spelling(word, candidates);
  if (!nearest.empty()) return fmt::format(" (did you mean '{}'?)", nearest);
  if (candidates.empty()) return "";
  std::vector<std::string> names;
  std::unordered_set<std::string> seen;
  for (const std::string& candidate : candidates) {
    if (seen.insert(candidate).second) names.push_back(candidate);
  }
  constexpr std::size_t longest_list = 600;
  const std::string all = fmt::format(" (allowed: {})", fmt::join(names, ", "));
  if (all.size() <= longest_list) return all;
  // Of very many, those that have the word in them, and then the nearest.
  std::vector<std::pair<int, std::string>> by_distance;
  for (const std::string& name : names) {
    const bool has_word = name.find(word) != std::string::npos;
    by_distance.emplace_back(has_word ? 0 : edit_distance(word, name), name);
  }
  std::stable_sort(by_distance.begin(), by_distance.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  constexpr std::size_t shown = 5;
  names.clear();
  for (std::size_t i = 0; i < std::min(shown, by_distance.size()); ++i)
    names.push_back(by_distance[i].second);
  return fmt::format(" (of {} the nearest: {})", by_distance.size(), fmt::join(names, ", "));
}

}  // namespace simdse
