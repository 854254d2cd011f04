// The plot: its controls, its keys, and what follows what. Walking through the cutoffs never asks the kernel.

const SPEEDS = [0.25, 0.5, 1, 2, 4, 8, 16];
const EACH_SECOND = 6; // cutoffs at speed 1
const MARKS = { worst: "Worst", median: "Median", best: "Best" };
const ALL = "all steps";

class ForecastPlot {
  constructor(model, el) {
    this.model = model;
    this.root = make("div", { class: "lw-ui lw-forecast", tabindex: "0", role: "group" });
    el.append(this.root);
    this.root.dataset.lmSuppressShortcuts = "true"; // JupyterLab would take the arrows for its cells
    this.root.setAttribute("aria-label", "Forecast plot: left and right arrow keys move through the cutoffs, up and down through the steps ahead, space plays");
    this.head = make("div", { class: "lw-ui-head" });
    this.verdict = make("div", { class: "lw-fc-diagnosis" });
    this.root.append(this.head, this.verdict);
    this.stretch = new Stretch(this.root, (cutoff) => this.go(cutoff));
    this.bar = make("div", { class: "lw-ui-bar" });
    this.legend = make("div", { class: "lw-ui-legend lw-fc-legend", role: "group", "aria-label": "Models shown, and the error of each" });
    this.named = make("span", { class: "lw-fc-key" });
    this.root.append(this.bar, this.legend);
    this.moment = new Moment(this.root);
    this.moment.box.setAttribute("role", "img");
    this.says = make("p", { class: "lw-fc-says" });
    const panels = make("div", { class: "lw-fc-panels" });
    this.root.append(this.says, panels);
    this.errors = new Panel(panels, (step) => this.pick(step));
    this.residuals = new Panel(panels);
    this.echo = new Panel(panels);
    this.intervals = make("p", { class: "lw-fc-intervals" });
    this.notes = make("div", { class: "lw-caption" });
    this.status = make("div", { class: "lw-ui-status lw-quiet", text: "Arrow keys: left and right through the cutoffs, up and down through the steps ahead. Space plays." });
    this.spoken = make("div", { class: "lw-ui-spoken", "aria-live": "polite" });
    this.root.append(this.intervals, this.notes, this.status, this.spoken);
    this.take();
    this.buildBar();
    this.listen();
  }

  get(name) { return this.model.get(name); }

  // What the kernel had to say, which does not change.
  take() {
    const facts = this.get("facts");
    this.backtest = new Backtest(facts, this.get("block"), this.get("times"));
    const hues = ["actual", "forecast", "quiet", "train", "warning", ...facts.models.map(({ hue }) => hue)];
    this.palette = new Palette(this.root, hues);
    this.cutoff = Math.min(this.get("cutoff"), facts.cutoffs - 1);
    setText(this.head, facts.title);
    this.showDiagnosis(facts.diagnosis);
    this.notes.replaceChildren(...facts.notes.map((note) => make("div", { text: note })));
    this.switches = facts.models.map(({ name, hue }) => {
      const error = make("span", { class: "lw-fc-error" });
      const node = make("button", { type: "button", class: `lw-switch lw-swatch-${hue}` }, make("span", { class: "lw-fc-name", text: name }), error);
      if (name !== facts.model) node.classList.add("lw-fc-dashed");
      node.addEventListener("click", () => this.toggleModel(name));
      return { name, node, error };
    });
    const keys = [make("span", { class: "lw-ui-line lw-swatch-actual lw-fc-key", text: "what came" })];
    if (this.backtest.isFilled.size) keys.push(make("span", { class: "lw-fc-key lw-fc-filled", text: "filled in" }));
    if (facts.levels.length) {
      const swatches = facts.levels.map((_, k) => make("span", { class: `lw-fc-level lw-fc-level-${Math.min(k, 1)}` }));
      const words = `${facts.levels.join(" and ")} % interval${facts.levels.length > 1 ? "s" : ""}`;
      keys.push(make("span", { class: `lw-fc-key lw-swatch-${this.backtest.hues[facts.model]}` }, ...swatches, words));
    }
    this.legend.replaceChildren(...this.switches.map(({ node }) => node), ...keys, this.named);
  }

  showDiagnosis(diagnosis) {
    this.verdict.hidden = !diagnosis;
    if (!diagnosis) return;
    const { verdict, tone, findings } = diagnosis;
    const line = (of, ...inside) => make("span", { class: `lw-fc-tone lw-fc-tone-${of}` }, ...inside);
    if (!findings.length) {
      this.verdict.replaceChildren(line(tone, verdict));
      return;
    }
    const rows = findings.map(({ tone: of, sentence, advice }) => make("li", {}, line(of, sentence), ...(advice ? [make("span", { class: "lw-quiet", text: ` Try: ${advice}` })] : [])));
    const more = make("details", {}, make("summary", {}, line(tone, verdict)), make("ul", {}, ...rows));
    this.verdict.replaceChildren(more);
  }

  buildBar() {
    const { backtest } = this;
    this.player = new Player({
      at: () => this.cutoff, last: () => backtest.cutoffs - 1, rate: () => EACH_SECOND * this.get("speed"),
      go: (cutoff) => this.go(cutoff), toggle: () => this.toggle(),
    });
    this.range = make("input", { type: "range", min: 0, max: backtest.cutoffs - 1, step: 1, "aria-label": "Cutoff" });
    this.readout = make("output", { class: "lw-ui-readout" });
    this.speed = make("select", {}, ...SPEEDS.map((rate) => make("option", { value: rate, text: `${rate}×` })));
    this.step = make("select", {}, make("option", { value: "", text: ALL }),
      ...Array.from({ length: backtest.horizon }, (_, k) => make("option", { value: k + 1, text: k + 1 })));
    this.sameScale = make("input", { type: "checkbox" });
    const marks = Object.entries(MARKS).filter(([name]) => name in backtest.marks)
      .map(([name, text]) => button(text, `Go to the cutoff with the ${name} error`, () => this.go(backtest.marks[name])));
    this.bar.append(
      make("div", { class: "lw-ui-transport" },
        button("◀", "One cutoff back", () => this.go(this.cutoff - 1)), this.player.button,
        button("▶|", "One cutoff on", () => this.go(this.cutoff + 1)), this.range, this.readout),
      make("div", { class: "lw-ui-fields" },
        make("div", { class: "lw-fc-marks", role: "group", "aria-label": "Go to a cutoff by its error" }, ...marks),
        labelled("Speed", this.speed), labelled("Steps ahead", this.step), 
        Object.assign(labelled("One scale for all cutoffs", this.sameScale), { title: "A cutoff that needs more has more" })),
    );
    this.range.addEventListener("input", () => this.go(Number(this.range.value)));
    this.speed.addEventListener("change", () => this.say({ speed: Number(this.speed.value) }));
    this.step.addEventListener("change", () => this.say({ step: this.step.value ? Number(this.step.value) : null }));
    this.sameScale.addEventListener("change", () => this.say({ same_scale: this.sameScale.checked }));
  }

  listen() {
    const heard = {
      "change:cutoff": () => { if (this.get("cutoff") !== this.cutoff && !this.telling) this.go(this.get("cutoff"), false); },
      "change:step": () => this.redraw(),
      "change:models": () => this.redraw(),
      "change:same_scale": () => this.redraw(),
      "change:speed": () => this.redraw(),
      "change:playing": () => this.player.follow(this.get("playing")),
    };
    this.root.addEventListener("keydown", (event) => this.press(event));
    const end = watch(this.model, this.root, heard, () => this.redraw());
    this.stop = () => {
      end();
      this.player.stop();
      clearTimeout(this.telling);
    };
    this.player.follow(this.get("playing"));
  }

  // Set traits, and tell the kernel, where there is one.
  say(traits) {
    for (const [name, value] of Object.entries(traits)) this.model.set(name, value);
    this.model.save_changes();
  }

  go(cutoff, tell = true) {
    this.cutoff = Math.min(Math.max(cutoff, 0), this.backtest.cutoffs - 1);
    this.move();
    if (!tell) return;
    this.model.set("cutoff", this.cutoff);
    clearTimeout(this.telling);
    this.telling = setTimeout(() => {
      this.telling = undefined;
      this.model.save_changes();
      this.speak();
    }, TOLD_AFTER);
  }

  // Models in the order of the frame, whichever was chosen first.
  shown() {
    const chosen = new Set(this.get("models"));
    return this.backtest.models.map(({ name }) => name).filter((name) => chosen.has(name));
  }

  toggleModel(name) {
    const chosen = new Set(this.shown());
    if (!chosen.delete(name)) chosen.add(name);
    this.say({ models: this.backtest.models.map((each) => each.name).filter((each) => chosen.has(each)) });
  }

  pick(step) {
    if (!Number.isFinite(step)) return;
    this.say({ step: Math.min(Math.max(Math.round(step), 1), this.backtest.horizon) });
  }

  // One step ahead further or nearer; below the first stand all of them.
  moveStep(by) {
    const step = Math.min(Math.max((this.get("step") ?? 0) + by, 0), this.backtest.horizon);
    this.say({ step: step || null });
  }

  press(event) {
    if (isTyping(event, this.range)) return;
    pressed(event, {
      ArrowRight: () => this.go(this.cutoff + 1),
      ArrowLeft: () => this.go(this.cutoff - 1),
      PageDown: () => this.go(this.cutoff + 10),
      PageUp: () => this.go(this.cutoff - 10),
      Home: () => this.go(0),
      End: () => this.go(this.backtest.cutoffs - 1),
      ArrowUp: () => this.moveStep(1),
      ArrowDown: () => this.moveStep(-1),
      " ": () => this.toggle(),
    });
  }

  toggle() { this.say({ playing: !this.get("playing") }); }

  // What changes from cutoff to cutoff, and nothing else.
  move() {
    const { backtest, cutoff } = this;
    this.stretch.move(cutoff);
    this.moment.show(backtest, this.palette, cutoff, this.shown(), this.get("step"), this.get("same_scale"));
    const when = backtest.moment(backtest.at[cutoff]);
    this.range.value = cutoff;
    this.range.setAttribute("aria-valuetext", when);
    setText(this.readout, `${cutoff + 1} of ${backtest.cutoffs}: ${when}`);
    for (const { name, error } of this.switches) setText(error, amount(this.errorOf(name)));
    setText(this.says, this.words());
  }

  // Of all steps, or of the one that is looked at.
  errorOf(name) {
    const { backtest, cutoff } = this;
    const step = this.get("step");
    if (!step) return backtest.numbers(`error ${name}`)[cutoff];
    return Math.abs(backtest.numbers("came")[backtest.at[cutoff] + step] - backtest.ahead(`forecast ${name}`, cutoff, step - 1));
  }

  // This cutoff in words.
  words() {
    const { backtest, cutoff } = this;
    const { model, horizon, rival } = backtest;
    const step = this.get("step");
    const known = backtest.numbers("known")[cutoff];
    const when = backtest.moment(backtest.at[cutoff]);
    if (!known) return `From ${when}: nothing that came is known.`;
    const error = this.errorOf(model);
    const other = rival ? this.errorOf(rival) : NaN;
    const over = horizon === 1 ? "one step ahead" : step ? `at step ${step}` : `on average over ${counted(horizon, "step")}`;
    if (!Number.isFinite(error)) return `From ${when}, ${model}'s error ${over} is unknown.`;
    const clause = Number.isFinite(other) ? `, ${compared(error, other, rival)}` : "";
    const parts = [`From ${when}, ${model} errs by ${backtest.amount(error)} ${over}${clause}.`];
    if (backtest.levels.length) {
      const held = backtest.levels.map((level) => `its ${level} % interval held ${backtest.numbers(`held ${level}`)[cutoff]}`);
      parts.push(`Of ${counted(known, "value")} that came, ${held.join(", ")}.`);
    }
    return parts.join(" ");
  }

  speak() {
    setText(this.spoken, this.says.textContent);
    this.moment.box.setAttribute("aria-label", `The series around the cutoff. ${this.says.textContent}`);
  }

  redraw() {
    const { backtest, palette } = this;
    palette.read();
    const models = this.shown();
    const step = this.get("step");
    this.speed.value = this.get("speed");
    this.step.value = step ?? "";
    this.sameScale.checked = this.get("same_scale");
    const named = step ? `absolute error ${counted(step, "step")} ahead` : "mean absolute error from this cutoff";
    setText(this.named, `Beside each name: ${named}${backtest.unit ? `, ${backtest.unit}` : ""}`);
    for (const { name, node } of this.switches) {
      node.classList.toggle("mod-active", models.includes(name));
      node.setAttribute("aria-pressed", String(models.includes(name)));
    }
    this.stretch.show(backtest, palette);
    showErrors(this.errors, backtest, palette, models, step);
    showResiduals(this.residuals, backtest, palette, step);
    showEcho(this.echo, backtest, palette);
    this.showIntervals(step);
    this.move();
    this.speak();
  }

  showIntervals(step) {
    const { backtest } = this;
    this.intervals.hidden = !backtest.levels.length;
    if (this.intervals.hidden) return;
    const where = step ? `, ${counted(step, "step")} ahead` : "";
    const parts = backtest.levels.flatMap((level, k) => {
      const held = backtest.numbers(`coverage ${level}`)[step ?? 0];
      const strays = Math.abs(held - level / 100) > 0.03;
      const width = backtest.numbers(`width ${level}`)[step ?? 0];
      return [`${k ? " · " : ` Intervals${where}: `}${level} % promised, `,
        make("span", { class: strays ? "lw-warning lw-fc-held" : "lw-fc-held", text: `${percent(held)} held` }),
        `, ${backtest.amount(width)} wide`];
    });
    this.intervals.replaceChildren(...parts);
  }
}

function compared(error, other, name) {
  if (other === 0) return error === 0 ? `as little as ${name}` : `and ${name} by nothing at all`;
  const change = error / other - 1;
  if (Math.abs(change) < 0.005) return `as much as ${name}`;
  if (change >= 1) return `${amount(error / other)} times as much as ${name}`;
  return `${Math.round(Math.abs(change) * 100)} % ${change < 0 ? "less" : "more"} than ${name}`;
}

function render({ model, el }) {
  const plot = new ForecastPlot(model, el);
  return () => plot.stop();
}

export default { render };
