/* load - what runs in the guest while it is watched. Static: the guest has no libraries.
 *
 *   load pingpong TRIPS     two processes on CPU 0 pass a byte to and fro; prints the ns of a trip
 *   load mix SECONDS SEED   processes that fork, sleep, wake each other and send signals
 *   load quiet SECONDS      two that wake each other now and then
 *   load opens GOOD BAD     opens a file GOOD times, and in turns one that is not there BAD times
 *
 * mix and quiet print, in nanoseconds of CLOCK_MONOTONIC, when they began and when they ended.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int64_t now_ns(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static void fail(const char* what) {
  perror(what);
  exit(1);
}

/* A repeatable sequence, one for each worker. */
static uint32_t chance(uint32_t* seed) {
  *seed ^= *seed << 13;
  *seed ^= *seed >> 17;
  *seed ^= *seed << 5;
  return *seed;
}

static void nap(uint32_t microseconds) {
  const struct timespec time = {microseconds / 1000000, (long)(microseconds % 1000000) * 1000};
  nanosleep(&time, NULL);
}

static void make_pipe(int ends[2]) {
  if (pipe(ends) != 0) fail("pipe");
}

static pid_t spawn(void) {
  const pid_t child = fork();
  if (child < 0) fail("fork");
  return child;
}

/* ---- pingpong ---- */

static void pingpong(long trips) {
  cpu_set_t first;
  CPU_ZERO(&first);
  CPU_SET(0, &first);
  if (sched_setaffinity(0, sizeof first, &first) != 0) fail("sched_setaffinity");
  int there[2], back[2];
  make_pipe(there);
  make_pipe(back);
  char byte = 'x';
  if (spawn() == 0) {
    for (long i = 0; i < trips; ++i)
      if (read(there[0], &byte, 1) != 1 || write(back[1], &byte, 1) != 1) _exit(1);
    _exit(0);
  }
  const int64_t begin = now_ns();
  for (long i = 0; i < trips; ++i)
    if (write(there[1], &byte, 1) != 1 || read(back[0], &byte, 1) != 1) fail("pipe");
  const int64_t end = now_ns();
  wait(NULL);
  printf("%.1f\n", (double)(end - begin) / (double)trips);
}

/* ---- mix: each worker until the time is over; all rest often, so that the watcher keeps up ----
 */

typedef void worker(int64_t end, uint32_t seed);

/* Children that end at once, or first sleep: in a pipe, where wwnr begins to watch them, or in a
 * nap, where not. */
static void forker(int64_t end, uint32_t seed) {
  while (now_ns() < end) {
    int ends[2];
    make_pipe(ends);
    char bytes[4] = "xyz";
    const int children = 1 + (int)(chance(&seed) % 4);
    for (int i = 0; i < children; ++i) {
      const uint32_t how = chance(&seed);
      if (spawn() != 0) continue;
      close(ends[1]); /* else nobody would ever see its end */
      if (how % 4 == 0) nap(how / 4 % 3000);
      if (how % 4 >= 2)
        for (uint32_t n = how % 4; n > 0; --n)
          if (read(ends[0], bytes, 1) != 1) break;
      _exit(0);
    }
    close(ends[0]);
    for (int i = 0; i < 2; ++i) {
      nap(chance(&seed) % 2000);
      if (write(ends[1], bytes, 3) != 3) break; /* all have ended */
    }
    close(ends[1]);
    while (wait(NULL) > 0) {
    }
    nap(chance(&seed) % 4000);
  }
}

static void sleeper(int64_t end, uint32_t seed) {
  while (now_ns() < end) {
    for (volatile uint32_t i = 0, n = chance(&seed) % 20000; i < n; ++i) {
    }
    nap(chance(&seed) % 4000);
  }
}

/* Wakes its partner just as that one is about to sleep: what wwnr does not allow. */
static void pair(int64_t end, uint32_t seed) {
  int there[2], back[2];
  make_pipe(there);
  make_pipe(back);
  const pid_t child = spawn();
  const int in = child == 0 ? there[0] : back[0], out = child == 0 ? back[1] : there[1];
  if (child == 0) {
    close(there[1]);
    close(back[0]);
    seed ^= 0x5bd1e995u;
  } else {
    close(there[0]);
    close(back[1]);
  }
  char byte = 'x';
  for (uint32_t turn = 0; now_ns() < end; ++turn) {
    if (write(out, &byte, 1) != 1) break;
    for (volatile uint32_t i = 0, n = chance(&seed) % 3000; i < n; ++i) {
    }
    if (read(in, &byte, 1) != 1) break;
    if (turn % 64 == 63) nap(5000);
  }
  if (child == 0) _exit(0);
  close(in);
  close(out);
  wait(NULL);
}

static void timers(int64_t end, uint32_t seed) {
  const int timer = timerfd_create(CLOCK_MONOTONIC, 0);
  if (timer < 0) fail("timerfd_create");
  while (now_ns() < end) {
    const struct itimerspec when = {{0, 0}, {0, 1 + (long)(chance(&seed) % 3000000)}};
    timerfd_settime(timer, 0, &when, NULL);
    struct pollfd ready = {timer, POLLIN, 0};
    poll(&ready, 1, (int)(chance(&seed) % 4));
  }
}

static void on_signal(int number) { (void)number; }

static void signals(int64_t end, uint32_t seed) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = on_signal;
  sigaction(SIGUSR1, &action, NULL);
  sigaction(SIGALRM, &action, NULL);
  const pid_t child = spawn();
  if (child == 0) {
    while (now_ns() < end) nap(20000); /* signals cut it short */
    _exit(0);
  }
  const struct itimerval tick = {{0, 7000}, {0, 7000}};
  setitimer(ITIMER_REAL, &tick, NULL);
  while (now_ns() < end) {
    kill(child, SIGUSR1);
    if (chance(&seed) % 8 == 0) { /* held and let go */
      kill(child, SIGSTOP);
      nap(500);
      kill(child, SIGCONT);
    }
    nap(chance(&seed) % 5000);
  }
  kill(child, SIGKILL);
  wait(NULL);
}

/* Sends signals to one that waits for them, without waiting for it: often just as it is going to
 * sleep. */
static void prodder(int64_t end, uint32_t seed) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = on_signal;
  sigaction(SIGUSR1, &action, NULL);
  const pid_t child = spawn();
  if (child == 0)
    for (;;) pause();
  for (uint32_t turn = 0; now_ns() < end; ++turn) {
    kill(child, SIGUSR1);
    for (volatile uint32_t n = chance(&seed) % 6000; n > 0; --n) {
    }
    if (turn % 256 == 255) nap(chance(&seed) % 10000);
  }
  kill(child, SIGKILL);
  wait(NULL);
}

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int whose;
static int64_t threads_end;

static void* thread(void* number) {
  const int me = (int)(intptr_t)number;
  pthread_mutex_lock(&lock);
  while (now_ns() < threads_end) {
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += 3000000;
    if (until.tv_nsec >= 1000000000) until.tv_nsec -= 1000000000, ++until.tv_sec;
    while (whose != me && pthread_cond_timedwait(&changed, &lock, &until) == 0) {
    }
    whose = (me + 1) % 3;
    pthread_cond_broadcast(&changed);
    if (me == 0) {
      pthread_mutex_unlock(&lock);
      nap(2000);
      pthread_mutex_lock(&lock);
    }
  }
  pthread_mutex_unlock(&lock);
  return NULL;
}

static void threads(int64_t end, uint32_t seed) {
  (void)seed;
  threads_end = end;
  pthread_t all[3];
  for (int i = 0; i < 3; ++i)
    if (pthread_create(&all[i], NULL, thread, (void*)(intptr_t)i) != 0) fail("pthread_create");
  for (int i = 0; i < 3; ++i) pthread_join(all[i], NULL);
}

/* Wakes a reader again and again without waiting for it: often just as it is about to sleep. */
static void hammer(int64_t end, uint32_t seed) {
  const int counter = eventfd(0, EFD_SEMAPHORE);
  if (counter < 0) fail("eventfd");
  uint64_t value = 1;
  const pid_t child = spawn();
  if (child == 0) {
    for (;;)
      if (read(counter, &value, sizeof value) != sizeof value) _exit(0);
  }
  for (uint32_t turn = 0; now_ns() < end; ++turn) {
    if (write(counter, &value, sizeof value) != sizeof value) break;
    for (volatile uint32_t i = 0, n = chance(&seed) % 6000; i < n; ++i) {
    }
    if (turn % 256 == 255) nap(chance(&seed) % 10000);
  }
  kill(child, SIGKILL);
  wait(NULL);
}

/* Waits for many children, which end while it is on its way to sleep. */
static void waiter(int64_t end, uint32_t seed) {
  while (now_ns() < end) {
    for (int i = 0; i < 20; ++i) {
      const uint32_t rest = chance(&seed) % 12000;
      if (spawn() != 0) continue;
      nap(rest);
      _exit(0);
    }
    while (wait(NULL) > 0) {
    }
  }
}

static void run(worker* const* workers, size_t count, double seconds, uint32_t seed) {
  signal(SIGPIPE, SIG_IGN); /* writers whose readers have gone */
  const int64_t begin = now_ns(), end = begin + (int64_t)(seconds * 1e9);
  for (size_t i = 0; i < count; ++i) {
    seed = seed * 2654435761u + 1u;
    if (spawn() == 0) {
      /* Behind the watcher, which must empty its ring in time also where the emulated CPUs are
       * slow. */
      if (setpriority(PRIO_PROCESS, 0, 15) != 0) fail("setpriority");
      workers[i](end, seed | 1u);
      _exit(0);
    }
  }
  while (wait(NULL) > 0 || errno == EINTR) {
  }
  printf("begin %lld\nend %lld\n", (long long)begin, (long long)now_ns());
}

/* ---- opens ---- */

static void opens(long good, long bad) {
  const int there = open("/tmp/there", O_CREAT | O_WRONLY, 0600);
  if (there < 0) fail("/tmp/there");
  close(there);
  for (long done = 1; good > 0 || bad > 0; ++done) {
    const int is_bad = bad > 0 && (good == 0 || done % 7 == 0);
    const int fd = open(is_bad ? "/tmp/not there" : "/tmp/there", O_RDONLY);
    if ((fd < 0) != is_bad) fail("open");
    if (fd >= 0) close(fd);
    if (is_bad)
      --bad;
    else
      --good;
  }
}

int main(int argc, char** argv) {
  static worker* const everything[] = {forker,  hammer, sleeper, pair,    timers,
                                       forker,  hammer, signals, threads, waiter,
                                       sleeper, waiter, prodder, prodder};
  static worker* const little[] = {pair};
  const char* const what = argc > 1 ? argv[1] : "";
  if (strcmp(what, "pingpong") == 0 && argc == 3) {
    pingpong(atol(argv[2]));
  } else if (strcmp(what, "mix") == 0 && argc == 4) {
    run(everything, sizeof everything / sizeof *everything, atof(argv[2]), (uint32_t)atol(argv[3]));
  } else if (strcmp(what, "quiet") == 0 && argc == 3) {
    run(little, 1, atof(argv[2]), 1);
  } else if (strcmp(what, "opens") == 0 && argc == 4) {
    opens(atol(argv[2]), atol(argv[3]));
  } else {
    fprintf(stderr,
            "usage: load pingpong TRIPS | mix SECONDS SEED | quiet SECONDS | opens GOOD BAD\n");
    return 2;
  }
  return 0;
}
