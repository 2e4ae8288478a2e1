/* wakeups - a small load on the scheduler, which monitor wwnr (wrong on purpose) does not allow.
 *
 *   wakeups SECONDS [PAIRS]
 *
 * A thread says that it will sleep, and is woken before it has gone: then it is woken while it
 * still runs. With futexes that comes about all the time, since the waker waits for the very lock
 * that the sleeper gives back between the two. PAIRS of processes besides wake each other through
 * pipes as fast as they can.
 */
#include <errno.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void futex(void* word, int operation) {
  const struct timespec limit = {0, 10 * 1000 * 1000};
  (void)syscall(SYS_futex, word, operation, operation == FUTEX_WAIT ? 0 : 1, &limit, NULL, 0);
}

static void ignore(int number) { (void)number; }

/* Sleeps in pause() first: that is the kind of sleep with which wwnr starts (poll and futexes also
 * say that the task may be frozen). */
static void sleeper(void* word, double end) {
  const struct itimerval often = {{0, 20 * 1000}, {0, 20 * 1000}};
  signal(SIGALRM, ignore);
  (void)setitimer(ITIMER_REAL, &often, NULL);
  while (now() < end) {
    (void)pause();
    for (int i = 0; i < 200; ++i) futex(word, FUTEX_WAIT);
  }
}

static void waker(void* word, double end) {
  while (now() < end)
    for (int i = 0; i < 1000; ++i) futex(word, FUTEX_WAKE);
}

/* Passes a byte to and fro until the time is over, or the partner has gone. */
static void partner(int in, int out, double end) {
  char byte = 0;
  while (now() < end && write(out, &byte, 1) == 1 && read(in, &byte, 1) == 1) {
  }
}

static pid_t checked_fork(void) {
  const pid_t child = fork();
  if (child < 0) {
    perror("fork");
    exit(1);
  }
  return child;
}

int main(int argc, char** argv) {
  const double seconds = argc > 1 ? atof(argv[1]) : 0;
  const int pairs = argc > 2 ? atoi(argv[2]) : 0;
  if (seconds <= 0 || pairs < 0 || pairs > 64) {
    fprintf(stderr, "usage: wakeups SECONDS [PAIRS]\n");
    return 2;
  }
  signal(SIGPIPE, SIG_IGN);
  const double end = now() + seconds;
  atomic_int* word =
      mmap(NULL, sizeof *word, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (word == MAP_FAILED) {
    perror("mmap");
    return 1;
  }
  if (checked_fork() == 0) {
    sleeper(word, end);
    _exit(0);
  }
  if (checked_fork() == 0) {
    waker(word, end);
    _exit(0);
  }
  for (int i = 0; i < pairs; ++i) {
    int there[2], back[2];
    if (pipe(there) != 0 || pipe(back) != 0) {
      perror("pipe");
      return 1;
    }
    for (int side = 0; side < 2; ++side) {
      if (checked_fork() != 0) continue;
      close(side == 0 ? there[0] : back[0]);
      close(side == 0 ? back[1] : there[1]);
      if (side == 0)
        partner(back[0], there[1], end);
      else
        partner(there[0], back[1], end);
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
