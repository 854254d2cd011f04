// Numbers and where they stand: scales, ticks, lines with gaps, and how a number is written.

const MINUS = "\u2212";
function shown(value, digits = 2) {
  if (!Number.isFinite(value)) return "unknown";
  const size = Math.abs(value);
  const text = size >= 1e5 ? size.toExponential(1) : size.toFixed(digits);
  return (value < 0 && Number(text) !== 0 ? MINUS : "") + text;
}

function extent(values) {
  let low = Infinity;
  let high = -Infinity;
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
}

function scale(low, high, from, to) {
  const span = high - low || 1;
  return (value) => from + ((value - low) / span) * (to - from);
}

function path(context, xs, ys) {
  context.beginPath();
  let drawing = false;
  for (let k = 0; k < xs.length; k++) {
    if (!Number.isFinite(ys[k])) {
      drawing = false;
      continue;
    }
    if (drawing) context.lineTo(xs[k], ys[k]);
    else context.moveTo(xs[k], ys[k]);
    drawing = true;
  }
  context.stroke();
}

function niceTicks(low, high, most) {
  const span = high - low || Math.abs(high) || 1;
  const rough = span / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((m) => m * power).find((size) => span / size <= most);
  const ticks = [];
  for (let value = Math.ceil(low / step) * step; value <= high + step * 1e-6; value += step) ticks.push(value);
  return ticks;
}

function tickText(value) {
  const text = Math.abs(value) >= 1e6 || (value !== 0 && Math.abs(value) < 1e-3)
    ? value.toExponential(0)
    : String(Number(value.toPrecision(6)));
  return text.replace("-", MINUS);
}
