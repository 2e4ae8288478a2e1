#include "bind/toml/definition_parser.h"

#include <algorithm>
#include <cstdio>
#include <initializer_list>

#include "base/text.h"
#include "bind/toml/toml_source.h"

// toml++ 3.3 asserts what a file can break ("[!x]"): with assertions such a file ends the process,
// and clang without them takes them for granted. Its code reports the error when there are none at
// all.
#pragma push_macro("NDEBUG")
#undef NDEBUG
#define TOML_ASSERT(expr) static_assert(true)
#define TOML_HEADER_ONLY 1
#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
#define TOML_MAX_NESTED_VALUES 32  // deep values are recursion in toml++
#include <toml++/toml.h>
#pragma pop_macro("NDEBUG")

namespace swerve {

namespace {
constexpr std::size_t kDiagnosticsMax = 100;
constexpr std::size_t kKeyPartsMax = 16;  // a.b.c...: each part is a table in a table

// What toml++ calls the types, with their articles.
const char* type_word(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::table:
      return "a table";
    case toml::node_type::array:
      return "an array";
    case toml::node_type::string:
      return "a string";
    case toml::node_type::integer:
      return "an integer";
    case toml::node_type::floating_point:
      return "a floating-point number";
    case toml::node_type::boolean:
      return "a boolean";
    case toml::node_type::date:
    case toml::node_type::time:
    case toml::node_type::date_time:
      return "a date or time";
    case toml::node_type::none:
      break;
  }
  return "nothing";
}

// What the kernel's files can hold as a name of a monitor, and a command line can, too.
bool is_name(std::string_view name) {
  return !name.empty() && name.front() != '-' && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
  });
}

bool is_one_line(std::string_view text) {
  return std::none_of(text.begin(), text.end(),
                      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

const std::vector<std::string> kKeys = {"name",          "description", "scope",   "model",
                                        "parent",        "container",   "reactor", "react",
                                        "max_instances", "on"};
const std::vector<std::string> kBindingKeys = {"probe", "event", "task",      "key",
                                               "when",  "start", "start_run", "end"};

class Reader {
 public:
  Reader(std::string_view text, const std::string& path) : source_(text, path) {}

  ParsedDefinition read() {
    ParsedDefinition parsed;
    if (std::optional<Diagnostic> refusal = source_.refusal(kKeyPartsMax)) {
      diagnostics_.push_back(std::move(*refusal));
    } else if (toml::parse_result result = toml::parse(source_.text()); !result) {
      syntax_error(result.error());
    } else {
      definition(result.table());
    }
    std::stable_sort(
        diagnostics_.begin(), diagnostics_.end(), [](const Diagnostic& a, const Diagnostic& b) {
          return std::pair(a.place.line, a.place.column) < std::pair(b.place.line, b.place.column);
        });
    if (diagnostics_.size() > kDiagnosticsMax) {
      const std::size_t more = diagnostics_.size() - kDiagnosticsMax;
      diagnostics_.resize(kDiagnosticsMax);
      complain(Place{source_.path()}, cat("and ", more, " more problems"));
    }
    if (diagnostics_.empty()) parsed.definition = std::move(definition_);
    parsed.diagnostics = std::move(diagnostics_);
    return parsed;
  }

 private:
  void complain(const Place& place, std::string message) {
    diagnostics_.push_back({Severity::error, place, std::move(message)});
  }
  Place place(const toml::source_region& region) const {
    return source_.place(region.begin.line, region.begin.column);
  }
  Place place(const toml::node& node) const { return place(node.source()); }
  Place whole_file() const { return Place{source_.path()}; }

  void syntax_error(const toml::parse_error& error) {
    std::string why(error.description());
    if (const std::string_view prefix = "Error while parsing "; why.starts_with(prefix)) {
      why = cat("TOML: in a ", std::string_view(why).substr(prefix.size()));
    } else {
      why = cat("TOML: ", why);
    }
    if (const std::size_t at = why.find(" (TOML_"); at != std::string::npos) why.resize(at);
    // toml++ has escaped what it quotes, mostly: escape the rest, and no backslash twice.
    why = escape(why);
    for (std::size_t at = 0; (at = why.find("\\\\", at)) != std::string::npos; ++at)
      why.erase(at, 1);
    complain(place(error.source()), why);
  }

  void wrong_type(const toml::node& node, std::string_view key, std::string_view expected) {
    complain(place(node), cat("'", key, "' must be ", expected, ", not ", type_word(node)));
  }

  void unknown_keys(const toml::table& table, const std::vector<std::string>& known,
                    std::string_view where) {
    for (const auto& [key, node] : table) {
      if (std::find(known.begin(), known.end(), key.str()) != known.end()) continue;
      complain(place(key.source()),
               cat("unknown key '", escape(key.str()), "'", where, near_miss(key.str(), known)));
    }
  }

  // A string of one line; none, complained about, when it is something else.
  std::optional<std::string> line(const toml::table& table, std::string_view key) {
    const toml::node* const node = table.get(key);
    if (node == nullptr) return std::nullopt;
    const auto* const value = node->as_string();
    if (value == nullptr) {
      wrong_type(*node, key, "a string");
      return std::nullopt;
    }
    if (!is_one_line(value->get())) {
      complain(place(*node), cat("'", key, "' must be one line without control characters"));
      return std::nullopt;
    }
    return value->get();
  }

  std::optional<std::string> name(const toml::table& table, std::string_view key) {
    std::optional<std::string> value = line(table, key);
    if (!value) return value;
    if (!is_name(*value)) {
      complain(place(*table.get(key)), cat("'", key,
                                           "' must be of letters, digits, '_' and '-' (not first); "
                                           "found '",
                                           escape(*value), "'"));
      return std::nullopt;
    }
    if (value->size() > kMonitorNameMax) {
      complain(place(*table.get(key)), cat("'", key, "' has ", value->size(), " bytes; at most ",
                                           kMonitorNameMax, " are allowed"));
      return std::nullopt;
    }
    return value;
  }

  void definition(const toml::table& table) {
    definition_.path = source_.path();
    unknown_keys(table, kKeys, "");
    if (!table.contains("name")) complain(whole_file(), "'name' is missing");
    definition_.name = name(table, "name").value_or("");
    definition_.description = line(table, "description").value_or("");
    definition_.parent = name(table, "parent").value_or("");
    if (!definition_.parent.empty() && definition_.parent == definition_.name) {
      complain(place(*table.get("parent")), "a monitor cannot be its own parent");
    }
    if (const toml::node* const node = table.get("container")) {
      const auto* const value = node->as_boolean();
      if (value == nullptr) wrong_type(*node, "container", "true or false");
      definition_.container = value != nullptr && value->get();
    }
    reaction(table);
    if (definition_.container) {
      for (const char* const key : {"scope", "model", "parent", "max_instances", "on"}) {
        if (const toml::node* const node = table.get(key)) {
          complain(place(*node), cat("a container has no '", key, "'"));
        }
      }
      return;
    }
    scope(table);
    model(table);
    max_instances(table);
    bindings(table);
  }

  void scope(const toml::table& table) {
    static const std::vector<std::string> kScopes = {"global", "cpu", "task", "object"};
    if (!table.contains("scope"))
      complain(whole_file(), cat("'scope' is missing (", join(kScopes), ")"));
    const std::optional<std::string> value = line(table, "scope");
    if (!value) return;
    for (const Scope scope : {Scope::global, Scope::cpu, Scope::task, Scope::object}) {
      if (*value == scope_name(scope)) {
        definition_.scope = scope;
        scope_known_ = true;
        return;
      }
    }
    complain(place(*table.get("scope")), cat("no scope '", escape(*value), "' (", join(kScopes),
                                             ")", near_miss(*value, kScopes)));
  }

  void model(const toml::table& table) {
    const toml::node* const node = table.get("model");
    if (node == nullptr) {
      complain(whole_file(), "'model' is missing");
      return;
    }
    definition_.model = line(table, "model").value_or("");
    definition_.model_place = place(*node);
    if (const auto* const value = node->as_string(); value != nullptr && value->get().empty()) {
      complain(place(*node), "'model' is empty; it names the model's file");
    }
  }

  void max_instances(const toml::table& table) {
    const toml::node* const node = table.get("max_instances");
    if (node == nullptr) return;
    const auto* const value = node->as_integer();
    if (value == nullptr) {
      wrong_type(*node, "max_instances", "an integer");
    } else if (value->get() < 1 || value->get() > kInstancesMax) {
      complain(place(*node),
               cat("'max_instances' must be from 1 to ", kInstancesMax, ", not ", value->get()));
    } else if (scope_known_ && definition_.scope != Scope::object) {
      complain(place(*node), cat("'max_instances' is for scope \"object\"; this monitor's is \"",
                                 scope_name(definition_.scope), "\""));
    } else {
      definition_.max_instances = static_cast<std::uint32_t>(value->get());
    }
  }

  void reaction(const toml::table& table) {
    std::optional<std::string> reactor = name(table, "reactor");
    const bool reactor_known = reactor || !table.contains("reactor");
    if (reactor) definition_.reaction.reactor = *reactor;
    const toml::node* const node = table.get("react");
    if (node == nullptr) return;
    const toml::table* const all = node->as_table();
    if (all == nullptr) {
      wrong_type(*node, "react", "a table of tables, such as [react.signal]");
      return;
    }
    for (const auto& [key, options] : *all) {
      const toml::table* const of_one = options.as_table();
      if (of_one == nullptr) {
        wrong_type(options, cat("react.", escape(key.str())), "a table of options");
        continue;
      }
      if (reactor_known && key.str() != definition_.reaction.reactor) {
        complain(place(key.source()),
                 cat("options of the reactor '", escape(key.str()), "', but this monitor's is '",
                     definition_.reaction.reactor, "'"));
        continue;
      }
      for (const auto& [option, value] : *of_one) {
        if (const std::optional<std::string> text = scalar_text(value)) {
          definition_.reaction.options[std::string(option.str())] = *text;
        } else {
          wrong_type(value, cat("react.", escape(key.str()), ".", escape(option.str())),
                     "a string, a number or a boolean");
        }
      }
    }
  }

  static std::optional<std::string> scalar_text(const toml::node& node) {
    if (const auto* const text = node.as_string()) return text->get();
    if (const auto* const integer = node.as_integer()) return cat(integer->get());
    if (const auto* const boolean = node.as_boolean()) return boolean->get() ? "true" : "false";
    if (const auto* const real = node.as_floating_point()) {
      char buffer[40];
      std::snprintf(buffer, sizeof buffer, "%.17g", real->get());
      return buffer;
    }
    return std::nullopt;
  }

  void bindings(const toml::table& table) {
    const toml::node* const node = table.get("on");
    if (node == nullptr) {
      complain(whole_file(), "no binding; a monitor needs at least one [[on]]");
      return;
    }
    const toml::array* const all = node->as_array();
    if (all == nullptr) {
      complain(place(*node),
               cat("bindings are written [[on]], an array of tables; this is ", type_word(*node)));
      return;
    }
    if (all->empty()) complain(place(*node), "no binding; a monitor needs at least one [[on]]");
    for (const toml::node& element : *all) {
      if (const toml::table* const one = element.as_table()) {
        binding(*one);
      } else {
        complain(place(element), cat("a binding is a table ([[on]]), not ", type_word(element)));
      }
    }
  }

  void binding(const toml::table& table) {
    BindingText on;
    on.place = place(table);
    unknown_keys(table, kBindingKeys, " in a binding");
    for (const char* const key : {"probe", "event"}) {
      if (!table.contains(key)) complain(on.place, cat("this binding needs '", key, "'"));
    }
    if (const std::optional<std::string> text = line(table, "probe")) {
      on.probe_place = place(*table.get("probe"));
      if (Result<Probe> probe = parse_probe(*text)) {
        on.probe = std::move(*probe);
      } else {
        complain(on.probe_place, probe.error().message());
      }
    }
    if (const std::optional<std::string> text = line(table, "event")) {
      on.event_place = place(*table.get("event"));
      on.event = *text;
      if (!is_c_identifier(on.event)) {
        complain(on.event_place, cat("'event' must be the name of an event of the model, found '",
                                     escape(on.event), "'"));
      }
    }
    on.task = expression(table, "task", false);
    on.key = expression(table, "key", false);
    on.when = expression(table, "when", true);
    on.start = absent_if_false(expression(table, "start", true));
    on.start_run = absent_if_false(expression(table, "start_run", true));
    on.end = absent_if_false(expression(table, "end", true));
    definition_.on.push_back(std::move(on));
  }

  static std::optional<ExprText> absent_if_false(std::optional<ExprText> e) {
    if (e && e->text == "false") return std::nullopt;
    return e;
  }

  std::optional<ExprText> expression(const toml::table& table, std::string_view key,
                                     bool boolean_allowed) {
    const toml::node* const node = table.get(key);
    if (node == nullptr) return std::nullopt;
    if (const auto* const value = node->as_boolean(); value != nullptr && boolean_allowed) {
      return ExprText{value->get() ? "true" : "false", place(*node), {}};
    }
    if (const auto* const value = node->as_string()) {
      const toml::source_position begin = node->source().begin;
      return source_.string_at(begin.line, begin.column, value->get());
    }
    wrong_type(
        *node, key,
        boolean_allowed ? "true, false or a condition (a string)" : "an expression (a string)");
    return std::nullopt;
  }

  TomlSource source_;
  Definition definition_;
  bool scope_known_ = false;
  Diagnostics diagnostics_;
};
}  // namespace

ParsedDefinition parse_definition(std::string_view text, const std::string& path) {
  return Reader(text, path).read();
}

Result<ParsedDefinition> load_definition(const std::string& path) {
  SWERVE_TRY_ASSIGN(const std::string text, read_file(path, kDefinitionBytesMax));
  return parse_definition(text, path);
}

}  // namespace swerve
