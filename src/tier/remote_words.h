/* SPDX-License-Identifier: Apache-2.0
 *
 * remote_words.h: the commands that a remote tier says to a server, besides those that carry
 * values. They point into their own buffers and to what they are given, which has to last as long.
 */
#ifndef TAYRA_TIER_REMOTE_WORDS_H
#define TAYRA_TIER_REMOTE_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/resp_client.h"
#include "tier/remote_greet.h"
#include "tier/remote_record.h"

struct tayra__remote_owed;
struct tayra__remote_settings;

#define TAYRA__REMOTE_WORDS_KEYS 256u /* in one DEL */

struct tayra__remote_words {
	struct tayra__resp_argument arguments[1 + TAYRA__REMOTE_WORDS_KEYS];
	size_t count;
	/* Private. */
	char text[TAYRA__REMOTE_EPOCH];
	unsigned char mark[TAYRA__REMOTE_RECORD_HEAD];
};

/* GET of the epoch key. */
void tayra__remote_words_beat(struct tayra__remote_words *words,
			      const struct tayra__remote_settings *settings);
/* SET of a new epoch. */
void tayra__remote_words_epoch(struct tayra__remote_words *words,
			       const struct tayra__remote_settings *settings,
			       const struct tayra__remote_session *session, uint64_t epoch);
/*
 * SET of word that what had this name was removed: by that writer, 0: by whomever.  Of a tag's name
 * it is gone again at once: that it was there is what is told.
 */
void tayra__remote_words_removed(struct tayra__remote_words *words,
				 const struct tayra__remote_settings *settings, uint64_t epoch,
				 uint64_t writer, const char *name, size_t name_len);
/* DEL of the next names from *at on.  => false: there are none. */
bool tayra__remote_words_delete(struct tayra__remote_words *words,
				const struct tayra__remote_owed *names, uint32_t *at);

#endif
