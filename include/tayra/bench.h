/* SPDX-License-Identifier: Apache-2.0
 *
 * bench.h: which of these C functions takes less time?  They take turns in this process, in random
 * order and in short slices, beside a second instance of the first (A/A), and a verdict comes out.
 *
 *     static void
 *     with_qsort(void *arg, uint64_t n)
 *     {
 *             for (uint64_t i = 0; i < n; i++)
 *                     TAYRA_BENCH_KEEP(sorted_by_qsort(arg));
 *     }
 *     ...
 *     tayra_bench_compare("qsort", with_qsort, "radix", with_radix, &input, NULL, &result);
 *
 * Threads.  A bench is used by one thread at a time, and functions run on the thread that called
 * tayra_bench_run(); only tayra_bench_stop() may be called from any thread or signal handler.
 * Functions must return: no longjmp(), no exception.  A child of fork() may use its copy, but not
 * go on with a run of its parent's.
 */
#ifndef TAYRA_BENCH_H
#define TAYRA_BENCH_H

#include <tayra/prove.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * The compiler must work out this value and may not assume what becomes of it; without, a function
 * whose result nobody uses is not called at all.  TAYRA_BENCH_HIDE forgets what is known of a
 * variable, so that work on a constant is not done once for all calls.  Each costs a store; neither
 * makes a call.  Scalars and structs, not arrays; gcc and clang.
 */
#define TAYRA_BENCH_KEEP(value)                                                                    \
	do {                                                                                       \
		__typeof__(value) tayra__kept = (value);                                           \
		__asm__ volatile("" : : "m"(tayra__kept) : "memory");                              \
	} while (0)
#define TAYRA_BENCH_HIDE(variable) __asm__ volatile("" : "+m"(variable) : : "memory")

/* Do it n times, n >= 1. */
typedef void (*tayra_bench_fn)(void *arg, uint64_t n);

enum tayra_bench_metric {
	/* Processor time of the calling thread: quiet, finds small effects soon.  Does not see
	 * waiting, nor what other threads do for the function. */
	TAYRA_BENCH_CPU = 0,
	TAYRA_BENCH_WALL = 1, /* time on the clock: sees all, the neighbours too */
};

struct tayra_bench_options {
	size_t size;
	enum tayra_bench_metric metric;
	double margin; /* relative, within (0, 1); smaller differences are SAME; default .02 */
	double alpha;  /* two-sided, within (0, 1); shared out over the functions; default .05 */
	uint64_t budget_ns; /* how long a run may take in all, up to a day; default 10 s.  A call
			       that is running is waited for */
	uint64_t slice_ns;  /* 1 ms to 10 s; default 20 ms.  A slice is up to ten parts of at least
			       1 ms, each one call of the function, and yields their median */
	uint32_t pairs;     /* exactly that many, 6 to 1,000, whatever the budget; default: as many
			       as the noise needs and the budget holds */
	uint64_t seed;      /* of the order; default 1 */
	FILE *progress;     /* how far it is, a line a second; NULL: silent.  Borrowed until the
			       bench is destroyed */
};
#define TAYRA_BENCH_OPTIONS_INIT TAYRA__SIZED(struct tayra_bench_options)

#define TAYRA_BENCH_ARMS_MAX 8
#define TAYRA_BENCH_NAME_MAX 32 /* bytes, with the end */

struct tayra_bench_arm {
	size_t size;
	const char *name; /* copied; printable, without '|' */
	tayra_bench_fn fn;
	void *arg;               /* borrowed until the bench is destroyed */
	tayra_bench_fn setup;    /* before each call of fn, with the same n: makes n inputs; not
				    timed; or NULL */
	tayra_bench_fn teardown; /* after it; or NULL */
};
#define TAYRA_BENCH_ARM_INIT TAYRA__SIZED(struct tayra_bench_arm)

/* One function's figures.  NaN: not known. */
struct tayra_bench_figures {
	char name[TAYRA_BENCH_NAME_MAX];
	double ns;                   /* of one of the n, by the metric: median over the pairs */
	double q1_ns, q3_ns;         /* the quarter below and the quarter above */
	double cpu_ns, wall_ns;      /* medians of both clocks */
	uint64_t calls;              /* the n of a part */
	uint32_t parts;              /* of a slice */
	struct tayra_comparison rel; /* to the first; of the first: to its second instance (A/A) */
};

struct tayra_bench_result {
	size_t size;
	bool valid;    /* false: cannot be believed, and `why` says why; verdicts are INVALID */
	char why[240]; /* one line; also after an error, and where less was run than asked for */
	enum tayra_verdict verdict; /* of the last function against the first: BETTER is faster */
	double ratio, lo, hi, p;    /* as in struct tayra_comparison */
	double mde;
	uint32_t pairs;
	double aa_ratio;    /* the first against itself */
	double foreign_cpu; /* share of the machine that other processes used meanwhile */
	double took_s;
	bool stopped; /* by tayra_bench_stop(): what there was until then */
	uint32_t arms;
	struct tayra_bench_figures arm[TAYRA_BENCH_ARMS_MAX];
};
#define TAYRA_BENCH_RESULT_INIT TAYRA__SIZED(struct tayra_bench_result)

struct tayra_bench;

/* => TAYRA_E_INVAL: an option out of range; TAYRA_E_NOMEM.  NULL options: all defaults. */
TAYRA_API int tayra_bench_create(const struct tayra_bench_options *options,
				 struct tayra_bench **out);
/* NULL is fine.  Does nothing from inside a function that the bench is calling. */
TAYRA_API void tayra_bench_destroy(struct tayra_bench *bench);

/* Add a function; the first is the base.
 * => TAYRA_E_INVAL: no fn, a bad name or one that is taken; TAYRA_E_FULL;
 *    TAYRA_E_WOULD_DEADLOCK from inside a function. */
TAYRA_API int tayra_bench_add(struct tayra_bench *bench, const struct tayra_bench_arm *arm);

/*
 * Find out how many calls fill a part, run the slices, judge.  Blocks; may be repeated.
 * => Nothing is allocated and no clock is read while a function runs.
 * => TAYRA_OK, whatever the verdict, also when it is not valid: a function in which nothing is
 *    left to do, one that uses no processor time under TAYRA_BENCH_CPU.  One whose calls are too
 *    long for six pairs in the budget is UNDECIDED, after two calls at most of each.
 * => TAYRA_E_INVAL: fewer than two functions.  TAYRA_E_WOULD_DEADLOCK: from inside a function that
 *    any bench is calling on this thread, or while this one runs.  TAYRA_E_FORKED: a function
 *    returned in a child of this process.  TAYRA_E_NOMEM.  result->why has one line then, the rest
 *    is zero.
 */
TAYRA_API int tayra_bench_run(struct tayra_bench *bench, struct tayra_bench_result *result);
/* End a run after the slice that is running; the next one, if none is.  Any thread, also a signal
 * handler. */
TAYRA_API void tayra_bench_stop(struct tayra_bench *bench);

enum tayra_bench_form {
	TAYRA_BENCH_TEXT = 0,
	TAYRA_BENCH_MARKDOWN = 1,
	TAYRA_BENCH_JSON = 2,
	TAYRA_BENCH_HTML = 3, /* a whole page, without scripts, that loads nothing */
};
/* Write the last run: a table and what it means; a page with that, the intervals, whether it is to
 * be believed and how it was measured; or a line of JSON for each function but the first, its
 * fields those of `tayra bench run --json`.
 * => TAYRA_E_INVAL: nothing has been run; TAYRA_E_IO; TAYRA_E_NOMEM for a page. */
TAYRA_API int tayra_bench_report(const struct tayra_bench *bench, FILE *out,
				 enum tayra_bench_form form);

/* All of it for two functions of one argument.  => as the calls it is made of. */
TAYRA_API int tayra_bench_compare(const char *name_a, tayra_bench_fn fn_a, const char *name_b,
				  tayra_bench_fn fn_b, void *arg,
				  const struct tayra_bench_options *options,
				  struct tayra_bench_result *result);

#ifdef __cplusplus
}
#endif
#endif
