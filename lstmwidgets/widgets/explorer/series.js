// The whole series with the window on it, to be dragged; and the window close up, on the strips' time axis.

const OVERVIEW_HEIGHT = 46;
const CLOSE_UP_HEIGHT = 150;
const ROOM = { top: 8, bottom: 18 };

class Overview {
  constructor(parent, onMove) {
    this.box = make("div", { class: "lw-ex-overview", role: "slider", tabindex: "0" });
    parent.append(this.box);
    this.sheet = new Sheet(this.box, "lw-ui-canvas");
    this.onMove = onMove;
    this.box.addEventListener("pointerdown", (event) => this.grab(event));
    this.box.addEventListener("keydown", (event) => this.press(event));
  }

  show(facts, values, trace, palette) {
    Object.assign(this, { facts, values, trace });
    this.box.hidden = !values || trace.start === null;
    if (this.box.hidden) return;
    const width = this.box.clientWidth;
    this.sheet.fit(width, OVERVIEW_HEIGHT);
    const { context } = this.sheet;
    this.sheet.clear();
    this.x = scale(0, facts.length - 1, 2, width - 2);
    const [low, high] = extent(values.y);
    const y = scale(low, high, OVERVIEW_HEIGHT - 5, 5);
    context.strokeStyle = palette.names.train;
    context.lineWidth = 1;
    path(context, Array.from(values.x, this.x), Array.from(values.y, y));
    const start = this.dragged ?? trace.start;
    const left = this.x(start);
    const right = Math.max(this.x(start + trace.timesteps - 1), left + 3);
    context.globalAlpha = 0.22;
    context.fillStyle = palette.names.forecast;
    context.fillRect(left, 0, right - left, OVERVIEW_HEIGHT);
    context.globalAlpha = 1;
    context.strokeStyle = palette.names.forecast;
    context.strokeRect(left + 0.5, 0.5, Math.max(right - left - 1, 1), OVERVIEW_HEIGHT - 1);
    const live = facts.movable;
    this.box.classList.toggle("lw-ex-movable", live);
    this.box.tabIndex = live ? 0 : -1;
    for (const [name, value] of Object.entries({
      "aria-label": `The window on the whole series, ${facts.first} to ${facts.last}`,
      "aria-valuemin": facts.lowest, "aria-valuemax": facts.highest, "aria-valuenow": trace.start,
      "aria-valuetext": trace.says, "aria-disabled": String(!live),
    })) this.box.setAttribute(name, value);
    this.palette = palette;
  }

  place(event) {
    const inside = event.clientX - this.box.getBoundingClientRect().left - this.held;
    const position = Math.round((inside / Math.max(this.box.clientWidth, 1)) * (this.facts.length - 1));
    return Math.min(Math.max(position, this.facts.lowest), this.facts.highest);
  }

  grab(event) {
    if (!this.facts?.movable || this.dragged !== undefined || event.button !== 0) return;
    const inside = event.clientX - this.box.getBoundingClientRect().left;
    const left = this.x(this.trace.start);
    const right = this.x(this.trace.start + this.trace.timesteps - 1);
    const width = right - left;
    this.held = inside >= left - 4 && inside <= right + 4 ? inside - left : width / 2;
    this.box.setPointerCapture(event.pointerId);
    const move = (moved) => {
      this.dragged = this.place(moved);
      this.onMove(this.dragged);
      this.show(this.facts, this.values, this.trace, this.palette);
    };
    const drop = () => {
      this.box.removeEventListener("pointermove", move);
      this.box.removeEventListener("lostpointercapture", drop); // which follows up, cancel and all else
      const start = this.dragged;
      this.dragged = undefined;
      this.onMove(start);
    };
    this.box.addEventListener("pointermove", move);
    this.box.addEventListener("lostpointercapture", drop);
    move(event);
  }

  press(event) {
    const steps = { ArrowLeft: -1, ArrowRight: 1, PageUp: -this.trace.timesteps, PageDown: this.trace.timesteps };
    if (!this.facts?.movable || !(event.key in steps)) return;
    event.preventDefault();
    event.stopPropagation();
    const start = this.trace.start + steps[event.key];
    this.onMove(Math.min(Math.max(start, this.facts.lowest), this.facts.highest));
  }
}

const LINES = {
  actual: "what came", forecast: "forecast as known at the step", "repeat-last": "repeat last",
  "seasonal-naive": "seasonal naive",
};

class CloseUp {
  constructor(parent) {
    this.legend = make("div", { class: "lw-ui-legend" });
    parent.append(this.legend);
    this.box = make("div", { class: "lw-ex-closeup" });
    parent.append(this.box);
    this.still = new Sheet(this.box, "lw-ui-canvas");
    this.moving = draw("svg", { class: "lw-ui-over", "aria-hidden": "true" });
    this.cursor = make("div", { class: "lw-ui-cursor" });
    this.lines = Object.fromEntries(["repeat-last", "seasonal-naive", "forecast"].map((name) => {
      const line = draw("path", { class: `lw-ex-ahead lw-ex-ahead-${name}` });
      this.moving.append(line);
      return [name, line];
    }));
    this.dot = draw("circle", { r: 3.5, class: "lw-ex-dot" });
    this.moving.append(this.dot);
    this.box.append(this.cursor, this.moving);
  }

  // The step at which the forecast shown was made: a network that reads whole windows makes none before the end.
  madeAt(t) { return this.trace.whole_only ? this.trace.timesteps - 1 : t; }

  // The forecasts of one step: this network's, and those of the rules that need no training.
  forecasts(t) {
    const { trace } = this;
    const { horizon, values } = trace;
    if (!values || !horizon) return [];
    const rivals = [["repeat-last", Array(horizon).fill(values[t])]];
    if (trace.season > 1 && trace.before) {
      const past = (step) => (step < 0 ? trace.before[trace.before.length + step] : values[step]);
      const naive = Array.from({ length: horizon }, (_, k) => {
        const cycles = Math.ceil((k + 1) / trace.season);
        return past(t + k + 1 - cycles * trace.season) ?? NaN;
      });
      rivals.push(["seasonal-naive", naive]);
    }
    if (trace.known) {
      const made = this.madeAt(t);
      rivals.push(["forecast", Array.from(trace.known.subarray(made * horizon, (made + 1) * horizon))]);
    }
    return rivals;
  }

  show(trace, axis, palette) {
    Object.assign(this, { trace, axis, palette });
    const { values } = trace;
    this.box.hidden = this.legend.hidden = !values;
    if (!values) return;
    const rivals = trace.season > 1 ? ["seasonal-naive", "repeat-last"] : ["repeat-last"];
    const drawn = ["actual", "forecast", ...rivals];
    const words = trace.whole_only ? { ...LINES, forecast: "forecast, made at the window's end" } : LINES;
    this.legend.replaceChildren(...drawn.map((name) => make("span", { class: `lw-ui-line lw-swatch-${name}`, text: words[name] })));
    this.still.fit(axis.width, CLOSE_UP_HEIGHT);
    this.moving.setAttribute("width", axis.width);
    this.moving.setAttribute("height", CLOSE_UP_HEIGHT);
    this.cursor.style.height = `${CLOSE_UP_HEIGHT - ROOM.bottom}px`;
    const { context } = this.still;
    this.still.clear();
    let [low, high] = extent(values);
    for (const name of ["actual", "known", "before"]) {
      if (!trace[name]) continue;
      const [least, most] = extent(trace[name].filter(Number.isFinite));
      if (least < low) low = least;
      if (most > high) high = most;
    }
    const margin = (high - low || Math.abs(high) || 1) * 0.06;
    this.y = scale(low - margin, high + margin, CLOSE_UP_HEIGHT - ROOM.bottom, ROOM.top);
    context.font = "11px system-ui, sans-serif";
    context.textAlign = "right";
    context.textBaseline = "middle";
    for (const value of niceTicks(low, high, 5)) {
      context.strokeStyle = palette.line;
      context.lineWidth = 1;
      context.beginPath();
      context.moveTo(axis.left, Math.round(this.y(value)) + 0.5);
      context.lineTo(axis.right, Math.round(this.y(value)) + 0.5);
      context.stroke();
      context.fillStyle = palette.names.quiet;
      context.fillText(tickText(value), axis.left - 6, this.y(value));
    }
    drawTimes(context, trace, axis, palette, CLOSE_UP_HEIGHT - ROOM.bottom + 4);
    context.lineWidth = 1.6;
    context.strokeStyle = palette.names.actual;
    path(context, Array.from(values, (_, k) => axis.middle(k)), Array.from(values, this.y));
    if (trace.actual) {
      context.globalAlpha = 0.5;
      const xs = [axis.middle(trace.timesteps - 1), ...Array.from(trace.actual, (_, k) => axis.middle(trace.timesteps + k))];
      path(context, xs, [this.y(values[trace.timesteps - 1]), ...Array.from(trace.actual, this.y)]);
      context.globalAlpha = 1;
    }
  }

  move(t) {
    if (this.box.hidden) return;
    const { axis, trace } = this;
    this.cursor.style.transform = `translateX(${axis.middle(t)}px)`;
    this.dot.setAttribute("cx", axis.middle(t));
    this.dot.setAttribute("cy", this.y(trace.values[t]));
    const shown = new Map(this.forecasts(t));
    for (const [name, line] of Object.entries(this.lines)) {
      const ahead = shown.get(name) ?? [];
      const from = name === "forecast" ? this.madeAt(t) : t;
      line.setAttribute("d", [trace.values[from], ...ahead].reduce((path, value, k) => {
        if (!Number.isFinite(value)) return path;
        return `${path}${path ? "L" : "M"}${axis.middle(from + k).toFixed(1)} ${this.y(value).toFixed(1)}`;
      }, ""));
    }
  }
}

function drawTimes(context, trace, axis, palette, y) {
  const { labels } = trace;
  context.fillStyle = palette.names.quiet;
  context.font = "11px system-ui, sans-serif";
  context.textBaseline = "top";
  const widest = Math.max(...[0, labels.length - 1].map((k) => context.measureText(labels[k]).width));
  const most = Math.max(1, Math.floor((axis.right - axis.left) / (widest + 24)));
  const every = Math.max(1, Math.ceil(labels.length / most));
  const first = Math.max(0, Math.ceil(widest / 2 / axis.each - 0.5));
  context.textAlign = "center";
  for (let k = first; k < labels.length && axis.middle(k) + widest / 2 <= axis.width; k += every) {
    context.fillText(labels[k], axis.middle(k), y);
  }
}
