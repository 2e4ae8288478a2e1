#include "app/notify.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>

#include "base/text.h"
#include "base/unique_fd.h"

namespace swerve {

ServiceManager::ServiceManager() {
  if (const char* const socket = std::getenv("NOTIFY_SOCKET")) socket_ = socket;
  (void)::unsetenv("NOTIFY_SOCKET");
}

Result<> ServiceManager::tell(std::string_view state) const {
  if (socket_.empty()) return {};
  const std::string doing = cat("tell ", escape(socket_));
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  if (socket_.size() >= sizeof to.sun_path) return Error::from_errno(ENAMETOOLONG, doing);
  std::memcpy(to.sun_path, socket_.data(), socket_.size());
  // The end of a path is a NUL; an abstract name begins with one, and ends with its length.
  const bool abstract = socket_.front() == '@';
  if (abstract) to.sun_path[0] = '\0';
  const std::size_t size = offsetof(sockaddr_un, sun_path) + socket_.size() + (abstract ? 0 : 1);
  const UniqueFd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!fd) return Error::from_errno(errno, doing);
  if (::sendto(fd.get(), state.data(), state.size(), MSG_NOSIGNAL,
               reinterpret_cast<const sockaddr*>(&to), static_cast<socklen_t>(size)) < 0)
    return Error::from_errno(errno, doing);
  return {};
}

}  // namespace swerve
