#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# pages.sh TAYRA CHROMIUM: the pages of `tayra bench` in a real browser, wide and narrow, light and dark and
# as printed: nothing sticks out, no label covers another, everything can be told from its ground, and
# nothing is loaded.  TAP; skipped without Chromium.
set -u
. "$(dirname "$0")/../claim.sh"
tayra=$(realpath "$1")
chromium=${2:-}
if [ -z "$chromium" ] || [ -n "${TAYRA_INSTRUMENTED:-}" ]; then
	echo "1..0 # SKIP no browser to look at pages with"
	exit 0
fi
dir=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null; rm -rf "$dir"' EXIT
cd "$dir" || exit 99
unset TAYRA_PASSWORD TAYRA_FORWARD

# What the browser finds of PAGE.html, WIDTH pixels wide, a fault a line, and "looked" last.
cat >look.js <<'END'
function shade(text) {
	const c = text.match(/[\d.]+/g).slice(0, 3).map(v => v / 255).map(v => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
	return .2126 * c[0] + .7152 * c[1] + .0722 * c[2];
}
function contrast(a, b) {
	return (Math.max(shade(a), shade(b)) + .05) / (Math.min(shade(a), shade(b)) + .05);
}
function overlap(a, b) {
	return Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1 && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 3;
}
function look(doc, view) {
	const faults = [], ground = view.getComputedStyle(doc.body).backgroundColor;
	const wide = doc.documentElement.scrollWidth, room = doc.documentElement.clientWidth;
	if (wide > room)
		faults.push(`the page is ${wide} pixels wide in ${room}`);
	for (const svg of doc.querySelectorAll('svg.plot')) {
		const frame = svg.getBoundingClientRect(), labels = [...svg.querySelectorAll('text')];
		const boxes = labels.map(l => l.getBoundingClientRect());
		labels.forEach((l, i) => {
			const b = boxes[i];
			if (b.left < frame.left - 2 || b.right > frame.right + 2 || b.top < frame.top - 2 || b.bottom > frame.bottom + 2)
				faults.push(`'${l.textContent}' sticks out of: ${svg.getAttribute('aria-label')}`);
			for (let j = 0; j < i; j++)
				if (overlap(b, boxes[j]))
					faults.push(`'${l.textContent}' covers '${labels[j].textContent}' in: ${svg.getAttribute('aria-label')}`);
		});
		for (const m of svg.querySelectorAll('.m,path.line'))
			if (contrast(view.getComputedStyle(m).color, ground) < 3)
				faults.push(`a line is too pale: ${m.getAttribute('class')}`);
		if (frame.width < 200)
			faults.push('a drawing is lost');
	}
	for (const e of doc.querySelectorAll('h1,h2,p,td,th,summary'))
		if (contrast(view.getComputedStyle(e).color, ground) < 4.5)
			faults.push(`text is too pale: ${e.textContent.slice(0, 30)}`);
	/* As on paper, where nothing can be opened. */
	if (doc.querySelector('style').textContent.includes('@media all{'))
		for (const e of doc.querySelectorAll('details:not([open])'))
			if (e.getBoundingClientRect().height > 0)
				faults.push(`nobody can open on paper: ${e.textContent.slice(0, 30)}`);
	if (view.performance.getEntriesByType('resource').length)
		faults.push('something was loaded');
	return [...new Set(faults)];
}
const frame = document.getElementById('f');
frame.onload = () => {
	const faults = [...look(frame.contentDocument, frame.contentWindow), 'looked'];
	document.getElementById('said').textContent = '\nFAULTS\n' + faults.join('\n') + '\nEND\n';
};
END
look() {
	escaped=$(sed -e 's/&/\&amp;/g' -e 's/"/\&quot;/g' "$1.html")
	{
		printf '<!doctype html><meta charset="utf-8"><iframe id="f" width="%d" height="4000" style="border:0" srcdoc="' "$2"
		printf '%s' "$escaped"
		printf '"></iframe><pre id="said"></pre><script>'
		cat look.js
		echo '</script>'
	} >wrapped.html
	sandbox=
	[ "$(id -u)" -ne 0 ] || sandbox=--no-sandbox
	timeout 100 "$chromium" --headless=new --disable-gpu --disable-dev-shm-usage $sandbox --no-first-run --disable-quic \
		--disable-background-networking --disable-component-update --disable-sync --user-data-dir="$dir/profile" \
		--virtual-time-budget=3000 $3 --dump-dom "file://$dir/wrapped.html" >dom 2>err.browser
	sed -n '/^FAULTS$/,/^END$/p' dom | sed '1d;$d' >out
	[ "$(cat out)" = looked ]
}

"$tayra" serve --listen 127.0.0.1:0 --memory 16M >serving 2>err </dev/null &
server=$!
port=
for _ in $(seq 100); do
	port=$(sed -n 's/.* on 127\.0\.0\.1:\([0-9]*\):.*/\1/p' serving)
	[ -z "$port" ] || break
	sleep 0.1
done
url="redis://127.0.0.1:$port/"
cat >plan.yaml <<'END'
arms:
  the-old-one-with-a-long-name: sh -c 'i=0; while [ $i -lt 9000 ]; do i=$((i+1)); done'
  new: sh -c 'i=0; while [ $i -lt 5000 ]; do i=$((i+1)); done'
  newer: "true"
metric: cpu
pairs: 24
slice: 1ms
history: past.jsonl
name: loop
prices:
  currency: EUR
  cpu_hour: 0.03..0.05
  memory_gib_hour: 0
  origin_million_calls: 0
  requests_per_month: 1e9..2e9
  engineer_hour: 60..90
  engineer_hours_to_adopt: 4..10
  engineer_hours_per_month: 1
  months: 12
END
for _ in 1 2 3; do
	"$tayra" bench run plan.yaml --pairs 6 >out 2>err </dev/null
done
"$tayra" bench run plan.yaml --html trial.html >out 2>err </dev/null
"$tayra" bench report past.jsonl --html history.html >out 2>err
"$tayra" bench run --url "$url" --load '300..900/s step 300 ramp 100ms sustain 500ms p50 4s p99 4s' --slice 50ms \
	--connections 8 --html load.html >out 2>err
"$tayra" bench run --url "$url" --rate 500 --duration 1s --html server.html >out 2>err

for page in trial load server history; do
	[ -s $page.html ] && look $page 1280 ''
	claim "the page of a $page, 1280 pixels wide"
	look $page 400 ''
	claim "and 400 pixels wide"
	look $page 1280 --blink-settings=preferredColorScheme=0
	claim "and dark"
	sed -i 's/@media print{/@media all{/' $page.html
	look $page 700 --blink-settings=preferredColorScheme=0
	claim "and as it is printed, from a dark screen too"
done

echo "1..$count"
[ $bad -eq 0 ]
