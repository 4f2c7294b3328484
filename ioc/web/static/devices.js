// The devices page: tables kept fresh, and one chart.

import uPlot from './vendor/uplot.esm.js';
import { find, findAll, mergeChildren, say } from './dom.js';
import { announce, complain, showCounts, startFrame } from './frame.js';
import { act, piece, read } from './server.js';
import { clock } from './time.js';

const EVERY_MS = 30000;
const OF_GATEWAY = ['cpu_share', 'rss_mb', 'outbox_depth'];
const OF_LOUDSPEAKER = ['loudspeaker_volume', 'loudspeaker_temperature_c', 'frames_late_ms'];
const frame = find('#devices-frame');
const chart = find('#chart');
const number = new Intl.NumberFormat(document.body.dataset.language, { maximumFractionDigits: 1 });
const day = new Intl.DateTimeFormat('vi-VN', { timeZone: document.body.dataset.zone, day: '2-digit', month: '2-digit' });
let plot = null;
let drawing = 0;

/** `21:04`, or the day where the span is longer than one. */
function moment(instant) {
  const date = new Date(instant * 1000);
  return Number(find('#hours').value) > 24 ? day.format(date) : clock(date);
}

async function refresh() {
  const fetched = await piece('/manh/thiet-bi');
  showCounts(fetched, bell);
  mergeChildren(find('#device-tables', frame), find('#device-tables', fetched));
}

/** Order that a camera report the like of something again. */
async function forget(button) {
  const { alarm, forget: object_id } = button.dataset;
  button.disabled = true;
  try {
    await act(`/api/alarms/${encodeURIComponent(alarm)}/forget-fixture`, { object_id });
    announce(say('fixture_ordered'));
    complain('');
    await refresh();
  } catch (failure) {
    if (!failure.sentence) throw failure;
    complain(failure.sentence);
  } finally {
    button.disabled = false;
  }
}

/** Have a loudspeaker play a quiet tone. */
async function test(button) {
  const [gateway_id, device_id] = button.dataset.test.split('/');
  button.disabled = true;
  try {
    await act('/api/loudspeaker-tests', { loudspeakers: [{ gateway_id, device_id }] });
    announce(say('test_ordered'));
    complain('');
    await refresh();
  } catch (failure) {
    if (!failure.sentence) throw failure;
    complain(failure.sentence);
  } finally {
    button.disabled = false;
  }
}

/** The rows of whatever a measure is of. */
function rowsOf(metric) {
  if (OF_GATEWAY.includes(metric)) return 'tr[data-gateway]:not([data-device])';
  return OF_LOUDSPEAKER.includes(metric) ? 'tr[data-kind=loudspeaker]' : 'tr[data-kind=camera]';
}

/** Offer the gateways, cameras or loudspeakers, as the measure wants, and keep the choice if it still fits. */
function offerSubjects() {
  const chooser = find('#subject');
  const wanted = rowsOf(find('#metric').value);
  const before = chooser.value;
  chooser.replaceChildren(...findAll(wanted, frame).map((row) => {
    const { gateway, device = '', name } = row.dataset;
    return new Option(name, `${gateway}/${device}`);
  }));
  if (Array.from(chooser.options).some((option) => option.value === before)) chooser.value = before;
}

async function draw() {
  drawing += 1;
  const turn = drawing;
  const [gateway_id, device_id] = find('#subject').value.split('/');
  if (!gateway_id) return showNothing();
  const query = new URLSearchParams({ measure: find('#metric').value, gateway_id, device_id, hours: find('#hours').value });
  const series = await read(`/api/series?${query}`);
  if (turn !== drawing) return undefined; // another choice was made meanwhile
  const last = series.values.reduce((found, value, index) => (value === null ? found : index), -1);
  if (last < 0) return showNothing();
  const { latest, since } = chart.dataset;
  const value = number.format(series.values[last]);
  const at = clock(new Date((series.instants[last] + series.step_s) * 1000));
  const silent_s = series.instants[series.instants.length - 1] - series.instants[last];
  find('#chart-latest').textContent = silent_s > 2 * series.step_s
    ? since.replace('{since}', at)
    : latest.replace('{value}', value).replace('{at}', clock(new Date()));
  return show([series.instants, series.values]);
}

/** Values without a neighbour: a line cannot show them, a dot can. */
function alone(values) {
  const missing = (index) => values[index] === null || values[index] === undefined;
  return values.map((_, index) => index)
    .filter((index) => !missing(index) && missing(index - 1) && missing(index + 1));
}

function showNothing() {
  if (plot) plot.destroy();
  plot = null;
  chart.textContent = '';
  const sentence = document.createElement('p');
  sentence.className = 'empty';
  sentence.textContent = chart.dataset.none;
  chart.append(sentence);
  find('#chart-latest').textContent = '';
}

function show(columns) {
  const ink = getComputedStyle(document.body).getPropertyValue('--text').trim();
  const muted = getComputedStyle(document.body).getPropertyValue('--muted').trim();
  const axis = { stroke: ink, grid: { stroke: muted, width: 0.3 }, ticks: { stroke: muted, width: 0.5 }, font: '14px system-ui' };
  if (plot) plot.destroy();
  chart.textContent = '';
  plot = new uPlot({
    width: chart.clientWidth,
    height: 240,
    legend: { show: false },
    cursor: { show: false },
    tzDate: (instant) => uPlot.tzDate(new Date(instant * 1000), document.body.dataset.zone),
    scales: { y: { range: (_, low, high) => [Math.min(0, low), Math.max(1, high * 1.1)] } },
    axes: [
      { ...axis, values: (_, instants) => instants.map(moment) },
      { ...axis, size: 64, values: (_, values) => values.map((value) => number.format(value)) },
    ],
    series: [{}, { stroke: ink, width: 2, spanGaps: false, points: { show: true, size: 6, fill: ink, filter: () => alone(columns[1]) } }],
  }, columns, chart);
}

const bell = startFrame(refresh);
offerSubjects();
draw();
frame.addEventListener('click', (event) => {
  const button = event.target.closest('[data-forget]');
  if (button) forget(button);
  const tested = event.target.closest('[data-test]');
  if (tested) test(tested);
});
find('#metric').addEventListener('change', () => {
  offerSubjects();
  draw();
});
find('#subject').addEventListener('change', draw);
find('#hours').addEventListener('change', draw);
window.addEventListener('resize', draw);
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw);
setInterval(() => {
  refresh().catch(() => {});
  draw().catch(() => {});
}, EVERY_MS);
