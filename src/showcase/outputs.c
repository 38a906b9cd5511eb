/* SPDX-License-Identifier: Apache-2.0 */
#include "showcase/outputs.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "showcase/portfolio.h"
#include "showcase/report_html.h"
#include "showcase/report_md.h"
#include "showcase/results.h"

#include <tayra/base.h>

static const char *const names[TAYRA__OUTPUTS] = {
	[TAYRA__OUTPUT_JSON] = "results.json",
	[TAYRA__OUTPUT_HTML] = "report.html",
	[TAYRA__OUTPUT_MD] = "report.md",
	[TAYRA__OUTPUT_PORTFOLIO] = "portfolio.md",
};

void
tayra__outputs_discard(struct tayra__outputs *outputs)
{
	for (int i = 0; i < TAYRA__OUTPUTS; i++)
		if (outputs->file[i]) {
			fclose(outputs->file[i]);
			outputs->file[i] = NULL;
			unlink(outputs->part[i]);
		}
}

int
tayra__outputs_open(struct tayra__outputs *outputs, const char *dir, char *error, size_t error_len)
{
	memset(outputs, 0, sizeof(*outputs));
	if (strlen(dir) > 4000) {
		snprintf(error, error_len, "the name of the output directory is too long");
		return TAYRA_E_INVAL;
	}
	if (mkdir(dir, 0777) < 0 && errno != EEXIST) {
		snprintf(error, error_len, "%s: %m", dir);
		return TAYRA_E_INVAL;
	}
	for (int i = 0; i < TAYRA__OUTPUTS; i++) {
		snprintf(outputs->path[i], sizeof(outputs->path[i]), "%.4000s/%s", dir, names[i]);
		snprintf(outputs->part[i], sizeof(outputs->part[i]), "%.4000s/.%s.part", dir,
			 names[i]);
		outputs->file[i] = fopen(outputs->part[i], "we");
		if (outputs->file[i])
			continue;
		snprintf(error, error_len, "%s: %m", outputs->path[i]);
		tayra__outputs_discard(outputs);
		return TAYRA_E_INVAL;
	}
	return TAYRA_OK;
}

/* From the file that has just been written, as anybody could. */
static int
write_portfolio(const struct tayra__outputs *outputs, FILE *out, char *error, size_t error_len)
{
	FILE *in = fopen(outputs->path[TAYRA__OUTPUT_JSON], "re");
	int status;

	if (!in)
		return TAYRA_E_IO;
	status = tayra__portfolio_write(in, out, error, error_len);
	fclose(in);
	return status;
}

static int
write_one(const struct tayra__outputs *outputs, int which, const struct tayra__results *results,
	  char *error, size_t error_len)
{
	FILE *out = outputs->file[which];

	switch (which) {
	case TAYRA__OUTPUT_JSON: return tayra__results_write_json(results, out);
	case TAYRA__OUTPUT_HTML: return tayra__report_html_write(results, out);
	case TAYRA__OUTPUT_MD: return tayra__report_md_write(results, out);
	default: return write_portfolio(outputs, out, error, error_len);
	}
}

int
tayra__outputs_write(struct tayra__outputs *outputs, const struct tayra__results *results,
		     char *error, size_t error_len)
{
	for (int i = 0; i < TAYRA__OUTPUTS; i++) {
		int status = write_one(outputs, i, results, error, error_len);
		int closed = fclose(outputs->file[i]);

		outputs->file[i] = NULL;
		if (status == TAYRA_OK && closed == 0 &&
		    rename(outputs->part[i], outputs->path[i]) == 0)
			continue;
		snprintf(error, error_len, "%s: %m", outputs->path[i]);
		unlink(outputs->part[i]);
		tayra__outputs_discard(outputs);
		return status < 0 ? status : TAYRA_E_IO;
	}
	return TAYRA_OK;
}
