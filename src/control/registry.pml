/* registry.pml - the orders of the registry, for spin: every interleaving of one caller, the CPUs
 * that handle events, the thread that drains the ring, and the thread of a reactor.
 *
 * Run by tests/control/protocol.py, within small bounds: all states are searched.
 *
 * What stands for what:
 *
 *   proctype Registry  calls of Registry, one at a time: its lock is held from begin to end;
 *                      `flags` are Monitor::enabled
 *     start()            Registry::start(), Instrumentation::attach()
 *     stop()             Registry::stop(): flags, one detach() for all, Reactions::settle()
 *     switch_off()       Instrumentation::detach() and switch_off() - Engine::detach(), disarm()
 *     wait()             Engine::wait(): every program that ran when it began has ended
 *     drain_all()        Engine::drain_all(): what was in the ring when it began
 *     settle()           Reactions::settle(), and cancel() in forget() and set_reacting(false)
 *   proctype Cpu       a BPF program at an event: `inside` from its first instruction to its last;
 *                      `on` is the word `armed`, `allowed` the head's signals_allowed
 *   proctype Drainer   KernelInstrumentation::drain() on the daemon's loop, under a fair lock
 *     sink()             whoever takes the verdicts: VerdictStreams, Reactions::on_violation()
 *   proctype Worker    Reactions::State::run(): `popped` is a Call that is not `begun`
 *
 * What is checked, at each place where it could go wrong: after a call has returned that disables a
 * monitor, switches monitoring off or unregisters it (`quiet`), no event of it is handled, no
 * verdict of it is handed out and no reaction of it starts; after reacting was switched off
 * (`still`) no reaction starts at all; an instance that missed events while it was off starts anew
 * (`missed`); nothing is handled for a monitor that is gone. No process waits for ever; and with the
 * claim `returns`, under a fair scheduler, every call returns, also while a reactor hangs.
 *
 * Compiled with -DBROKEN_... one step is left out: then spin must find the error.
 */

#ifndef MONITORS
#define MONITORS 2
#endif
#ifndef CPUS
#define CPUS 2
#endif
#ifndef RING
#define RING 1
#endif
#ifndef QUEUE
#define QUEUE 2
#endif
#define NONE 255
#define ALL (ONE(MONITORS) - 1)
#define ONE(m) (1 << (m))
#define HAS(set, m) (((set) >> (m)) & 1)

/* The registry's. Sets of monitors are bits. */
byte registered = ALL;
bool busy = false; /* within a call; for the claim */

/* The instrumentation's. */
byte on = 0;         /* events count */
bool allowed = true; /* programs may react themselves */
bool inside[CPUS];   /* a program runs */
bool awaited[CPUS];  /* and somebody waits for its end */
byte going = 0;      /* the instance is being monitored */
chan ring = [RING] of { byte };
bool locked = false, wanted = false; /* over the ring's reading end */

/* The reactions'. */
bool reacting = true;
chan queue = [QUEUE] of { byte };
byte popped = NONE; /* taken off the queue, and react() not yet called */

/* What was promised. */
byte quiet = ALL;
bool still = false;
byte missed = 0; /* events came while all was quiet */

/* The choice of a monitor. */
inline any(m) {
  m = 0;
  do
  :: m < MONITORS - 1 -> m++
  :: break
  od
}

/* A verdict comes out: to whoever reads, and to its reactor's queue if there is room. */
inline sink(m) {
  assert(!HAS(quiet, m));
  if
  :: atomic { reacting && len(queue) < QUEUE -> queue ! m }
  :: else
  fi
}

active [CPUS] proctype Cpu() {
  byte m;
  byte me = _pid;
end:
  do
  :: atomic { any(m); inside[me] = true };
     if
     :: HAS(on, m) -> /* and then, maybe late, it is handled */
        atomic {
          assert(!HAS(quiet, m));
          assert(HAS(registered, m));
          assert(!(HAS(going, m) && HAS(missed, m)));
          missed = missed & ~ONE(m);
          if
          :: going = going | ONE(m); goto leave /* a transition */
          :: going = going & ~ONE(m)            /* a violation: the instance is reset */
          fi
        };
        if
        :: allowed -> assert(!still && !HAS(quiet, m)) /* bpf_send_signal() */
        :: true
        fi;
        if /* the report */
        :: atomic { len(ring) < RING -> ring ! m }
        :: else /* full: lost, and counted */
        fi
     :: else ->
        d_step {
          if
          :: HAS(quiet, m) -> missed = missed | ONE(m)
          :: else
          fi
        }
     fi;
leave:
     atomic { inside[me] = false; awaited[me] = false; m = 0 }
  od
}

active proctype Drainer() {
  byte m;
end:
  do
  :: atomic { nempty(ring) && !locked && !wanted -> locked = true; ring ? m };
     sink(m);
     atomic { locked = false; m = 0 }
  od
}

active proctype Worker() {
  byte m;
end:
  do
  :: atomic { queue ? m -> popped = m };
     atomic { assert(!HAS(quiet, m) && !still); popped = NONE; m = 0 }; /* react() */
     if
     :: true
     :: true -> break /* it hangs */
     fi
  od;
end_hangs:
  false
}

/* What follows is about the monitors in `set`, and runs in the registry's process. */

/* Returns when every program has ended that runs now. */
inline wait() {
#ifndef BROKEN_WAIT
  atomic {
    do
    :: i < CPUS -> awaited[i] = inside[i]; i++
    :: else -> break
    od;
    i = 0
  };
  do
  :: i < CPUS -> !awaited[i]; i++
  :: else -> break
  od;
  i = 0
#else
  skip
#endif
}

inline drain_all() {
#ifndef BROKEN_DRAIN
  n = len(ring);
  do
  :: n > 0 && len(ring) > 0 -> ring ? m; sink(m); n--
  :: else -> break
  od;
  n = 0;
  m = 0
#else
  skip
#endif
}

/* What waits for them is cancelled, and what is about to start has started. That there is some
 * patience before is a matter of the scheduler. */
inline settle() {
#ifdef BROKEN_PATIENCE
  len(queue) == 0;
#endif
  atomic {
    n = len(queue);
    do
    :: n > 0 ->
       queue ? m;
       if
       :: HAS(set, m) /* dropped */
       :: else -> queue ! m
       fi;
       n--
    :: else -> break
    od;
    m = 0
  };
  popped == NONE || !HAS(set, popped)
}

/* The lock is held over all of it. */
inline switch_off() {
  wanted = true;
  atomic { !locked -> locked = true; wanted = false };
  on = on & ~set;
  wait();
  drain_all();
  locked = false
}

inline switch_on() {
  quiet = quiet & ~set;
  on = on | set
}

inline reset() {
#ifndef BROKEN_RESET
  d_step { going = going & ~set; missed = missed & ~set }
#else
  skip
#endif
}

inline start() {
  d_step { going = going & ~set; missed = missed & ~set }; /* all that is attached is new */
  if
  :: monitoring -> switch_on()
  :: else
  fi;
  flags = flags | set
}

inline stop() {
  set = set & flags;
  flags = flags & ~set;
  if
  :: set != 0 ->
     switch_off();
#ifndef BROKEN_SETTLE
     settle();
#endif
     quiet = quiet | set
  :: else
  fi
}

active proctype Registry() {
  byte flags = 0; /* enabled */
  bool monitoring = true;
  byte m, i, n, set, which;
end:
  do
  :: atomic { any(which); set = ONE(which); busy = true };
     if
     :: HAS(registered, which) && !HAS(flags, which) -> start() /* enable() */
     :: HAS(flags, which) -> stop()                             /* disable() */
     :: flags != 0 -> set = ALL; stop()                         /* disable_all() */
     :: HAS(registered, which) -> /* unregister_monitor() */
        stop();
        set = ONE(which);
        settle(); /* forget() */
        registered = registered & ~set
     :: !HAS(registered, which) -> registered = registered | set
     :: HAS(flags, which) -> /* reset() */
        if
        :: monitoring ->
           switch_off();
           reset();
           on = on | set
        :: else -> reset()
        fi
     :: monitoring -> /* set_monitoring(false) */
        monitoring = false;
        set = flags;
        switch_off();
        settle();
        quiet = quiet | set
     :: !monitoring -> /* set_monitoring(true) */
        set = flags;
        reset();
        monitoring = true;
        switch_on()
     :: reacting -> /* set_reacting(false) */
        reacting = false;
#ifndef BROKEN_CANCEL
        set = ALL;
        settle();
#endif
        allowed = false;
        wait();
        still = true
     :: !reacting -> /* set_reacting(true) */
        still = false;
        reacting = true;
        allowed = true
     fi;
     atomic { busy = false; which = 0; set = 0 }
  od
}

ltl returns { [] (busy -> <> !busy) }
