#include "monitor/state_sets.h"

#include <algorithm>
#include <utility>

#include "swerve/base/check.h"

namespace swerve {

namespace {
constexpr unsigned kOutcomesBits = 14;
constexpr std::uint64_t kSpread = 0x9e3779b97f4a7c15U;
constexpr std::uint8_t kAnyHandler = May::kEvent | May::kStart | May::kStartRun;
}  // namespace

std::size_t StateSets::Hash::operator()(const std::vector<StateId>& members) const noexcept {
  std::uint64_t hash = members.size();
  for (const StateId s : members) hash = (hash ^ index(s)) * kSpread;
  return static_cast<std::size_t>(hash ^ hash >> 32);
}

StateSets::StateSets(const Automaton& model, std::vector<May> may_happen, bool can_stop)
    : model_(&model),
      may_happen_(std::move(may_happen)),
      can_stop_(can_stop),
      sets_(1, nullptr),
      widened_(1),
      one_(model.states().size()) {
  SWERVE_CHECK(may_happen_.size() == model.events().size(), "not one entry an event");
  SWERVE_CHECK(number({kNotMonitoring}) == kOffSet, "the first set has another number");
  std::vector<StateId> everything;
  for (std::size_t i = 0; i < model.states().size(); ++i) everything.push_back(StateId(i));
  everything.push_back(kNotMonitoring);  // there is room: a model has fewer states than that
  everything_ = number(std::move(everything));
}

SetId StateSets::number(std::vector<StateId> members) {
  std::sort(members.begin(), members.end());
  members.erase(std::unique(members.begin(), members.end()), members.end());
  if (const auto known = numbers_.find(members); known != numbers_.end()) return known->second;
  const bool full = sets_.size() >= kSetsMost || members_ + members.size() > kMembersMost;
  if (full && members.size() > 1) return everything_;
  const SetId set{static_cast<std::uint32_t>(sets_.size())};
  members_ += members.size();
  sets_.push_back(&numbers_.emplace(std::move(members), set).first->first);
  widened_.push_back({});
  return set;
}

SetId StateSets::one(StateId state) {
  if (state == kNotMonitoring) return kOffSet;
  SetId& set = one_[index(state)];
  if (set == SetId{}) set = number({state});
  return set;
}

SetId StateSets::both(SetId a, SetId b) {
  if (a == b) return a;
  std::vector<StateId> all(members(a).begin(), members(a).end());
  all.insert(all.end(), members(b).begin(), members(b).end());
  return number(std::move(all));
}

SetId StateSets::widened(SetId set) {
  if (widened_[raw(set)] != SetId{}) return widened_[raw(set)];
  std::vector<StateId> found;
  std::vector<bool> seen(model_->states().size() + 1);
  const auto visit = [&](StateId s) {
    std::vector<bool>::reference known =
        seen[s == kNotMonitoring ? model_->states().size() : index(s)];
    if (!known) found.push_back(s);
    known = true;
  };
  for (const StateId s : members(set)) visit(s);
  for (std::size_t i = 0; i < found.size(); ++i) {
    const StateId s = found[i];
    if (can_stop_) visit(kNotMonitoring);
    for (std::size_t e = 0; e < may_happen_.size(); ++e) {
      const std::uint8_t bits = may_happen_[e].bits;
      // A violation leads where nothing is monitored; kNoState is both.
      if (s != kNotMonitoring) {
        if ((bits & kAnyHandler) != 0) visit(model_->next(s, EventId(e)));
        continue;
      }
      if ((bits & May::kStart) != 0) visit(kInitial);
      if ((bits & May::kStartRun) != 0) visit(model_->next(kInitial, EventId(e)));
    }
  }
  return widened_[raw(set)] = number(std::move(found));
}

StateSets::Outcome StateSets::stepped(SetId set, EventId event, May may) {
  if ((may.bits & (May::kNothing | kAnyHandler)) == 0) may.bits = May::kNothing;
  if (outcomes_.empty()) outcomes_.resize(std::size_t{1} << kOutcomesBits);
  const std::uint64_t key = std::uint64_t{raw(set)} << 24 | index(event) << 8 | may.bits;
  Remembered& remembered = outcomes_[key * kSpread >> (64 - kOutcomesBits)];
  if (remembered.key == key) return remembered.outcome;

  Outcome out;
  std::vector<StateId> next;
  const auto rest = [&](StateId s) {
    next.push_back(s);
    out.rests = true;
  };
  const auto process = [&](StateId s) {
    const StateId to = model_->next(s, event);
    next.push_back(to);  // kNoState: it does not monitor any more
    (to == kNoState ? out.violates : out.steps) = true;
  };
  for (const StateId s : members(set)) {
    if (s != kNotMonitoring) {  // all handlers are the same
      const bool nothing = (may.bits & May::kNothing) != 0, some = (may.bits & kAnyHandler) != 0;
      if (nothing) rest(s);
      if (some) process(s);
      out.open = out.open || (nothing && some);
      continue;
    }
    // An event is nothing.
    const std::uint8_t bits = static_cast<std::uint8_t>(
        (may.bits & May::kNothing) != 0 ? (may.bits & ~May::kNothing) | May::kEvent : may.bits);
    out.open = out.open || !May{bits}.certain();
    if ((bits & May::kEvent) != 0) rest(s);
    if ((may.bits & May::kStart) != 0) rest(kInitial);
    if ((may.bits & May::kStartRun) != 0) process(kInitial);
  }
  out.next = number(std::move(next));
  remembered = {key, out};
  return out;
}

std::vector<StateId> StateSets::violating(SetId set, EventId event, May may) const {
  std::vector<StateId> out;
  for (const StateId s : members(set)) {
    const std::uint8_t processing = s == kNotMonitoring ? May::kStartRun : kAnyHandler;
    const StateId in = s == kNotMonitoring ? kInitial : s;
    if ((may.bits & processing) != 0 && model_->next(in, event) == kNoState) out.push_back(in);
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

}  // namespace swerve
