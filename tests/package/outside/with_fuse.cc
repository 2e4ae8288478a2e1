// The control tree of a program, mounted: here where nothing can be mounted, so that it needs no
// rights.
#include <cstdio>

#include "swerve/control/fuse/mount.h"

int main() {
  swerve::Reactions reactions;
  swerve::Registry registry(swerve::ReactorSet::standard(), reactions);
  swerve::VerdictStreams streams;
  swerve::ControlTree tree(registry, streams, nullptr);
  const auto mount = swerve::mount(tree, "/");
  if (!mount && mount.error().code() == swerve::ErrorCode::invalid) return 0;
  std::fprintf(stderr, "%s\n", mount ? "it was mounted on /" : mount.error().message().c_str());
  return 1;
}
