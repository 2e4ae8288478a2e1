// app/locked_catalog.h - a catalog that is for one thread at a time, for any number of them.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bind/probe.h"

namespace swerve {

class LockedCatalog final : public ProbeCatalog {
  template <typename Call>
  auto locked(Call call) const {
    const std::lock_guard lock(mutex_);
    return call();
  }

 public:
  explicit LockedCatalog(std::unique_ptr<const ProbeCatalog> catalog)
      : catalog_(std::move(catalog)) {}

  Type type(TypeId id) const override {
    return locked([&] { return catalog_->type(id); });
  }
  std::optional<Member> member(TypeId record, std::string_view name) const override {
    return locked([&] { return catalog_->member(record, name); });
  }
  std::vector<std::string> member_names(TypeId record) const override {
    return locked([&] { return catalog_->member_names(record); });
  }
  std::optional<Enumerator> enumerator(std::string_view name) const override {
    return locked([&] { return catalog_->enumerator(name); });
  }
  TypeId task_struct() const override {
    return locked([&] { return catalog_->task_struct(); });
  }
  Result<Signature> signature(const Probe& probe) const override {
    return locked([&] { return catalog_->signature(probe); });
  }

 private:
  const std::unique_ptr<const ProbeCatalog> catalog_;
  mutable std::mutex mutex_;
};

}  // namespace swerve
