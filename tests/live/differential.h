// tests/live/differential.h - what the tests that compare engines by random monitors share.
//
// SWERVE_TEST_SEED=N repeats a run, SWERVE_TEST_RUNS=N makes it longer.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "support.h"

namespace swerve::live {

inline std::uint64_t base_seed() {
  const char* const set = std::getenv("SWERVE_TEST_SEED");
  return set != nullptr ? std::strtoull(set, nullptr, 0) : std::random_device()();
}

inline std::size_t runs(std::size_t usual) {
  const char* const set = std::getenv("SWERVE_TEST_RUNS");
  return set != nullptr ? std::strtoull(set, nullptr, 0) : usual;
}

enum class Size { small, medium, wide };

class Random {
 public:
  /// `built_ins`: whether expressions may have those that tell who runs.
  explicit Random(std::uint64_t seed, bool built_ins = true)
      : engine_(seed), built_ins_(built_ins) {}
  std::size_t below(std::size_t n) { return engine_() % n; }
  bool one_in(std::size_t n) { return below(n) == 0; }
  std::uint64_t bits() { return engine_(); }

  std::uint64_t value() {
    static constexpr std::uint64_t kEdges[] = {0x7f,
                                               0x80,
                                               0xff,
                                               0x7fff,
                                               0x8000,
                                               0xffff,
                                               0x7fffffff,
                                               0x80000000,
                                               0xffffffff,
                                               0x100000000,
                                               0x7fffffffffffffff,
                                               0x8000000000000000};
    switch (below(6)) {
      case 0:
        return kEdges[below(std::size(kEdges))];
      case 1:
        return 0 - below(4);
      case 2:
        return bits();
      default:
        return below(6);
    }
  }

  /// C over the given names, as text.
  std::string expression(const std::vector<std::string>& names, int depth) {
    if (depth == 0 || one_in(6)) {
      switch (below(8)) {
        case 0:
          return cat(value(), below(2) == 0 ? "ul" : "");
        case 1:
          return cat(below(8));
        case 2:
          if (built_ins_) {
            static const char* const kBuiltins[] = {"pid", "tgid", "cpu"};
            return kBuiltins[below(3)];
          }
          [[fallthrough]];
        default:
          return names[below(names.size())];
      }
    }
    const auto sub = [&] { return cat("(", expression(names, depth - 1), ")"); };
    static const char* const kCasts[] = {"(s8)",  "(u8)",           "(s16)", "(u16)",
                                         "(int)", "(unsigned int)", "(s64)", "(unsigned long)",
                                         "(bool)"};
    static const char* const kUnary[] = {"-", "~", "!"};
    static const char* const kBinary[] = {"*", "/",  "%",  "+",  "-",  "<<", ">>",
                                          "<", "<=", ">",  ">=", "==", "!=", "&",
                                          "^", "|",  "&&", "||", "==", "<",  "&"};
    switch (below(8)) {
      case 0:
        return kCasts[below(std::size(kCasts))] + sub();
      case 1:
        return kUnary[below(3)] + sub();
      case 2:
        return cat(sub(), " ? ", sub(), " : ", sub());
      default:
        return cat(sub(), " ", kBinary[below(std::size(kBinary))], " ", sub());
    }
  }

 private:
  std::mt19937_64 engine_;
  bool built_ins_;
};

inline Automaton random_automaton(Random& random, Size size) {
  const std::size_t states = size == Size::small    ? 1 + random.below(4)
                             : size == Size::medium ? 8 + random.below(6)
                                                    : 34;
  const std::size_t events = size == Size::wide ? 10 : 2 + random.below(4);
  const std::size_t allowed = 50 + random.below(50);  // percent
  std::vector<Automaton::Edge> edges;
  for (std::size_t e = 0; e < events; ++e) {
    for (std::size_t s = 0; s < states; ++s) {
      if (random.below(100) >= allowed && !(s == 0)) continue;
      edges.push_back({cat("s", s), cat("e", e), cat("s", random.below(states))});
    }
  }
  return Automaton::make("random", "s0", edges).value();
}

inline std::string words(const Occurrence& o) {
  std::ostringstream out;
  out << scope_name(o.id.scope) << ' ' << o.id.key << " cpu " << o.cpu << " by " << o.by.tid << '/'
      << o.by.tgid << ' ' << o.by.comm;
  if (o.task) out << " task " << o.task->tid << '/' << o.task->tgid << ' ' << o.task->comm;
  out << ": " << o.state << " -" << o.event << "-> ";
  return out.str();
}

inline std::string words(const Verdict& verdict) {
  std::ostringstream out;
  if (const auto* step = std::get_if<Step>(&verdict)) {
    out << words(static_cast<const Occurrence&>(*step)) << step->next
        << (step->final ? " final" : "");
    return out.str();
  }
  const auto& v = std::get<Violation>(verdict);
  out << words(static_cast<const Occurrence&>(v)) << "VIOLATION, expected " << join(v.expected)
      << " after " << v.events << ", path";
  for (const PathStep& p : v.path) out << ' ' << p.state << '-' << p.event << '-' << p.next;
  return out.str();
}

inline std::vector<std::string> all_words(const std::vector<Verdict>& verdicts) {
  std::vector<std::string> out;
  for (const Verdict& v : verdicts) out.push_back(words(v));
  return out;
}

inline std::string describe(const std::vector<On>& bindings) {
  std::string out = "\n";
  for (const On& on : bindings) {
    out += cat("  ", on.event, ": ", on.probe);
    for (const auto& [name, text] : {std::pair("task", &on.task),
                                     {"key", &on.key},
                                     {"when", &on.when},
                                     {"start", &on.start},
                                     {"start_run", &on.start_run},
                                     {"end", &on.end}}) {
      if (!text->empty()) out += cat(", ", name, " = ", *text);
    }
    out += "\n";
  }
  return out;
}

/// The first place where two lists differ, for people.
inline void expect_same(const std::vector<std::string>& got, const std::vector<std::string>& want) {
  if (got == want) return;
  std::size_t at = 0;
  while (at < got.size() && at < want.size() && got[at] == want[at]) ++at;
  std::string around;
  for (std::size_t i = at > 3 ? at - 3 : 0; i < at; ++i) around += cat("  both: ", got[i], "\n");
  ADD_FAILURE() << "they differ at verdict " << at << " (of " << got.size() << " and "
                << want.size() << "):\n"
                << around << "  kernel: " << (at < got.size() ? got[at] : "(nothing more)")
                << "\n  host:   " << (at < want.size() ? want[at] : "(nothing more)");
}

}  // namespace swerve::live
