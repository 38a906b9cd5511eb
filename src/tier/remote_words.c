/* SPDX-License-Identifier: Apache-2.0 */
#include "tier/remote_words.h"

#include <stdio.h>
#include <string.h>

#include "tier/remote_owed.h"
#include "tier/remote_settings.h"

static struct tayra__resp_argument
text_argument(const char *text)
{
	return (struct tayra__resp_argument){ text, strlen(text) };
}

void
tayra__remote_words_beat(struct tayra__remote_words *words,
			 const struct tayra__remote_settings *settings)
{
	words->arguments[0] = TAYRA__RESP_TEXT("GET");
	words->arguments[1] = text_argument(settings->epoch_key);
	words->count = 2;
}

void
tayra__remote_words_epoch(struct tayra__remote_words *words,
			  const struct tayra__remote_settings *settings,
			  const struct tayra__remote_session *session, uint64_t epoch)
{
	tayra__remote_epoch_text(session, epoch, words->text);
	words->arguments[0] = TAYRA__RESP_TEXT("SET");
	words->arguments[1] = text_argument(settings->epoch_key);
	words->arguments[2] = text_argument(words->text);
	words->count = 3;
}

void
tayra__remote_words_removed(struct tayra__remote_words *words,
			    const struct tayra__remote_settings *settings, uint64_t epoch,
			    uint64_t writer, const char *name, size_t name_len)
{
	const struct tayra__remote_head head = {
		.epoch = epoch,
		.writer = writer,
		.kept_ms = settings->removed_ms,
		.removed = true,
	};
	const size_t front = strlen(settings->prefix) + strlen(TAYRA__REMOTE_VALUE_MARK);
	const bool tag = tayra__remote_is_under(settings, TAYRA__REMOTE_TAG_MARK, name, name_len);

	tayra__remote_record_removed(&head, name + front, name_len - front, words->mark);
	snprintf(words->text, sizeof(words->text), "%llu",
		 tag ? 1ull : (unsigned long long)settings->removed_ms);
	words->arguments[0] = TAYRA__RESP_TEXT("SET");
	words->arguments[1] = (struct tayra__resp_argument){ name, name_len };
	words->arguments[2] = (struct tayra__resp_argument){ words->mark, sizeof(words->mark) };
	words->arguments[3] = TAYRA__RESP_TEXT("PX");
	words->arguments[4] = text_argument(words->text);
	words->count = 5;
}

bool
tayra__remote_words_delete(struct tayra__remote_words *words,
			   const struct tayra__remote_owed *names, uint32_t *at)
{
	struct tayra__remote_owed_key key;

	words->arguments[0] = TAYRA__RESP_TEXT("DEL");
	words->count = 1;
	while (words->count <= TAYRA__REMOTE_WORDS_KEYS && tayra__remote_owed_next(names, at, &key))
		words->arguments[words->count++] = (struct tayra__resp_argument){ key.bytes,
										  key.len };
	return words->count > 1;
}
