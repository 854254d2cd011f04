// The series around one cutoff: what was known, what came, and what each model had said.

const MOMENT_HEIGHT = 280;
const MARGIN = { top: 20, bottom: 22, left: 56, right: 8 };
const FAN = [0.13, 0.15]; // the wider interval, and what the narrower adds to it

class Moment {
  constructor(parent) {
    this.box = make("div", { class: "lw-fc-moment" });
    parent.append(this.box);
    this.sheet = new Sheet(this.box, "lw-ui-canvas");
  }

  show(backtest, palette, cutoff, models, step, sameScale) {
    const width = this.box.clientWidth;
    if (!width) return;
    const { context: pen } = this.sheet;
    this.sheet.fit(width, MOMENT_HEIGHT);
    this.sheet.clear();
    const { context: before, horizon, at, values } = backtest;
    const origin = at[cutoff];
    const first = origin - before;
    const x = scale(-before, horizon, MARGIN.left, width - MARGIN.right);
    const forecasts = models.map((name) => [name, backtest.forecast(name, cutoff)]);
    const fan = models.includes(backtest.model)
      ? [...backtest.levels].reverse().map((level) => backtest.interval(level, cutoff)) : [];
    const ends = this.ends(backtest, first, origin + horizon, forecasts, fan, sameScale ? backtest.limits : []);
    const y = scale(...ends, MOMENT_HEIGHT - MARGIN.bottom, MARGIN.top);
    pen.fillStyle = palette.sunken;
    pen.globalAlpha = 0.6;
    pen.fillRect(x(0), MARGIN.top - 4, x(horizon) - x(0), MOMENT_HEIGHT - MARGIN.bottom - MARGIN.top + 4);
    pen.globalAlpha = 1;
    drawGrid(pen, palette, y, ends, { left: MARGIN.left, right: x(horizon), raise: backtest.level });
    this.drawTimes(pen, palette, backtest, first, origin, x);
    pen.save();
    pen.beginPath();
    pen.rect(MARGIN.left, MARGIN.top - 4, width - MARGIN.left, MOMENT_HEIGHT - MARGIN.bottom - MARGIN.top + 8);
    pen.clip();
    this.drawFan(pen, palette.names[backtest.hues[backtest.model]], fan, values[origin], x, y);
    this.drawSeries(pen, palette, backtest, first, origin, x, y);
    for (const [name, numbers] of forecasts.reverse()) { // the model itself on top
      const main = name === backtest.model;
      pen.strokeStyle = palette.names[backtest.hues[name]];
      pen.lineWidth = main ? 2.2 : 1.3;
      pen.setLineDash(main ? [] : [4, 3]);
      path(pen, Array.from({ length: horizon + 1 }, (_, k) => x(k)), [y(values[origin]), ...Array.from(numbers, y)]);
      pen.setLineDash([]);
      if (main && step) this.drawStep(pen, palette, backtest, numbers, origin, step, x, y);
      if (main && horizon === 1) dot(pen, x(1), y(numbers[0]), 3, palette.names[backtest.hues[name]]);
    }
    dot(pen, x(0), y(values[origin]), 3, palette.names.actual);
    pen.restore();
    this.drawCutoff(pen, palette, x);
  }

  // Room for all that is shown, and for `least`.
  ends(backtest, first, last, forecasts, fan, least) {
    const seen = [...least, ...backtest.values.subarray(Math.max(first, 0), last + 1)];
    for (const [, numbers] of forecasts) seen.push(...numbers);
    for (const pair of fan) for (const numbers of pair) seen.push(...numbers);
    const known = seen.filter(Number.isFinite);
    const [low, high] = known.length ? extent(known) : [0, 1];
    const margin = ((high - low) || Math.abs(high) || 1) * 0.06;
    return [low - margin, high + margin];
  }

  drawTimes(pen, palette, backtest, first, origin, x) {
    const most = Math.max(2, Math.floor((x(backtest.horizon) - MARGIN.left) / 90));
    pen.font = "11px system-ui, sans-serif";
    pen.textBaseline = "top";
    pen.textAlign = "center";
    const bottom = MOMENT_HEIGHT - MARGIN.bottom;
    for (const [position, words] of dateTicks(backtest.times, Math.max(first, 0), origin + backtest.horizon, most)) {
      const half = pen.measureText(words).width / 2;
      const place = x(position - origin);
      if (place - half < MARGIN.left - 20 || place + half > this.sheet.width) continue;
      pen.fillStyle = palette.line;
      pen.fillRect(Math.round(place), bottom, 1, 4);
      pen.fillStyle = palette.names.quiet;
      pen.fillText(words, place, bottom + 7);
    }
  }

  drawFan(pen, hue, fan, last, x, y) {
    pen.fillStyle = hue;
    fan.forEach(([low, high], k) => {
      pen.globalAlpha = FAN[Math.min(k, FAN.length - 1)];
      const known = Array.from(low, (_, step) => step).filter((step) => Number.isFinite(low[step]) && Number.isFinite(high[step]));
      pen.beginPath();
      if (Number.isFinite(last)) pen.moveTo(x(0), y(last));
      for (const step of known) pen.lineTo(x(step + 1), y(high[step]));
      for (const step of known.reverse()) pen.lineTo(x(step + 1), y(low[step]));
      pen.fill();
    });
    pen.globalAlpha = 1;
  }

  // Filled points stand hollow on a thinner line; where nothing is known the line is open.
  drawSeries(pen, palette, backtest, first, origin, x, y) {
    const { values, isFilled, horizon } = backtest;
    const from = Math.max(first, 0);
    const to = Math.min(origin + horizon, values.length - 1);
    const xs = [];
    const whole = [];
    const observed = [];
    for (let k = from; k <= to; k++) {
      xs.push(x(k - origin));
      whole.push(y(values[k]));
      observed.push(isFilled.has(k) ? NaN : y(values[k]));
    }
    const here = origin - from;
    pen.strokeStyle = palette.names.actual;
    const some = observed.some((value, k) => !Number.isFinite(value) && Number.isFinite(whole[k]));
    if (some) {
      pen.lineWidth = 0.8;
      pen.globalAlpha = 0.6;
      path(pen, xs, whole);
      pen.globalAlpha = 1;
    }
    pen.lineWidth = 1.6;
    path(pen, xs.slice(0, here + 1), observed.slice(0, here + 1));
    path(pen, xs.slice(here), observed.slice(here));
    const apart = (x(1) - x(0)) / 2;
    for (let k = 0; k < xs.length; k++) {
      if (isFilled.has(from + k)) dot(pen, xs[k], whole[k], Math.min(2.6, Math.max(1.6, apart)), palette.names.actual, palette.ground);
      else if (isAlone(observed, k)) dot(pen, xs[k], observed[k], 1.6, palette.names.actual); // or it would not be seen
      else if (k > here && apart > 4) dot(pen, xs[k], observed[k], 2, palette.names.actual);
    }
  }

  drawStep(pen, palette, backtest, numbers, origin, step, x, y) {
    const came = backtest.numbers("came")[origin + step];
    const hue = palette.names[backtest.hues[backtest.model]];
    if (Number.isFinite(came)) {
      pen.strokeStyle = palette.text;
      pen.lineWidth = 1;
      pen.beginPath();
      pen.moveTo(x(step), y(came));
      pen.lineTo(x(step), y(numbers[step - 1]));
      pen.stroke();
    }
    dot(pen, x(step), y(numbers[step - 1]), 4, hue, palette.ground);
  }

  drawCutoff(pen, palette, x) {
    pen.fillStyle = palette.text;
    pen.fillRect(Math.round(x(0)), MARGIN.top - 4, 1, MOMENT_HEIGHT - MARGIN.bottom - MARGIN.top + 4);
    pen.font = "11px system-ui, sans-serif";
    pen.fillStyle = palette.names.quiet;
    pen.textBaseline = "top";
    pen.textAlign = "right";
    pen.fillText("known by then", x(0) - 6, 0);
    pen.textAlign = "left";
    if (x(0) + 6 + pen.measureText("then came").width < this.sheet.width) pen.fillText("then came", x(0) + 6, 0);
  }
}

function isAlone(heights, k) {
  return Number.isFinite(heights[k]) && !Number.isFinite(heights[k - 1]) && !Number.isFinite(heights[k + 1]);
}

function dot(pen, x, y, radius, hue, inside = hue) {
  if (!Number.isFinite(y)) return;
  pen.beginPath();
  pen.arc(x, y, radius, 0, 2 * Math.PI);
  pen.fillStyle = inside;
  pen.fill();
  if (inside === hue) return;
  pen.strokeStyle = hue;
  pen.lineWidth = 1.2;
  pen.stroke();
}
