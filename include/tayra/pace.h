/* SPDX-License-Identifier: Apache-2.0
 *
 * pace.h: decides how many requests a backend gets at once, and which is next.  One struct
 * tayra_pace stands for one backend.  It knows no cache and no protocol: a request asks to enter,
 * does its work, and says on leaving how it went.
 *
 * Time is an argument (now_ns, from a clock that does not go back); only the blocking
 * tayra_pace_enter() reads the clock it was given.  No call allocates after create: a ticket is
 * the caller's memory and must not move while it is queued or held.
 *
 * Threads.  Every call may be made from any thread, except create and destroy.  The uncontended
 * path is one compare-and-swap; the lock is for queueing and for the end of a window.
 */
#ifndef TAYRA_PACE_H
#define TAYRA_PACE_H

#include <tayra/base.h>

#ifdef __cplusplus
extern "C" {
#endif

struct tayra_pace;

/* How the limit learns.  Those that are published elsewhere have the constants given there; what
 * was mended is said at the top of src/pace/limit_NAME.c. */
enum tayra_limiter {
	TAYRA_LIMITER_AIMD = 0,      /* multiplicative: see the rule at struct tayra_pace_options */
	TAYRA_LIMITER_FIXED = 1,     /* stays where it is put */
	TAYRA_LIMITER_VEGAS = 2,     /* few wait inside the backend (TCP Vegas; Netflix) */
	TAYRA_LIMITER_GRADIENT2 = 3, /* latency against its slow average (Netflix) */
	TAYRA_LIMITER_BDP = 4,       /* best rate times least latency (Apache brpc) */
	TAYRA_LIMITER_ELASTICITY = 5, /* as many as still buy throughput: the default */
	TAYRA_LIMITER_LATENCY = 6,    /* the largest at which p90 <= p90_target_ns */
};
/* "aimd", "fixed", "vegas", "gradient2", "bdp", "elasticity", "latency"; NULL for anything else. */
TAYRA_API const char *tayra_limiter_name(enum tayra_limiter limiter);

enum tayra_mode {
	TAYRA_MODE_ENFORCE = 0,
	TAYRA_MODE_MONITOR = 1, /* decide and count, but let everything in; what is held beyond
				   the limit stands for the queue */
	TAYRA_MODE_OFF = 2,     /* let everything in, learn nothing */
};

/* What the machine says.  Shares of 0..1: of what this process may use, and of the time since the
 * last reading; NaN when not known. */
struct tayra_pressure {
	double cpu;
	double memory;
	double cpu_stall;    /* of the time, some task waited for a processor */
	double memory_stall; /* some task waited for memory */
	double io_stall;     /* all tasks that were not idle waited for I/O */
};
struct tayra_sensor {
	/* Cheap, called at the end of a window without a lock held; *out is all NaN before.
	 * => TAYRA_OK or TAYRA_E_IO. */
	int (*read)(void *ctx, uint64_t now_ns, struct tayra_pressure *out);
	void *ctx;
};
/*
 * CPU use since the last reading, and memory use, as shares of what this process may use.  Where
 * its control group, or one above, limits processor time (cpu.max; cfs_quota) or memory (memory.max
 * or memory.high; limit_in_bytes), versions 1, 2 and hybrid: of that limit, the nearest where there
 * are several; what the group's files hold that can be dropped at once is not counted.  Where there
 * is no limit, or it is more than the machine has: of the machine, as below.  Limits may change
 * while it runs; a process that is moved to another group is seen in the first one.  A set of
 * processors (cpuset) is not looked at.
 *
 * Stalls are the kernel's pressure stall information, of the group where version 2 has it, else of
 * the machine (/proc/pressure); NaN where a kernel was built or booted without.  The kernel is
 * asked to say when stalls begin, so that nothing is read while there are none, and where it
 * refuses that they are read each time.
 *
 * Read from any thread, with a clock that all of them share.
 */
struct tayra_sensor_options {
	size_t size;
	const char *proc; /* NULL: "/proc".  Borrowed for the call, like the next */
	const char *root; /* put before the mount points found there; NULL: nothing */
};
#define TAYRA_SENSOR_OPTIONS_INIT TAYRA__SIZED(struct tayra_sensor_options)
/* NULL options mean all defaults.  => TAYRA_E_NOMEM, TAYRA_E_INVAL, TAYRA_E_IO where /proc is not
 * there. */
TAYRA_API int tayra_sensor_create(const struct tayra_sensor_options *options,
				  struct tayra_sensor *out);
TAYRA_API void tayra_sensor_destroy(struct tayra_sensor *sensor);

/* CPU use since the last reading, memory use and stalls of the whole machine, from /proc/stat,
 * /proc/meminfo and /proc/pressure.  => TAYRA_E_NOMEM, TAYRA_E_IO where /proc is not there. */
TAYRA_API int tayra_sensor_proc_create(struct tayra_sensor *out);
TAYRA_API void tayra_sensor_proc_destroy(struct tayra_sensor *sensor);

/*
 * Elasticity: as many at once as still buy throughput, which is counted, never derived from
 * latency.  It doubles from 2 until that gains less than 10%, then compares levels a little above
 * and below (`dither`) and goes to where 1% more at once buys `price` percent.  It holds without
 * data and where the limit was not reached.  Where far less is done than was known to be, it goes
 * to limit_min for a moment, as a convoy ends only so.  Only TIMEOUT and OVERLOAD outcomes over a
 * fifth (error_max, if that is more), a p90 over p90_max_ns and memory over memory_max weigh more
 * than throughput.  A limit to begin with above 2 is taken as one that was learned before.
 *
 * The ceiling, where there is a sensor, for all but aimd and fixed: the limit is not raised while
 * cpu >= cpu_max, memory >= memory_max or memory_stall >= memory_stall_max; at io_stall >=
 * io_stall_max it falls by a tenth a second, and at memory two thirds of the way from memory_max to
 * all of it (.95) by three tenths.  That holds until all of them have been a twentieth below their
 * bounds for five seconds.  To elasticity cpu and I/O say nothing unless their bounds are given: it
 * counts what more at once buys, and a backend that is used well is short of one of the two.
 *
 * Memory that runs out, which is where it cuts, also sheds BACKGROUND, whatever the limiter: who
 * waits is turned away, and so is who comes, room or not, until memory has been a twentieth below
 * that for five seconds.  The other classes are served on, within the limit.
 *
 * The AIMD rule, at the end of each window with at least window_min answers:
 *   cpu < cpu_max, memory < memory_max, memory and I/O stalls below theirs,
 *   errors < error_max and p90 <= p90_target  ->  limit *= 1.1
 *   any of these broken                       ->  limit *= 0.9
 * It grows only if the limit was reached in that window, and holds where there is too little data.
 * Errors are TIMEOUT, OVERLOAD and ERROR outcomes over all that count.
 *
 * The queue.  What cannot run waits in its class's queue.  When a slot frees, CRITICAL is served
 * first until it has had its share, the others by weight (8:4:2:1) but each at least share_min, so
 * none starves; what a class does not ask for goes to the others.  Who has waited for half of the
 * time to its deadline, or 2 s, counts double.  Inside a class tenants take turns, inside a tenant
 * it is first come first served until the class is overloaded, newest first while it is.  A class
 * is overloaded when the smallest wait in a CoDel interval was over its target; then what has
 * waited more than twice the target is shed.  While a class stays overloaded, and only for who
 * would wait behind his own that are late already, a share of those who come is turned away at the
 * door, the higher levels first: the share falls by 5% every 100 ms and never below 9/10 of what is
 * being served, and rises by 1%.  A full queue turns away who comes, or the oldest of a tenant with
 * more in it. A request is also shed when now + mean + 2 deviations of its class's service time is
 * past its deadline (2 by default); an estimate that no answer has confirmed for a second is not
 * believed.
 */
struct tayra_pace_options {
	size_t size;
	enum tayra_limiter limiter; /* default elasticity, by TAYRA_PACE_OPTIONS_INIT */
	enum tayra_mode mode;
	double limit;              /* to begin with, concurrent requests; default 8, or 2 with a
				      limiter that seeks its way up: all but aimd and fixed */
	double limit_min;          /* default 1 */
	double limit_max;          /* default 1024 */
	double increase, decrease; /* default 1.1, 0.9 */
	double cpu_max, memory_max,
		error_max;      /* shares; default .80, .85, .05; 1 or more: not looked at */
	uint64_t p90_target_ns; /* of aimd and latency; default 100 ms */
	uint64_t window_ns;     /* default 250 ms */
	uint32_t window_min;    /* answers; default 10 */
	uint32_t queue_max; /* waiting requests a class; default 1024; TAYRA_QUEUE_NONE: no queue */
	uint64_t codel_target_ns; /* default 5 ms, or 1/10 of the request's time to its deadline if
				     longer */
	uint64_t codel_interval_ns;        /* default 100 ms */
	const struct tayra_sensor *sensor; /* NULL: cpu and memory are not looked at.  Borrowed */
	const struct tayra_clock *clock; /* for tayra_pace_enter(); NULL: the real one.  Borrowed */
	double deadline_deviations; /* default 2; below 0: shed only what has already expired */
	double share_critical;      /* of what is served while others wait; default .60 */
	double share_min;           /* that each class has at least; default .02, at most .2 */
	/* Of elasticity: it compares limit / (1 + dither) with limit x (1 + dither); at the limit
	 * it seeks, 1% more at once buys so many percent of throughput; and a p90 over the maximum
	 * cuts the limit, whatever throughput it buys. */
	double dither;       /* share, 0.01 to 1; default .15 */
	double price;        /* percent for 1%, 0.001 to 1; default .1 */
	uint64_t p90_max_ns; /* of the backend; default 0: not looked at */
	/* How long a thread that waits in tayra_pace_enter() and is next may be passed by others
	 * while it wakes up; at most 8 times.  0, the default: never.  For work of less than a
	 * millisecond, where handing a slot to a sleeping thread costs more than the work. */
	uint64_t barge_ns;
	uint64_t hedge_after_ns; /* see tayra_pace_hedge_after(); default 0: the class's 95th
				    percentile */
	/* Shares of time, like cpu_max; default .10 and .20.  The defaults of elasticity: cpu_max
	 * and io_stall_max 1. */
	double memory_stall_max, io_stall_max;
};
/* All defaults.  The default limiter is not 0, so a struct made without this says aimd. */
#ifdef __cplusplus
extern "C++" {
TAYRA__CONSTEXPR tayra_pace_options
tayra__pace_options_init()
{
	tayra_pace_options options = tayra_pace_options();

	options.size = sizeof(options);
	options.limiter = TAYRA_LIMITER_ELASTICITY;
	return options;
}
}
#define TAYRA_PACE_OPTIONS_INIT tayra__pace_options_init()
#else
#define TAYRA_PACE_OPTIONS_INIT                                                                    \
	{                                                                                          \
		.size = sizeof(struct tayra_pace_options), .limiter = TAYRA_LIMITER_ELASTICITY     \
	}
#endif
#define TAYRA_QUEUE_NONE UINT32_MAX

/* => TAYRA_E_INVAL, TAYRA_E_NOMEM.  NULL options mean all defaults. */
TAYRA_API int tayra_pace_create(const struct tayra_pace_options *options, struct tayra_pace **out);
/* No ticket may be queued or held.  It may be the last thing that `decided` of the last ticket
 * does, but where a request enters. */
TAYRA_API void tayra_pace_destroy(struct tayra_pace *pace);

struct tayra_ticket;

struct tayra_pace_request {
	enum tayra_class cls;
	uint64_t deadline_ns; /* absolute, on the same clock as now_ns; 0: none */
	/*
	 * For tayra_pace_enter_start(): called once when a PENDING ticket is decided, with TAYRA_OK
	 * (held now), TAYRA_E_OVERLOAD or TAYRA_E_TIMEOUT (out).  It runs on the thread whose
	 * leave, tick or set_limit decided it (or who enters, when that finds others hopeless),
	 * with no lock held, perhaps before enter_start has returned; it may call pace, and must
	 * be short.  Callbacks never nest.
	 */
	void (*decided)(struct tayra_ticket *ticket, int status, void *arg);
	void *arg;
	uint64_t tenant; /* whose it is: an id or a hash, 0: nobody's.  Tenants of a class that wait
			    take turns, so that a greedy one waits behind itself */
	uint32_t level;  /* inside its class: 0, the most important, to 127; see "The queue" */
	uint32_t cost;   /* slots it takes, and what its class and tenant pay; 0: 1.  At most
			    TAYRA_COST_MAX; what costs more than the limit goes in alone */
};
#define TAYRA_COST_MAX 1024u

/* A ticket is in exactly one state: out, queued, held.  Zero it before its first use. */
struct tayra_ticket {
	uint64_t retry_after_ns; /* after TAYRA_E_OVERLOAD: when trying again may help; 0: not known
				  */
	uint64_t opaque[15];     /* private */
};

/*
 * Entering, all three ways: TAYRA_E_OVERLOAD means shed (see enum tayra_shed), and the ticket says
 * when trying again may help: what waits now times the mean service time over the limit, at least
 * 1 ms; at the door of an overloaded class that over the share that gets in.  TAYRA_E_TIMEOUT means
 * the deadline is over.  TAYRA_E_INVAL: no such class, level or cost, or a ticket that is queued or
 * held already or was never zeroed; nothing changed.
 */
/* Enter, waiting in the queue until the deadline if need be.
 * => TAYRA_OK: held, must leave.  TAYRA_E_OVERLOAD, TAYRA_E_TIMEOUT, TAYRA_E_CANCELLED: out. */
TAYRA_API int tayra_pace_enter(struct tayra_pace *pace, const struct tayra_pace_request *request,
			       struct tayra_ticket *ticket);
/* Enter if there is room now and nobody is waiting.  => TAYRA_OK, TAYRA_E_OVERLOAD,
 * TAYRA_E_TIMEOUT. */
TAYRA_API int tayra_pace_try_enter(struct tayra_pace *pace,
				   const struct tayra_pace_request *request, uint64_t now_ns,
				   struct tayra_ticket *ticket);
/* Enter, or queue and be told.  => TAYRA_OK: held.  TAYRA_PENDING: queued, request->decided will be
 * called.  TAYRA_E_OVERLOAD, TAYRA_E_TIMEOUT: out.  TAYRA_E_INVAL: no `decided`. */
TAYRA_API int tayra_pace_enter_start(struct tayra_pace *pace,
				     const struct tayra_pace_request *request, uint64_t now_ns,
				     struct tayra_ticket *ticket);
/* Take a queued ticket back.  => TAYRA_OK: out, `decided` will not be called (a waiting
 * tayra_pace_enter() returns TAYRA_E_CANCELLED).  TAYRA_E_NOT_FOUND: it was decided already. */
TAYRA_API int tayra_pace_cancel(struct tayra_pace *pace, struct tayra_ticket *ticket,
				uint64_t now_ns);
/* Leave.  A ticket let in while the mode was OFF, or leaving while it is, is counted but teaches
 * nothing.  => TAYRA_OK.  TAYRA_E_INVAL: it is not held here (it has left already, or is queued),
 * or there is no such outcome; nothing changed.  Two threads may not leave with one ticket at once.
 */
TAYRA_API int tayra_pace_leave(struct tayra_pace *pace, struct tayra_ticket *ticket,
			       enum tayra_outcome outcome, uint64_t now_ns);

/* Close a window that is due and shed queued requests that are hopeless.  Call it about every
 * 10 ms; enter and leave do the same work when they come across it.  Returns when it next has
 * something to do, on the same clock. */
TAYRA_API uint64_t tayra_pace_tick(struct tayra_pace *pace, uint64_t now_ns);

/* => TAYRA_E_INVAL outside [limit_min, limit_max].  What is held stays held. */
TAYRA_API int tayra_pace_set_limit(struct tayra_pace *pace, double limit, uint64_t now_ns);
/* Any mode but ENFORCE lets in who waits.  Begins a new window.  => TAYRA_E_INVAL. */
TAYRA_API int tayra_pace_set_mode(struct tayra_pace *pace, enum tayra_mode mode, uint64_t now_ns);

/*
 * Any option by name while it runs: mode, limiter, limit, limit_min, limit_max, increase, decrease,
 * cpu_max, memory_max, memory_stall_max, io_stall_max, error_max, p90_target, p90_max, dither,
 * price, window, window_min, queue, codel_target, codel_interval, deadline_deviations,
 * share_critical, share_min, barge, hedge_after. Values are written as in a configuration:
 * "monitor", "0.15", "50ms"; "off" for what then is not looked at, "none" for no queue, "auto" for
 * the rules of codel_target and hedge_after.
 *
 * It holds from now on, all at once, for who is queued and held too: nobody is lost, who has room
 * now is let in, and a limit that became lower is reached as tickets leave.  A limit outside new
 * bounds moves to the nearer.  Another limiter goes on from the limit there is, with what is its
 * default wherever none was given.
 * => TAYRA_E_NOT_FOUND: no such name.  TAYRA_E_INVAL: no such value, or it does not go with the
 *    others (limit_min over limit_max, limit outside them).  Nothing changed, and `why`, which may
 *    be NULL, has a line that says what is wrong.
 */
TAYRA_API int tayra_pace_set(struct tayra_pace *pace, const char *name, const char *value,
			     uint64_t now_ns, char *why, size_t why_len);
/* What it is now, as tayra_pace_set() takes it.  => TAYRA_E_NOT_FOUND, TAYRA_E_TOO_LARGE: 32 bytes
 * do. */
TAYRA_API int tayra_pace_get(struct tayra_pace *pace, const char *name, char *out, size_t len);
/* The n-th of these names; NULL after the last. */
TAYRA_API const char *tayra_pace_knob(size_t n);

/*
 * Asking once more.  Both answers are a token out of a bucket that holds 10: take it only to use
 * it.
 */
/* After a failure.  Each success earns a tenth of a retry, so that retries never multiply an
 * overload.  Enter it one class lower: tayra_class_below(). */
TAYRA_API bool tayra_pace_may_retry(struct tayra_pace *pace);
/* BACKGROUND stays BACKGROUND. */
TAYRA_API enum tayra_class tayra_class_below(enum tayra_class cls);
/* How long a request of that class should have been in the backend before it is asked again:
 * hedge_after_ns, or as long as 19 in 20 of the class take, as measured.  0: that is not known. */
TAYRA_API uint64_t tayra_pace_hedge_after(const struct tayra_pace *pace, enum tayra_class cls,
					  uint64_t now_ns);
/* Beside a request of that class that has been in the backend for waited_ns: yes where that is so
 * long or longer, at most 70% of the limit is in use, nobody waits, and for at most 5% of all
 * requests.  Cancel the one that loses. */
TAYRA_API bool tayra_pace_may_hedge(struct tayra_pace *pace, enum tayra_class cls,
				    uint64_t waited_ns, uint64_t now_ns);

/* What those upstream should know. */
enum tayra_backpressure {
	TAYRA_BACKPRESSURE_NONE = 0,     /* nobody waits */
	TAYRA_BACKPRESSURE_WAITING = 1,  /* there is more than fits at once */
	TAYRA_BACKPRESSURE_SHEDDING = 2, /* a class is overloaded: some are turned away */
};
/* One load, no lock. */
TAYRA_API enum tayra_backpressure tayra_pace_backpressure(const struct tayra_pace *pace);
/* Write 1 (eight bytes, as an eventfd takes it) to this descriptor when that changes: by
 * tayra_pace_tick(), so at most once a tick.  It should not block.  => TAYRA_E_FULL: there are 8,
 * TAYRA_E_INVAL. */
TAYRA_API int tayra_pace_watch(struct tayra_pace *pace, int fd);
/* => TAYRA_E_NOT_FOUND.  Afterwards it is not written to, however often it was watched. */
TAYRA_API int tayra_pace_unwatch(struct tayra_pace *pace, int fd);

/* Why requests were shed. */
enum tayra_shed {
	TAYRA_SHED_FULL = 0,     /* the class's queue was full, or there is none */
	TAYRA_SHED_HOPELESS = 1, /* could not have been done by its deadline */
	TAYRA_SHED_CODEL = 2,    /* waited too long in an overloaded class */
	TAYRA_SHED_EXPIRED = 3,  /* its deadline passed in the queue */
	TAYRA_SHED_LEVEL = 4,    /* at the door, for its level; counted in stats.shed_level */
	TAYRA_SHED_MEMORY = 5,   /* BACKGROUND while memory is scarce; in stats.shed_memory */
};
#define TAYRA_SHEDS 4

struct tayra_pace_stats {
	size_t size;
	double limit;
	uint32_t inflight;              /* what is held costs */
	uint32_t queued[TAYRA_CLASSES]; /* index: class - 1, here and below */
	uint64_t admitted[TAYRA_CLASSES];
	uint64_t shed[TAYRA_CLASSES][TAYRA_SHEDS];
	uint64_t outcomes[TAYRA_OUTCOMES];
	uint64_t service_mean_ns, service_dev_ns; /* smoothed mean and mean deviation */
	uint64_t window_p90_ns;                   /* of the last closed window; 0: none yet */
	double window_per_s, window_error_ratio;
	struct tayra_pressure pressure;     /* as last read */
	uint64_t raised, lowered, held;     /* what the windows decided */
	const char *reason;                 /* of the last decision, static: "p90 over target" */
	uint64_t shed_level[TAYRA_CLASSES]; /* at the door, for their level */
	double admit_ratio[TAYRA_CLASSES];  /* the share that gets past the door; 1: all */
	double limit_learned; /* what it thinks best, where `limit` is a level it looks at: what to
				 save, and to begin with next time */
	uint64_t service_p95_ns[TAYRA_CLASSES]; /* of OK answers, within some 10%; 0: none yet */
	double ceiling; /* that what the machine can bear sets just now; 0: none */
	/* What the last decision was based on, beside the above.  NaN and 0: not of this limiter,
	 * or not known yet. */
	uint32_t window_answers;
	uint64_t window_mean_ns; /* of OK answers begun and ended under one limit */
	double window_inflight;  /* mean, over time */
	double elasticity;       /* percent of throughput that the last 1% more at once bought */
	double knee_spread;      /* standard deviation of what it thinks best, as a share of it */
	uint64_t base_ns;        /* vegas, bdp: latency without a queue; gradient2: as usual */
	double peak_per_s;       /* bdp: the best rate */
	uint64_t shed_memory;    /* of BACKGROUND, while memory was scarce */
};
#define TAYRA_PACE_STATS_INIT TAYRA__SIZED(struct tayra_pace_stats)
TAYRA_API void tayra_pace_stats(struct tayra_pace *pace, struct tayra_pace_stats *out);

/* A change of the limit, and why; `reason` is static. */
struct tayra_pace_change {
	uint64_t at_ns;
	double from, to;
	const char *reason;
};
/* The changes after the first *seen, oldest first, up to `max` of them; of those before the last
 * TAYRA_PACE_CHANGES only that they were is known.  *seen, 0 at first, moves on.  => how many. */
TAYRA_API size_t tayra_pace_changes(struct tayra_pace *pace, uint64_t *seen,
				    struct tayra_pace_change *out, size_t max);
#define TAYRA_PACE_CHANGES 64

/*
 * Limits per partition.  One pace stands for one backend; where parts of it fill up one by one
 * (shards, hosts, tables, the quota of a tenant), each gets a pace of its own: made when its key is
 * first asked for, with the same options, and learning by itself.  There are at most `max`.  Where
 * there is no room the one that has been out of use for longest goes, and what its limit has
 * learned.
 *
 * A pace is the caller's from get to put: at least while a ticket of it is queued or held.  To get,
 * to put and to tick, from any thread.
 */
struct tayra_partitions;
struct tayra_partitions_options {
	size_t size;
	const struct tayra_pace_options *pace; /* of each; NULL: all defaults.  Copied; its sensor
						  and clock are borrowed */
	uint32_t max;                          /* 1 to 65536; default 64 */
	uint64_t idle_ns;                      /* out of use for so long, it goes; default 60 s */
};
#define TAYRA_PARTITIONS_OPTIONS_INIT TAYRA__SIZED(struct tayra_partitions_options)
/* => TAYRA_E_INVAL, TAYRA_E_NOMEM.  NULL options mean all defaults. */
TAYRA_API int tayra_partitions_create(const struct tayra_partitions_options *options,
				      struct tayra_partitions **out);
/* => TAYRA_OK, or TAYRA_E_FULL: one has not been put back, and nothing was done. */
TAYRA_API int tayra_partitions_destroy(struct tayra_partitions *partitions);
/* The pace of that key, an id or a hash.  => TAYRA_E_FULL: all are in use.  TAYRA_E_NOMEM. */
TAYRA_API int tayra_partitions_get(struct tayra_partitions *partitions, uint64_t key,
				   struct tayra_pace **out);
/* Once for each get.  => TAYRA_E_NOT_FOUND: it is not in use. */
TAYRA_API int tayra_partitions_put(struct tayra_partitions *partitions, uint64_t key,
				   uint64_t now_ns);
/* Tick each, and let go of those that have been out of use for long.  => when next. */
TAYRA_API uint64_t tayra_partitions_tick(struct tayra_partitions *partitions, uint64_t now_ns);
/* Show each, in no order, without a lock held: for its statistics or its settings. */
TAYRA_API void tayra_partitions_each(struct tayra_partitions *partitions,
				     void (*each)(void *ctx, uint64_t key, struct tayra_pace *pace),
				     void *ctx);

/*
 * The executor: a pool of threads that run tasks, in the order and with the admission of a pace.
 * For what blocks: queries, requests, computations.
 *
 * A task is the caller's memory, zeroed before its first use.  The caller fills in its public part;
 * from tayra_submit() until it has ended it may be neither changed nor moved nor freed.  It has
 * ended when tayra_task_wait() says so or it came out of its queue, whichever was asked for; a
 * cancelled one too.  Then it may be submitted again.  Nothing is allocated after create.
 *
 * Threads.  Every call may be made from any thread, from inside a task too unless it says
 * otherwise.  After fork() the child's copy answers TAYRA_E_FORKED; destroy does nothing there.
 */
struct tayra_executor;
struct tayra_task_kind;
struct tayra_task_queue;

/* Runs on a thread of the pool.  What it returns becomes the task's status and tells the limiter
 * how it went: TAYRA_OK or more, TAYRA_E_TIMEOUT, TAYRA_E_OVERLOAD, TAYRA_E_CANCELLED, or another
 * error. */
typedef int (*tayra_task_fn)(void *arg);

struct tayra_task {
	tayra_task_fn fn;
	void *arg;
	enum tayra_class cls;
	uint64_t deadline_ns; /* to have ended by, on the executor's clock; 0: none */
	struct tayra_task_queue
		*queue;  /* where it goes when it has ended; NULL: it is waited for */
	int status;      /* once ended: what fn returned, or why it never ran: TAYRA_E_OVERLOAD (see
			    ticket.retry_after_ns), TAYRA_E_TIMEOUT, TAYRA_E_CANCELLED */
	uint64_t tenant; /* this and the next two: as in struct tayra_pace_request */
	uint32_t level, cost;
	struct tayra_task_kind *kind; /* it goes in one call with others of that kind, and fn is
					 not looked at; NULL: alone */
	struct tayra_ticket ticket;   /* private, but for retry_after_ns */
	uint64_t opaque[8];           /* private */
};

struct tayra_executor_options {
	size_t size;
	uint32_t threads; /* 1 to 1024; default 4 */
	/* Who runs, and how many.  NULL: its own, a fixed limit of `threads`, the queue below, and
	 * no CoDel, so that a task without a deadline is never shed.  Borrowed; several executors
	 * may share one.  What it lets in beyond `threads` waits for a thread, first come first
	 * served. */
	struct tayra_pace *pace;
	uint32_t queue_max;              /* of its own pace: waiting tasks a class; default 1024 */
	const struct tayra_clock *clock; /* NULL: the real one.  Borrowed */
	/*
	 * Where tasks follow each other within this time, one of the idle threads looks out for the
	 * next one for so long before it sleeps: waking a thread takes longer than many tasks do.
	 * At most 1 ms; default 50 us, where there is more than one processor; UINT64_MAX: none.
	 */
	uint64_t spin_ns;
};
#define TAYRA_EXECUTOR_OPTIONS_INIT TAYRA__SIZED(struct tayra_executor_options)

/* => TAYRA_E_INVAL, TAYRA_E_NOMEM (also when there can be no more threads).  NULL options mean all
 * defaults. */
TAYRA_API int tayra_executor_create(const struct tayra_executor_options *options,
				    struct tayra_executor **out);
/* Refuse what is submitted from now on (TAYRA_E_CLOSED), cancel what waits, wait for what runs and
 * for calls in progress, free; its kinds too.  => TAYRA_OK.  TAYRA_E_WOULD_DEADLOCK on one of its
 * threads (inside a task, or where pace tells somebody there), TAYRA_E_FORKED: nothing was done. */
TAYRA_API int tayra_executor_destroy(struct tayra_executor *executor);

/*
 * Like tasks in one call: those of one kind and class that wait together.  A call enters pace like
 * a task, in its class, and with the tenant and level of who is next of those who wait for it.  It
 * costs the sum of its tasks' costs as they are given, at least 1: those with 0 ride for nothing.
 * Who goes in it is decided when a thread begins it, so others may join until then.  Inside a kind
 * tenants take turns, and each task is shed for its own deadline, level and wait, as it would be in
 * pace; cancelling one leaves the others.  A task with a kind that was taken may yet end with
 * TAYRA_E_OVERLOAD.
 */
struct tayra_task_kind_options {
	size_t size;
	/* On a thread of the pool: do what these n tasks ask for, whose `arg` are given.  Each
	 * status that is set becomes that of its task; what is left as it was becomes what this
	 * returns, which tells the limiter how the call went, as with tayra_task_fn. */
	int (*call)(void *ctx, void *const *args, int *statuses, size_t n);
	void *ctx;
	uint32_t max_batch;   /* tasks a call; 1 to TAYRA_BATCH_MAX; default 64 */
	uint64_t max_wait_ns; /* that one that is not full waits for more before it asks pace;
				 default 0: what is there */
};
#define TAYRA_TASK_KIND_OPTIONS_INIT TAYRA__SIZED(struct tayra_task_kind_options)
#define TAYRA_BATCH_MAX              1024u
/* It lives as long as its executor.  => TAYRA_E_INVAL, TAYRA_E_NOMEM, TAYRA_E_FORKED. */
TAYRA_API int tayra_task_kind_create(struct tayra_executor *executor,
				     const struct tayra_task_kind_options *options,
				     struct tayra_task_kind **out);

/*
 * => TAYRA_OK: it will end, exactly once.  TAYRA_E_OVERLOAD, TAYRA_E_TIMEOUT: turned away at the
 *    door, it will not be seen again.  TAYRA_E_INVAL, TAYRA_E_CLOSED, TAYRA_E_FORKED.
 * A task that has not ended yet is a bug and aborts.
 */
TAYRA_API int tayra_submit(struct tayra_executor *executor, struct tayra_task *task);
/* Submit n tasks.  One turned away has ended with that status, and comes out of its queue like the
 * others.  => TAYRA_OK, or the first status that was not; each task has its own.  */
TAYRA_API int tayra_submit_batch(struct tayra_executor *executor, struct tayra_task *tasks,
				 size_t n);
/*
 * Wait until all n tasks, none of which has a queue, have ended.
 * => TAYRA_OK, TAYRA_E_TIMEOUT: some have not yet.  TAYRA_E_WOULD_DEADLOCK on a thread of this
 *    executor, TAYRA_E_INVAL for a task with a queue or under way in another executor,
 *    TAYRA_E_FORKED.
 */
TAYRA_API int tayra_task_wait(struct tayra_executor *executor, struct tayra_task *tasks, size_t n,
			      uint64_t timeout_ns);
/* Take a task back.  True: fn will never run, and the task ends with TAYRA_E_CANCELLED, soon.
 * False: it runs, has run, or is not submitted here. */
TAYRA_API bool tayra_task_cancel(struct tayra_executor *executor, struct tayra_task *task);
/* Wait until nothing submitted is left.  => as tayra_task_wait(). */
TAYRA_API int tayra_executor_drain(struct tayra_executor *executor, uint64_t timeout_ns);

/* Where tasks go when they have ended; the caller's, and it may outlive the executor.
 * => TAYRA_E_NOMEM, TAYRA_E_IO. */
TAYRA_API int tayra_task_queue_create(struct tayra_task_queue **out);
/* No task may be under way to it. */
TAYRA_API void tayra_task_queue_destroy(struct tayra_task_queue *queue);
/* Readable while there is something in it. */
TAYRA_API int tayra_task_queue_fd(struct tayra_task_queue *queue);
/* Take up to `max` ended tasks, oldest first, never waiting.  Returns how many. */
TAYRA_API size_t tayra_task_queue_drain(struct tayra_task_queue *queue, struct tayra_task **out,
					size_t max);

struct tayra_executor_stats {
	size_t size;
	uint64_t submitted; /* turned away not counted */
	uint64_t refused;   /* at the door */
	uint64_t ran, cancelled,
		shed;              /* of those submitted; shed: let in to wait, then turned away */
	uint32_t waiting, running; /* running: with a thread; a call of many is one */
	uint32_t threads;
	uint64_t calls; /* that did what tasks with a kind asked for, counted in `ran` */
};
#define TAYRA_EXECUTOR_STATS_INIT TAYRA__SIZED(struct tayra_executor_stats)
TAYRA_API void tayra_executor_stats(struct tayra_executor *executor,
				    struct tayra_executor_stats *out);

#ifdef __cplusplus
}
#endif
#endif
