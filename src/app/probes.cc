// app/probes.cc - `swerve probes`: what can be bound on this kernel.
#include "app/commands.h"
#include "app/output.h"
#include "base/text.h"
#include "kernel/catalog.h"

namespace swerve {

int run_probes(const ProbesOptions& options) {
  const auto catalog = KernelCatalog::load();
  if (!catalog) {
    complain(catalog.error().message());
    return 1;
  }
  std::string out;
  for (const ProbeLine& line : (*catalog)->probes(options.pattern)) out += escape(line.text) + "\n";
  if (out.empty()) {
    complain(cat("no probe's name holds '", escape(options.pattern),
                 "' (kernel functions are under 'fentry:...' and 'fexit:...')"));
    return 1;
  }
  return finish(out, 0);
}

}  // namespace swerve
