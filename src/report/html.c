/* SPDX-License-Identifier: Apache-2.0 */
#include "report/html.h"

#include <stdarg.h>
#include <stdint.h>

#include "base/utf8.h"

static void
put_ascii(FILE *out, unsigned char c)
{
	switch (c) {
	case '&': fputs("&amp;", out); break;
	case '<': fputs("&lt;", out); break;
	case '>': fputs("&gt;", out); break;
	case '"': fputs("&quot;", out); break;
	case '\'': fputs("&#39;", out); break;
	default: fputc(c < 0x20 && c != '\n' ? ' ' : c, out);
	}
}

void
tayra__html_text(FILE *out, const char *text)
{
	const unsigned char *c = (const unsigned char *)text;

	while (*c) {
		size_t len = tayra__utf8_length(c, SIZE_MAX);

		if (len == 0)
			fputs("\xef\xbf\xbd", out);
		else if (len == 1)
			put_ascii(out, *c);
		else
			fwrite(c, 1, len, out);
		c += len ? len : 1;
	}
}

void
tayra__html_printf(FILE *out, const char *format, ...)
{
	char text[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	tayra__html_text(out, text);
}

void
tayra__html_svg_text(FILE *out, double x, double y, const char *anchor, const char *text)
{
	fprintf(out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">", x, y, anchor);
	tayra__html_text(out, text);
	fputs("</text>", out);
}

static const char style[] =
	":root{color-scheme:light dark;--bg:#fbfaf7;--fg:#1d1f21;--soft:#63676b;--line:#dcd8cf;"
	"--card:#fff;--a0:#8a8f94;--a1:#2b6cb0;--a2:#c2560b;--good:#1a7f4b;--bad:#b3261e;"
	"--quiet:#74787c;--stale:#d9a441;--s0:#4a5560;--s1:#ad4a06;--s2:#2b6cb0;--s3:#7b3f9e;"
	"--s4:#12735f}"
	"@media(prefers-color-scheme:dark){:root{--bg:#16181a;--fg:#e8e6e1;--soft:#a1a5a9;"
	"--line:#34383c;--card:#1e2124;--a0:#9aa0a6;--a1:#6ea8e6;--a2:#f0934a;--good:#5cc98d;"
	"--bad:#f2887f;--quiet:#9ba0a5;--stale:#e0b25c;--s0:#b6bec6;--s1:#f0934a;--s2:#6ea8e6;--s3:"
	"#c592e6;"
	"--s4:#4fc3ab}}"
	"*{box-sizing:border-box}"
	"body{margin:0;background:var(--bg);color:var(--fg);font:16px/1.55 system-ui,sans-serif}"
	"main{max-width:1120px;margin:0 auto;padding:40px 24px 80px}"
	"h1{font-size:31px;line-height:1.25;margin:6px 0 14px;text-wrap:balance}"
	"h2{font-size:22px;margin:56px 0 10px;padding-top:18px;border-top:1px solid var(--line)}"
	"h3{font-size:18px;margin:38px 0 4px}"
	"p{margin:8px 0;max-width:74ch}li{margin:5px 0;max-width:74ch}ul{padding-left:22px}"
	".soft,small{color:var(--soft)}.eyebrow{color:var(--soft);font-size:14px;margin:0}"
	".cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(210px,1fr));gap:14px;"
	"margin:24px 0}"
	".card{background:var(--card);border:1px solid var(--line);border-radius:10px;"
	"padding:14px 16px}"
	".card b{display:block;font-size:27px;line-height:1.2;font-variant-numeric:tabular-nums}"
	".scroll{overflow-x:auto}"
	"table{border-collapse:collapse;width:100%;font-size:14px;margin:10px 0}"
	"th{font-weight:600;text-align:left;color:var(--soft);font-size:13px}"
	"td,th{padding:5px 7px;border-bottom:1px solid var(--line);white-space:nowrap}"
	"td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}"
	"td.wrap{white-space:normal}"
	".v{font-weight:600}.v.BETTER{color:var(--good)}.v.WORSE,h1.invalid{color:var(--bad)}"
	".v.SAME,.v.UNDECIDED,.v.INVALID{color:var(--quiet);font-weight:400}"
	".legend{font-size:14px;margin:6px 0}.legend i{display:inline-block;width:26px;height:0;"
	"border-top:3px solid;margin:0 6px 4px 16px;vertical-align:middle}"
	".legend i:first-child{margin-left:0}"
	".legend i.a0{border-color:var(--a0);border-top-style:dotted}"
	".legend i.a1{border-color:var(--a1);border-top-style:dashed}.legend i.a2{border-color:"
	"var(--a2)}"
	".legend i.box{height:12px;width:14px;border:0}"
	".box.fresh{background:var(--good)}.box.stale{background:var(--stale)}"
	".box.failed{background:var(--bad)}"
	"svg.chart{width:100%;max-width:640px;height:auto;display:block;margin:8px 0}"
	"svg.wide{max-width:100%}"
	"svg text{fill:var(--soft);font:12px system-ui,sans-serif}"
	"svg.interval{width:170px;height:16px;display:block}svg.scale{height:30px}"
	"svg.interval text{font-size:14px}"
	".grid{stroke:var(--line);stroke-width:1}.limit{stroke:var(--fg);stroke-width:1;"
	"stroke-dasharray:2 3}"
	".line{fill:none;stroke-width:2.4;stroke-linejoin:round}"
	".line.a0{stroke:var(--a0);stroke-dasharray:2 4}.line.a1{stroke:var(--a1);"
	"stroke-dasharray:8 4}.line.a2{stroke:var(--a2)}"
	".legend i.part{border:0}"
	".part.backlog{fill:var(--quiet);background:var(--quiet)}"
	".part.hit{fill:var(--good);background:var(--good)}"
	".part.wait{fill:var(--stale);background:var(--stale)}"
	".part.origin{fill:var(--a1);background:var(--a1)}"
	".part.change{fill:var(--line);background:var(--line)}"
	".part.lost{fill:var(--bad);background:var(--bad)}"
	"path.fresh{fill:var(--good)}path.stale{fill:var(--stale)}path.failed{fill:var(--bad);"
	"opacity:.75}"
	".interval line{stroke:var(--quiet);stroke-width:2.4}.interval circle{fill:var(--quiet)}"
	".BETTER line{stroke:var(--good)}.BETTER circle{fill:var(--good)}"
	".WORSE line{stroke:var(--bad)}.WORSE circle{fill:var(--bad)}"
	".interval line.one{stroke:var(--fg);stroke-width:1.2}"
	".interval line.tick{stroke:var(--line);stroke-width:1}"
	"details{margin:8px 0}summary{cursor:pointer;color:var(--soft)}"
	"code{font:13.5px ui-monospace,monospace;overflow-wrap:anywhere}"
	".alarm{border:2px solid var(--bad);border-radius:10px;padding:10px 16px;margin:18px 0}"
	".s0{color:var(--s0)}.s1{color:var(--s1)}.s2{color:var(--s2)}.s3{color:var(--s3)}"
	".s4{color:var(--s4)}"
	"svg.plot{width:100%;max-width:660px;height:auto;display:block;margin:12px 0 4px}"
	"svg.plot text{font-size:11px;paint-order:stroke;stroke:var(--bg);stroke-width:3px;"
	"stroke-linejoin:round}"
	".plots{display:grid;grid-template-columns:repeat(auto-fit,minmax(400px,1fr));gap:0 32px}"
	".plots h3{margin-top:18px}"
	".m{fill:currentColor}path.line{stroke:currentColor;stroke-width:2}"
	"path.line.thin{stroke-width:1}.d1{stroke-dasharray:7 3}.d2{stroke-dasharray:2 3}"
	".d3{stroke-dasharray:9 3 2 3}.band{fill:currentColor;fill-opacity:.17}"
	".zone{fill:var(--line);fill-opacity:.25}.zone.z1{fill-opacity:.6}"
	".margin{fill:var(--line);fill-opacity:.7}"
	".range{fill:none;stroke:var(--fg);stroke-width:1.6}"
	".legend svg{vertical-align:-1px;margin-right:5px}.legend span{margin-right:16px;"
	"white-space:nowrap}"
	"table.words{width:auto}.words td,.words th{padding-right:22px}"
	"tr[class] td:last-child{white-space:nowrap}tr.look "
	"td:last-child{color:var(--s1);font-weight:600}"
	"tr.spoilt td:last-child{color:var(--bad);font-weight:700}"
	"tr.fine td:last-child{color:var(--good)}tr.unknown td:last-child{color:var(--quiet)}"
	"@media(max-width:600px){main{padding:20px 14px 48px}h1{font-size:24px}h2{font-size:20px;"
	"margin-top:36px}svg.plot text{font-size:13px}td,th{padding:4px 5px}}"
	"@media print{:root{color-scheme:light;--bg:#fff;--fg:#000;--soft:#444;--line:#ccc;"
	"--card:#fff;--good:#1a7f4b;--bad:#b3261e;--quiet:#555;--s0:#4a5560;--s1:#a94800;"
	"--s2:#2b6cb0;--s3:#7b3f9e;--s4:#12735f}body{font-size:12px}main{max-width:none;padding:0}"
	"h1{font-size:22px}h2{margin-top:24px;break-after:avoid}svg,tr,.card,.scroll,p{break-"
	"inside:"
	"avoid}.legend{break-before:avoid}p:has(+svg.plot){break-after:avoid}"
	"details:not([open]){display:none}@page{margin:14mm}"
	"svg.plot{max-width:520px}.scroll{overflow:visible}td,th{white-space:normal;padding:2px "
	"4px;font-size:9.5px}.legend,code{font-size:11px}}";

void
tayra__html_head(FILE *out, const char *title)
{
	fputs("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
	      "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n<title>",
	      out);
	tayra__html_text(out, title);
	fprintf(out, "</title>\n<style>%s</style></head>\n<body><main>\n", style);
}
