/* rwfs_demo - saves a file by writing a new one and renaming it over the old one: the way that may
 * lose the file in a power cut, and the way that may not.
 *
 *   rwfs_demo unsafe FILE    no fsync before the rename: monitor rwfs reports it
 *   rwfs_demo safe FILE      with fsync: it does not
 *
 * Called by the name unsafe_save or safe_save, it takes FILE alone.
 *
 *   cc -o rwfs_demo rwfs_demo.c && swerve mon rwfs -- ./rwfs_demo unsafe /tmp/settings
 */
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void fail(const char* what) {
  perror(what);
  exit(1);
}

static void save(const char* file, const char* text, int safely) {
  char fresh[4096];
  if (snprintf(fresh, sizeof fresh, "%s.new", file) >= (int)sizeof fresh) {
    fprintf(stderr, "the name is too long: %s\n", file);
    exit(1);
  }
  const int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) fail(fresh);
  const size_t size = strlen(text);
  if (write(fd, text, size) != (ssize_t)size) fail("write");
  if (safely && fsync(fd) != 0) fail("fsync");
  if (close(fd) != 0) fail("close");
  if (rename(fresh, file) != 0) fail("rename");
}

int main(int argc, char** argv) {
  const char* way = argc > 0 ? basename(argv[0]) : "";
  int at = 1;
  if (strcmp(way, "unsafe_save") != 0 && strcmp(way, "safe_save") != 0 && argc > 1)
    way = argv[at++];
  const int safely = strncmp(way, "safe", 4) == 0;
  if (argc != at + 1 || (!safely && strncmp(way, "unsafe", 6) != 0)) {
    fprintf(stderr, "usage: rwfs_demo safe|unsafe FILE\n");
    return 2;
  }
  save(argv[at], "colour = blue\n", safely);
  return 0;
}
