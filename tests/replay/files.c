/* files - processes that open, read and close files, each at its own speed, and some read twice.
 *
 *   files PROCESSES ROUNDS
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static void rounds(long count, unsigned seed) {
  char bytes[16];
  for (long i = 0; i < count; ++i) {
    /* Both flags: the mark by which these are told from everybody else's files. */
    const int fd = open("/dev/zero", O_RDONLY | O_NOFOLLOW | O_NOATIME);
    const int missing = open("/nowhere", O_RDONLY | O_NOFOLLOW | O_NOATIME);
    if (fd < 0 || missing >= 0) _exit(1);
    seed = seed * 1103515245u + 12345u;
    for (unsigned n = seed >> 16 & 3; n > 0; --n)
      if (read(fd, bytes, n) != (ssize_t)n) _exit(1);
    if (close(fd) != 0) _exit(1);
    if (i % 64 == 63) usleep(1000); /* so that whoever watches can keep up */
  }
}

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  for (int i = 0; i < atoi(argv[1]); ++i) {
    if (fork() == 0) {
      rounds(atol(argv[2]), 7u * (unsigned)i + 1u);
      _exit(0);
    }
  }
  int status = 0, bad = 0;
  while (wait(&status) > 0) bad |= status;
  return bad != 0;
}
