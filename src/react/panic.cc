#include "react/panic.h"

#include "base/text.h"
#include "react/kernel_file.h"

namespace swerve {

Result<> PanicReactor::react(const Reaction& reaction) {
  Result<UniqueFd> sysrq = open_kernel_file(options_.sysrq);
  if (!sysrq) {
    return std::move(sysrq).error().within("no panic: this needs root and a kernel with sysrq");
  }
  // A log that cannot be written is no reason to go on.
  if (const Result<UniqueFd> log = open_kernel_file(options_.log)) {
    (void)write_kernel_file(*log, kernel_line(reaction_text(reaction.violation)), options_.log);
  }
  Result<> written = write_kernel_file(*sysrq, "c", options_.sysrq);
  if (!written) return std::move(written).error().within("no panic");
  return Error(ErrorCode::unsupported,
               cat("no panic: ", options_.sysrq, " took the command, and the kernel goes on"));
}

}  // namespace swerve
