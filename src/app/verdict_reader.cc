#include "app/verdict_reader.h"

#include <charconv>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "base/text.h"

namespace swerve {
namespace {

using Json = nlohmann::json;

/// Takes members out of an object; what is wrong first stays in `problem`.
class Members {
 public:
  Members(const Json& object, std::string& problem) : object_(object), problem_(problem) {}

  bool has(const char* name) const { return object_.contains(name); }

  std::string text(const char* name) const {
    const auto* const value = get<Json::string_t>(name, "a string");
    return value == nullptr ? std::string() : *value;
  }

  bool boolean(const char* name) const {
    const auto* const value = get<Json::boolean_t>(name, "a boolean");
    return value != nullptr && *value;
  }

  template <typename T>
  T number(const char* name) const {
    const auto* const value = get<Json::number_unsigned_t>(name, "a number from 0 on");
    if (value == nullptr) return 0;
    if (*value <= static_cast<std::uint64_t>(std::numeric_limits<T>::max()))
      return static_cast<T>(*value);
    wrong(name, "a number so large");
    return 0;
  }

  const Json::array_t& list(const char* name) const {
    static const Json::array_t empty;
    const auto* const value = get<Json::array_t>(name, "an array");
    return value == nullptr ? empty : *value;
  }

  std::vector<std::string> texts(const char* name) const {
    std::vector<std::string> out;
    for (const Json& one : list(name)) {
      const auto* const value = one.get_ptr<const Json::string_t*>();
      if (value == nullptr) {
        wrong(name, "an array of other things than strings");
        break;
      }
      out.push_back(*value);
    }
    return out;
  }

  Members object(const char* name) const {
    static const Json empty = Json::object();
    return {get<Json::object_t>(name, "an object") == nullptr ? empty : object_[name], problem_};
  }

  void fail(std::string problem) const {
    if (problem_.empty()) problem_ = std::move(problem);
  }

 private:
  template <typename T>
  const T* get(const char* name, std::string_view type) const {
    const auto found = object_.find(name);
    const T* value = nullptr;
    if (found != object_.end()) value = found->template get_ptr<const T*>();
    if (value == nullptr) fail(cat("no member '", name, "' that is ", type));
    return value;
  }
  void wrong(const char* name, std::string_view what) const {
    fail(cat("member '", name, "' is ", what));
  }

  const Json& object_;
  std::string& problem_;
};

/// A process that is not known is left out.
TaskInfo task(const Members& from) {
  return {from.number<std::uint32_t>("tid"),
          from.has("tgid") ? from.number<std::uint32_t>("tgid") : 0, from.text("comm")};
}

Scope scope(const Members& from) {
  const std::string name = from.text("scope");
  if (const std::optional<Scope> scope = scope_named(name)) return *scope;
  from.fail(cat("there is no scope '", escape(name), "'"));
  return Scope::global;
}

/// An object's key: 64 bits as a string of digits.
std::uint64_t object_key(const Members& from) {
  const std::string digits = from.text("id");
  std::uint64_t key = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), key);
  if (error != std::errc() || end != digits.data() + digits.size())
    from.fail(cat("'", escape(digits), "' is not the key of an object"));
  return key;
}

void occurrence(const Members& from, Occurrence& out) {
  out.time = {from.number<std::uint64_t>("time_ns")};
  out.monitor = from.text("monitor");
  out.id.scope = scope(from);
  if (out.id.scope == Scope::object)
    out.id.key = object_key(from);
  else if (out.id.scope != Scope::global)
    out.id.key = from.number<std::uint64_t>("id");
  if (from.has("tid")) out.task = task(from);
  out.cpu = from.number<std::uint32_t>("cpu");
  out.by = task(from.object("by"));
  out.state = from.text("state");
  out.event = from.text("event");
}

Step step(const Members& from) {
  Step out;
  occurrence(from, out);
  out.next = from.text("next");
  out.final = from.boolean("final");
  return out;
}

Violation violation(const Members& from, std::string& problem) {
  Violation out;
  occurrence(from, out);
  out.expected = from.texts("expected");
  for (const Json& one : from.list("path")) {
    if (!one.is_object()) {
      from.fail("member 'path' is an array of other things than objects");
      break;
    }
    const Members step(one, problem);
    out.path.push_back({step.text("state"), step.text("event"), step.text("next")});
  }
  out.events = from.number<std::uint64_t>("events");
  if (from.has("stack")) out.stack = from.texts("stack");
  if (from.has("source")) out.source = from.text("source");
  if (from.has("reacted")) out.reacted = from.number<int>("reacted");
  return out;
}

Lost lost(const Members& from) {
  Lost out;
  if (from.has("lines")) {
    out.lines = from.number<std::uint64_t>("lines");
  } else {
    out.monitor = from.text("monitor");
    out.reports = from.number<std::uint64_t>("reports");
  }
  return out;
}

}  // namespace

Result<std::variant<Step, Violation, Lost>> read_verdict(std::string_view line) {
  const Json parsed = Json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (!parsed.is_object()) return Error(ErrorCode::invalid, "not a JSON object");
  std::string problem;
  const Members members(parsed, problem);
  std::variant<Step, Violation, Lost> out;
  const std::string type = members.text("type");
  if (type == "step") {
    out = step(members);
  } else if (type == "violation") {
    out = violation(members, problem);
  } else if (type == "lost") {
    out = lost(members);
  } else if (problem.empty()) {
    return Error(ErrorCode::unsupported, cat("type '", escape(type), "' is not known"));
  }
  if (!problem.empty()) return Error(ErrorCode::invalid, problem);
  return out;
}

}  // namespace swerve
