#include "swerve/model/dot_parser.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/text.h"
#include "model/analysis.h"
#include "swerve/model/dot_language.h"

namespace swerve {

namespace {

using namespace dot_language;

constexpr std::size_t kMostMessages = 100;
constexpr std::size_t kMostNameShown = 80;

// The attributes that mean something here; all others are drawing.
struct Attributes {
  std::optional<Value> label, shape;
};

// What "{" opens: the defaults that hold inside.
struct Scope {
  Attributes node, edge;
  bool layout = false;  // has a "rank = ...": names in it order the drawing and declare nothing
};

struct Node {
  std::string name;  // with '_' for commas
  At at;             // the first mention
  std::optional<Value> label, shape;
  bool declared = false;   // by a statement of its own, or by an edge that is a transition
  bool has_edges = false;  // transitions, that is
  bool is_init_mark() const { return name.starts_with(kInitMark); }
};

// One hop of an edge statement.
struct Hop {
  std::size_t from = 0, to = 0;  // into the nodes
  At from_at, to_at;
  std::optional<Value> label;
  bool alone = true;    // the statement has one hop
  bool broken = false;  // the statement was not read to its end: do not ask for a label
};

// One event of a hop.
struct Arrow {
  std::size_t from = 0, to = 0;
  std::string event;
  At at;
};

// A text of the file for a message: safe, not too long, and with its backslashes as they stand
// there.
std::string shown(std::string_view text) {
  std::string out;
  const std::string_view cut = text.substr(0, kMostNameShown);
  std::size_t start = 0;
  while (true) {
    const std::size_t slash = cut.find('\\', start);
    out += escape(cut.substr(start, slash - start));
    if (slash == std::string_view::npos) break;
    out += '\\';
    start = slash + 1;
  }
  return cut.size() < text.size() ? out + "..." : out;
}

std::string shown(const Token& token) {
  switch (token.kind) {
    case Token::Kind::end:
      return "the end of the file";
    case Token::Kind::quoted:
      return cat("\"", shown(token.text), "\"");
    default:
      return cat("'", shown(token.text), "'");
  }
}

bool is_set(const std::optional<Value>& label) { return label && says_something(label->text); }

std::vector<Value> lines_of(const Value& label) {
  std::vector<Value> out;
  Lines lines(label);
  for (Value line; lines.next(line);) out.push_back(line);
  return out;
}

// Reads the text into nodes and hops (syntax; file()), then makes an automaton of them (meaning;
// finish()).
class Parser {
 public:
  Parser(std::string_view text, std::string_view file_name) : file_name_(file_name), lexer_(text) {
    token_ = read_token();
    next_ = read_token();
  }

  ParsedAutomaton parse() {
    file();
    std::optional<Automaton> automaton = finish();
    sort_diagnostics();
    if (has_errors(diagnostics_)) automaton.reset();
    return {std::move(automaton), std::move(diagnostics_)};
  }

 private:
  // ---- messages

  void say(Severity severity, At at, std::string message) {
    if (diagnostics_.size() >= kMostMessages) {
      ++unsaid_;
      if (severity == Severity::error) unsaid_severity_ = Severity::error;
      return;
    }
    diagnostics_.push_back({severity, {file_name_, at.line, at.column}, std::move(message)});
  }
  void error(At at, std::string message) { say(Severity::error, at, std::move(message)); }
  void warn(At at, std::string message) { say(Severity::warning, at, std::move(message)); }

  std::string place(At at) const { return cat(escape(file_name_), ":", at.line, ":", at.column); }

  void sort_diagnostics() {
    std::stable_sort(
        diagnostics_.begin(), diagnostics_.end(), [](const Diagnostic& a, const Diagnostic& b) {
          return std::pair(a.place.line, a.place.column) < std::pair(b.place.line, b.place.column);
        });
    if (unsaid_ == 0) return;
    diagnostics_.push_back(
        {unsaid_severity_,
         {file_name_, 0, 0},
         cat("and ", unsaid_, unsaid_ == 1 ? " message more" : " messages more")});
  }

  // ---- syntax

  // The next one of the text, with a message if no text may hold it.
  Token read_token() {
    const Token token = lexer_.next();
    if (!token.is_broken()) return token;
    misread_ = true;
    error(token.at, token.kind == Token::Kind::open_comment ? "the comment is not closed with '*/'"
                    : token.kind == Token::Kind::open_string
                        ? "the string is not closed with '\"' on its line"
                        : "HTML strings are not supported; write a quoted string");
    return token;
  }

  Token take() { return std::exchange(token_, std::exchange(next_, read_token())); }

  // "expected X, found Y" at the current token; silent where read_token() has spoken already.
  void syntax_error(std::string_view expected, std::string_view hint = {}) {
    misread_ = true;
    if (token_.kind == Token::Kind::end || next_.kind == Token::Kind::end) misread_at_end_ = true;
    if (token_.is_broken()) return;
    error(token_.at, cat("expected ", expected, ", found ", shown(token_), hint));
  }

  // Passes over the rest of a statement, so that one slip gives one message: to a ';' (taken), a
  // '}' that closes the scope (left), or a line that begins like a statement (left). `brackets`
  // says how many
  // '[' are open.
  void recover(std::size_t brackets = 0) {
    std::size_t braces = 0;
    for (; token_.kind != Token::Kind::end; take()) {
      if (braces == 0 && brackets == 0 && token_.first_on_line &&
          (token_.is_id() || token_.kind == Token::Kind::open_brace)) {
        return;
      }
      switch (token_.kind) {
        case Token::Kind::open_bracket:
          ++brackets;
          break;
        case Token::Kind::close_bracket:
          if (brackets > 0) --brackets;
          break;
        case Token::Kind::open_brace:
          ++braces;
          break;
        case Token::Kind::close_brace:
          if (braces == 0) return;
          --braces;
          break;
        case Token::Kind::semicolon:
          // Within [...] a ';' may also separate attributes; one that ends its line hardly does.
          if (braces == 0 && (brackets == 0 || next_.first_on_line)) {
            take();
            return;
          }
          break;
        default:
          break;
      }
    }
    misread_at_end_ = true;
  }

  void file() {
    if (is_keyword(token_, "strict")) take();
    graph_at_ = token_.at;
    if (!is_keyword(token_, "digraph") && !is_keyword(token_, "graph")) {
      const std::string hint =
          token_.kind == Token::Kind::name ? near_miss(token_.text, {"digraph"}) : std::string();
      syntax_error("'digraph'", hint);
      if (hint.empty()) return;
    }
    take();
    if (token_.is_id()) name_ = std::string(take().text);
    const At open = token_.at;
    if (token_.kind == Token::Kind::open_brace) {
      take();
    } else {
      syntax_error("'{'");
      if (next_.kind == Token::Kind::open_brace) {
        take();
        take();
      }
    }
    Scope scope;
    statements(scope, 0);
    if (token_.kind == Token::Kind::end) {
      if (!misread_at_end_) syntax_error(cat("'}' for the '{' at ", place(open)));
      return;
    }
    take();
    if (token_.kind == Token::Kind::semicolon) take();
    if (token_.kind != Token::Kind::end) {
      syntax_error("the end of the file", "; a file holds one model");
    }
  }

  void statements(Scope& scope, std::size_t depth) {
    while (token_.kind != Token::Kind::close_brace && token_.kind != Token::Kind::end) {
      statement(scope, depth);
    }
  }

  void statement(Scope& scope, std::size_t depth) {
    if (token_.kind == Token::Kind::semicolon) {
      take();
    } else if (token_.kind == Token::Kind::open_brace || is_keyword(token_, "subgraph")) {
      subgraph(scope, depth);
    } else if (is_defaults_keyword(token_) && next_.kind != Token::Kind::equals) {
      defaults(scope);
    } else if (token_.is_id() && next_.kind == Token::Kind::equals) {
      graph_attribute(scope);
    } else if (token_.is_id() && !is_keyword(token_, "digraph") && !is_keyword(token_, "strict")) {
      node_or_edge(scope);
    } else {
      syntax_error("a state, an edge or '}'");
      take();
      recover();
    }
  }

  void graph_attribute(Scope& scope) {
    const Token name = take();
    take();  // "="
    if (!token_.is_id()) {
      syntax_error(cat("a value for '", shown(name.text), "'"));
      recover();
      return;
    }
    take();
    if (name.text == "rank") scope.layout = true;
  }

  void subgraph(const Scope& outer, std::size_t depth) {
    if (token_.kind != Token::Kind::open_brace) {
      take();  // "subgraph"
      if (token_.is_id()) take();
      if (token_.kind != Token::Kind::open_brace) {
        syntax_error("'{' after 'subgraph'");
        recover();
        return;
      }
    }
    const At open = token_.at;
    if (depth >= kDeepestScope) {
      misread_ = true;
      error(open, cat("groups are nested deeper than ", kDeepestScope));
      pass_over_group();
      return;
    }
    take();
    Scope inner = outer;
    inner.layout = false;
    statements(inner, depth + 1);
    if (token_.kind == Token::Kind::end) {
      if (!misread_at_end_) syntax_error(cat("'}' for the '{' at ", place(open)));
      return;
    }
    take();
    if (token_.kind == Token::Kind::arrow || token_.kind == Token::Kind::line) {
      misread_ = true;
      error(open, "an edge leads from one state to one state, not from a group");
      recover();
    }
  }

  // From a '{' to behind its '}', at any depth, reading nothing.
  void pass_over_group() {
    std::size_t braces = 0;
    do {
      if (token_.kind == Token::Kind::open_brace) ++braces;
      if (token_.kind == Token::Kind::close_brace) --braces;
      take();
    } while (braces > 0 && token_.kind != Token::Kind::end);
    if (braces > 0) misread_at_end_ = true;
  }

  void defaults(Scope& scope) {
    const Token keyword = take();
    if (token_.kind != Token::Kind::open_bracket) {
      syntax_error(cat("'[' after '", shown(keyword.text), "'"));
      recover();
      return;
    }
    const bool meant = !is_keyword(keyword, "graph");
    Attributes given;
    attributes(given, meant);
    if (!meant) return;
    Attributes& held = is_keyword(keyword, "node") ? scope.node : scope.edge;
    for (const auto member : {&Attributes::label, &Attributes::shape}) {
      if (!(given.*member)) continue;
      held.*member = given.*member;
      (held.*member)->from_defaults = true;
    }
  }

  void node_or_edge(const Scope& scope) {
    struct Mention {
      std::size_t node;
      At at;
    };
    std::vector<Mention> path;
    const auto mention = [&] {
      const Token token = take();
      path.push_back({node(token), token.at});
      if (token_.kind != Token::Kind::colon) return;
      error(token_.at, "ports are not supported: a state is one point");
      take();
      if (token_.is_id()) take();
      if (token_.kind == Token::Kind::colon && next_.is_id()) {  // NAME:PORT:COMPASS
        take();
        take();
      }
    };
    mention();
    bool whole = true;
    while (token_.kind == Token::Kind::arrow || token_.kind == Token::Kind::line) {
      if (token_.kind == Token::Kind::line) {
        error(token_.at, "expected '->', found '--': the edges of a model have a direction");
      }
      take();
      if (token_.kind == Token::Kind::open_brace || is_keyword(token_, "subgraph")) {
        misread_ = true;
        error(token_.at, "an edge leads from one state to one state, not to a group");
        whole = false;
      } else if (!token_.is_id() || is_defaults_keyword(token_)) {
        syntax_error("the state that the edge leads to");
        whole = false;
      }
      if (!whole) {
        recover();
        break;
      }
      mention();
    }
    Attributes given;
    if (whole && token_.kind == Token::Kind::open_bracket) whole = attributes(given, true);

    const bool is_edge = path.size() > 1 || !whole;
    for (const Mention& m : path) {
      set_first(m.node, &Node::label, is_edge ? std::nullopt : given.label, scope.node.label);
      set_first(m.node, &Node::shape, is_edge ? std::nullopt : given.shape, scope.node.shape);
      if (!is_edge && !scope.layout) nodes_[m.node].declared = true;
    }
    for (std::size_t i = 0; i + 1 < path.size(); ++i) {
      hops_.push_back({path[i].node, path[i + 1].node, path[i].at, path[i + 1].at,
                       given.label ? given.label : scope.edge.label, path.size() == 2, !whole});
    }
  }

  // Reads the lists at the current '['. False when there was a slip; it has been reported and
  // passed. `meant`: these are of nodes or edges, where a misspelt label or shape would be a silent
  // loss.
  bool attributes(Attributes& out, bool meant) {
    while (token_.kind == Token::Kind::open_bracket) {
      const At open = take().at;
      while (token_.kind != Token::Kind::close_bracket) {
        if (token_.kind == Token::Kind::comma || token_.kind == Token::Kind::semicolon) {
          take();
          continue;
        }
        if (begins_statement(token_, next_)) {
          syntax_error(cat("']' for the '[' at ", place(open)));
          if (!token_.is_id()) recover(1);
          return false;
        }
        if (!token_.is_id()) {
          syntax_error("an attribute or ']'");
          recover(1);
          return false;
        }
        const Token name = take();
        if (token_.kind != Token::Kind::equals) {
          syntax_error(cat("'=' after '", shown(name.text), "'"));
          recover(1);
          return false;
        }
        take();
        if (!token_.is_id()) {
          syntax_error(cat("a value for '", shown(name.text), "'"));
          recover(1);
          return false;
        }
        const Token value = take();
        if (token_.kind == Token::Kind::plus) {
          misread_ = true;
          error(token_.at, "joining strings with '+' is not supported; write one string");
          recover(1);
          return false;
        }
        if (meant) keep_attribute(out, name, value);
      }
      take();
    }
    return true;
  }

  void keep_attribute(Attributes& out, const Token& name, const Token& value) {
    if (name.text != "label" && name.text != "shape") {
      const std::string_view meant = meant_attribute(name.text);
      if (!meant.empty()) {
        error(name.at,
              cat("unknown attribute '", shown(name.text), "'; did you mean '", meant, "'?"));
      }
      return;
    }
    std::optional<Value>& held = name.text == "label" ? out.label : out.shape;
    const Value given{value.text, value.at, value.kind == Token::Kind::quoted};
    if (!held) {
      held = given;
    } else if (held->text != given.text) {
      warn(name.at, cat("the first '", name.text, "' counts, at ", place(held->at),
                        "; this one is passed over"));
    }
  }

  // ---- nodes

  // The name for `text`, with a warning the first time that it is another one.
  std::string read_name(std::string_view text, At at, std::string_view hint) {
    std::string name(trimmed(text));
    if (name.find(',') == std::string::npos) return name;
    std::replace(name.begin(), name.end(), ',', '_');
    if (is_c_identifier(name) && renamed_.emplace(text).second) {
      warn(at, cat("'", shown(trimmed(text)), "' is read as '", shown(name), "'", hint));
    }
    return name;
  }

  std::size_t node(const Token& token) {
    std::string name = read_name(token.text, token.at, "");
    const auto [at, is_new] = node_of_.try_emplace(name, nodes_.size());
    if (is_new) {
      nodes_.emplace_back();
      nodes_.back().name = std::move(name);
      nodes_.back().at = token.at;
    }
    return at->second;
  }

  // The kernel's rule: the first value stays. Says so where a value that was written for this very
  // node loses and would have changed the model.
  void set_first(std::size_t id, std::optional<Value> Node::*member,
                 const std::optional<Value>& given, const std::optional<Value>& by_default) {
    std::optional<Value>& held = nodes_[id].*member;
    if (!held) {
      held = given ? given : by_default;
      return;
    }
    if (!given || held->text == given->text) return;
    const bool is_shape = member == &Node::shape;
    if (is_shape && is_final_shape(held->text) == is_final_shape(given->text)) return;
    warn(given->at, cat("the ", is_shape ? "shape" : "label", " '", shown(given->text), "' of '",
                        shown(nodes_[id].name), "' is passed over: it got '", shown(held->text),
                        "' first, at ", place(held->at)));
  }

  // ---- meaning

  std::optional<Automaton> finish() {
    for (const Hop& hop : hops_) read_hop(hop);
    check_names();
    check_two_targets();
    const std::optional<std::size_t> initial = find_initial();
    if (!initial || misread_ || has_errors(diagnostics_) || unsaid_severity_ == Severity::error) {
      return std::nullopt;
    }

    std::vector<Automaton::Edge> edges;
    edges.reserve(arrows_.size());
    for (const Arrow& a : arrows_) {
      edges.push_back({nodes_[a.from].name, a.event, nodes_[a.to].name});
    }
    std::vector<std::string> finals, states;
    for (const Node& n : nodes_) {
      if (!is_state(n)) continue;
      states.push_back(n.name);
      if (n.shape && is_final_shape(n.shape->text)) finals.push_back(n.name);
    }
    Result<Automaton> made = Automaton::make(name_, nodes_[*initial].name, edges, finals, states);
    if (!made) {
      error(graph_at_, made.error().message());
      return std::nullopt;
    }
    warn_of(*made);
    return std::move(made).value();
  }

  bool is_state(const Node& n) const {
    if (n.is_init_mark()) return false;
    if (n.has_edges || &n == initial_) return true;
    return n.declared && !(n.label && trimmed(n.label->text).empty());
  }

  void read_hop(const Hop& hop) {
    Node& from = nodes_[hop.from];
    Node& to = nodes_[hop.to];
    if (to.is_init_mark()) {
      error(hop.to_at,
            cat("no edge can lead to '", shown(to.name), "': it marks the initial state"));
      return;
    }
    if (from.is_init_mark()) {
      init_hops_.push_back(&hop);
      if (hop.alone && hop.label && !hop.label->from_defaults && is_set(hop.label)) {
        warn(hop.label->at,
             cat("the label of the edge from '", shown(from.name),
                 "' is passed over: it marks the initial state and is no transition"));
      }
      return;
    }
    from.declared = from.has_edges = true;
    to.declared = to.has_edges = true;
    if (hop.broken) return;
    if (!hop.label) {
      const std::string hint = near_miss(from.name, {cat(kInitMark, to.name)});
      if (!hint.empty()) init_misspelt_ = true;
      error(hop.from_at, cat("the edge from '", shown(from.name), "' to '", shown(to.name),
                             "' needs a label that names its event", hint));
      return;
    }
    bool any = false;
    for (const Value& line : lines_of(*hop.label)) {
      if (line.text.empty()) continue;
      any = true;
      // Where an edge's events stand elsewhere, or for several edges, the edge itself is the place.
      const At at = hop.alone && !line.from_defaults ? line.at : hop.to_at;
      if (const Value timed = timed_part(line); !timed.text.empty()) {
        error(timed.at, cat("timed models are not supported yet: '", shown(timed.text), "' is a ",
                            timed.text.starts_with("reset") ? "reset" : "guard"));
        continue;
      }
      std::string event =
          read_name(line.text, line.at, "; several events of one edge are separated by \\n");
      if (!is_c_identifier(event)) {
        const bool several = event.find_first_of(" ,/|") != std::string::npos;
        error(line.at, cat("the event '", shown(line.text),
                           "' is not a name: letters, digits and '_', no digit first",
                           several ? "; several events of one edge are separated by \\n" : ""));
        continue;
      }
      arrows_.push_back({hop.from, hop.to, std::move(event), at});
    }
    if (!any) error(hop.label->at, "the label is empty; it must name the event of the edge");
  }

  void check_names() {
    for (const Node& n : nodes_) {
      if (n.is_init_mark() || (!n.declared && !n.has_edges)) continue;
      if (n.label && trimmed(n.label->text).empty() && !n.has_edges) continue;
      if (!is_c_identifier(n.name)) {
        error(n.at, cat("the state '", shown(n.name),
                        "' is not a name: letters, digits and '_', no digit first"));
      } else if (is_set(n.label)) {
        check_label(n);
      }
    }
  }

  void check_label(const Node& n) {
    const std::vector<Value> lines = lines_of(*n.label);
    for (std::size_t i = 1; i < lines.size(); ++i) {
      if (!compares(lines[i].text)) continue;
      error(lines[i].at, cat("timed models are not supported yet: '", shown(lines[i].text),
                             "' is an invariant of the state '", shown(n.name), "'"));
      return;
    }
    if (read_name(n.label->text, n.label->at, "") != n.name) {
      error(n.label->at,
            cat("the label '", shown(n.label->text), "' is not the name of the state '",
                shown(n.name), "'; the two must agree"));
    }
  }

  // One event to two states, with both places.
  void check_two_targets() {
    std::map<std::pair<std::size_t, std::string_view>, const Arrow*> first;
    for (const Arrow& a : arrows_) {
      const auto [at, is_new] = first.try_emplace({a.from, a.event}, &a);
      if (is_new || at->second->to == a.to) continue;
      error(a.at, cat("'", shown(a.event), "' leads from '", shown(nodes_[a.from].name), "' to '",
                      shown(nodes_[a.to].name), "' here, and to '",
                      shown(nodes_[at->second->to].name), "' at ", place(at->second->at)));
    }
  }

  // The initial state's node, or nothing after a message. "__init_x" names the state x; the edge
  // from it must say the same, and alone names the state where the node is just "__init_".
  std::optional<std::size_t> find_initial() {
    struct Candidate {
      std::string state;
      const Node* mark;
      At at;  // where the state is named
    };
    std::vector<Candidate> candidates;
    for (const Node& n : nodes_) {
      if (n.is_init_mark() && n.name.size() > kInitMark.size()) {
        candidates.push_back({n.name.substr(kInitMark.size()), &n, n.at});
      }
    }
    bool contradiction = false;
    for (const Hop* hop : init_hops_) {
      const Node& mark = nodes_[hop->from];
      const std::string& target = nodes_[hop->to].name;
      const std::string named = mark.name.substr(kInitMark.size());
      if (named.empty()) {
        candidates.push_back({target, &mark, hop->to_at});
      } else if (target != named) {
        contradiction = true;
        error(hop->to_at, cat("'", shown(mark.name), "' marks the state '", shown(named),
                              "', but its edge leads to '", shown(target), "'"));
      }
    }
    if (contradiction) return std::nullopt;
    if (candidates.empty()) {
      if (!misread_ && !init_misspelt_) {
        error(graph_at_, cat("the model has no initial state; mark it with a node \"__init_STATE\"",
                             misspelt_mark()));
      }
      return std::nullopt;
    }
    for (const Candidate& c : candidates) {
      if (c.state == candidates[0].state) continue;
      error(c.at, cat("a second initial state '", shown(c.state), "'; the first is '",
                      shown(candidates[0].state), "', at ", place(candidates[0].at)));
      contradiction = true;
    }
    if (contradiction || misread_) return std::nullopt;

    const Candidate& c = candidates[0];
    const auto at = node_of_.find(c.state);
    std::vector<std::string> states;
    for (const Node& n : nodes_) {
      if (!n.is_init_mark() && n.declared) states.push_back(n.name);
    }
    const bool alone = states.empty() && !init_hops_.empty();
    if (at == node_of_.end() || (!nodes_[at->second].declared && !alone)) {
      error(c.at, cat("the initial state '", shown(c.state),
                      "' does not stand elsewhere in the model", near_miss(c.state, states)));
      return std::nullopt;
    }
    initial_ = &nodes_[at->second];
    if (!is_c_identifier(c.state) && !initial_->declared) {
      error(c.at, cat("the state '", shown(c.state),
                      "' is not a name: letters, digits and '_', no digit first"));
    }
    return at->second;
  }

  // "; did you mean ...?" for the first node that looks like a mark of the initial state and is
  // none.
  std::string misspelt_mark() const {
    for (const Node& n : nodes_) {
      const std::size_t init = n.name.find("init_");
      if (init > 2) continue;
      return cat("; did you mean '", kInitMark, shown(n.name.substr(init + 5)), "' by '",
                 shown(n.name), "'?");
    }
    return {};
  }

  void warn_of(const Automaton& a) {
    const auto first_mention = [&](StateId s) {
      return nodes_[node_of_.find(a.states()[index(s)].name)->second].at;
    };
    const std::vector<bool> reached = reachable_states(a);
    for (const StateId s : unreachable_states(a)) {
      warn(first_mention(s), cat("no sequence of events leads to the state '",
                                 shown(a.states()[index(s)].name), "'"));
    }
    for (const StateId s : dead_end_states(a)) {
      if (!reached[index(s)]) continue;  // one message about one state
      warn(first_mention(s), cat("no event leaves the state '", shown(a.states()[index(s)].name),
                                 "': whatever comes there is a violation"));
    }
    const std::vector<EventId> never = never_allowed_events(a);
    std::set<std::string_view> names;
    for (const EventId e : never) names.insert(a.events()[index(e)]);
    for (const Arrow& arrow : arrows_) {
      if (names.erase(arrow.event) == 0) continue;
      warn(arrow.at,
           cat("no state that can be reached allows the event '", shown(arrow.event), "'"));
    }
  }

  const std::string file_name_;
  Diagnostics diagnostics_;
  std::size_t unsaid_ = 0;  // messages over the limit
  Severity unsaid_severity_ = Severity::warning;

  Lexer lexer_;
  Token token_, next_;  // the current token and the one after it
  bool misread_ =
      false;  // part of the text was not understood, so that what is missing may stand there
  bool misread_at_end_ = false;  // the file's end was part of it: do not ask for a '}' too

  std::string name_;
  At graph_at_;
  std::vector<Node> nodes_;  // in the order of their first mention
  std::unordered_map<std::string, std::size_t> node_of_;
  std::vector<Hop> hops_;
  std::vector<Arrow> arrows_;
  std::vector<const Hop*> init_hops_;
  std::set<std::string, std::less<>> renamed_;  // what a warning about commas was given for
  const Node* initial_ = nullptr;
  bool init_misspelt_ = false;  // a message has told how to mark the initial state
};

}  // namespace

ParsedAutomaton parse_dot(std::string_view text, std::string_view file_name) {
  if (text.size() > kMostBytes) {
    return {std::nullopt,
            {{Severity::error,
              {std::string(file_name), 0, 0},
              cat("the model is longer than the limit of ", kMostBytes, " bytes")}}};
  }
  return Parser(text, file_name).parse();
}

}  // namespace swerve
