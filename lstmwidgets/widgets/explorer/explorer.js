// The explorer: its controls, its keys, and what follows what. Scrubbing and playing never ask the kernel.

const LEFT = 74;
const KEY = 64;

class Axis {
  constructor(width, timesteps, horizon) {
    this.width = width;
    this.left = LEFT;
    const room = width - LEFT - 10;
    // The steps ahead share the scale, but the keys right of the strips need their room in any case.
    this.each = Math.min(room / (timesteps + horizon), (room - KEY) / timesteps);
    this.right = Math.min(LEFT + this.each * (timesteps + horizon), width - 6);
  }

  edge(step) { return this.left + step * this.each; }
  middle(step) { return this.left + (step + 0.5) * this.each; }
  step(x) { return Math.floor((x - this.left) / this.each); }
}

// One window: its close-up above its strips, on one time axis.
class Stack {
  constructor(parent, onPick) {
    this.box = make("div", { class: "lw-ex-stack" });
    this.title = make("div", { class: "lw-ex-says" });
    this.box.append(this.title);
    parent.append(this.box);
    this.closeUp = new CloseUp(this.box);
    this.strips = new Strips(this.box, onPick);
  }

  show(trace, palette, order, threshold, ahead) {
    this.trace = trace;
    const width = this.box.clientWidth;
    if (!width) return;
    this.axis = new Axis(width, trace.timesteps, trace.horizon);
    setText(this.title, trace.says);
    this.showCloseUp(palette);
    this.strips.show(trace, this.axis, palette, order, threshold, ahead);
  }

  showCloseUp(palette) {
    if (this.axis) this.closeUp.show(this.trace, this.axis, palette);
  }

  move(t, unit) {
    if (!this.strips.places) return;
    this.closeUp.move(t);
    this.strips.move(t, unit);
  }
}

class Explorer {
  constructor(model, el) {
    this.model = model;
    this.root = make("div", { class: "lw-ui lw-explorer", tabindex: "0", role: "group" });
    el.append(this.root);
    this.root.dataset.lmSuppressShortcuts = "true"; // JupyterLab would take the arrows for its cells
    this.root.setAttribute("aria-label", "Gate explorer: arrow keys move through time and units, space plays");
    this.head = make("div", { class: "lw-ui-head" });
    this.root.append(this.head);
    this.overview = new Overview(this.root, (start) => this.askFor(start));
    this.bar = make("div", { class: "lw-ui-bar" });
    this.body = make("div", { class: "lw-ex-body-grid" });
    this.stacks = make("div", { class: "lw-ex-stacks" });
    this.side = make("div", { class: "lw-ex-side" });
    this.body.append(this.stacks, this.side);
    this.status = make("div", { class: "lw-ui-status lw-ex-status lw-quiet", role: "status" });
    this.spoken = make("div", { class: "lw-ui-spoken lw-ex-spoken", "aria-live": "polite" });
    this.root.append(this.bar, this.body, this.status, this.spoken);
    this.stack = new Stack(this.stacks, (t, unit) => this.go(t, unit));
    this.second = new Stack(this.stacks, (t, unit) => this.go(t, unit));
    this.cell = new Cell(this.side);
    this.facts = make("div", { class: "lw-ex-facts" });
    this.side.append(this.facts);
    this.palette = new Palette(this.root, HUES);
    this.buildBar();
    this.take();
    this.listen();
  }

  get(name) { return this.model.get(name); }

  // Everything that the kernel has to say: facts, numbers, and what is chosen.
  take() {
    const facts = this.get("facts");
    this.trace = unpack(facts, this.get("block"), this.get("weights"));
    const other = this.get("other_facts");
    this.other = other?.arrays ? unpack(other, this.get("other_block"), this.get("weights")) : null;
    const overview = this.get("overview");
    const numbers = overview?.byteLength
      ? new Float32Array(overview.buffer, overview.byteOffset, overview.byteLength / 4) : null;
    this.hear();
    this.series = numbers && { x: numbers.subarray(0, numbers.length / 2), y: numbers.subarray(numbers.length / 2) };
    this.t = Math.min(this.get("t"), this.trace.timesteps - 1);
    this.unit = Math.min(this.get("unit"), this.trace.units - 1);
    setText(this.head, facts.title);
    this.range.max = this.trace.timesteps - 1;
    this.unitField.max = this.trace.units - 1;
    const [one, all] = facts.cell === "attention" ? ["Head", "heads"] : ["Unit", "units"];
    setText(this.unitField.previousSibling, one);
    setText(this.sort.previousSibling, `Sort ${all} by`);
    this.ahead.parentElement.hidden = !facts.rests.length;
    this.ahead.max = facts.rests.length;
    fill(this.sort, facts.orders, this.get("order"));
    fill(this.layer, facts.layers, this.get("layer"));
    this.layer.parentElement.hidden = facts.layers.length < 2 || !facts.live;
    const live = Boolean(facts.movable);
    for (const field of [this.date, this.compare]) {
      field.parentElement.hidden = !live;
      field.type = facts.clock ? "datetime-local" : "date";
      field.min = facts.first_date;
      field.max = facts.last_date;
    }
    this.date.value = facts.date ?? "";
    this.compare.value = other?.date ?? "";
    setText(this.status, this.get("message") || facts.words || "");
    this.status.classList.toggle("lw-error", Boolean(this.get("message")));
    this.redraw();
    const wish = this.wish;
    this.waiting = false;
    this.wish = undefined;
    if (wish !== undefined) this.askFor(wish);
  }

  // The forecasts as known at each step, which come after the rest.
  hear() {
    for (const [trace, name] of [[this.trace, "known"], [this.other, "other_known"]]) {
      const bytes = this.get(name);
      if (trace) trace.known = bytes?.byteLength ? new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4) : null;
    }
  }

  buildBar() {
    this.player = new Player({
      at: () => this.t, last: () => this.trace.timesteps - 1, rate: () => 12 * this.get("speed"),
      go: (t) => this.go(t), toggle: () => this.toggle(),
    });
    this.range = make("input", { type: "range", min: 0, step: 1, "aria-label": "Step" });
    this.readout = make("output", { class: "lw-ui-readout lw-ex-readout" });
    this.speed = make("select", {}, ...[0.25, 0.5, 1, 2, 4].map((rate) => make("option", { value: rate, text: `${rate}×` })));
    this.unitField = make("input", { type: "number", min: 0, step: 1, class: "lw-ui-number" });
    this.sort = make("select");
    this.layer = make("select");
    this.threshold = make("input", { type: "range", min: 0, max: 1, step: 0.01 });
    this.ahead = make("input", { type: "number", min: 1, step: 1, class: "lw-ui-number" });
    this.date = make("input");
    this.compare = make("input");
    const stopCompare = button("✕", "Show one window alone", () => this.model.send({ ask: "beside", value: "" }));
    this.stopCompare = stopCompare;
    this.bar.append(
      make("div", { class: "lw-ui-transport" },
        button("◀", "One step back", () => this.go(this.t - 1)), this.player.button,
        button("▶|", "One step on", () => this.go(this.t + 1)), this.range, this.readout),
      make("div", { class: "lw-ui-fields" },
        labelled("Speed", this.speed), labelled("Unit", this.unitField), labelled("Sort units by", this.sort),
        labelled("Fade below", this.threshold), labelled("Shares for steps ahead", this.ahead),
        labelled("Layer", this.layer),
        labelled("Window ends", this.date), labelled("Beside it", this.compare), stopCompare),
    );
    this.range.addEventListener("input", () => this.go(Number(this.range.value)));
    this.unitField.addEventListener("change", () => {
      this.go(this.t, this.unitField.value === "" ? this.unit : Math.round(Number(this.unitField.value)));
      this.unitField.value = this.unit;
    });
    this.speed.addEventListener("change", () => this.say({ speed: Number(this.speed.value) }));
    this.sort.addEventListener("change", () => this.say({ order: this.sort.value }));
    this.layer.addEventListener("change", () => this.say({ layer: this.layer.value }));
    this.threshold.addEventListener("input", () => this.say({ threshold: Number(this.threshold.value) }));
    this.ahead.addEventListener("change", () => {
      const most = this.get("facts").rests.length;
      this.say({ ahead: Math.min(Math.max(Math.round(Number(this.ahead.value)) || 1, 1), most) });
    });
    this.date.addEventListener("change", () => this.date.value && this.model.send({ ask: "ending", value: this.date.value }));
    this.compare.addEventListener("change", () => this.model.send({ ask: "beside", value: this.compare.value }));
  }

  listen() {
    const { model } = this;
    const heard = {
      "change:answered": () => this.take(),
      "change:known": () => { this.hear(); this.redrawCloseUps(); },
      "change:other_known": () => { this.hear(); this.redrawCloseUps(); },
      "change:t": () => { if (this.get("t") !== this.t && !this.telling) this.go(this.get("t"), undefined, false); },
      "change:unit": () => { if (this.get("unit") !== this.unit) this.go(this.t, this.get("unit"), false); },
      "change:order": () => this.redraw(),
      "change:threshold": () => this.redraw(),
      "change:ahead": () => this.redraw(),
      "change:speed": () => this.redraw(),
      "change:playing": () => this.follow(),
    };
    this.root.addEventListener("keydown", (event) => this.press(event));
    const end = watch(model, this.root, heard, () => this.redraw());
    this.stop = () => {
      end();
      this.player.stop();
      clearTimeout(this.telling);
    };
    this.follow();
  }

  // Set traits, and tell the kernel, where there is one.
  say(traits) {
    for (const [name, value] of Object.entries(traits)) this.model.set(name, value);
    this.model.save_changes();
  }

  // Ask for another window; while one is under way, the last wish waits for it.
  askFor(start) {
    if (this.waiting) {
      this.wish = start;
      return;
    }
    if (start === this.trace.start) return;
    this.waiting = true;
    this.model.send({ ask: "start", value: start });
  }

  go(t, unit = this.unit, tell = true) {
    this.t = Math.min(Math.max(t, 0), this.trace.timesteps - 1);
    this.unit = Math.min(Math.max(Number.isFinite(unit) ? unit : this.unit, 0), this.trace.units - 1);
    this.move();
    if (!tell) return;
    this.model.set("t", this.t);
    this.model.set("unit", this.unit);
    clearTimeout(this.telling);
    this.telling = setTimeout(() => {
      this.telling = undefined;
      this.model.save_changes();
      setText(this.spoken, this.cell.words);
      this.cell.say();
    }, TOLD_AFTER);
  }

  move() {
    const { trace, t, unit } = this;
    this.stack.move(t, unit);
    if (this.other) this.second.move(Math.min(t, this.other.timesteps - 1), Math.min(unit, this.other.units - 1));
    this.cell.move(trace, t, unit);
    this.range.value = t;
    this.range.setAttribute("aria-valuetext", trace.labels[t]);
    setText(this.readout, `${t + 1} of ${trace.timesteps}: ${trace.labels[t]}`);
    if (document.activeElement !== this.unitField && this.unitField.value !== String(unit)) this.unitField.value = unit;
  }

  // The units from top to bottom; a layer of another kind may be shown before the order has followed it.
  order() { return this.trace[`order ${this.get("order")}`] ?? this.trace[`order ${this.trace.orders[0]}`]; }

  redraw() {
    this.palette.read();
    const { trace, palette } = this;
    const order = this.order();
    const threshold = this.get("threshold");
    this.sort.value = this.get("order");
    this.threshold.value = threshold;
    this.speed.value = this.get("speed");
    this.ahead.value = this.get("ahead");
    this.overview.show(this.get("facts"), this.series, trace, palette);
    this.stacks.classList.toggle("lw-ex-two", Boolean(this.other));
    this.second.box.hidden = !this.other;
    this.stopCompare.hidden = !this.other || !this.get("facts").movable;
    const ahead = this.get("ahead") - 1;
    // One scale for both windows, or the same colour would mean two numbers.
    const both = [trace, this.other].filter(Boolean);
    for (const name of Object.keys(trace.scales)) {
      const scales = both.map((each) => each.scales[name]);
      const [most, bend] = ["most", "bend"].map((end) => Math.max(...scales.map((one) => one[end])));
      for (const one of scales) Object.assign(one, { most, bend });
    }
    this.stack.show(trace, palette, order, threshold, ahead);
    // The same order in both, or the same unit would stand in two places.
    if (this.other) this.second.show(this.other, palette, order, threshold, ahead);
    const far = `${ahead + 1} step${ahead ? "s" : ""} ahead`;
    const rests = trace.rests[ahead] && `The forecast ${far}, made at the window's end, ${trace.rests[ahead]}.`;
    this.facts.replaceChildren(...[rests, ...trace.notes].filter(Boolean).map((note) => make("p", { text: note })));
    this.move();
    this.cell.say();
  }

  redrawCloseUps() {
    this.stack.showCloseUp(this.palette);
    if (this.other) this.second.showCloseUp(this.palette);
    this.move();
  }

  press(event) {
    if (isTyping(event, this.range)) return;
    const { trace } = this;
    const order = this.order();
    const row = order.indexOf(this.unit);
    pressed(event, {
      ArrowRight: () => this.go(this.t + 1),
      ArrowLeft: () => this.go(this.t - 1),
      PageDown: () => this.go(this.t + 10),
      PageUp: () => this.go(this.t - 10),
      Home: () => this.go(0),
      End: () => this.go(trace.timesteps - 1),
      ArrowDown: () => this.go(this.t, order[Math.min(row + 1, trace.units - 1)]),
      ArrowUp: () => this.go(this.t, order[Math.max(row - 1, 0)]),
      " ": () => this.toggle(),
    });
  }

  toggle() { this.say({ playing: !this.get("playing") }); }

  follow() { this.player.follow(this.get("playing")); }
}

function render({ model, el }) {
  const explorer = new Explorer(model, el);
  return () => explorer.stop();
}

export default { render };
