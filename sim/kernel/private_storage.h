// A storage without contention between streams, to find out what contention costs.
#pragma once

#include <functional>
#include <map>
#include <memory>

#include "models/core/storage_core.h"

namespace simdse {

/// Gives every stream a storage of its own: its own banks, channels and queues. A stream still
/// waits for itself.
class PrivateStorage : public StorageCore {
 public:
  using Factory = std::function<std::unique_ptr<StorageCore>()>;

  explicit PrivateStorage(Factory factory) : factory_(std::move(factory)) {}

  StorageSpan serve(Picoseconds now, const StorageRequest& request) override {
    std::unique_ptr<StorageCore>& own = streams_[request.stream];
    if (own == nullptr) own = factory_();
    return own->serve(now, request);
  }
  std::size_t queue_depth() const override { return ~std::size_t{0}; }

 private:
  Factory factory_;
  std::map<std::uint32_t, std::unique_ptr<StorageCore>> streams_;
};

}  // namespace simdse
