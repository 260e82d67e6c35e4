// Tables whose columns align.
#pragma once

#include <string>
#include <vector>

namespace simdse {

class Table {
 public:
  enum class Align { left, right };

  /// A column with up to two lines of heading.
  void add_column(std::string heading, Align align, std::string second_heading = "");
  /// One cell per column; missing ones are empty.
  void add_row(std::vector<std::string> cells);

  std::string text() const;

 private:
  struct Column {
    std::string heading[2];
    Align align;
  };
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace simdse
