// What can go wrong, sorted by who has to act: the caller's input, the answer, or the program.
#pragma once

#include <stdexcept>
#include <string>
#include <vector>

namespace simdse {

/// Where a value was written. An empty file means "nowhere a user could look".
struct SourceLocation {
  std::string file;
  int line = 0;    ///< from 1; 0 = unknown
  int column = 0;  ///< from 1; 0 = unknown

  /// "file:line:column", as far as known.
  std::string text() const;
};

/// The input can't be used (exit status 2). The message is one line that a user can act on.
class InputError : public std::runtime_error {
 public:
  explicit InputError(const std::string& message) : std::runtime_error(message) {}
  InputError(const SourceLocation& where, const std::string& message)
      : std::runtime_error(where.text() + ": " + message) {}
};

/// A plug-in did what it may not: threw something, crashed, gave no answer, or gave one that can't
/// be. It costs the design that uses it.
class PluginFailure : public InputError {
 public:
  using InputError::InputError;
};

/// The run was sound, but its answer is "none" (exit status 1), e.g. no design meets the budget.
class NegativeResult : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The candidate that `word` is the beginning of or, else, the nearest one by edit distance; ""
/// when none is near enough to be meant.
std::string nearest_spelling(const std::string& word, const std::vector<std::string>& candidates);

/// The text with control characters, which names from files may have, replaced by '?'.
std::string printable(std::string text);

/// " (did you mean 'x'?)" if one is near, else " (allowed: a, b, c)", or of very many the nearest.
std::string spelling_hint(const std::string& word, const std::vector<std::string>& candidates);

}  // namespace simdse
