#include "bind/recorded/formula.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <memory>
#include <random>
#include <string>

#include "bind/expr_parser.h"
#include "bind/fake_catalog_test.h"
#include "bind/random_expr_test.h"

namespace swerve {
namespace {

const fake::Catalog& catalog() {
  static const fake::Catalog catalog;
  return catalog;
}

ExprPtr parse(const std::string& text, const char* probe = "tracepoint:numbers") {
  const Signature signature = catalog().signature(parse_probe(probe).value()).value();
  TypedExpr typed = parse_expr({text, {"x", 1, 1}, {}}, catalog(), &signature);
  if (typed.expr == nullptr) {
    throw std::runtime_error(text + ": " + typed.diagnostics.at(0).message);
  }
  return typed.expr;
}

// -- over the arguments of tracepoint:numbers
// -------------------------------------------------------

constexpr std::size_t kArguments = 11;
using Row = std::vector<std::uint64_t>;

Formula over_arguments(const ExprPtr& expr) {
  return Formula(*expr, [](const Expr& leaf, bool) { return static_cast<int>(leaf.value); });
}

std::uint64_t evaluated(const ExprPtr& expr, const Row& row) {
  fake::Event event;
  event.arguments = row;
  return evaluate(*expr, event);
}

struct Columns {
  explicit Columns(const std::vector<Row>& rows) : cells(kArguments) {
    for (const Row& row : rows) {
      for (std::size_t i = 0; i < kArguments; ++i) cells[i].push_back(row[i]);
    }
    for (const auto& column : cells) leaves.push_back({column.data(), nullptr, {}});
  }
  std::vector<std::vector<std::uint64_t>> cells;
  std::vector<LeafColumn> leaves;
};

Row random_row() {
  const auto choices =
      *rc::gen::container<std::vector<std::uint32_t>>(30, rc::gen::arbitrary<std::uint32_t>());
  Row row = fake::Maker(choices, false).arguments;
  row[8] &= 1;  // a bool
  return row;
}

TEST(Formula, IsTheExpressionForEveryRow) {
  EXPECT_TRUE(rc::check([] {
    const auto choices = *fake::choices();
    fake::Maker maker(choices, false);
    const std::string text = maker.expression(5).text;
    const ExprPtr expr = parse(text);
    Formula formula = over_arguments(expr);
    for (std::size_t batch = 0; batch < 3; ++batch) {
      std::vector<Row> rows;
      for (std::size_t r = *rc::gen::inRange(0, 12); r > 0; --r) rows.push_back(random_row());
      const Columns columns(rows);
      const std::uint64_t* const values = formula.rows(columns.leaves, rows.size());
      for (std::size_t r = 0; r < rows.size(); ++r) {
        const std::uint64_t right = evaluated(expr, rows[r]);
        if (values[r] != right) RC_FAIL(cat(text, " gives ", values[r], ", not ", right));
        const std::vector<std::optional<std::uint64_t>> known(rows[r].begin(), rows[r].end());
        RC_ASSERT(formula.one(known, columns.leaves, r) == right);
      }
    }
  }));
}

TEST(Formula, AnswersOnlyWhatNoUnknownValueCanChange) {
  std::size_t answered = 0, silent = 0;
  EXPECT_TRUE(rc::check([&] {
    const auto choices = *fake::choices();
    fake::Maker maker(choices, false);
    const std::string text = maker.expression(4).text;
    const ExprPtr expr = parse(text);
    const Formula formula = over_arguments(expr);
    const Row row = random_row();
    const Columns columns({row});
    for (int repeat = 0; repeat < 10; ++repeat) {
      const auto hidden =
          *rc::gen::container<std::vector<bool>>(kArguments, rc::gen::arbitrary<bool>());
      std::vector<std::optional<std::uint64_t>> known(row.begin(), row.end());
      for (std::size_t i = 0; i < kArguments; ++i) {
        if (hidden[i]) known[i].reset();
      }
      const std::optional<std::uint64_t> answer = formula.one(known, columns.leaves, 0);
      ++(answer ? answered : silent);
      if (!answer) continue;
      for (int world = 0; world < 10; ++world) {
        Row other = world == 0 ? row : random_row();
        for (std::size_t i = 0; i < kArguments; ++i) {
          if (!hidden[i]) other[i] = row[i];
        }
        const std::uint64_t right = evaluated(expr, other);
        if (answer != right) RC_FAIL(cat(text, " is said to be ", *answer, ", but is ", right));
      }
    }
  }));
  EXPECT_GT(answered, 100U);
  EXPECT_GT(silent, 100U);
}

// All but i (7) is unknown. Nothing: not known.
TEST(Formula, AnswersWhatOneKnownSideDecides) {
  struct Case {
    const char* text;
    std::optional<std::uint64_t> answer;
  };
  Row row(kArguments);
  row[0] = 7;
  const Columns columns({row});
  std::vector<std::optional<std::uint64_t>> known(kArguments);
  known[0] = 7;
  for (const Case& c : {
           Case{"i", 7U},
           Case{"u", std::nullopt},
           Case{"i == 7 || u", 1U},
           Case{"u || i == 7", 1U},
           Case{"i == 8 || u", std::nullopt},
           Case{"i == 8 && u", 0U},
           Case{"u && i == 8", 0U},
           Case{"u && i == 7", std::nullopt},
           Case{"u && i == 8 && ul", 0U},
           Case{"!(u && i == 8)", 1U},
           Case{"!u", std::nullopt},
           Case{"u == u", std::nullopt},  // right, though it could be known
           Case{"u * (i - 7)", 0U},
           Case{"(i - 7) & u", 0U},
           Case{"u & i", std::nullopt},
           Case{"u + i", std::nullopt},
           Case{"i == 7 ? 3 : u", 3U},
           Case{"i == 8 ? 3u : u", std::nullopt},
           Case{"u ? i : 7", 7U},
           Case{"u ? i : 8", std::nullopt},
           Case{"u ? ul : l", std::nullopt},
           Case{"(u8)i", 7U},
           Case{"-i", static_cast<std::uint64_t>(-7)},
       }) {
    const ExprPtr expr = parse(c.text);
    EXPECT_EQ(over_arguments(expr).one(known, columns.leaves, 0), c.answer) << c.text;
  }
}

TEST(Formula, NamesTheColumnsThatItReads) {
  EXPECT_EQ(over_arguments(parse("ul + i + ul")).leaves(), (std::vector<int>{0, 3}));
  EXPECT_EQ(over_arguments(parse("1 + 2")).leaves(), std::vector<int>{});
}

TEST(Formula, ExtendsWhatARecordingHasWiderThanTheType) {
  const Columns columns(
      {{0xffffffffffffff9c, 0xffffffff00000001, 0, 0, 0x1ff, 0x1ff, 0, 0, 1, 0, 0},
       {0xffffff9c, 1, 0, 0, 0xffffffff, 0xffffffff, 0, 0, 0, 0, 0}});
  for (const auto& [text, answer] :
       {std::pair{"i == -100", 1U}, {"u == 1", 1U}, {"c == -1", 1U}, {"uc == 255", 1U}}) {
    Formula formula = over_arguments(parse(text));
    const std::uint64_t* const values = formula.rows(columns.leaves, 2);
    EXPECT_EQ(values[0], answer) << text;
    EXPECT_EQ(values[1], answer) << text;
  }
}

// -- over memory: members, texts, choices of pointers
// ------------------------------------------------

/// Four tasks that are each other's parents; `prev` and `next` are two of them.
struct World {
  explicit World(std::uint32_t seed) : random(seed) {
    for (fake::Task& t : tasks) change(t);
    prev = &tasks[pick(4)];
    next = &tasks[pick(4)];
    preempt = pick(2);
    prev_state = pick(3);
    for (auto& [which, value] : builtins) value = pick(3);
  }
  std::uint32_t pick(std::uint32_t count) { return static_cast<std::uint32_t>(random() % count); }
  void change(fake::Task& t) {
    static constexpr const char* kNames[] = {"", "a", "bash", "fifteen letters", "sixteen letters"};
    t.pid = static_cast<int>(pick(4)) - 1;
    t.prio = static_cast<int>(pick(3));
    t.little = static_cast<short>(pick(3) - 1);
    t.priority = static_cast<unsigned char>(pick(2) * 255);
    t.flags.three = pick(8) & 7;
    t.flags.five = pick(2) == 0 ? -3 : 5;
    t.flags.minus = pick(2) == 0 ? -1 : 0;
    t.se.load.inverse = pick(3);
    const std::string name = kNames[pick(5)];
    std::memset(t.comm, 'x', sizeof t.comm);
    std::memcpy(t.comm, name.c_str(), std::min(name.size() + 1, sizeof t.comm));
    t.name = kNames[pick(5)];
    t.parent = &tasks[pick(4)];
  }

  fake::Event event() const {
    fake::Event out;
    out.arguments = {preempt, fake::Event::address(prev), fake::Event::address(next), prev_state};
    out.builtins = builtins;
    out.readable = {{tasks.data(), sizeof tasks}};
    for (const fake::Task& t : tasks) out.readable.emplace_back(t.name, std::strlen(t.name) + 1);
    return out;
  }

  const fake::Task* task(std::string_view path) const {
    const std::size_t arrow = path.rfind("->");
    if (arrow == std::string_view::npos)
      return path == "prev" ? prev : path == "next" ? next : nullptr;
    const fake::Task* const of = task(path.substr(0, arrow));
    return of != nullptr && path.substr(arrow + 2) == "parent" ? of->parent : nullptr;
  }
  /// What a recording would have under this name.
  std::uint64_t number(const Expr& leaf) const {
    if (leaf.op == Expr::Op::builtin) return builtins.at(leaf.builtin);
    const std::string& path = leaf.path;
    if (path == "preempt") return preempt;
    if (path == "prev_state") return prev_state;
    if (const fake::Task* const t = task(path)) return fake::Event::address(t);
    const std::size_t arrow = path.rfind("->");
    const fake::Task* const t = task(path.substr(0, arrow));
    if (arrow == std::string::npos || t == nullptr) throw std::runtime_error("what is " + path);
    const std::string member = path.substr(arrow + 2);
    if (member == "pid") return static_cast<std::uint64_t>(t->pid);
    if (member == "prio") return static_cast<std::uint64_t>(t->prio);
    if (member == "little") return static_cast<std::uint64_t>(t->little);
    if (member == "priority") return t->priority;
    if (member == "flags.three") return t->flags.three;
    if (member == "flags.five") return static_cast<std::uint64_t>(std::int64_t{t->flags.five});
    if (member == "flags.minus") return static_cast<std::uint64_t>(std::int64_t{t->flags.minus});
    if (member == "se.load.inverse") return t->se.load.inverse;
    throw std::runtime_error("what is " + path);
  }
  std::string text(const Expr& leaf) const {
    const std::size_t arrow = leaf.path.rfind("->");
    const fake::Task* const t = task(leaf.path.substr(0, arrow));
    if (t == nullptr) throw std::runtime_error("what is " + leaf.path);
    // As recordings have it: up to the NUL, or all 16 bytes of a name that has none.
    if (leaf.path.substr(arrow + 2) == "comm") return {t->comm, strnlen(t->comm, sizeof t->comm)};
    return t->name;
  }

  std::mt19937 random;
  std::array<fake::Task, 4> tasks{};
  const fake::Task *prev = nullptr, *next = nullptr;
  std::uint64_t preempt = 0, prev_state = 0;
  std::map<Expr::Builtin, std::uint64_t> builtins{{Expr::Builtin::cpu, 0},
                                                  {Expr::Builtin::pid, 0},
                                                  {Expr::Builtin::tgid, 0},
                                                  {Expr::Builtin::now, 0}};
};

/// Random expressions over them.
class Words {
 public:
  explicit Words(std::uint32_t seed) : random_(seed) {}

  std::string condition(int depth) {
    switch (pick(depth == 0 ? 4 : 8)) {
      case 0:
        return cat("(", number(depth), one_of({" == ", " < ", " != ", " >= "}), number(depth), ")");
      case 1:
      case 2:
        return cat("(", pointer(depth), one_of({"->comm", "->name"}), one_of({" == ", " != "}),
                   one_of({"\"\"", "\"a\"", "\"bash\"", "\"sixteen letters\"",
                           "\"fifteen letters\"", "\"sixteen letters!\""}),
                   ")");
      case 3:
        return cat("(", pointer(depth), one_of({" == ", " != "}), pointer(depth), ")");
      case 4:
        return cat("(!", condition(depth - 1), ")");
      case 5:
        return cat("(", condition(depth - 1), " ? ", condition(depth - 1), " : ",
                   condition(depth - 1), ")");
      default:
        return cat("(", condition(depth - 1), one_of({" && ", " || "}), condition(depth - 1), ")");
    }
  }

 private:
  std::uint32_t pick(std::uint32_t count) { return static_cast<std::uint32_t>(random_() % count); }
  std::string one_of(const std::vector<std::string>& of) {
    return of[pick(static_cast<std::uint32_t>(of.size()))];
  }
  std::string number(int depth) {
    switch (pick(depth == 0 ? 3 : 4)) {
      case 0:
        return one_of({"preempt", "prev_state", "cpu", "pid", "tgid", "now", "0", "1", "(-1)"});
      case 3:
        return cat("(", number(depth - 1), one_of({" + ", " * ", " & "}), number(depth - 1), ")");
      default:
        return cat(pointer(depth), "->",
                   one_of({"pid", "prio", "little", "priority", "flags.three", "flags.five",
                           "flags.minus", "se.load.inverse"}));
    }
  }
  std::string pointer(int depth) {
    switch (pick(depth == 0 ? 3 : 6)) {
      case 0:
        return "prev";
      case 1:
        return "next";
      case 2:
        return one_of({"prev->parent", "next->parent"});
      case 3:
        return cat(pointer(depth - 1), "->parent");
      default:
        return cat("(", condition(depth - 1), " ? ", pointer(depth - 1), " : ", pointer(depth - 1),
                   ")");
    }
  }
  std::mt19937 random_;
};

/// A formula, its leaves, and their values in some worlds, a row each.
struct Tried {
  explicit Tried(const ExprPtr& expr)
      : formula(*expr, [this](const Expr& leaf, bool text) {
          leaves.push_back(leaf);
          texts.push_back(text);
          return static_cast<int>(leaves.size()) - 1;
        }) {}
  void fill(const std::vector<std::unique_ptr<World>>& worlds) {
    bytes.clear();
    cells.assign(leaves.size(), {});
    for (std::size_t l = 0; l < leaves.size(); ++l) {
      for (const auto& world : worlds) {
        if (!texts[l]) {
          cells[l].push_back(world->number(leaves[l]));
          continue;
        }
        const std::string text = world->text(leaves[l]);
        cells[l].push_back(std::uint64_t{bytes.size()} << 32 | text.size());
        bytes += text;
      }
    }
    columns.clear();
    for (const auto& c : cells) columns.push_back({c.data(), nullptr, bytes});
  }
  std::vector<Expr> leaves;
  std::vector<bool> texts;
  std::vector<std::vector<std::uint64_t>> cells;
  std::string bytes;
  std::vector<LeafColumn> columns;
  Formula formula;  // last: made with what is above
};

TEST(Formula, ReadsMembersTextsAndChoicesOfPointers) {
  EXPECT_TRUE(rc::check([] {
    const std::string text = Words(*rc::gen::arbitrary<std::uint32_t>()).condition(3);
    const ExprPtr expr = parse(text, "tracepoint:sched_switch");
    std::vector<std::unique_ptr<World>> worlds;
    for (int i = 0; i < 8; ++i) {
      worlds.push_back(std::make_unique<World>(*rc::gen::arbitrary<std::uint32_t>()));
    }
    Tried tried(expr);
    tried.fill(worlds);
    const std::uint64_t* const values = tried.formula.rows(tried.columns, worlds.size());
    for (std::size_t r = 0; r < worlds.size(); ++r) {
      const std::uint64_t right = evaluate(*expr, worlds[r]->event());
      if (values[r] != right) RC_FAIL(cat(text, " gives ", values[r], ", not ", right));

      std::vector<std::optional<std::uint64_t>> known;
      for (const auto& column : tried.cells) known.emplace_back(column[r]);
      RC_ASSERT(tried.formula.one(known, tried.columns, r) == right);
      for (int repeat = 0; repeat < 5; ++repeat) {  // some values are not known
        std::vector<std::vector<std::uint8_t>> unknown(known.size());
        std::vector<LeafColumn> columns = tried.columns;
        auto some = known;
        for (std::size_t l = 0; l < known.size(); ++l) {
          const bool hidden = worlds[r]->pick(3) == 0;
          unknown[l].assign(worlds.size(), hidden ? 1 : 0);
          columns[l].unknown = unknown[l].data();
          if (hidden) some[l].reset();
        }
        const std::optional<std::uint64_t> answer = tried.formula.one(some, columns, r);
        if (answer && answer != right) {
          RC_FAIL(cat(text, " is said to be ", *answer, ", but is ", right));
        }
      }
    }
  }));
}

TEST(Formula, ChoosesBetweenTheMembersNotThePointers) {
  const auto leaves = [](const char* text) {
    std::vector<std::string> out;
    const ExprPtr expr = parse(text, "tracepoint:sched_switch");
    Formula(*expr, [&](const Expr& leaf, bool as_text) {
      out.push_back(cat(leaf.path, as_text ? " (text)" : ""));
      return 0;
    });
    return out;
  };
  using Leaves = std::vector<std::string>;
  EXPECT_EQ(leaves("(preempt ? prev : next)->pid"), (Leaves{"preempt", "prev->pid", "next->pid"}));
  EXPECT_EQ(leaves("(preempt ? prev : next)->comm == \"a\""),
            (Leaves{"preempt", "prev->comm (text)", "next->comm (text)"}));
  EXPECT_EQ(leaves("(preempt ? prev : next)->name == \"a\""),
            (Leaves{"preempt", "prev->name (text)", "next->name (text)"}));
  EXPECT_EQ(leaves("(preempt ? prev->name : next->name) == \"a\""),
            (Leaves{"preempt", "prev->name (text)", "next->name (text)"}));
  EXPECT_EQ(leaves("(preempt ? prev : next)->parent->pid"),
            (Leaves{"preempt", "prev->parent->pid", "next->parent->pid"}));
  EXPECT_EQ(leaves("(preempt ? prev : prev_state ? next : prev)->se.load.inverse"),
            (Leaves{"preempt", "prev->se.load.inverse", "prev_state", "next->se.load.inverse",
                    "prev->se.load.inverse"}));
}

// A cell of a row that is not known may hold anything, and does not make the others wrong.
TEST(Formula, TakesTextsOfARowThatHasNone) {
  const ExprPtr expr = parse("prev->comm == \"\"", "tracepoint:sched_switch");
  Formula formula(*expr, [](const Expr&, bool) { return 0; });
  const std::uint64_t cells[] = {0, 2, std::uint64_t{2} << 32};
  const std::uint8_t unknown[] = {1, 0, 0};
  const std::vector<LeafColumn> columns{{cells, unknown, "ab"}};
  const std::uint64_t* const values = formula.rows(columns, 3);
  EXPECT_EQ(values[1], 0U);
  EXPECT_EQ(values[2], 1U);
  const std::vector<std::optional<std::uint64_t>> none(1);
  EXPECT_EQ(formula.one(none, columns, 0), std::nullopt);
  EXPECT_EQ(formula.one(none, columns, 1), 0U);
  EXPECT_EQ(formula.one(none, columns, 2), 1U);
}

}  // namespace
}  // namespace swerve
