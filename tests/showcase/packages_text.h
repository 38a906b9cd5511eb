/* SPDX-License-Identifier: Apache-2.0
 *
 * packages_text.h: a Packages file small enough to know by heart, and a place to put it.
 *
 *     app -> lib, tool | missing      lib -> base       tool -> mailer (virtual: postman)
 *     postman -> base                 base -> nothing   loop-a <-> loop-b
 */
#ifndef TESTS_SHOWCASE_PACKAGES_TEXT_H
#define TESTS_SHOWCASE_PACKAGES_TEXT_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char packages_text[] =
	"Package: app\nVersion: 1:2.0-1\nInstalled-Size: 100\nMaintainer: A <a@example.org>\n"
	"Depends: lib (>= 1.0), tool | missing, nowhere\nDescription: an application program\n"
	" with a longer text\n .\n of two paragraphs\nSection: misc\nPriority: optional\n"
	"Size: 4000\nTag: role::program,\n more::tags\n\n"
	"Package: lib\nVersion: 1.1\nDepends: base:any [amd64]\nDescription: a library of things\n"
	"Section: libs\nPriority: optional\nSize: 10\n\n"
	"Package: tool\nVersion: 3\nPre-Depends: mailer\nDescription: a tool for people\n"
	"Section: misc\nPriority: extra\nSize: 20\n\n"
	"Package: postman\nVersion: 4\nProvides: mailer (= 4), letterbox\nDepends: base\n"
	"Description: delivers letters\nSection: mail\nPriority: optional\nSize: 30\n\n"
	"Package: base\nVersion: 5\nDescription: what everything needs\nSection: base\n"
	"Priority: required\nSize: 40\n\n"
	"Package: loop-a\nVersion: 6\nDepends: loop-b, loop-b (>= 1)\nDescription: goes round\n"
	"Size: 50\n\n"
	"Package: loop-b\nVersion: 7\nDepends: loop-a, loop-b\nDescription: comes round\n"
	"Size: 60\n\n"
	"Package: base\nVersion: 4\nDepends: app\nDescription: an older one\nSize: 1\n";

/* Write bytes to a new file; its name in `path`.  The test removes it. */
static inline void
write_file(char path[64], const void *bytes, size_t len)
{
	FILE *out;
	int fd;

	snprintf(path, 64, "/tmp/tayra-test-XXXXXX");
	fd = mkstemp(path);
	out = fd >= 0 ? fdopen(fd, "w") : NULL;
	if (!out || fwrite(bytes, 1, len, out) != len || fclose(out) != 0)
		abort();
}

#endif
