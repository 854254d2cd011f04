// What the plot is given: facts, one block of numbers cut into named arrays, and the time of each value.

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const DAY = 86400000;

class Backtest {
  constructor(facts, block, times) {
    Object.assign(this, facts);
    this.arrays = Object.fromEntries(facts.arrays.map(({ name, shape }) => [name, { shape }]));
    for (const [name, numbers] of Object.entries(cutBlock(facts.arrays, block))) this.arrays[name].numbers = numbers;
    this.times = numbersOf(times, Float64Array);
    this.values = this.numbers("values");
    this.at = this.numbers("at");
    this.isFilled = new Set(this.numbers("filled"));
    this.hues = Object.fromEntries(facts.models.map(({ name, hue }) => [name, hue]));
  }

  numbers(name) { return this.arrays[name]?.numbers; }

  // Step k ahead of a cutoff; where all rows or columns are alike, one of them was sent.
  ahead(name, cutoff, k) {
    const { shape: [rows, columns], numbers } = this.arrays[name];
    return numbers[(rows > 1 ? cutoff : 0) * columns + (columns > 1 ? k : 0)];
  }

  forecast(model, cutoff) {
    return Float32Array.from({ length: this.horizon }, (_, k) => this.ahead(`forecast ${model}`, cutoff, k));
  }

  // Lower and upper end of the interval at a level.
  interval(level, cutoff) {
    const centre = this.forecast(this.model, cutoff);
    return [
      centre.map((value, k) => value - this.ahead(`below ${level}`, cutoff, k)),
      centre.map((value, k) => value + this.ahead(`above ${level}`, cutoff, k)),
    ];
  }

  moment(position) { return moment(this.times[position], this.clock); }
  amount(value) { return amount(value) + (this.unit && Number.isFinite(value) ? ` ${this.unit}` : ""); }
}

function moment(time, clock) {
  const date = new Date(time);
  return `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]} ${date.getUTCFullYear()}${clock ? ` ${onTheClock(date)}` : ""}`;
}

function onTheClock(date) {
  return date.toISOString().slice(11, 16);
}

// Three digits that count.
function amount(value) {
  if (!Number.isFinite(value)) return "unknown";
  const number = Number(value.toPrecision(3));
  const size = Math.abs(number);
  const plain = number === 0 ? "0" : size >= 100 && size < 1e6 ? String(number) : value.toPrecision(3);
  return plain.replaceAll("-", MINUS);
}

function percent(value) {
  return Number.isFinite(value) ? `${(100 * value).toFixed(1)} %` : "unknown";
}

function counted(count, one) {
  return `${count} ${one}${count === 1 ? "" : "s"}`;
}

// From the finest calendar division to the coarsest: a number that changes where a tick stands, and its words.
const yearOf = (date) => date.getUTCFullYear();
const monthOf = (date) => yearOf(date) * 12 + date.getUTCMonth();
const dayAndMonth = (date) => `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]}`;
const hour = (date) => (date.getUTCHours() + date.getUTCMinutes() ? onTheClock(date) : dayAndMonth(date));
const month = (date) => (date.getUTCMonth() ? MONTHS[date.getUTCMonth()] : String(yearOf(date)));
const DIVISIONS = [
  ...[1, 5, 15, 30, 60, 180, 360, 720].map((minutes) => [(date) => Math.floor(date / (60000 * minutes)), hour]),
  [(date) => Math.floor(date / DAY), dayAndMonth],
  [(date) => Math.floor(date / (2 * DAY)), dayAndMonth],
  [(date) => Math.floor((date / DAY + 3) / 7), dayAndMonth], // Mondays
  [(date) => Math.floor((date / DAY + 3) / 14), dayAndMonth],
  ...[1, 2, 3, 6].map((months) => [(date) => Math.floor(monthOf(date) / months), month]),
  ...[1, 2, 5, 10, 20, 50, 100].map((years) => [(date) => Math.floor(yearOf(date) / years), (date) => String(yearOf(date))]),
];

// Positions from first to last where a calendar division begins, at most so many, with their words.
function dateTicks(times, first, last, most) {
  for (const [division, words] of DIVISIONS) {
    const ticks = [];
    for (let k = Math.max(first, 1); k <= last && k < times.length; k++) {
      if (division(new Date(times[k])) !== division(new Date(times[k - 1]))) ticks.push(k);
      if (ticks.length > most) break;
    }
    if (ticks.length <= most) return ticks.map((k) => [k, words(new Date(times[k]))]);
  }
  return [];
}

// Horizontal lines at round numbers, and what they are; `raise` is what has to be added to a value first.
function drawGrid(context, palette, y, [low, high], { left, right, most = 5, raise = 0, written = tickText }) {
  context.font = "11px system-ui, sans-serif";
  context.textAlign = "right";
  context.textBaseline = "middle";
  context.lineWidth = 1;
  for (const value of niceTicks(low + raise, high + raise, most)) {
    const height = Math.round(y(value - raise)) + 0.5;
    context.strokeStyle = palette.line;
    context.beginPath();
    context.moveTo(left, height);
    context.lineTo(right, height);
    context.stroke();
    context.fillStyle = palette.names.quiet;
    context.fillText(written(value), left - 6, height);
  }
}
