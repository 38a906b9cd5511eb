/* SPDX-License-Identifier: Apache-2.0
 *
 * http_transfer.h: one request at a time on one of libcurl's easy handles, and what its end means
 * to a load.  Of the thread that drives the multi handle, alone.
 */
#ifndef TAYRA_ORIGIN_HTTP_TRANSFER_H
#define TAYRA_ORIGIN_HTTP_TRANSFER_H

#include <tayra/tayra.h>

#include "origin/complaint.h"
#include "origin/freshness.h"
#include "origin/reach.h"
#include "origin/validator.h"

struct curl_slist;

struct tayra__transfer {
	void *easy;              /* CURL */
	struct tayra_load *load; /* NULL: idle */
	enum tayra__reach_try try;
	uint64_t max_bytes;
	char *body;
	size_t len, room;
	size_t dropped;  /* bytes of an answer that is no value */
	size_t head_len; /* of all heads that came */
	int status;      /* of receiving: TAYRA_E_TOO_LARGE, TAYRA_E_NOMEM */
	struct tayra__freshness freshness;
	struct tayra__validator validator; /* of the answer */
	struct curl_slist *headers;        /* of every request.  Borrowed */
	struct curl_slist *asked;          /* of this one alone: what it is asked under */
	bool conditional;                  /* that is a condition */
	bool headed;                       /* the last of them is whole */
	bool sends;                        /* what comes back is no value */
	bool follows;                      /* redirects, where it sends nothing */
};

/* => TAYRA_E_NOMEM; TAYRA_E_UNSUPPORTED: this libcurl cannot do what is asked of it.
 * `headers` is kept. */
int tayra__transfer_init(struct tayra__transfer *transfer, const struct tayra_http_options *options,
			 struct curl_slist *headers, uint64_t max_bytes);
void tayra__transfer_fini(struct tayra__transfer *transfer);
/* Forget the last request; the next is for `url`, which is copied.  => TAYRA_E_NOMEM. */
int tayra__transfer_aim(struct tayra__transfer *transfer, const char *url);
/* Have the value sent only if that is not its validator any more.  => TAYRA_E_NOMEM: it will be
 * sent anyway. */
int tayra__transfer_unless(struct tayra__transfer *transfer,
			   const struct tayra__validator *validator);
/* The next one sends these bytes, with that method: they stay where they are until it has ended.
 * => TAYRA_E_NOMEM. */
int tayra__transfer_send(struct tayra__transfer *transfer, const char *method, const void *bytes,
			 size_t len);
/* It sent something, and ended.  => TAYRA_OK: the server has it. */
int tayra__transfer_sent(const struct tayra__transfer *transfer, uint64_t *retry_after_ns);
/* It ended with that CURLcode.  => TAYRA_OK: the body is the value, or it is the one that the
 * validator is of.  *retry_after_ns: what the server said.
 */
int tayra__transfer_status(const struct tayra__transfer *transfer, int code,
			   uint64_t *retry_after_ns);
/* It ended well, and the value is that one. */
bool tayra__transfer_unchanged(const struct tayra__transfer *transfer);
/* What is where a redirect led to has the validator too, and may be another value. */
bool tayra__transfer_elsewhere(const struct tayra__transfer *transfer);
/* All that was received came from where it was asked for. */
bool tayra__transfer_direct(const struct tayra__transfer *transfer);
/* What to say of it when that is an error: the response, or libcurl's word for the code. */
void tayra__transfer_explain(const struct tayra__transfer *transfer, int code,
			     const struct tayra__complaint *why);
/* Was there a connection on which the request could be sent? */
bool tayra__transfer_reached(const struct tayra__transfer *transfer);

#endif
