// The kernel's own answers to 180 operations, asked of the mount.
#include <dirent.h>

#include <algorithm>
#include <map>
#include <set>
#include <sstream>

#include "served_tree.h"

namespace swerve::mounted {
namespace {

// Where the mount answers differently, on purpose.

/// Boolean files and `desc` do not end in a NUL byte.
std::string without_nul(std::string answer) {
  const std::string nul = "\\x00\"";
  if (answer.ends_with(nul)) answer.replace(answer.size() - nul.size(), nul.size(), "\"");
  return answer;
}
/// An empty write is 0: the kernel does not pass it on to a FUSE file system.
constexpr std::string_view kEmptyWrite = " \"\"";
/// What stands beside the kernel's names.
const std::set<std::string> kAdditions = {
    "error_log", "trace_pipe", "trace_pipe_json", "violations", "violations_json",
    "status",    "stats",      "model",           "dry_run",    "overview",
};

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    char hex[8];
    std::snprintf(hex, sizeof hex, "\\x%02x", static_cast<unsigned char>(c));
    if (c == '\n') {
      out += "\\n";
    } else if (c == '"' || c == '\\') {
      out += {'\\', c};
    } else {
      out += c < 32 || c > 126 ? std::string(hex) : std::string(1, c);
    }
  }
  return out + "\"";
}

/// The text between quotes in `line`: \n, \t, \0 and \xHH; "x"*31 is 31 of them.
std::string unquoted(const std::string& line) {
  std::string text;
  std::size_t i = line.find('"') + 1;
  for (; line.at(i) != '"'; ++i) {
    if (line[i] != '\\') {
      text += line[i];
      continue;
    }
    const char c = line.at(++i);
    if (c == 'x') {
      text += static_cast<char>(std::stoi(line.substr(i + 1, 2), nullptr, 16));
      i += 2;
    } else {
      text += c == 'n' ? '\n' : c == 't' ? '\t' : c == '0' ? '\0' : c;
    }
  }
  if (line.substr(i + 1, 1) != "*") return text;
  std::string repeated;
  for (int n = std::stoi(line.substr(i + 2)); n > 0; --n) repeated += text;
  return repeated;
}

class Session {
 public:
  explicit Session(std::string root) : root_(std::move(root)) {}

  std::string answer(const std::string& line) {
    std::istringstream words(line);
    std::string op, first, second, third;
    words >> op >> first >> second >> third;
    if (op == "stat") return stat(first);
    if (op == "ls") return names(first);
    if (op == "get") return get(first);
    if (op == "put") return put(first, O_TRUNC, unquoted(line));
    if (op == "add") return put(first, O_APPEND, unquoted(line));
    if (op == "open") {
      int flags = 0;
      if (third.find("O_WRONLY") != std::string::npos) flags |= O_WRONLY;
      if (third.find("O_TRUNC") != std::string::npos) flags |= O_TRUNC;
      open_[first] = open_file(at(second), flags);
      return open_[first] ? "ok" : ::strerrorname_np(errno);
    }
    if (op == "close") return open_.erase(first) == 1 ? "0" : "EBADF";
    return number(change(op, first, second));
  }

 private:
  std::string at(const std::string& path) const { return path == "." ? root_ : root_ + "/" + path; }
  static std::string number(ssize_t answer) {
    return answer < 0 ? ::strerrorname_np(errno) : std::to_string(answer);
  }

  int change(const std::string& op, const std::string& first, const std::string& second) const {
    const std::string path = at(first);
    if (op == "truncate") return ::truncate(path.c_str(), std::stol(second));
    if (op == "mkdir") return ::mkdir(path.c_str(), 0755);
    if (op == "rmdir") return ::rmdir(path.c_str());
    if (op == "unlink") return ::unlink(path.c_str());
    if (op == "symlink") return ::symlink("x", path.c_str());
    if (op == "rename") return ::rename(path.c_str(), at(second).c_str());
    if (op == "creat") return UniqueFd(::open(path.c_str(), O_CREAT | O_WRONLY, 0600)) ? 0 : -1;
    ADD_FAILURE() << "no such operation: " << op;
    return -1;
  }

  std::string stat(const std::string& path) const {
    struct stat s {};
    if (::lstat(at(path).c_str(), &s) != 0) return ::strerrorname_np(errno);
    char text[32];
    std::snprintf(text, sizeof text, "%s %04o", S_ISDIR(s.st_mode) ? "dir" : "file",
                  s.st_mode & 07777U);
    return text;
  }

  std::string names(const std::string& path) const {
    const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir(at(path).c_str()), ::closedir);
    if (folder == nullptr) return ::strerrorname_np(errno);
    std::vector<std::string> all;
    while (const dirent* entry = ::readdir(folder.get())) {
      if (entry->d_name[0] != '.' && !kAdditions.contains(entry->d_name))
        all.emplace_back(entry->d_name);
    }
    std::sort(all.begin(), all.end());
    return join(all, " ");
  }

  std::string get(const std::string& path) const {
    const UniqueFd fd = open_file(at(path), O_RDONLY);
    if (!fd) return cat("open ", ::strerrorname_np(errno));
    struct stat s {};
    if (::fstat(fd.get(), &s) == 0 && S_ISDIR(s.st_mode)) return read_all(fd.get());
    return quoted(read_all(fd.get()));
  }

  std::string put(const std::string& path, int flags, const std::string& text) const {
    const UniqueFd fd = open_file(at(path), O_WRONLY | flags);
    if (!fd) return cat("open ", ::strerrorname_np(errno));
    return number(::write(fd.get(), text.data(), text.size()));
  }

  const std::string root_;
  std::map<std::string, UniqueFd> open_;
};

using Interface = MountTest;

TEST_F(Interface, AnswersAsTheKernelDid) {
  const Served served(scratch / "rv");
  Session session(served.root);
  std::ifstream file(SWERVE_SOURCE_DIR "/tests/control/basic.expected");
  int asked = 0;
  int empty_writes = 0;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    const std::size_t arrow = line.find(" -> ");
    ASSERT_NE(arrow, std::string::npos) << line;
    const std::string operation = line.substr(0, arrow);
    std::string expected = without_nul(line.substr(arrow + 4));
    if (operation.ends_with(kEmptyWrite)) {
      EXPECT_EQ(expected, "EINVAL");
      expected = "0";
      ++empty_writes;
    }
    EXPECT_EQ(session.answer(operation), expected) << operation;
    ++asked;
  }
  EXPECT_EQ(asked, 182);
  EXPECT_EQ(empty_writes, 6);
}

}  // namespace
}  // namespace swerve::mounted
