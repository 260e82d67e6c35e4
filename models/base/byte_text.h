// Values as bytes, from a worker process to the process that forked it: both are the same program.
#pragma once

#include <cstring>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "models/base/error.h"

namespace simdse {

/// Appends values to `bytes()`. A class that can't be copied as bytes takes part by a function
///   template <class Archive> void exchange(Archive& archive, T& value) { archive(value.a, ...); }
/// which serves writer and reader alike.
class ByteWriter {
 public:
  template <class... T>
  void operator()(const T&... values) {
    (put(values), ...);
  }
  std::string& bytes() { return bytes_; }

 private:
  void put_raw(const void* data, std::size_t size) {
    bytes_.append(static_cast<const char*>(data), size);
  }
  void put(const std::string& text) {
    put(text.size());
    put_raw(text.data(), text.size());
  }
  template <class T>
  void put(const std::vector<T>& list) {
    put(list.size());
    for (const T& item : list) put(item);
  }
  template <class... T>
  void put(const std::variant<T...>& value) {
    put(value.index());
    std::visit([this](const auto& held) { put(held); }, value);
  }
  template <class T>
  void put(const T& value) {
    if constexpr (std::is_trivially_copyable_v<T>) {
      put_raw(&value, sizeof value);
    } else {
      exchange(*this, const_cast<T&>(value));  // a writer leaves it as it is
    }
  }

  std::string bytes_;
};

/// Reads back what a ByteWriter has written. Throws PluginFailure when the bytes end too soon: a
/// plug-in's code may have been about where they were written.
class ByteReader {
 public:
  explicit ByteReader(const std::string& bytes) : bytes_(bytes) {}

  template <class... T>
  void operator()(T&... values) {
    (get(values), ...);
  }

 private:
  void need(std::size_t size) const {
    if (size > bytes_.size() - at_) throw PluginFailure("an answer that can't be read");
  }
  void get_raw(void* data, std::size_t size) {
    need(size);
    std::memcpy(data, bytes_.data() + at_, size);
    at_ += size;
  }
  void get(std::string& text) {
    std::size_t size = 0;
    get(size);
    need(size);
    text.assign(bytes_, at_, size);
    at_ += size;
  }
  template <class T>
  void get(std::vector<T>& list) {
    std::size_t size = 0;
    get(size);
    need(size);  // every item takes a byte at least
    list.clear();
    for (std::size_t i = 0; i < size; ++i) {
      list.emplace_back();
      get(list.back());
    }
  }
  template <class... T>
  void get(std::variant<T...>& value) {
    std::size_t index = 0;
    get(index);
    if (index >= sizeof...(T)) throw PluginFailure("an answer that can't be read");
    std::size_t at = 0;
    const auto try_one = [&](auto alternative) {
      if (at++ != index) return;
      get(alternative);
      value = std::move(alternative);
    };
    (try_one(T{}), ...);
  }
  template <class T>
  void get(T& value) {
    if constexpr (std::is_trivially_copyable_v<T>) {
      get_raw(&value, sizeof value);
    } else {
      exchange(*this, value);
    }
  }

  const std::string& bytes_;
  std::size_t at_ = 0;
};

template <class T>
std::string to_bytes(const T& value) {
  ByteWriter writer;
  writer(value);
  return std::move(writer.bytes());
}

template <class T>
T from_bytes(const std::string& bytes) {
  T value{};
  ByteReader reader(bytes);
  reader(value);
  return value;
}

}  // namespace simdse
