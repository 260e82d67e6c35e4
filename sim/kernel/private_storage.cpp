#include "sim/kernel/private_storage.h"

namespace simdse {

void PrivateStorage::attach(TimeService& time, const std::string& name, StorageClient& client) {
  time_ = &time;
  name_ = name;
  client_ = &client;
  time.join(*this, name);
}

StorageCore& PrivateStorage::storage_of(std::uint32_t stream) {
  std::unique_ptr<StorageCore>& own = streams_[stream];
  if (own == nullptr) {
    own = std::move(next_);
    next_ = factory_();
    if (DeferredStorage* deferred = own->deferred()) {
      deferred->attach(*this, name_ + std::to_string(stream), *client_);
    }
  }
  return *own;
}

}  // namespace simdse
