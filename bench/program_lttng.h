// bench/program_lttng.h - the same event as a tracepoint of LTTng-UST, to compare with.
#undef LTTNG_UST_TRACEPOINT_PROVIDER
#define LTTNG_UST_TRACEPOINT_PROVIDER swerve_bench

#undef LTTNG_UST_TRACEPOINT_INCLUDE
#define LTTNG_UST_TRACEPOINT_INCLUDE "./program_lttng.h"

#if !defined(SWERVE_BENCH_PROGRAM_LTTNG_H) || defined(LTTNG_UST_TRACEPOINT_HEADER_MULTI_READ)
#define SWERVE_BENCH_PROGRAM_LTTNG_H

#include <lttng/tracepoint.h>

LTTNG_UST_TRACEPOINT_EVENT(swerve_bench, turn, LTTNG_UST_TP_ARGS(int, x),
                           LTTNG_UST_TP_FIELDS(lttng_ust_field_integer(int, x, x)))

#endif

#include <lttng/tracepoint-event.h>
