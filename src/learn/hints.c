/* SPDX-License-Identifier: Apache-2.0 */
#include "learn/hints.h"

#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "learn/frequent.h"
#include "learn/patterns.h"

/* From when on a figure is taken for one. */
#define USES_MIN       200
#define HOT_SHARE      0.05
#define COMPARED_MIN   8   /* reloads of a key */
#define MOSTLY         0.9 /* changed; or, the other way, the same */
#define LONGER_MIN     2.0 /* times the age */
#define CHANGE_CHANCE  0.2
#define STALE_SHARE    0.1
#define STALE_CHANGES  0.2149 /* changes an age at which a copy is stale for 10% of the time */
#define GROUP_MIN      20     /* reloads of a group */
#define SAMPLE_MIN     50     /* events */
#define LOST_SHARE     0.2    /* of the loads */
#define ONCE_KEYS_MIN  100
#define ONCE_SHARE     0.3
#define GROUP_KEYS_MIN 20
#define GROUP_HITS_MAX 0.05
#define BURSTS_SHARE   0.01 /* of the uses */

const char *
tayra__hint_kind_name(enum tayra__hint_kind kind)
{
	static const char *const names[] = {
		[TAYRA__HINT_HOT_KEY] = "hot_key",
		[TAYRA__HINT_TTL_SHORT] = "ttl_short",
		[TAYRA__HINT_TTL_LONG] = "ttl_long",
		[TAYRA__HINT_EXPIRED_EARLY] = "expired_early",
		[TAYRA__HINT_EVICTED_EARLY] = "evicted_early",
		[TAYRA__HINT_USED_ONCE] = "used_once",
		[TAYRA__HINT_GROUP] = "group_no_reuse",
		[TAYRA__HINT_BURSTS] = "bursts",
	};

	return names[kind];
}

static double
ratio(double part, double whole)
{
	return whole > 0 ? part / whole : (double)NAN;
}

/* Printable; what is not becomes \xNN, what was cut ends in "..". */
static void
show(char out[TAYRA__HINT_TEXT], const struct tayra__frequent_item *item)
{
	size_t len = item->text_len, used = 0;
	bool cut = len > TAYRA__FREQUENT_TEXT;

	if (cut)
		len = TAYRA__FREQUENT_TEXT;
	for (size_t i = 0; i < len && used + 8 < TAYRA__HINT_TEXT; i++) {
		unsigned char c = (unsigned char)item->text[i];

		if (c >= 0x20 && c <= 0x7e && c != '\\')
			out[used++] = (char)c;
		else
			used += (size_t)snprintf(out + used, 5, "\\x%02x", c);
	}
	snprintf(out + used, TAYRA__HINT_TEXT - used, cut ? ".." : "");
}

static struct tayra__hint_saving
nothing(void)
{
	double no = (double)NAN;

	return (struct tayra__hint_saving){ no, no, no, no, no };
}

/* NULL: there are enough. */
static struct tayra__hint *
new_hint(struct tayra__hints *out, enum tayra__hint_kind kind,
	 const struct tayra__frequent_item *subject)
{
	struct tayra__hint *hint = &out->hints[out->hint_count];

	if (out->hint_count == TAYRA__HINTS_MAX)
		return NULL;
	out->hint_count++;
	*hint = (struct tayra__hint){ .kind = kind, .saving = nothing() };
	if (subject)
		show(hint->subject, subject);
	return hint;
}

static void
fact(struct tayra__hint *hint, const char *name, double value)
{
	if (hint->fact_count < TAYRA__HINT_FACTS)
		hint->facts[hint->fact_count++] = (struct tayra__hint_fact){ name, value };
}

__attribute__((format(printf, 2, 3))) static void
say(struct tayra__hint *hint, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(hint->sentence, sizeof(hint->sentence), format, args);
	va_end(args);
}

static void
save_loads(struct tayra__hint *hint, double loads_per_s, double cost_ns, double costed)
{
	hint->saving.loads_per_s = loads_per_s;
	hint->saving.origin_ms_per_s = loads_per_s * ratio(cost_ns, costed) / 1e6;
}

/* A time as people say it: 90 s, 15 min, 3 h. */
static const char *
spoken(double seconds, char text[32])
{
	static const struct {
		double least, unit;
		const char *name;
	} units[] = {
		{ 172800, 86400, "days" }, { 7200, 3600, "h" }, { 120, 60, "min" }, { 1, 1, "s" }
	};

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (seconds < units[i].least)
			continue;
		snprintf(text, 32, "%.3g %s", seconds / units[i].unit, units[i].name);
		return text;
	}
	snprintf(text, 32, "%.3g ms", seconds * 1000);
	return text;
}

/* The most used first. */
static int
by_count(const void *a, const void *b)
{
	const struct tayra__frequent_item *const *x = a, *const *y = b;

	if ((*x)->count != (*y)->count)
		return (*x)->count < (*y)->count ? 1 : -1;
	return (*x)->hash < (*y)->hash ? -1 : (*x)->hash > (*y)->hash;
}

/* The first TAYRA__HINT_LINES of them, in order.  => how many. */
static unsigned
most(const struct tayra__frequent *frequent, const struct tayra__frequent_item **out)
{
	unsigned count = 0;

	for (uint32_t i = 0; i < frequent->used; i++) {
		out[count++] = tayra__frequent_at(frequent, i);
		qsort(out, count, sizeof(*out), by_count);
		if (count > TAYRA__HINT_LINES)
			count--;
	}
	return count;
}

static unsigned
list(const struct tayra__frequent *frequent, const struct tayra__hints *all,
     struct tayra__hint_line *lines)
{
	const struct tayra__frequent_item *first[TAYRA__HINT_LINES + 1];
	unsigned count = most(frequent, first), kept = 0;

	for (unsigned i = 0; i < count; i++) {
		const struct tayra__frequent_item *item = first[i];
		struct tayra__hint_line *line = &lines[kept];

		if (item->error * 2 > item->count)
			continue;
		kept++;
		show(line->text, item);
		line->share = ratio((double)item->count, all->uses);
		line->share_error = ratio((double)item->error, all->uses);
		line->uses_per_s = ratio((double)item->count, all->seconds);
		line->hit_share = ratio((double)item->hits, (double)(item->hits + item->misses));
		line->loads_per_s = ratio((double)item->loads, all->seconds);
		line->cost_ms = ratio(item->cost_ns, (double)item->costed) / 1e6;
		line->bytes = ratio(item->bytes, (double)item->sized);
	}
	return kept;
}

static void
hot_keys(const struct tayra__patterns *patterns, struct tayra__hints *out)
{
	const struct tayra__frequent_item *first[TAYRA__HINT_LINES + 1];
	unsigned count = most(tayra__patterns_hot(patterns), first);

	for (unsigned i = 0; i < count; i++) {
		const struct tayra__frequent_item *item = first[i];
		double least = ratio((double)(item->count - item->error), out->uses);
		struct tayra__hint *hint;

		if (!(least >= HOT_SHARE))
			continue;
		hint = new_hint(out, TAYRA__HINT_HOT_KEY, item);
		if (!hint)
			return;
		say(hint,
		    "This key alone takes %.3g%% of all uses: a copy in the client would keep them "
		    "away, and a refresh before it expires lets nobody wait for it.",
		    least * 100);
		fact(hint, "share", ratio((double)item->count, out->uses));
		fact(hint, "share_error", ratio((double)item->error, out->uses));
		fact(hint, "uses_per_s", ratio((double)item->count, out->seconds));
		fact(hint, "misses", (double)item->misses);
		hint->saving.requests_per_s = ratio((double)item->hits, out->seconds);
	}
}

/* A key, or the keys of a group. */
enum subject { KEY, GROUP };

static const char *
loaded(enum subject subject)
{
	return subject == KEY ? "Loaded" : "Each of these keys is loaded";
}

static void
ttl_short(const struct tayra__frequent_item *item, enum subject subject, struct tayra__hints *out)
{
	double n = (double)(item->same + item->changed), age_s = item->age_s / n;
	double rate = -log(((double)item->same + 0.5) / (n + 1.5)) / age_s;
	double until_s = -log(1 - CHANGE_CHANCE) / rate;
	struct tayra__hint *hint;
	char is[32], could[32];

	/* Many keys together say of a time that none was seen for. */
	if (subject == GROUP)
		until_s = fmin(until_s, out->seconds);
	if ((double)item->expired < COMPARED_MIN || until_s < LONGER_MIN * age_s)
		return;
	hint = new_hint(out, TAYRA__HINT_TTL_SHORT, item);
	if (!hint)
		return;
	say(hint,
	    "%s again every %s, and %.0f of %.0f times the bytes were the same: a time to live "
	    "of %s would do.",
	    loaded(subject), spoken(age_s, is), (double)item->same, n, spoken(until_s, could));
	fact(hint, "reloads", (double)item->reloads);
	fact(hint, "same", (double)item->same);
	fact(hint, "changed", (double)item->changed);
	fact(hint, "age_s", age_s);
	fact(hint, "ttl_s", until_s);
	save_loads(hint, ratio((double)item->expired, out->seconds) * (1 - age_s / until_s),
		   item->cost_ns, (double)item->costed);
}

/* `used`: what is known of its uses; NULL: nothing. */
static void
ttl_long(const struct tayra__frequent_item *item, const struct tayra__frequent_item *used,
	 enum subject subject, struct tayra__hints *out)
{
	double n = (double)(item->same + item->changed), age_s = item->age_s / n;
	double changes = -log(((double)item->same + 0.5) / (n + 0.5));
	double stale = 1 - (1 - exp(-changes)) / changes;
	double until_s = STALE_CHANGES / changes * age_s;
	struct tayra__hint *hint = new_hint(out, TAYRA__HINT_TTL_LONG, item);
	char is[32], should[32];

	if (!hint)
		return;
	say(hint,
	    "%s again every %s, and %.0f of %.0f times it had changed: it is stale for about "
	    "%.0f%% of the time.  A time to live of %s would make that 10%%.",
	    loaded(subject), spoken(age_s, is), (double)item->changed, n, stale * 100,
	    spoken(until_s, should));
	fact(hint, "reloads", (double)item->reloads);
	fact(hint, "changed", (double)item->changed);
	fact(hint, "age_s", age_s);
	fact(hint, "stale_share", stale);
	fact(hint, "stale_s", stale * item->age_s);
	fact(hint, "ttl_s", until_s);
	if (used)
		hint->saving.stale_per_s = ratio((double)used->hits, out->seconds) *
					   (stale - STALE_SHARE);
	save_loads(hint, -ratio((double)item->reloads, out->seconds) * (age_s / until_s - 1),
		   item->cost_ns, (double)item->costed);
}

/* By the reloads that were compared. */
enum verdict { RIGHT, SHORT, LONG };

static enum verdict
judge(const struct tayra__frequent_item *item, double least)
{
	double n = (double)(item->same + item->changed);

	if (n < least || item->age_s <= 0)
		return RIGHT;
	if ((double)item->same >= MOSTLY * n)
		return SHORT;
	return (double)item->changed >= MOSTLY * n ? LONG : RIGHT;
}

/* The most used keys that are loaded again, or groups of keys. */
struct ranking {
	const struct tayra__frequent_item *first[TAYRA__HINT_LINES + 1];
	enum verdict verdicts[TAYRA__HINT_LINES];
	unsigned count;
};

static bool
is_of(const struct tayra__frequent_item *key, const struct tayra__frequent_item *group)
{
	char text[TAYRA__KEYGROUP_MAX];
	size_t len;

	if (key->text_len > TAYRA__FREQUENT_TEXT || group->text_len > TAYRA__FREQUENT_TEXT)
		return false; /* it was cut */
	len = tayra__keygroup(key->text, key->text_len, text);
	return len == group->text_len && memcmp(text, group->text, len) == 0;
}

/* Of a group and one of its keys that says the same, the one is told that explains more. */
static void
tell_once(struct ranking *keys, struct ranking *groups)
{
	for (unsigned g = 0; g < groups->count; g++) {
		uint64_t most_of_key = 0;

		for (unsigned k = 0; k < keys->count; k++)
			if (keys->verdicts[k] == groups->verdicts[g] &&
			    is_of(keys->first[k], groups->first[g]) &&
			    keys->first[k]->reloads > most_of_key)
				most_of_key = keys->first[k]->reloads;
		if (most_of_key * 2 > groups->first[g]->reloads)
			groups->verdicts[g] = RIGHT;
		for (unsigned k = 0; groups->verdicts[g] != RIGHT && k < keys->count; k++)
			if (keys->verdicts[k] == groups->verdicts[g] &&
			    is_of(keys->first[k], groups->first[g]))
				keys->verdicts[k] = RIGHT;
	}
}

/* Those most often loaded again, and groups of those: is their time to live right? */
static void
times_to_live(const struct tayra__patterns *patterns, struct tayra__hints *out)
{
	struct ranking keys, groups;

	keys.count = most(tayra__patterns_reloads(patterns), keys.first);
	groups.count = most(tayra__patterns_groups(patterns), groups.first);
	for (unsigned i = 0; i < keys.count; i++)
		keys.verdicts[i] = judge(keys.first[i], COMPARED_MIN);
	for (unsigned i = 0; i < groups.count; i++)
		groups.verdicts[i] = judge(groups.first[i], GROUP_MIN);
	tell_once(&keys, &groups);
	for (unsigned i = 0; i < groups.count; i++) {
		if (groups.verdicts[i] == SHORT)
			ttl_short(groups.first[i], GROUP, out);
		else if (groups.verdicts[i] == LONG)
			ttl_long(groups.first[i], groups.first[i], GROUP, out);
	}
	for (unsigned i = 0; i < keys.count; i++) {
		if (keys.verdicts[i] == SHORT)
			ttl_short(keys.first[i], KEY, out);
		else if (keys.verdicts[i] == LONG)
			ttl_long(keys.first[i],
				 tayra__frequent_find(tayra__patterns_hot(patterns),
						      keys.first[i]->hash),
				 KEY, out);
	}
}

/* What a sample of the keys adds up to. */
struct tally {
	double loads, cost_ns, after_evicted, after_expired;
	double old, once, once_bytes; /* first seen in the first half; of those, used once */
};

static struct tally
add_up(const struct tayra__patterns *patterns, uint64_t group)
{
	uint64_t half_ns = patterns->since_ns + (patterns->now_ns - patterns->since_ns) / 2;
	struct tally tally = { 0 };

	for (uint32_t i = 0; i < patterns->slots; i++) {
		const struct tayra__patterns_key *key = tayra__patterns_sample(patterns, i);

		if (!key->hash || (group && key->group != group))
			continue;
		tally.loads += key->loads;
		tally.cost_ns += key->cost_ns;
		tally.after_evicted += key->after_evicted;
		tally.after_expired += key->after_expired;
		if (key->first_ns > half_ns || key->uses == 0)
			continue;
		tally.old++;
		tally.once += key->uses == 1;
		tally.once_bytes += key->uses == 1 ? (double)key->bytes : 0;
	}
	return tally;
}

static void
expired_early(const struct tayra__patterns *patterns, const struct tally *tally,
	      struct tayra__hints *out)
{
	double compared = (double)(patterns->same + patterns->changed);
	double same = compared >= SAMPLE_MIN ? (double)patterns->same / compared : 1;
	double share = tally->after_expired / tally->loads;
	struct tayra__hint *hint;

	if (tally->after_expired < SAMPLE_MIN || share < LOST_SHARE || same < LOST_SHARE)
		return;
	hint = new_hint(out, TAYRA__HINT_EXPIRED_EARLY, NULL);
	if (!hint)
		return;
	say(hint,
	    "%.0f%% of the loads are of what was there and had run out%s: a longer time to live, "
	    "or "
	    "one learned from changes, saves some of them.",
	    share * 100, compared >= SAMPLE_MIN ? ", often unchanged" : "");
	fact(hint, "share_of_loads", share);
	fact(hint, "keys_looked_at", patterns->sampled);
	if (compared >= SAMPLE_MIN)
		fact(hint, "same_share", same);
	save_loads(hint,
		   ratio(tally->after_expired * tayra__patterns_stands_for(patterns) * same,
			 out->seconds),
		   patterns->cost_ns, (double)patterns->costed);
}

static void
evicted_early(const struct tayra__patterns *patterns, const struct tally *tally,
	      struct tayra__hints *out)
{
	double share = tally->after_evicted / tally->loads;
	struct tayra__hint *hint;

	if (tally->after_evicted < SAMPLE_MIN || share < LOST_SHARE)
		return;
	hint = new_hint(out, TAYRA__HINT_EVICTED_EARLY, NULL);
	if (!hint)
		return;
	say(hint,
	    "%.0f%% of the loads are of what had been evicted: more memory, or a tier on disk, "
	    "saves "
	    "some of them.",
	    share * 100);
	fact(hint, "share_of_loads", share);
	fact(hint, "evicted", (double)patterns->gone[TAYRA__PATTERNS_EVICTED]);
	fact(hint, "evicted_unread_share",
	     ratio((double)patterns->evicted_unread, (double)patterns->evicted_sampled));
	fact(hint, "keys_looked_at", patterns->sampled);
	save_loads(hint,
		   ratio(tally->after_evicted * tayra__patterns_stands_for(patterns), out->seconds),
		   patterns->cost_ns, (double)patterns->costed);
}

static void
used_once(const struct tayra__patterns *patterns, const struct tally *tally,
	  struct tayra__hints *out)
{
	double share = ratio(tally->once, tally->old);
	struct tayra__hint *hint;

	if (tally->old < ONCE_KEYS_MIN || share < ONCE_SHARE)
		return;
	hint = new_hint(out, TAYRA__HINT_USED_ONCE, NULL);
	if (!hint)
		return;
	say(hint,
	    "About %.0f%% of the keys are used once and not again: a policy that does not let them "
	    "push others out (s3fifo, tayra) keeps that memory for what returns.",
	    share * 100);
	fact(hint, "share_of_keys", share);
	fact(hint, "share_error", 1.96 * sqrt(share * (1 - share) / tally->old));
	fact(hint, "keys_looked_at", tally->old);
	if (tally->once_bytes > 0)
		hint->saving.bytes = tally->once_bytes * tayra__patterns_stands_for(patterns);
}

static void
groups(const struct tayra__patterns *patterns, struct tayra__hints *out)
{
	const struct tayra__frequent_item *first[TAYRA__HINT_LINES + 1];
	unsigned count = most(tayra__patterns_groups(patterns), first);

	for (unsigned i = 0; i < count; i++) {
		const struct tayra__frequent_item *item = first[i];
		struct tally tally = add_up(patterns, item->hash);
		double uses = (double)(item->hits + item->misses), hits = (double)item->hits / uses;
		struct tayra__hint *hint;

		if (tally.old < GROUP_KEYS_MIN || tally.once < MOSTLY * tally.old ||
		    uses < USES_MIN || hits > GROUP_HITS_MAX)
			continue;
		hint = new_hint(out, TAYRA__HINT_GROUP, item);
		if (!hint)
			return;
		say(hint,
		    "%.0f%% of these keys are used once and %.2g%% of their uses are hits: not "
		    "worth "
		    "caching.",
		    tally.once / tally.old * 100, hits * 100);
		fact(hint, "share", ratio((double)item->count, out->uses));
		fact(hint, "hit_share", hits);
		fact(hint, "once_share", tally.once / tally.old);
		fact(hint, "keys_looked_at", tally.old);
		if (item->sized)
			hint->saving.bytes = item->bytes;
	}
}

static void
bursts(const struct tayra__patterns *patterns, struct tayra__hints *out)
{
	const struct tayra__patterns_bursts *seen = &patterns->bursts;
	struct tayra__frequent_item group = { .text_len = seen->group_len };
	struct tayra__hint *hint;

	if (seen->count == 0 || (double)seen->uses < BURSTS_SHARE * out->uses)
		return;
	memcpy(group.text, seen->group_text, seen->group_len);
	hint = new_hint(out, TAYRA__HINT_BURSTS, seen->group_len ? &group : NULL);
	if (!hint)
		return;
	say(hint,
	    "%.0f %s of keys not seen before, up to %.0f uses long, %.2g%% of all uses: a scan "
	    "should "
	    "read past the cache.",
	    (double)seen->count, seen->count == 1 ? "burst" : "bursts", (double)seen->longest,
	    (double)seen->uses / out->uses * 100);
	fact(hint, "bursts", (double)seen->count);
	fact(hint, "uses", (double)seen->uses);
	fact(hint, "longest_uses", (double)seen->longest);
	fact(hint, "usual_new_share", seen->usual);
	hint->saving.bytes = (double)seen->new_keys *
			     ratio(patterns->bytes, (double)patterns->sized);
}

static int
compare(double a, double b)
{
	a = isnan(a) ? 0 : a;
	b = isnan(b) ? 0 : b;
	return a > b ? -1 : a < b;
}

static int
by_saving(const void *a, const void *b)
{
	const struct tayra__hint *x = a, *y = b;
	int order = compare(x->saving.origin_ms_per_s, y->saving.origin_ms_per_s);

	order = order ? order : compare(x->saving.loads_per_s, y->saving.loads_per_s);
	order = order ? order : compare(x->saving.requests_per_s, y->saving.requests_per_s);
	order = order ? order : compare(x->saving.bytes, y->saving.bytes);
	order = order ? order : (int)x->kind - (int)y->kind;
	return order ? order : strcmp(x->subject, y->subject);
}

void
tayra__hints_take(const struct tayra__patterns *patterns, uint64_t now_ns, struct tayra__hints *out)
{
	uint64_t end_ns = now_ns > patterns->now_ns ? now_ns : patterns->now_ns;
	struct tally all = add_up(patterns, 0);

	memset(out, 0, sizeof(*out));
	out->seconds = (double)(end_ns - patterns->since_ns) / 1e9;
	out->uses = (double)patterns->uses;
	out->hit_share = ratio((double)patterns->hits, out->uses);
	out->loads = (double)patterns->loads;
	out->origin_ms_per_s = patterns->costed ? ratio(patterns->cost_ns / 1e6, out->seconds)
						: (double)NAN;
	out->keys = patterns->sampled * tayra__patterns_stands_for(patterns);
	out->hot_count = list(tayra__patterns_hot(patterns), out, out->hot);
	out->group_count = list(tayra__patterns_groups(patterns), out, out->groups);
	if (patterns->uses < USES_MIN)
		return;
	times_to_live(patterns, out);
	if (all.loads > 0) {
		expired_early(patterns, &all, out);
		evicted_early(patterns, &all, out);
	}
	used_once(patterns, &all, out);
	groups(patterns, out);
	bursts(patterns, out);
	hot_keys(patterns, out);
	qsort(out->hints, out->hint_count, sizeof(out->hints[0]), by_saving);
}
