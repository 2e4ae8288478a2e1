/* wakeups - a small load on the scheduler: pairs of processes that wake each other through pipes.
 *
 *   wakeups SECONDS [PAIRS]
 *
 * One wakes its partner again and again just as the partner is about to sleep. So the partner is
 * woken while it still runs, which monitor wwnr (wrong on purpose) does not allow.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* Passes a byte to and fro until the time is over, or the partner has gone. */
static void play(int in, int out, double end, unsigned seed) {
  char byte = 0;
  while (now() < end) {
    if (write(out, &byte, 1) != 1) return;
    /* Now and then a little late: so that all orders of sleeping and waking come up. */
    seed = seed * 1103515245u + 12345u;
    for (volatile unsigned i = 0; i < (seed >> 16) % 2000u; ++i) {
    }
    if (read(in, &byte, 1) != 1) return;
  }
}

int main(int argc, char** argv) {
  const double seconds = argc > 1 ? atof(argv[1]) : 0;
  const int pairs = argc > 2 ? atoi(argv[2]) : 1;
  if (seconds <= 0 || pairs < 1 || pairs > 64) {
    fprintf(stderr, "usage: wakeups SECONDS [PAIRS]\n");
    return 2;
  }
  signal(SIGPIPE, SIG_IGN);
  const double end = now() + seconds;
  for (int i = 0; i < pairs; ++i) {
    int there[2], back[2];
    if (pipe(there) != 0 || pipe(back) != 0) {
      perror("pipe");
      return 1;
    }
    for (int side = 0; side < 2; ++side) {
      const pid_t child = fork();
      if (child < 0) {
        perror("fork");
        return 1;
      }
      if (child != 0) continue;
      close(side == 0 ? there[0] : back[0]);
      close(side == 0 ? back[1] : there[1]);
      if (side == 0)
        play(back[0], there[1], end, (unsigned)i);
      else
        play(there[0], back[1], end, (unsigned)i + 99u);
      _exit(0);
    }
    close(there[0]);
    close(there[1]);
    close(back[0]);
    close(back[1]);
  }
  while (wait(NULL) > 0 || errno == EINTR) {
  }
  return 0;
}
