// swerve/model/dot_reader.h - reads a model file in constant expressions: the reader behind dot().
//
// It reads the language of parse_dot() (dot_parser.h has the grammar and the meaning) and accepts
// the same texts with the same meaning, but stops at the first problem and says nothing of what
// parse_dot() only warns of. fuzz/dot_fuzz.cc and the tests hold the two against each other.
//
// Compilers limit the steps and the depth of an evaluation: so there is no recursion, names are
// found by hash, and nothing is copied that can be viewed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "swerve/model/dot_language.h"
#include "swerve/model/ids.h"

// What can be wrong with a model at compile time. For each there is a function of this name in
// swerve::bad_model.
#define SWERVE_MODEL_PROBLEMS(PROBLEM)                                                         \
  /* The text as a whole. */                                                                   \
  PROBLEM(text_is_too_long)            /* over 4 MiB */                                        \
  PROBLEM(does_not_begin_with_digraph) /* "strict" may stand before it */                      \
  PROBLEM(brace_is_missing_after_name) /* "digraph NAME {" */                                  \
  PROBLEM(brace_is_not_closed)         /* the text ends before its '}' */                      \
  PROBLEM(text_after_the_model)        /* one text, one model */                               \
  /* Words. */                                                                                 \
  PROBLEM(comment_is_not_closed) /* by an asterisk and a slash */                              \
  PROBLEM(string_is_not_closed)  /* on its line */                                             \
  PROBLEM(html_string)           /* write a quoted string */                                   \
  PROBLEM(joined_strings)        /* "a" + "b": write one string */                             \
  /* Statements. */                                                                            \
  PROBLEM(neither_state_nor_edge)  /* nor another statement, nor '}' */                        \
  PROBLEM(value_is_missing)        /* after "NAME =" */                                        \
  PROBLEM(group_without_brace)     /* "subgraph NAME" wants a '{' */                           \
  PROBLEM(groups_too_deep)         /* over 100 */                                              \
  PROBLEM(defaults_without_list)   /* "node", "edge", "graph" want a '[' or a '=' */           \
  PROBLEM(list_is_not_closed)      /* a statement begins before the ']' */                     \
  PROBLEM(attribute_is_missing)    /* what stands in the list is no name */                    \
  PROBLEM(equals_is_missing)       /* after an attribute's name */                             \
  PROBLEM(misspelt_label_or_shape) /* would be passed over as drawing */                       \
  PROBLEM(edge_without_target)     /* what stands after "->" is no state */                    \
  PROBLEM(edge_without_direction)  /* "--": write "->" */                                      \
  PROBLEM(edge_to_a_group)         /* an edge leads to one state */                            \
  PROBLEM(edge_from_a_group)       /* an edge leads from one state */                          \
  PROBLEM(port)                    /* "a:n": a state is one point */                           \
  /* What they mean. */                                                                        \
  PROBLEM(no_initial_state)              /* mark it with a node "__init_STATE" */              \
  PROBLEM(two_initial_states)            /* the place is of the second */                      \
  PROBLEM(initial_state_contradicts)     /* "__init_a" has an edge to another state */         \
  PROBLEM(initial_state_is_unknown)      /* it does not stand elsewhere in the model */        \
  PROBLEM(edge_to_the_initial_mark)      /* "__init_a" is no state */                          \
  PROBLEM(state_is_not_a_name)           /* letters, digits and '_', no digit first */         \
  PROBLEM(state_has_a_reserved_name)     /* "__init_" marks the initial state */               \
  PROBLEM(label_contradicts_state)       /* a state's label is its name, or nothing */         \
  PROBLEM(edge_without_event)            /* it needs a label that names its event */           \
  PROBLEM(event_is_not_a_name)           /* several are separated by backslash and n */        \
  PROBLEM(one_event_leads_to_two_states) /* the place is of the later one */                   \
  PROBLEM(timed_model)                   /* guards, resets and invariants are not there yet */ \
  PROBLEM(too_large)                     /* states, events or cells of the table (ids.h) */    \
  /* Of dot() alone; parse_dot() takes it. */                                                  \
  PROBLEM(too_large_at_compile_time) /* more transitions than half the text's characters */

namespace swerve {

/// What a text's first problem is, and where. Lines and columns count from 1; columns count bytes.
struct ModelProblem {
  /// What is wrong.
  enum class Kind : std::uint8_t {
    none,
#define SWERVE_PROBLEM(name) name,
    SWERVE_MODEL_PROBLEMS(SWERVE_PROBLEM)
#undef SWERVE_PROBLEM
  };
  /// Which.
  Kind kind = Kind::none;
  /// Where it is.
  unsigned line = 0;
  /// Where in the line.
  unsigned column = 0;
  /// Whether there is one.
  constexpr explicit operator bool() const { return kind != Kind::none; }
};

/// What no constant expression may touch, so that a compiler's message about it names the problem
/// and its place; nothing else touches it.
///
/// clang says "non-constexpr function 'one_event_leads_to_two_states' cannot be used", and "in call
/// to 'refuse(..., 4, 33)'" for line 4, column 33. g++ shows no values there, but it does in
/// "array subscript value '4033' is outside the bounds of array 'one_event_leads_to_two_states' of
/// type 'LineTimes1000PlusColumn [1]'".
namespace bad_model {
#ifdef __clang__
#define SWERVE_PROBLEM(name) void name(unsigned line, unsigned column);
#else
struct LineTimes1000PlusColumn {};
#define SWERVE_PROBLEM(name) inline constexpr LineTimes1000PlusColumn name[1] = {};
#endif
SWERVE_MODEL_PROBLEMS(SWERVE_PROBLEM)
#undef SWERVE_PROBLEM
void no_such_event();
void no_such_state();

/// Stops the evaluation of a constant expression where there is a problem.
constexpr void refuse(ModelProblem::Kind kind, unsigned line, unsigned column) {
  switch (kind) {
    case ModelProblem::Kind::none:
      return;
#ifdef __clang__
#define SWERVE_PROBLEM(name)     \
  case ModelProblem::Kind::name: \
    return name(line, column);
#else
#define SWERVE_PROBLEM(name)                                                              \
  case ModelProblem::Kind::name: {                                                        \
    [[maybe_unused]] const auto none = name[line * 1000 + (column < 999 ? column : 999)]; \
    return;                                                                               \
  }
#endif
      SWERVE_MODEL_PROBLEMS(SWERVE_PROBLEM)
#undef SWERVE_PROBLEM
  }
}
}  // namespace bad_model

namespace dot_language {

/// A vector for constant expressions: std::vector is none with g++ 12, and <vector> is heavy.
template <typename T>
class List {
 public:
  constexpr List() = default;
  constexpr ~List() { delete[] items_; }
  List(const List&) = delete;
  List& operator=(const List&) = delete;

  constexpr std::size_t size() const { return size_; }
  constexpr bool empty() const { return size_ == 0; }
  constexpr T& operator[](std::size_t i) { return items_[i]; }
  constexpr const T& operator[](std::size_t i) const { return items_[i]; }
  constexpr T& back() { return items_[size_ - 1]; }
  constexpr T* begin() { return items_; }
  constexpr T* end() { return items_ + size_; }
  constexpr const T* begin() const { return items_; }
  constexpr const T* end() const { return items_ + size_; }

  constexpr void add(const T& item) {
    if (size_ == capacity_) {
      capacity_ = capacity_ == 0 ? 16 : 2 * capacity_;
      T* const items = new T[capacity_];
      for (std::size_t i = 0; i < size_; ++i) items[i] = items_[i];
      delete[] items_;
      items_ = items;
    }
    items_[size_++] = item;
  }
  constexpr void shrink_to(std::size_t size) { size_ = size; }

  /// Heap sort: no worst case, no memory.
  template <typename Less>
  constexpr void sort(Less less) {
    for (std::size_t i = size_ / 2; i > 0; --i) sift(i - 1, size_, less);
    for (std::size_t end = size_; end > 1; --end) {
      swap(0, end - 1);
      sift(0, end - 1, less);
    }
  }

 private:
  constexpr void swap(std::size_t a, std::size_t b) {
    const T item = items_[a];
    items_[a] = items_[b];
    items_[b] = item;
  }
  template <typename Less>
  constexpr void sift(std::size_t root, std::size_t end, Less less) {
    for (std::size_t child; (child = 2 * root + 1) < end; root = child) {
      if (child + 1 < end && less(items_[child], items_[child + 1])) ++child;
      if (!less(items_[root], items_[child])) return;
      swap(root, child);
    }
  }

  T* items_ = nullptr;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

/// A name as it stands in the text, without the blanks around it: a ',' in it is read as '_'.
class Name {
 public:
  constexpr Name() = default;
  constexpr explicit Name(std::string_view written) {
    const std::string_view name = trimmed(written);
    text_ = name.data();
    size_ = name.size();
  }

  constexpr std::size_t size() const { return size_; }
  constexpr char operator[](std::size_t i) const { return text_[i] == ',' ? '_' : text_[i]; }

  /// Without its first `count` characters; it has as many.
  constexpr Name after(std::size_t count) const {
    Name rest;
    rest.text_ = text_ + count;
    rest.size_ = size_ - count;
    return rest;
  }
  constexpr bool starts_with(std::string_view start) const {
    if (size_ < start.size()) return false;
    for (std::size_t i = 0; i < start.size(); ++i) {
      if ((*this)[i] != start.data()[i]) return false;
    }
    return true;
  }
  constexpr bool is_identifier() const {
    for (std::size_t i = 0; i < size_; ++i) {
      if (!is_name_char(text_[i]) && text_[i] != ',') return false;
      if (text_[i] == '.' || static_cast<unsigned char>(text_[i]) >= 0x80) return false;
    }
    return size_ != 0 && !is_digit(text_[0]);
  }
  constexpr std::uint32_t hash() const {
    std::uint32_t h = 0;
    for (std::size_t i = 0; i < size_; ++i) {
      h = h * 31 + static_cast<unsigned char>(text_[i] == ',' ? '_' : text_[i]);
    }
    return h;
  }

  friend constexpr bool operator==(const Name& a, const Name& b) {
    if (a.size_ != b.size_) return false;
    for (std::size_t i = 0; i < a.size_; ++i) {
      if (a.text_[i] != b.text_[i] && a[i] != b[i]) return false;
    }
    return true;
  }
  friend constexpr bool operator<(const Name& a, const Name& b) {
    for (std::size_t i = 0; i < a.size_ && i < b.size_; ++i) {
      if (a.text_[i] == b.text_[i]) continue;
      const char x = a[i];
      const char y = b[i];
      if (x != y) return static_cast<unsigned char>(x) < static_cast<unsigned char>(y);
    }
    return a.size_ < b.size_;
  }

 private:
  const char* text_ = nullptr;
  std::size_t size_ = 0;
};

/// Names, numbered in the order of their first mention.
class NameTable {
 public:
  static constexpr std::uint32_t kNone = 0xffffffff;

  constexpr std::size_t size() const { return entries_.size(); }
  constexpr const Name& operator[](std::size_t i) const { return entries_[i].name; }

  /// The number of `name`; kNone when it is not there.
  constexpr std::uint32_t find(const Name& name) const { return find(name, name.hash()); }
  /// The number of `name`, which is there from now on.
  constexpr std::uint32_t add(const Name& name) {
    const std::uint32_t hash = name.hash();
    const std::uint32_t found = find(name, hash);
    if (found != kNone) return found;
    Chain& chain = chains_[hash % kChains];
    entries_.add({name, hash, chain.first});
    chain.first = static_cast<std::uint32_t>(entries_.size() - 1);
    return chain.first;
  }

 private:
  static constexpr std::size_t kChains = 61;
  struct Chain {
    std::uint32_t first = kNone;
  };
  struct Entry {
    Name name;
    std::uint32_t hash = 0;
    std::uint32_t next = kNone;  // with a hash of the same chain
  };

  constexpr std::uint32_t find(const Name& name, std::uint32_t hash) const {
    std::uint32_t i = chains_[hash % kChains].first;
    while (i != kNone && !(entries_[i].hash == hash && entries_[i].name == name)) {
      i = entries_[i].next;
    }
    return i;
  }

  List<Entry> entries_;
  Chain chains_[kChains];
};

/// Reads one text, which must outlive it. Cost: O(n log n) in the length of the text.
class Reader {
 public:
  constexpr explicit Reader(std::string_view text) : lexer_(text) {
    if (text.size() > kMostBytes) {
      fail(Kind::text_is_too_long, At());
      return;
    }
    token_ = lexer_.next();
    next_ = lexer_.next();
    if (file() && meaning()) number();
  }

  constexpr const ModelProblem& problem() const { return problem_; }

  // What was read, in the order of class Automaton. Nothing of it where there is a problem.
  constexpr std::string_view graph_name() const { return graph_name_; }
  constexpr std::size_t state_count() const { return states_.size(); }
  constexpr std::size_t event_count() const { return events_.size(); }
  constexpr const Name& state_name(std::size_t state) const { return node_names_[states_[state]]; }
  constexpr const Name& event_name(std::size_t event) const { return event_names_[events_[event]]; }
  constexpr bool is_final(std::size_t state) const {
    return any_final_ ? nodes_[states_[state]].is_final() : state == 0;
  }
  constexpr const List<Transition>& transitions() const { return transitions_; }

 private:
  using Kind = ModelProblem::Kind;
  static constexpr std::uint32_t kNone = NameTable::kNone;

  // A value, if there is one.
  struct Attribute {
    Value value;
    bool given = false;
  };
  struct Attributes {
    Attribute label, shape;
  };

  // What "{" opens: the defaults that hold inside.
  struct Scope {
    Attributes node, edge;
    bool layout = false;  // has a "rank = ...": names in it order the drawing and declare nothing
    At open;
  };

  struct Node {
    At at;  // the first mention
    Attribute label, shape;
    bool is_init_mark = false;
    bool declared = false;   // by a statement of its own, or by an edge that is a transition
    bool has_edges = false;  // transitions, that is
    StateId id = kNoState;

    constexpr bool is_final() const { return shape.given && is_final_shape(shape.value.text); }
    constexpr bool is_unlabelled() const {  // on purpose
      return label.given && trimmed(label.value.text).empty();
    }
  };

  struct Mention {
    std::uint32_t node = 0;
    At at;
  };

  // One hop of an edge statement.
  struct Hop {
    Mention from, to;
    Attribute label;
    bool alone = true;  // the statement has one hop
  };

  // One event of a hop.
  struct Arrow {
    std::uint32_t from = 0, to = 0, event = 0;
    std::uint32_t order = 0;  // in the text
    At at;
  };

  // ---- problems: always false, so that the caller can return it

  constexpr bool fail(Kind kind, At at) {
    problem_ = {kind, at.line, at.column};
    return false;
  }
  // At the current token, which is not what should stand here.
  constexpr bool unexpected(Kind kind) {
    if (token_.kind == Token::Kind::open_comment) kind = Kind::comment_is_not_closed;
    if (token_.kind == Token::Kind::open_string) kind = Kind::string_is_not_closed;
    if (token_.kind == Token::Kind::html) kind = Kind::html_string;
    return fail(kind, token_.at);
  }

  // ---- syntax

  constexpr Token take() {
    const Token token = token_;
    token_ = next_;
    next_ = lexer_.next();
    return token;
  }
  constexpr bool at(Token::Kind kind) const { return token_.kind == kind; }

  constexpr bool file() {
    if (is_keyword(token_, "strict")) take();
    graph_at_ = token_.at;
    if (!is_keyword(token_, "digraph") && !is_keyword(token_, "graph")) {
      return unexpected(Kind::does_not_begin_with_digraph);
    }
    take();
    if (token_.is_id()) graph_name_ = take().text;
    if (!at(Token::Kind::open_brace)) return unexpected(Kind::brace_is_missing_after_name);
    open_scope(Scope());
    while (!scopes_.empty()) {
      if (!statement()) return false;
    }
    if (at(Token::Kind::semicolon)) take();
    return at(Token::Kind::end) || unexpected(Kind::text_after_the_model);
  }

  constexpr bool statement() {
    switch (token_.kind) {
      case Token::Kind::semicolon:
        take();
        return true;
      case Token::Kind::open_brace:
        return group();
      case Token::Kind::close_brace:
        return close_scope();
      case Token::Kind::end:
        return unexpected(Kind::brace_is_not_closed);
      default:
        break;
    }
    if (is_keyword(token_, "subgraph")) return group();
    if (!token_.is_id()) return unexpected(Kind::neither_state_nor_edge);
    if (next_.kind == Token::Kind::equals) return graph_attribute();
    if (is_defaults_keyword(token_)) return defaults();
    if (is_keyword(token_, "digraph") || is_keyword(token_, "strict")) {
      return unexpected(Kind::neither_state_nor_edge);
    }
    return node_or_edge();
  }

  constexpr bool graph_attribute() {
    const Token name = take();
    take();  // "="
    if (!token_.is_id()) return unexpected(Kind::value_is_missing);
    take();
    if (name.text == "rank") scopes_.back().layout = true;
    return true;
  }

  constexpr void open_scope(Scope scope) {
    scope.layout = false;
    scope.open = take().at;
    scopes_.add(scope);
  }

  constexpr bool group() {
    if (!at(Token::Kind::open_brace)) {
      take();  // "subgraph"
      if (token_.is_id()) take();
      if (!at(Token::Kind::open_brace)) return unexpected(Kind::group_without_brace);
    }
    if (scopes_.size() > kDeepestScope) return fail(Kind::groups_too_deep, token_.at);
    open_scope(scopes_.back());
    return true;
  }

  constexpr bool close_scope() {
    take();
    const At open = scopes_.back().open;
    scopes_.shrink_to(scopes_.size() - 1);
    if (!scopes_.empty() && (at(Token::Kind::arrow) || at(Token::Kind::line))) {
      return fail(Kind::edge_from_a_group, open);
    }
    return true;
  }

  constexpr bool defaults() {
    const Token keyword = take();
    if (!at(Token::Kind::open_bracket)) return unexpected(Kind::defaults_without_list);
    const bool meant = !is_keyword(keyword, "graph");
    Attributes given;
    if (!attributes(given, meant)) return false;
    if (!meant) return true;
    Scope& scope = scopes_.back();
    Attributes& held = is_keyword(keyword, "node") ? scope.node : scope.edge;
    given.label.value.from_defaults = given.shape.value.from_defaults = true;
    if (given.label.given) held.label = given.label;
    if (given.shape.given) held.shape = given.shape;
    return true;
  }

  constexpr bool node_or_edge() {
    path_.shrink_to(0);
    if (!mention()) return false;
    while (at(Token::Kind::arrow) || at(Token::Kind::line)) {
      if (at(Token::Kind::line)) return unexpected(Kind::edge_without_direction);
      take();
      if (at(Token::Kind::open_brace) || is_keyword(token_, "subgraph")) {
        return unexpected(Kind::edge_to_a_group);
      }
      if (!token_.is_id() || is_defaults_keyword(token_)) {
        return unexpected(Kind::edge_without_target);
      }
      if (!mention()) return false;
    }
    Attributes given;
    if (at(Token::Kind::open_bracket) && !attributes(given, true)) return false;

    const Scope& scope = scopes_.back();
    const bool is_edge = path_.size() > 1;
    for (const Mention& m : path_) {
      Node& node = nodes_[m.node];
      // The kernel's rule: the first value stays.
      if (!node.label.given) {
        node.label = !is_edge && given.label.given ? given.label : scope.node.label;
      }
      if (!node.shape.given) {
        node.shape = !is_edge && given.shape.given ? given.shape : scope.node.shape;
      }
      if (!is_edge && !scope.layout) node.declared = true;
    }
    for (std::size_t i = 0; i + 1 < path_.size(); ++i) {
      hops_.add({path_[i], path_[i + 1], given.label.given ? given.label : scope.edge.label,
                 path_.size() == 2});
    }
    return true;
  }

  // Adds the node at the current token to the path.
  constexpr bool mention() {
    const Token token = take();
    const Name name(token.text);
    const std::uint32_t id = node_names_.add(name);
    if (id == nodes_.size()) {
      Node node;
      node.at = token.at;
      node.is_init_mark = name.starts_with(kInitMark);
      nodes_.add(node);
    }
    path_.add({id, token.at});
    return !at(Token::Kind::colon) || unexpected(Kind::port);
  }

  // Reads the lists at the current '['. `meant`: these are of nodes or edges, where a misspelt
  // label or shape would be a silent loss.
  constexpr bool attributes(Attributes& out, bool meant) {
    while (at(Token::Kind::open_bracket)) {
      take();
      while (!at(Token::Kind::close_bracket)) {
        if (at(Token::Kind::comma) || at(Token::Kind::semicolon)) {
          take();
          continue;
        }
        if (begins_statement(token_, next_)) return unexpected(Kind::list_is_not_closed);
        if (!token_.is_id()) return unexpected(Kind::attribute_is_missing);
        const Token name = take();
        if (!at(Token::Kind::equals)) return unexpected(Kind::equals_is_missing);
        take();
        if (!token_.is_id()) return unexpected(Kind::value_is_missing);
        const Token value = take();
        if (at(Token::Kind::plus)) return unexpected(Kind::joined_strings);
        if (meant && !keep_attribute(out, name, value)) return false;
      }
      take();
    }
    return true;
  }

  constexpr bool keep_attribute(Attributes& out, const Token& name, const Token& value) {
    const bool is_label = name.text == "label";
    if (!is_label && name.text != "shape") {
      return meant_attribute(name.text).empty() || fail(Kind::misspelt_label_or_shape, name.at);
    }
    Attribute& held = is_label ? out.label : out.shape;
    if (held.given) return true;
    held.value = {value.text, value.at, value.kind == Token::Kind::quoted, false};
    held.given = true;
    return true;
  }

  // ---- meaning

  constexpr bool meaning() {
    for (const Hop& hop : hops_) {
      if (!read_hop(hop)) return false;
    }
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      if (!check_node(i)) return false;
    }
    return check_targets() && find_initial();
  }

  constexpr bool read_hop(const Hop& hop) {
    Node& from = nodes_[hop.from.node];
    Node& to = nodes_[hop.to.node];
    if (to.is_init_mark) return fail(Kind::edge_to_the_initial_mark, hop.to.at);
    if (from.is_init_mark) {
      init_hops_.add({hop.from.node, hop.to});
      return true;
    }
    from.declared = from.has_edges = true;
    to.declared = to.has_edges = true;
    if (!hop.label.given) return fail(Kind::edge_without_event, hop.from.at);
    bool any = false;
    Lines lines(hop.label.value);
    for (Value line; lines.next(line);) {
      if (line.text.empty()) continue;
      any = true;
      const Value timed = timed_part(line);
      if (!timed.text.empty()) return fail(Kind::timed_model, timed.at);
      const Name event(line.text);
      if (!event.is_identifier()) return fail(Kind::event_is_not_a_name, line.at);
      // Where an edge's events stand elsewhere, or for several edges, the edge itself is the place.
      arrows_.add({hop.from.node, hop.to.node, event_names_.add(event),
                   static_cast<std::uint32_t>(arrows_.size()),
                   hop.alone && !line.from_defaults ? line.at : hop.to.at});
    }
    return any || fail(Kind::edge_without_event, hop.label.value.at);
  }

  constexpr bool check_node(std::size_t id) {
    const Node& n = nodes_[id];
    if (n.is_init_mark || (!n.declared && !n.has_edges)) return true;
    if (n.is_unlabelled() && !n.has_edges) return true;
    if (!node_names_[id].is_identifier()) return fail(Kind::state_is_not_a_name, n.at);
    if (!n.label.given || !says_something(n.label.value.text)) return true;
    Lines lines(n.label.value);
    Value line;
    lines.next(line);
    while (lines.next(line)) {
      if (compares(line.text)) return fail(Kind::timed_model, line.at);
    }
    return Name(n.label.value.text) == node_names_[id] ||
           fail(Kind::label_contradicts_state, n.label.value.at);
  }

  // Sorts the arrows by state and event; the first of each leads there, the others must agree.
  constexpr bool check_targets() {
    arrows_.sort([](const Arrow& a, const Arrow& b) {
      if (a.from != b.from) return a.from < b.from;
      if (a.event != b.event) return a.event < b.event;
      return a.order < b.order;
    });
    const auto same = [](const Arrow& a, const Arrow& b) {
      return a.from == b.from && a.event == b.event;
    };
    const Arrow* first = nullptr;
    const Arrow* other = nullptr;  // the first one in the text that does not agree
    for (const Arrow& a : arrows_) {
      if (first == nullptr || !same(*first, a)) first = &a;
      if (first->to != a.to && (other == nullptr || a.order < other->order)) other = &a;
    }
    if (other != nullptr) return fail(Kind::one_event_leads_to_two_states, other->at);
    std::size_t kept = 0;
    for (const Arrow& a : arrows_) {
      if (kept == 0 || !same(arrows_[kept - 1], a)) arrows_[kept++] = a;
    }
    arrows_.shrink_to(kept);
    return true;
  }

  // "__init_x" names the state x; the edge from it must say the same, and alone names the state
  // where the node is just "__init_".
  constexpr bool find_initial() {
    Name initial;
    At at;
    bool found = false;
    bool two = false;
    At second;
    const auto candidate = [&](const Name& state, At state_at) {
      if (!found) {
        initial = state;
        at = state_at;
        found = true;
      } else if (!two && !(state == initial)) {
        two = true;
        second = state_at;
      }
    };
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      if (nodes_[i].is_init_mark && node_names_[i].size() > kInitMark.size()) {
        candidate(node_names_[i].after(kInitMark.size()), nodes_[i].at);
      }
    }
    for (const InitHop& hop : init_hops_) {
      const Name named = node_names_[hop.mark].after(kInitMark.size());
      const Name& target = node_names_[hop.to.node];
      if (named.size() == 0) {
        candidate(target, hop.to.at);
      } else if (!(target == named)) {
        return fail(Kind::initial_state_contradicts, hop.to.at);
      }
    }
    if (!found) return fail(Kind::no_initial_state, graph_at_);
    if (two) return fail(Kind::two_initial_states, second);

    bool alone = !init_hops_.empty();
    for (const Node& n : nodes_) {
      if (!n.is_init_mark && n.declared) alone = false;
    }
    initial_ = node_names_.find(initial);
    if (initial_ == kNone || (!nodes_[initial_].declared && !alone)) {
      return fail(Kind::initial_state_is_unknown, at);
    }
    if (!initial.is_identifier()) {
      return fail(Kind::state_is_not_a_name, nodes_[initial_].declared ? graph_at_ : at);
    }
    return !nodes_[initial_].is_init_mark || fail(Kind::state_has_a_reserved_name, graph_at_);
  }

  // ---- numbers

  constexpr bool is_state(std::uint32_t id) const {
    const Node& n = nodes_[id];
    if (n.is_init_mark) return false;
    return n.has_edges || id == initial_ || (n.declared && !n.is_unlabelled());
  }

  constexpr bool number() {
    for (std::uint32_t i = 0; i < nodes_.size(); ++i) {
      if (!is_state(i)) continue;
      states_.add(i);
      if (nodes_[i].is_final()) any_final_ = true;
    }
    for (std::uint32_t i = 0; i < event_names_.size(); ++i) events_.add(i);
    if (states_.size() > kStatesMost || events_.size() > kEventsMost ||
        states_.size() * events_.size() > kCellsMost) {
      return fail(Kind::too_large, graph_at_);
    }
    states_.sort([this](std::uint32_t a, std::uint32_t b) {
      if (a == initial_ || b == initial_) return a == initial_ && b != initial_;
      return node_names_[a] < node_names_[b];
    });
    events_.sort(
        [this](std::uint32_t a, std::uint32_t b) { return event_names_[a] < event_names_[b]; });

    for (std::size_t i = 0; i < states_.size(); ++i) nodes_[states_[i]].id = StateId(i);
    List<EventId> event_ids;
    for (std::size_t i = 0; i < events_.size(); ++i) event_ids.add(kNoEvent);
    for (std::size_t i = 0; i < events_.size(); ++i) event_ids[events_[i]] = EventId(i);
    for (const Arrow& a : arrows_) {
      transitions_.add({nodes_[a.from].id, event_ids[a.event], nodes_[a.to].id});
    }
    transitions_.sort([](const Transition& a, const Transition& b) {
      return a.from != b.from ? a.from < b.from : a.event < b.event;
    });
    return true;
  }

  struct InitHop {
    std::uint32_t mark = 0;
    Mention to;
  };

  ModelProblem problem_;
  Lexer lexer_;
  Token token_, next_;  // the current token and the one after it
  std::string_view graph_name_;
  At graph_at_;
  List<Scope> scopes_;  // those that are open
  List<Mention> path_;  // of the statement that is being read
  NameTable node_names_, event_names_;
  List<Node> nodes_;  // as numbered in node_names_
  List<Hop> hops_;
  List<InitHop> init_hops_;  // the hops from marks of the initial state
  List<Arrow> arrows_;
  std::uint32_t initial_ = kNone;  // its node
  bool any_final_ = false;
  List<std::uint32_t> states_, events_;  // the node of a state's id, the number of an event's name
  List<Transition> transitions_;         // by state, then event
};

}  // namespace dot_language
}  // namespace swerve

#undef SWERVE_MODEL_PROBLEMS
