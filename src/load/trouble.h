/* SPDX-License-Identifier: Apache-2.0
 *
 * trouble.h: the last complaint of an origin that fails, and how many there were.  Any thread; its
 * lock is a leaf.
 */
#ifndef TAYRA_LOAD_TROUBLE_H
#define TAYRA_LOAD_TROUBLE_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#define TAYRA__TROUBLE_TEXT 128

struct tayra__trouble {
	pthread_mutex_t lock;
	uint64_t count;
	char text[TAYRA__TROUBLE_TEXT];
	char refusal[TAYRA__TROUBLE_TEXT];
};

void tayra__trouble_init(struct tayra__trouble *trouble);
void tayra__trouble_fini(struct tayra__trouble *trouble);
/*
 * A load failed with that status because of what the text says.  Without effect for a status that
 * is about the key, the load or ourselves, and for an empty text.  It is cut to fit, and control
 * characters become blanks.  The text must hold no password and nothing of a key.  Of TAYRA_E_INVAL
 * it is why the origin does not take a value, which is kept beside and not counted.
 */
void tayra__trouble_note(struct tayra__trouble *trouble, int status, const char *text);
/* => how many were noted; `text` gets the last one: "" when there was none. */
uint64_t tayra__trouble_read(struct tayra__trouble *trouble, char text[TAYRA__TROUBLE_TEXT]);
/* Why it refused a value the last time; "" when it never did, or did not say. */
void tayra__trouble_read_refusal(struct tayra__trouble *trouble, char text[TAYRA__TROUBLE_TEXT]);

#endif
