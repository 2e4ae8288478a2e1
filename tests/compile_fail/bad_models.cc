// What must not compile. Each case is compiled alone, after #include "swerve/model/dot.h".
// It begins with two lines: "// case: WHAT" (the test's name is "compile: WHAT"), and the problem
// that the compiler must name: one of dot_reader.h, with its line and column in the text where it
// has them.

// case: a text longer than 4 MiB is refused
// text_is_too_long 1:1
struct Long {
  char text[(4 << 20) + 2] = {};
};
constexpr Long text{};
constexpr auto model = swerve::dot(text.text);

// case: a text that does not begin with digraph is refused, with its place
// does_not_begin_with_digraph 2:1
constexpr auto model = swerve::dot("\ndiagraph g { __init_a -> a; }");

// case: a graph with a name of two words is refused, with its place
// brace_is_missing_after_name 1:12
constexpr auto model = swerve::dot("digraph my model { __init_a -> a; }");

// case: a brace that is not closed is refused, with the place of the end
// brace_is_not_closed 3:1
constexpr auto model = swerve::dot(R"(digraph g {
 __init_a -> a;
)");

// case: two models in one text are refused, with the place of the second
// text_after_the_model 2:1
constexpr auto model = swerve::dot(R"(digraph g { __init_a -> a; }
digraph h { __init_b -> b; })");

// case: a comment that is not closed is refused, with its place
// comment_is_not_closed 1:28
constexpr auto model = swerve::dot("digraph g { __init_a -> a; /* and so on }");

// case: a string that is not closed is refused, with its place
// string_is_not_closed 3:16
constexpr auto model = swerve::dot(R"(digraph g {
 __init_a -> a;
 a -> a [label="e];
})");

// case: an HTML string is refused, with its place
// html_string 1:42
constexpr auto model = swerve::dot("digraph g { __init_a -> a; a -> a [label=<b>]; }");

// case: joined strings are refused, with the place of the plus
// joined_strings 1:46
constexpr auto model = swerve::dot("digraph g { __init_a -> a; a -> a [label=\"e\" + \"f\"]; }");

// case: what is no statement is refused, with its place
// neither_state_nor_edge 1:28
constexpr auto model = swerve::dot("digraph g { __init_a -> a; -> b; }");

// case: an attribute without a value is refused, with its place
// value_is_missing 1:42
constexpr auto model = swerve::dot("digraph g { __init_a -> a; a -> a [label=, color=red]; }");

// case: a subgraph without a brace is refused, with its place
// group_without_brace 1:38
constexpr auto model = swerve::dot("digraph g { __init_a -> a; subgraph s; }");

// case: groups nested over a hundred deep are refused, with the place of the first too many
// groups_too_deep 1:110
#define TEN "{{{{{{{{{{"
constexpr auto model = swerve::dot("digraph{" TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN " {");

// case: defaults without a list are refused, with the place
// defaults_without_list 1:33
constexpr auto model = swerve::dot("digraph g { __init_a -> a; node shape=circle; }");

// case: a list that is not closed is refused, with the place of the statement after it
// list_is_not_closed 3:2
constexpr auto model = swerve::dot(R"(digraph g { __init_a -> a;
 a [label=a
 a -> a [label=e]; })");

// case: a stray character in a list is refused, with its place
// attribute_is_missing 1:36
constexpr auto model = swerve::dot("digraph g { __init_a -> a; a -> a [@label=e]; }");

// case: an attribute without an equals sign is refused, with its place
// equals_is_missing 1:42
constexpr auto model = swerve::dot("digraph g { __init_a -> a; a -> a [label \"e\"]; }");

// case: a misspelt label is refused, with its place
// misspelt_label_or_shape 1:36
constexpr auto model = swerve::dot("digraph g { __init_a -> a; a -> a [lable=e]; }");

// case: an edge without a target is refused, with its place
// edge_without_target 1:33
constexpr auto model = swerve::dot("digraph g { __init_a -> a; a -> ; }");

// case: an edge without a direction is refused, with its place
// edge_without_direction 1:30
constexpr auto model = swerve::dot("digraph g { __init_a -> a; a -- a [label=e]; }");

// case: an edge to a group is refused, with its place
// edge_to_a_group 1:33
constexpr auto model = swerve::dot("digraph g { __init_a -> a; a -> { b c } [label=e]; }");

// case: an edge from a group is refused, with the place of the group
// edge_from_a_group 1:28
constexpr auto model = swerve::dot("digraph g { __init_a -> a; { b c } -> a [label=e]; }");

// case: a port is refused, with its place
// port 1:29
constexpr auto model = swerve::dot("digraph g { __init_a -> a; a:n -> a [label=e]; }");

// case: a model without an initial state is refused, with the place of the graph
// no_initial_state 1:8
constexpr auto model = swerve::dot("strict digraph g { a -> a [label=e]; }");

// case: a model with two initial states is refused, with the place of the second
// two_initial_states 1:28
constexpr auto model = swerve::dot("digraph g { __init_a -> a; __init_b -> b; a -> b [label=e] }");

// case: an initial mark with an edge to another state is refused, with the place of that state
// initial_state_contradicts 1:25
constexpr auto model = swerve::dot("digraph g { __init_a -> b; a -> b [label=e]; }");

// case: a misspelt initial state is refused, with its place
// initial_state_is_unknown 1:13
constexpr auto model = swerve::dot("digraph g { __init_runing; running -> running [label=e]; }");

// case: an edge to the initial mark is refused, with its place
// edge_to_the_initial_mark 1:33
constexpr auto model = swerve::dot("digraph g { __init_a -> a; a -> __init_a [label=e]; }");

// case: a state whose name is none is refused, with its place
// state_is_not_a_name 1:33
constexpr auto model = swerve::dot("digraph g { __init_a -> a; a -> \"b-1\" [label=e]; }");

// case: an initial state with the name of an initial mark is refused, with a place
// state_has_a_reserved_name 1:1
constexpr auto model = swerve::dot("digraph g { __init___init_; __init_; }");

// case: a label that is not the state's name is refused, with its place
// label_contradicts_state 1:37
constexpr auto model = swerve::dot("digraph g { __init_a -> a; a [label=b]; }");

// case: an edge without a label is refused, with its place
// edge_without_event 2:2
constexpr auto model = swerve::dot("digraph g { __init_a -> a;\n a -> b; b -> a [label=e]; }");

// case: an edge with an empty label is refused, with the place of the label
// edge_without_event 1:42
constexpr auto model = swerve::dot("digraph g { __init_a -> a; a -> b [label=\" \"]; }");

// case: an event whose name is none is refused, with its place
// event_is_not_a_name 1:43
constexpr auto model = swerve::dot("digraph g { __init_a -> a; a -> a [label=\"2nd\"]; }");

// case: a model whose event leads to two states is refused, with its place
// one_event_leads_to_two_states 4:28
constexpr auto model = swerve::dot(R"(digraph door {
  __init_closed -> closed;
  closed -> open [label="open"];
  closed -> closed [label="open"];
})");

// case: a guard of a timed model is refused, with its place
// timed_model 1:45
constexpr auto model = swerve::dot("digraph g { __init_a -> a; a -> a [label=\"e;clk<5\"]; }");

// case: more transitions than a constant model holds are refused by a name of their own
// too_large_at_compile_time 1:1
constexpr auto model = swerve::dot(
    "digraph{__init_a;edge[label=\"a\\nb\\nc\\nd\"]a->b->c->d->e->f->g->h->i->j->k->l->m->n"
    "->o->p->q->r->s->t->u->v->w->x->y->z->A->B->C->D->E->F->G->H->I->J->K->L}");

// case: an event that the model does not have is refused
// no_such_event
constexpr auto model = swerve::dot("digraph g { __init_a -> a; a -> a [label=open]; }");
swerve::EventId event() { return model["opne"]; }

// case: an event that the model does not have is refused, also by name
// no_such_event
constexpr auto model = swerve::dot("digraph g { __init_a -> a; a -> a [label=open]; }");
constexpr swerve::EventId event = model.event("a");

// case: a state that the model does not have is refused
// no_such_state
constexpr auto model = swerve::dot("digraph g { __init_a -> a; a -> a [label=open]; }");
swerve::StateId state() { return model.state("open"); }

// case: a text that is known only at run time is refused
// not usable in a constant expression|not a constant expression
auto model_of(const char (&text)[40]) { return swerve::dot(text); }
