// A plugin that defines a tracepoint and emits it.
#include "swerve/source/tracepoint.h"

SWERVE_TRACEPOINT(plugin_worked, int key);

extern "C" __attribute__((visibility("default"))) void plugin_work(int key) {
  SWERVE_EMIT(plugin_worked, key);
}
