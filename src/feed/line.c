/* SPDX-License-Identifier: Apache-2.0 */
#include "feed/line.h"

#include "base/clock.h"

/* A connection that lived less was none: it is not made again at once. */
#define LIVED_NS TAYRA_NS_PER_S

static int
hear(struct tayra__feed_line *line, const struct tayra__complaint *why)
{
	int status = line->hear(line, why);

	line->up = status == TAYRA_OK;
	return status;
}

static uint64_t
next_take_ns(const struct tayra__feed_line *line, uint64_t now_ns, uint64_t next_ns)
{
	return line->again_ns && line->again_ns < next_ns - now_ns ? now_ns + line->again_ns
								   : next_ns;
}

/* Until the thread is to stop or the connection is gone: *why says how. */
static void
listen(struct tayra__feed_line *line, const struct tayra__complaint *why)
{
	uint64_t next_ns = tayra__clock_real_ns() + line->interval_ns, now_ns;

	line->asked = false;
	line->again_ns = 0;
	while (!tayra__feed_thread_stops(&line->thread)) {
		/* First what came before the answer to hear(), and has been read already. */
		if (!line->take(line, why))
			return;
		now_ns = tayra__clock_real_ns();
		if (now_ns >= next_ns) {
			next_ns = now_ns + line->interval_ns;
			if (line->asked || !line->ask(line, next_ns)) {
				tayra__complain(why, "%s: no answer", line->name(line));
				return;
			}
			line->asked = true;
		}
		tayra__feed_thread_wait(&line->thread, line->fd(line),
					next_take_ns(line, now_ns, next_ns));
	}
}

static void *
run(void *arg)
{
	struct tayra__feed_line *line = arg;
	char trouble[TAYRA__TROUBLE_TEXT];
	const struct tayra__complaint why = { trouble, sizeof(trouble) };

	while (!tayra__feed_thread_stops(&line->thread)) {
		uint64_t began_ns = tayra__clock_real_ns(), wait_ns, lived_ns = 0;
		enum tayra__reach_try try = tayra__reach_begin(&line->reach, began_ns, &wait_ns);

		if (try == TAYRA__REACH_NO) {
			tayra__feed_thread_wait(&line->thread, -1, began_ns + wait_ns);
			continue;
		}
		trouble[0] = '\0';
		if (line->up || hear(line, &why) == TAYRA_OK) {
			began_ns = tayra__clock_real_ns();
			listen(line, &why);
			lived_ns = tayra__clock_real_ns() - began_ns;
		}
		tayra__feed_lost(&line->feed, trouble);
		line->hang_up(line);
		line->up = false;
		tayra__reach_end(&line->reach, try, tayra__clock_real_ns(),
				 lived_ns >= LIVED_NS ? TAYRA__REACH_CAME : TAYRA__REACH_FAILED);
	}
	return NULL;
}

int
tayra__feed_line_init(struct tayra__feed_line *line, struct tayra *t,
		      const struct tayra_feed_options *options)
{
	int status = tayra__feed_init(&line->feed, t, options);

	if (status != TAYRA_OK)
		return status;
	tayra__reach_init(&line->reach, tayra__clock_real_ns());
	status = tayra__feed_thread_init(&line->thread);
	if (status != TAYRA_OK)
		tayra__feed_line_fini(line);
	return status;
}

int
tayra__feed_line_start(struct tayra__feed_line *line, const struct tayra__complaint *why)
{
	char trouble[TAYRA__TROUBLE_TEXT] = "";
	const struct tayra__complaint here = { trouble, sizeof(trouble) };
	int status = hear(line, &here);

	tayra__complain(why, "%s", status == TAYRA_OK ? "" : trouble);
	if (status == TAYRA_E_NOMEM || status == TAYRA_E_INVAL)
		return status;
	if (status != TAYRA_OK)
		tayra__feed_lost(&line->feed, trouble);
	return tayra__feed_thread_start(&line->thread, run, line);
}

void
tayra__feed_line_fini(struct tayra__feed_line *line)
{
	tayra__feed_thread_fini(&line->thread);
	line->hang_up(line);
	tayra__feed_fini(&line->feed);
	tayra__reach_fini(&line->reach);
}
