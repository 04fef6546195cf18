#include "backtest/page_text.h"

namespace wave::backtest {

std::string_view page_head() {
  return R"page(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy"
  content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<title>Backtest</title>
<style>
:root { color-scheme: light dark; --back: #fff; --text: #1c2128; --faint: #667080; --line: #d9dee5;
  --load: #64748b; --carried: #0f8f83; --need: #b7791f; --ready: #0f8f83; --desired: #3b62d9; --bad: #d1383d;
  --shade: #d1383d2e; --event: #7a4fd126; --card: #f6f8fa; }
@media (prefers-color-scheme: dark) { :root { --back: #14181d; --text: #e3e8ee; --faint: #93a0af;
  --line: #2d353f; --load: #94a3b8; --carried: #34c3b4; --need: #e0a94a; --ready: #34c3b4; --desired: #86a2ff;
  --bad: #ff6b6b; --shade: #ff6b6b3d; --event: #a98bff33; --card: #1b2027; } }
body { margin: 0 auto; max-width: 1180px; padding: 20px; background: var(--back); color: var(--text);
  font: 15px/1.45 system-ui, sans-serif; }
h1 { font-size: 22px; margin: 0; } h2 { font-size: 16px; margin: 26px 0 6px; }
p { margin: 4px 0 12px; color: var(--faint); }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: 4px 9px; border-bottom: 1px solid var(--line); }
th { font-weight: 600; color: var(--faint); } th:first-child, td:first-child { text-align: left; }
td.why, th.why { text-align: left; } tr.plan { background: var(--card); font-weight: 600; }
.wide { overflow-x: auto; } canvas { width: 100%; height: 220px; display: block; touch-action: pan-y; }
canvas { cursor: crosshair; }
.bar { display: flex; flex-wrap: wrap; gap: 8px 18px; align-items: center; margin: 6px 0; }
.bar i { display: inline-block; width: 14px; height: 3px; margin-right: 6px; vertical-align: middle; }
select, button { font: inherit; color: inherit; background: var(--card); border: 1px solid var(--line);
  border-radius: 5px; padding: 3px 9px; }
#tip { min-height: 1.5em; color: var(--faint); font-variant-numeric: tabular-nums; }
pre { margin: 0; font: 12px/1.4 ui-monospace, monospace; text-align: left; white-space: pre-wrap; }
</style>
</head>
<body>
<h1 id="title"></h1>
<p id="about"></p>
<div class="wide"><table id="figures"></table></div>
<p>Minutes violated %: those in which load was above 85 % of what the ready units can carry. Unserved %: load above what
they can carry. Cost: units ordered, relative to the oracle, which knows the future. Time short and time over:
ready below and above need.</p>
<div class="wide" id="suggested" hidden><h2>Other settings</h2>
<p id="suggested-about"></p><table id="frontier"></table></div>
<h2>Course of the plan</h2>
<div class="bar"><label>Show <select id="day"></select></label><button id="earlier">Earlier</button>
<button id="later">Later</button><button id="all">Everything</button>
<span>Drag over a chart to zoom; double-click for everything. Times are UTC.</span></div>
<div class="bar" id="load-key"></div>
<canvas id="load"></canvas>
<div class="bar" id="units-key"></div>
<canvas id="units"></canvas>
<div id="tip"></div>
<div class="wide" id="known" hidden><h2>Known events</h2><table id="events"></table></div>
<h2>Changes</h2>
<p id="changes-about"></p>
<div class="wide"><table id="changes"></table></div>
<script type="application/json" id="data">)page";
}

std::string_view page_tail() {
  return R"page(</script>
<script>
'use strict';
const data = JSON.parse(document.getElementById('data').textContent);
const at = id => document.getElementById(id);
const figures = data.result.figures, course = data.course;
const begin = course.begin, end = begin + course.bucket * course.load_max.length;
const day = 86400000;
const iso = (ms, length = 16) => new Date(ms).toISOString().slice(0, length).replace('T', ' ');
const short = x => x === null ? '-' : Math.abs(x) >= 100 ? Math.round(x).toString() : String(+x.toFixed(2));
function cell(row, text, name) {
  const made = document.createElement(name || 'td');
  made.textContent = text;
  row.append(made);
  return made;
}
function row(table) { const made = document.createElement('tr'); table.append(made); return made; }

document.title = at('title').textContent = `Backtest of ${data.component_id} under ${data.load_metric}`;
at('about').textContent = `${iso(begin)} to ${iso(end)} UTC; new units serve after ${data.ready_after}; a `
  + `unit is meant to carry ${short(data.per_unit)} and can carry ${short(data.capacity)}.`;

const columns = [['slo_pct', 'Minutes violated %', 3], ['unserved_pct', 'Unserved %', 3], ['cost', 'Cost', 3],
  ['actions_day', 'Changes/day', 1], ['theta_u', 'Mean shortage %', 2], ['theta_o', 'Mean surplus %', 2],
  ['tau_u', 'Time short %', 2], ['tau_o', 'Time over %', 2]];
{
  const head = row(at('figures'));
  cell(head, 'Policy', 'th');
  for (const [, name] of columns) cell(head, name, 'th');
  for (const policy of data.order) {
    const line = row(at('figures'));
    if (policy === 'plan') line.className = 'plan';
    cell(line, policy);
    for (const [key, , digits] of columns)
      cell(line, figures[policy][key].toFixed(digits)).dataset.figure = policy + '.' + key;
  }
}

if (data.result.suggestions) {
  const told = data.result.suggestions, table = at('frontier'), head = row(table);
  at('suggested').hidden = false;
  at('suggested-about').textContent = `${told.tried} settings of plan ${told.plan_id}, item ${told.item_id} `
    + `were tried on ${iso(Date.parse(told.chosen_on.from))} to ${iso(Date.parse(told.chosen_on.to))} UTC. `
    + 'These are not beaten in both violations and cost; the last columns are the test above, which the '
    + 'choice has not seen.'
    + ' With the suggested one, capacity that is no longer needed is released after '
    + told.frontier.find(one => one.suggested).set.behavior.scale_down.stabilization_window
    + '; later after a load that surprised the forecast.'
    + (told.less_than_two_weeks ? ' The recording has less than two weeks: so few days say little.' : '');
  const violated = columns[0][1];
  for (const name of ['', violated, 'Cost', violated + ' in the test', 'Cost in the test'])
    cell(head, name, 'th');
  cell(head, 'Set', 'th').className = 'why';
  for (const one of told.frontier) {
    const line = row(table);
    if (one.suggested) line.className = 'plan';
    const marks = ['yours', 'beaten', 'suggested'].filter(mark => one[mark]);
    cell(line, marks.join(', '));
    for (const days of ['chosen_on', 'confirmed_on'])
      for (const key of ['slo_pct', 'cost']) cell(line, one[days][key].toFixed(3));
    cell(line, JSON.stringify(one.set).replace(/"/g, '').replace(/[:,]/g, '$& ')).className = 'why';
  }
}

{
  const head = row(at('events'));
  at('known').hidden = !data.events.length;
  for (const name of ['Event', 'From', 'To', 'Load']) cell(head, name, 'th');
  for (const one of data.events.slice(0, 200)) {
    const line = row(at('events'));
    for (const text of [one.id, iso(one.begin), iso(one.end), one.text || '-']) cell(line, text);
  }
}

let from = begin, to = end;
const css = name => getComputedStyle(document.documentElement).getPropertyValue('--' + name).trim();
const charts = [
  { id: 'load', lines: [['load', 'load'], ['carried', '85 % of what ready units can carry']] },
  { id: 'units', lines: [['need', 'need'], ['ready', 'ready'], ['desired', 'desired (ordered)']] }];
for (const side of ['min', 'max'])
  course['carried_' + side] = course['ready_' + side].map(x => x === null ? null : x * 0.85 * data.capacity);
for (const chart of charts) {
  const marks = [['bad', 'violation']].concat(data.events.length ? [['event', 'known event']] : []);
  for (const [name, text] of chart.lines.concat(marks)) {
    const key = document.createElement('span'), mark = document.createElement('i');
    mark.style.background = `var(--${name})`;
    key.append(mark, text);
    at(chart.id + '-key').append(key);
  }
}

const left = 62, right = 8, top_ = 8, low = 22;
const place = (width, ms) => left + (ms - from) / (to - from) * (width - left - right);
const first = () => Math.max(0, Math.floor((from - begin) / course.bucket));
const last = () => Math.min(course.load_max.length, Math.ceil((to - begin) / course.bucket));

function ticks_of(span) {
  for (const minutes of [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 7200, 14400, 43200])
    if (span / (minutes * 60000) <= 9) return minutes * 60000;
  return 86400000 * 60;
}

function draw(chart) {
  const canvas = at(chart.id), scale = devicePixelRatio || 1, box = canvas.getBoundingClientRect();
  canvas.width = box.width * scale;
  canvas.height = box.height * scale;
  const paint = canvas.getContext('2d');
  paint.scale(scale, scale);
  paint.font = '12px system-ui, sans-serif';
  const width = box.width, height = box.height, a = first(), b = last();
  let highest = 0;
  for (const [name] of chart.lines)
    for (let i = a; i < b; i++) highest = Math.max(highest, course[name + '_max'][i] || 0);
  highest = highest * 1.06 || 1;
  const y = value => height - low - value / highest * (height - low - top_);
  let named_until = 0;
  for (const one of data.events) {
    if (one.end <= from || one.begin >= to) continue;
    const x = Math.max(left, place(width, one.begin)), next = Math.min(width - right, place(width, one.end));
    paint.fillStyle = css('event');
    paint.fillRect(x, top_, Math.max(1.5, next - x), height - low - top_);
    if (x < named_until) continue;
    paint.fillStyle = css('faint');
    paint.fillText(one.id, x + 3, top_ + 11);
    named_until = x + paint.measureText(one.id).width + 9;
  }
  paint.fillStyle = css('shade');
  for (let i = a; i < b; i++) {
    if (!course.violated[i]) continue;
    const x = place(width, begin + i * course.bucket);
    const next = place(width, begin + (i + 1) * course.bucket);
    paint.fillRect(x, top_, Math.max(1.5, next - x), height - low - top_);
  }
  paint.strokeStyle = css('line');
  paint.fillStyle = css('faint');
  paint.lineWidth = 1;
  const unit = 10 ** Math.floor(Math.log10(highest / 2)), step = [1, 2, 5].map(x => x * unit)
    .find(x => highest / x <= 6) || 10 * unit;
  for (let value = 0; value <= highest; value += step) {
    paint.beginPath(); paint.moveTo(left, y(value)); paint.lineTo(width - right, y(value)); paint.stroke();
    paint.textAlign = 'right'; paint.fillText(short(value), left - 6, y(value) + 4);
  }
  const apart = ticks_of(to - from);
  paint.textAlign = 'center';
  for (let ms = Math.ceil(from / apart) * apart; ms < to; ms += apart) {
    const x = place(width, ms);
    paint.beginPath(); paint.moveTo(x, height - low); paint.lineTo(x, height - low + 4); paint.stroke();
    paint.fillText(apart < day ? iso(ms).slice(11) : iso(ms, 10).slice(5), x, height - 5);
  }
  // Many buckets share a pixel in the long view: their lowest and highest are what is drawn.
  const pixels = Math.max(1, Math.floor((b - a) / (width - left - right)));
  for (const [name] of chart.lines) {
    const lowest = course[name + '_min'], most = course[name + '_max'];
    paint.strokeStyle = css(name);
    paint.lineWidth = name === 'desired' ? 1 : 1.5;
    paint.setLineDash(name === 'desired' ? [4, 3] : []);
    paint.beginPath();
    let open = false;
    for (let i = a; i < b; i += pixels) {
      let down = Infinity, up = -Infinity;
      for (let k = i; k < Math.min(b, i + pixels); k++)
        if (most[k] !== null) { down = Math.min(down, lowest[k]); up = Math.max(up, most[k]); }
      if (up === -Infinity) { open = false; continue; }
      const x = place(width, begin + i * course.bucket);
      const next = place(width, begin + Math.min(b, i + pixels) * course.bucket);
      if (open) paint.lineTo(x, y(up)); else paint.moveTo(x, y(up));
      if (down !== up) { paint.lineTo(x, y(down)); paint.lineTo(x, y(up)); }
      if (name !== 'load') paint.lineTo(next, y(up));
      open = true;
    }
    paint.stroke();
  }
  paint.setLineDash([]);
}

function list_changes() {
  const table = at('changes');
  table.replaceChildren();
  const shown = data.changes.filter(one => one.at >= from && one.at < to);
  at('changes-about').textContent = `${shown.length} of ${data.changes.length} in this stretch`
    + (data.changes_in_all > data.changes.length
      ? `; the page keeps the ${data.changes.length} largest of ${data.changes_in_all}` : '')
    + (shown.length > 200 ? '; the first 200 are listed' : '') + '.';
  const head = row(table);
  cell(head, 'Time', 'th'); cell(head, 'From', 'th'); cell(head, 'To', 'th');
  cell(head, 'Why', 'th').className = 'why';
  for (const one of shown.slice(0, 200)) {
    const line = row(table);
    cell(line, iso(one.at)); cell(line, short(one.from)); cell(line, short(one.to));
    cell(line, one.why).className = 'why';
  }
}

function show(a, b) {
  const least = Math.min(end - begin, Math.max(30 * course.bucket, 1800000));
  if (b - a < least) { const mid = (a + b) / 2; a = mid - least / 2; b = mid + least / 2; }
  const span = Math.min(b - a, end - begin);
  from = Math.min(Math.max(begin, a), end - span);
  to = from + span;
  charts.forEach(draw);
  list_changes();
}
function add_option(text, value) {
  const made = document.createElement('option');
  made.textContent = text; made.value = value;
  at('day').append(made);
}
add_option('everything', 'all');
for (let ms = Math.floor(begin / day) * day; ms < end; ms += day) add_option(iso(ms, 10), ms);
at('day').onchange = () => at('day').value === 'all' ? show(begin, end)
  : show(+at('day').value, +at('day').value + day);
const shift = by => show(from + by * (to - from), to + by * (to - from));
at('earlier').onclick = () => shift(-1);
at('later').onclick = () => shift(1);
at('all').onclick = () => { at('day').value = 'all'; show(begin, end); };

for (const chart of charts) {
  const canvas = at(chart.id);
  let pressed = null;
  const time = event => {
    const box = canvas.getBoundingClientRect();
    return from + (event.clientX - box.left - left) / (box.width - left - right) * (to - from);
  };
  canvas.onpointerdown = event => { pressed = time(event); canvas.setPointerCapture(event.pointerId); };
  canvas.onpointerup = event => {
    const now = time(event), was = pressed;
    pressed = null;
    if (was !== null && Math.abs(now - was) > (to - from) / 100) show(Math.min(now, was), Math.max(now, was));
  };
  canvas.onpointermove = event => {
    const now = time(event), i = Math.floor((now - begin) / course.bucket);
    if (i < 0 || i >= course.load_max.length) return;
    const range = name => {
      const down = course[name + '_min'][i], up = course[name + '_max'][i];
      return down === up ? short(up) : `${short(down)} to ${short(up)}`;
    };
    const known = data.events.filter(one => one.begin <= now && now < one.end).map(one => ', event ' + one.id);
    at('tip').textContent = `${iso(begin + i * course.bucket)}: load ${range('load')}, need `
      + `${range('need')}, ready ${range('ready')}, desired ${range('desired')}`
      + `${course.violated[i] ? ', violated' : ''}${known.join('')}`;
    if (pressed !== null) {
      draw(chart);
      const paint = canvas.getContext('2d'), width = canvas.getBoundingClientRect().width;
      paint.fillStyle = css('desired') + '33';
      paint.fillRect(place(width, pressed), top_, place(width, now) - place(width, pressed), 190);
    }
  };
  canvas.ondblclick = () => { at('day').value = 'all'; show(begin, end); };
}
addEventListener('resize', () => charts.forEach(draw));
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => charts.forEach(draw));
show(begin, end);
</script>
</body>
</html>
)page";
}

}  // namespace wave::backtest
