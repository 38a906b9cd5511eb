/* SPDX-License-Identifier: Apache-2.0
 *
 * page.h: is a page a whole page?  Tags nest and close, attributes are quoted, text is escaped,
 * elements are known and stand where they may, and nothing is loaded from anywhere.  To be included
 * after cmocka.
 */
#ifndef TAYRA_TESTS_REPORT_PAGE_H
#define TAYRA_TESTS_REPORT_PAGE_H

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define PAGE_DEPTH 32
#define PAGE_NAME  24

struct page_reader {
	const char *at;
	char open[PAGE_DEPTH][PAGE_NAME];
	size_t depth;
	char why[120];
};

static bool
page_among(const char *name, const char *list)
{
	char padded[PAGE_NAME + 8];

	snprintf(padded, sizeof(padded), " %s ", name);
	return strstr(list, padded) != NULL;
}

/* Where an element may stand: right inside one of these. */
static const struct {
	const char *name, *inside;
} page_rules[] = {
	{ "li", " ul " },
	{ "tr", " table " },
	{ "td", " tr " },
	{ "th", " tr " },
	{ "summary", " details " },
	{ "h1", " main " },
	{ "h2", " main " },
	{ "p", " main details " },
	{ "ul", " main " },
	{ "table", " div " },
	{ "div", " main details " },
	{ "details", " main " },
	{ "svg", " main span p td " },
	{ "path", " svg " },
	{ "line", " svg " },
	{ "circle", " svg " },
	{ "rect", " svg " },
	{ "polygon", " svg " },
	{ "text", " svg " },
	{ "span", " p " },
	{ "code", " li " },
	{ "main", " body " },
	{ "body", " html " },
	{ "head", " html " },
	{ "title", " head " },
	{ "style", " head " },
	{ "meta", " head " },
	{ "html", "" },
};

static bool
page_fail(struct page_reader *r, const char *what, const char *name)
{
	snprintf(r->why, sizeof(r->why), "%s %s at '%.40s'", what, name, r->at);
	return false;
}

static bool
page_may_stand(struct page_reader *r, const char *name)
{
	for (size_t i = 0; i < sizeof(page_rules) / sizeof(page_rules[0]); i++) {
		if (strcmp(page_rules[i].name, name) != 0)
			continue;
		if (!page_rules[i].inside[0])
			return r->depth == 0;
		return r->depth && page_among(r->open[r->depth - 1], page_rules[i].inside);
	}
	return false;
}

/* name="value" .. up to the end of the tag; closed: it ends with a slash. */
static bool
page_attributes(struct page_reader *r, bool *closed)
{
	char seen[200] = " ";

	*closed = false;
	while (*r->at && *r->at != '>') {
		char name[PAGE_NAME + 1];
		size_t len;

		if (*r->at == ' ') {
			r->at++;
			continue;
		}
		if (*r->at == '/' && r->at[1] == '>') {
			*closed = true;
			r->at++;
			continue;
		}
		len = strspn(r->at,
			     "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-0123456789");
		if (!len || len > PAGE_NAME || r->at[len] != '=' || r->at[len + 1] != '"')
			return page_fail(r, "an attribute without quotes", "");
		snprintf(name, sizeof(name), "%.*s", (int)len, r->at);
		if (page_among(name, seen))
			return page_fail(r, "twice the attribute", name);
		if (page_among(name, " src href style onload onclick "))
			return page_fail(r, "the attribute", name);
		snprintf(seen + strlen(seen), sizeof(seen) - strlen(seen), "%s ", name);
		r->at += len + 2;
		r->at += strcspn(r->at, "\"<>");
		if (*r->at++ != '"')
			return page_fail(r, "a value that does not end:", name);
	}
	return *r->at++ == '>' || page_fail(r, "a tag that does not end", "");
}

static bool
page_tag(struct page_reader *r)
{
	bool end = r->at[1] == '/', closed;
	char name[PAGE_NAME];
	size_t len;

	r->at += end ? 2 : 1;
	len = strspn(r->at, "abcdefghijklmnopqrstuvwxyz0123456789");
	if (!len || len >= PAGE_NAME)
		return page_fail(r, "a '<' that is no tag", "");
	snprintf(name, sizeof(name), "%.*s", (int)len, r->at);
	r->at += len;
	if (end) {
		if (*r->at++ != '>' || !r->depth || strcmp(r->open[--r->depth], name) != 0)
			return page_fail(r, "an end of what is not open:", name);
		return true;
	}
	if (!page_may_stand(r, name))
		return page_fail(r, "out of place:", name);
	if (!page_attributes(r, &closed))
		return false;
	if (closed || strcmp(name, "meta") == 0)
		return true;
	if (r->depth == PAGE_DEPTH)
		return page_fail(r, "too deep:", name);
	memcpy(r->open[r->depth++], name, sizeof(name));
	if (strcmp(name, "style") == 0)
		r->at += strcspn(r->at, "<");
	return true;
}

/* "": it is whole; else why not. */
static const char *
page_fault(const char *page, struct page_reader *r)
{
	*r = (struct page_reader){ .at = page };
	if (strncmp(page, "<!doctype html>\n", 16) != 0) {
		page_fail(r, "no doctype", "");
		return r->why;
	}
	r->at += 16;
	while (*r->at && !r->why[0]) {
		if (*r->at == '<') {
			page_tag(r);
		} else if (*r->at == '&') {
			const char *entities = " &amp; &lt; &gt; &quot; &#39; ";
			char entity[PAGE_NAME + 1];

			snprintf(entity, sizeof(entity), "%.*s", (int)strcspn(r->at, ";") + 1,
				 r->at);
			if (!page_among(entity, entities))
				page_fail(r, "a bare &", "");
			r->at++;
		} else {
			if (*r->at == '>' || (!r->depth && !isspace((unsigned char)*r->at)))
				page_fail(r, "text where none may be", "");
			r->at++;
		}
	}
	if (!r->why[0] && r->depth)
		page_fail(r, "not closed:", r->open[r->depth - 1]);
	return r->why;
}

static inline void
must_be_whole(const char *page)
{
	static const char *const banned[] = { "nan", "http-equiv", "@import", "url(" };
	struct page_reader reader;
	const char *fault = page_fault(page, &reader);

	if (fault[0])
		fail_msg("the page has %s", fault);
	for (size_t i = 0; i < sizeof(banned) / sizeof(banned[0]); i++)
		if (strstr(page, banned[i]))
			fail_msg("the page has '%s'", banned[i]);
	if (strlen(page) > 300000)
		fail_msg("the page has %zu bytes", strlen(page));
}

/* Each, one after the other. */
static inline void
must_follow(const char *text, const char *const *parts)
{
	const char *at = text;

	for (; *parts; parts++) {
		at = strstr(at, *parts);
		if (!at)
			fail_msg("'%s' is missing, or not after the one before", *parts);
	}
}

static inline size_t
count(const char *text, const char *part)
{
	size_t n = 0;

	for (const char *at = strstr(text, part); at; at = strstr(at + 1, part))
		n++;
	return n;
}

#endif
