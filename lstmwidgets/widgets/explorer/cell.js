// A cell as textbooks draw it, with one unit's numbers on its wires, and its equations with the numbers in.

// CELLS, where everything stands, are the files of cells/: the still on paper draws the same.

class Cell {
  constructor(parent) {
    this.heading = make("h4", { class: "lw-ex-unit" });
    this.picture = draw("svg", { class: "lw-ex-cell", role: "img" });
    this.equations = make("div", { class: "lw-ex-equations" });
    parent.append(this.heading, this.picture, this.equations);
  }

  // Draw the cell of a layer, unless it stands there already.
  build(trace) {
    const kind = [trace.cell, trace.heads > 0, ...Object.values(trace.signs)].join();
    if (kind === this.kind) return;
    this.kind = kind;
    this.drawing = CELLS[trace.cell];
    this.picture.replaceChildren();
    this.picture.classList.toggle("lw-ex-none", !this.drawing);
    this.wires = [];
    this.numbers = [];
    if (this.drawing) this.drawDiagram(this.drawing, trace.signs);
    this.equations.replaceChildren(make("div", { class: "lw-ex-how", text: BRACKETS[trace.cell] }));
    const letters = trace.heads ? [...trace.letters, ATTENTION] : trace.letters;
    this.rows = Object.fromEntries(letters.map((letter) => {
      const row = make("div", { class: `lw-ex-equation lw-ex-${letter}` });
      this.equations.append(row);
      return [letter, row];
    }));
  }

  drawDiagram({ width, height, body, wires, boxes, nodes, numbers }, signs) {
    this.picture.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.picture.append(draw("rect", { ...body, rx: 12, class: "lw-ex-body" }));
    const sign = (x, y, text) => draw("text", {
      x, y: y + 4, "text-anchor": "middle", class: `lw-ex-sign${text.length > 4 ? " lw-ex-long" : ""}`, text,
    });
    this.wires = wires.map(({ path, gate }) => {
      const wire = draw("path", { d: `M${path.map((point) => point.join(" ")).join("L")}`, class: `lw-ex-wire lw-ex-${gate}` });
      this.picture.append(wire);
      return wire;
    });
    for (const { x, y, width, height, round, gate, sign: text } of boxes) {
      this.picture.append(
        draw("rect", { x, y, width, height, rx: round, class: `lw-ex-box lw-ex-${gate}` }),
        sign(x + width / 2, y + height / 2, signs[text] ?? text),
      );
    }
    for (const { x, y, sign: text } of nodes) {
      this.picture.append(draw("circle", { cx: x, cy: y, r: 8, class: "lw-ex-node" }), sign(x, y, text));
    }
    this.numbers = numbers.map(({ x, y, anchor, gate }) => {
      const number = draw("text", { x, y, "text-anchor": anchor, class: `lw-ex-number lw-ex-${gate}` });
      this.picture.append(number);
      return number;
    });
  }

  move(trace, t, unit) {
    this.build(trace);
    const moment = momentOf(trace, t, unit);
    const halfLife = trace.half_life?.[unit];
    const lasts = Number.isNaN(halfLife ?? NaN) ? "" : ` · half of its memory lasts ${lasting(halfLife)}`;
    const noun = trace.cell === "attention" ? "Head" : "Unit";
    setText(this.heading, `${noun} ${unit}, ${trace.labels[t]}${lasts}`);
    this.drawing?.wires.forEach(({ carries }, k) => {
      const size = Math.min(Math.abs(moment[carries]) || 0, 1);
      const strength = size.toFixed(2);
      if (this.wires[k].dataset.strength === strength) return; // the eye would see no difference
      this.wires[k].dataset.strength = strength;
      this.wires[k].style.strokeWidth = `${1 + 3.6 * size}px`;
      this.wires[k].style.strokeOpacity = 0.3 + 0.7 * size; // an opacity would make a layer of each wire
    });
    this.drawing?.numbers.forEach(({ name, shows }, k) => {
      const called = shows === "x" && trace.features > 1 ? "x[0]" : name; // of several, the first
      setText(this.numbers[k], `${called}${called ? " " : ""}${shown(moment[shows])}`);
    });
    for (const [letter, text] of EQUATIONS[trace.cell](trace, t, unit, moment)) setText(this.rows[letter], text);
    let said = trace.letters.map((letter) => `${trace.names[letter]} ${shown(moment[letter])}`).join(", ");
    if (trace.heads) {
      const weights = Array.from(trace[ATTENTION].subarray(t * trace.heads, (t + 1) * trace.heads), (a) => shown(a, 3));
      setText(this.rows[ATTENTION], `a = ${weights.join(", ")}: attention by head`);
      said += `, attention ${weights.join(" and ")}`;
    }
    this.words = `${noun} ${unit} at ${trace.labels[t]}: ${said}`;
  }

  // For screen readers, once the step has settled.
  say() {
    this.picture.setAttribute("aria-label", `The cell. ${this.words}`);
  }
}

function lasting(steps) {
  if (!Number.isFinite(steps)) return "for good";
  const count = steps < 10 ? Number(steps.toPrecision(2)) : Math.round(steps);
  return `${count} step${count === 1 ? "" : "s"}`;
}
