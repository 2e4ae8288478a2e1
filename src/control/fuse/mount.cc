#include "swerve/control/fuse/mount.h"

#include <pthread.h>
#include <unistd.h>

#include <atomic>
#include <system_error>
#include <thread>
#include <utility>

#include "base/loop.h"
#include "base/signals_blocked.h"
#include "control/fuse/tree_mount.h"

namespace swerve {

struct SWERVE_LOCAL Mount::State {
  explicit State(std::unique_ptr<Loop> the_loop) : loop(std::move(the_loop)) {}
  ~State() {
    loop->stop();
    if (thread.joinable()) thread.join();
    mount.reset();  // on this thread, since the one it belonged to is no more
  }

  const pid_t owner = ::getpid();
  std::unique_ptr<Loop> loop;
  std::unique_ptr<TreeMount> mount;
  std::atomic<bool> gone{false};
  std::thread thread;
};

Mount::Mount(std::unique_ptr<State> state) : state_(std::move(state)) {}

Mount::~Mount() {
  // A child of fork() has neither the thread nor the mount. What it has of them stays as it is.
  if (state_->owner != ::getpid()) state_.release();  // NOLINT(bugprone-unused-return-value)
}

bool Mount::mounted() const noexcept { return !state_->gone; }

Result<std::unique_ptr<Mount>> mount(ControlTree& tree, const std::string& folder,
                                     const MountOptions& options) {
  SWERVE_TRY_ASSIGN(auto loop, Loop::create());
  auto state = std::make_unique<Mount::State>(std::move(loop));
  SWERVE_TRY_ASSIGN(state->mount, TreeMount::mount(tree, *state->loop, folder, options,
                                                   [&gone = state->gone] { gone = true; }));
  try {
    const SignalsBlocked blocked;
    state->thread = std::thread([serving = state.get()] { serving->loop->run(); });
    ::pthread_setname_np(state->thread.native_handle(), "swerve-mount");
  } catch (const std::system_error& error) {
    return Error(ErrorCode::exhausted, "no thread to serve the mount", error.code().value());
  }
  return std::unique_ptr<Mount>(new Mount(std::move(state)));
}

}  // namespace swerve
