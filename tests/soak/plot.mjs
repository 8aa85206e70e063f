// SPDX-License-Identifier: Apache-2.0
// Curves over time as SVG: panels one under the other on one time axis, and marks where something happened.
const WIDTH = 960;
const PANEL = 112;
const GAP = 40;
const LEFT = 70;
const RIGHT = 20;
const TOP = 84;

const escape = (text) => String(text).replace(/[&<>]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[c]);
const round = (value) => Math.round(value * 10) / 10;

/** Steps of 1, 2 or 5 times a power of ten, at most `count` of them up to `most`. */
function linearTicks(most, count) {
    const raw = most / count || 1;
    const power = 10 ** Math.floor(Math.log10(raw));
    const step = [1, 2, 5, 10].map((times) => times * power).find((size) => size >= raw);
    const ticks = [];
    for (let tick = 0; tick <= most; tick += step) ticks.push(Number(tick.toPrecision(6)));
    return ticks;
}

function logTicks(least, most) {
    const ticks = [];
    for (let tick = 10 ** Math.floor(Math.log10(least)); tick <= most * 1.001; tick *= 10)
        if (tick >= least * 0.999) ticks.push(Number(tick.toPrecision(1)));
    return ticks;
}

/** From values to heights, and where to write numbers. */
function scaleOf(panel) {
    const values = panel.series.flatMap((one) => one.values).filter((value) => value !== null && value >= 0);
    const most = Math.max(...values, panel.least ?? 0) * 1.05 || 1;
    if (!panel.isLog) return { ticks: linearTicks(most, 4), height: (value) => (value / most) * PANEL };
    const positive = values.filter((value) => value > 0);
    const least = 10 ** Math.floor(Math.log10(Math.min(...positive, 1)));
    const top = 10 ** Math.ceil(Math.log10(most));
    const height = (value) => (Math.log(Math.max(value, least) / least) / Math.log(top / least)) * PANEL;
    return { ticks: logTicks(least, top), height };
}

/** A line with holes where there is no value. */
function curve(values, color, x, y) {
    let path = '';
    let isDrawing = false;
    values.forEach((value, second) => {
        if (value === null) {
            isDrawing = false;
            return;
        }
        path += `${isDrawing ? 'L' : 'M'}${round(x(second))} ${round(y(value))}`;
        isDrawing = true;
    });
    return `<path d="${path}" fill="none" stroke="${color}" stroke-width="1.3" stroke-linejoin="round"/>`;
}

function drawPanel(panel, top, x, width) {
    const { ticks, height } = scaleOf(panel);
    const y = (value) => top + PANEL - height(value);
    const parts = [`<text x="${LEFT}" y="${top - 7}" class="title">${escape(panel.title)}</text>`];
    let right = LEFT + width;
    for (const one of [...panel.series].reverse()) {
        if (!one.name) continue;
        const style = `style="fill:${one.color}" text-anchor="end"`;
        parts.push(`<text x="${right}" y="${top - 7}" ${style}>${escape(one.name)}</text>`);
        right -= 8 * one.name.length + 14;
    }
    for (const tick of ticks) {
        const at = round(y(tick));
        parts.push(`<line x1="${LEFT}" x2="${LEFT + width}" y1="${at}" y2="${at}" stroke="#e3e6ea"/>`);
        parts.push(`<text x="${LEFT - 8}" y="${at + 4}" text-anchor="end">${tick.toLocaleString('en')}</text>`);
    }
    for (const one of panel.series) parts.push(curve(one.values, one.color, x, y));
    return parts.join('\n');
}

function drawLegend(kinds) {
    let at = LEFT;
    return kinds
        .map(({ name, color }) => {
            const text =
                `<line x1="${at}" x2="${at}" y1="46" y2="58" stroke="${color}" stroke-width="2"/>` +
                `<text x="${at + 6}" y="57">${escape(name)}</text>`;
            at += 6.6 * name.length + 26;
            return text;
        })
        .join('\n');
}

function drawTime(seconds, bottom, x) {
    const step = [10, 30, 60, 120, 300, 600, 1800, 3600].find((size) => seconds / size <= 12) ?? 7200;
    const parts = [];
    for (let second = 0; second <= seconds; second += step) {
        const text = step < 60 ? `${second} s` : `${second / 60} min`;
        parts.push(`<text x="${round(x(second))}" y="${bottom + 18}" text-anchor="middle">${text}</text>`);
    }
    return parts.join('\n');
}

/**
 * `panels`: { title, isLog?, series: [{ name, color, values }] }, one value per second or null; `marks`:
 * { second, kind }; `kinds`: { name, color }.
 */
export function draw({ title, subtitle, seconds, panels, marks, kinds }) {
    const width = WIDTH - LEFT - RIGHT;
    const x = (second) => LEFT + (second / Math.max(1, seconds)) * width;
    const bottom = TOP + panels.length * (PANEL + GAP) - GAP;
    const colors = new Map(kinds.map(({ name, color }) => [name, color]));
    const lines = marks.map(({ second, kind }) => {
        const at = round(x(second));
        return `<line x1="${at}" x2="${at}" y1="${TOP}" y2="${bottom}" stroke="${colors.get(kind)}" opacity="0.45"/>`;
    });
    return [
        `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${bottom + 34}" width="${WIDTH}">`,
        '<style>text{font:12px system-ui,sans-serif;fill:#3b4350}.title{font-weight:600}.head{font:600 16px system-ui}',
        '</style>',
        '<rect width="100%" height="100%" fill="#ffffff"/>',
        `<text x="${LEFT}" y="20" class="head">${escape(title)}</text>`,
        `<text x="${LEFT}" y="37">${escape(subtitle)}</text>`,
        drawLegend(kinds),
        ...lines,
        ...panels.map((panel, i) => drawPanel(panel, TOP + i * (PANEL + GAP), x, width)),
        drawTime(seconds, bottom, x),
        '</svg>',
        '',
    ].join('\n');
}
