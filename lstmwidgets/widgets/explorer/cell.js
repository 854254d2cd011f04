// The LSTM cell as textbooks draw it, with one unit's numbers on its wires, and its equations with the numbers in.

// CELL, where everything stands, is cell.json: the still on paper draws the same cell.

class Cell {
  constructor(parent) {
    this.heading = make("h4", { class: "lw-ex-unit" });
    this.picture = draw("svg", { viewBox: `0 0 ${CELL.width} ${CELL.height}`, class: "lw-ex-cell", role: "img" });
    this.equations = make("div", { class: "lw-ex-equations" });
    parent.append(this.heading, this.picture, this.equations);
    this.picture.append(draw("rect", { ...CELL.body, rx: 12, class: "lw-ex-body" }));
    const sign = (x, y, text) => draw("text", { x, y: y + 4, "text-anchor": "middle", class: "lw-ex-sign", text });
    this.wires = CELL.wires.map(({ path, gate }) => {
      const wire = draw("path", { d: `M${path.map((point) => point.join(" ")).join("L")}`, class: `lw-ex-wire lw-ex-${gate}` });
      this.picture.append(wire);
      return wire;
    });
    for (const { x, y, width, height, round, gate, sign: text } of CELL.boxes) {
      this.picture.append(
        draw("rect", { x, y, width, height, rx: round, class: `lw-ex-box lw-ex-${gate}` }),
        sign(x + width / 2, y + height / 2, text),
      );
    }
    for (const { x, y, sign: text } of CELL.nodes) {
      this.picture.append(draw("circle", { cx: x, cy: y, r: 8, class: "lw-ex-node" }), sign(x, y, text));
    }
    this.numbers = CELL.numbers.map(({ x, y, anchor, gate }) => {
      const number = draw("text", { x, y, "text-anchor": anchor, class: `lw-ex-number lw-ex-${gate}` });
      this.picture.append(number);
      return number;
    });
    this.equations.append(make("div", { class: "lw-ex-how", text: "In brackets: from x, from h, bias" }));
    this.rows = Object.fromEntries(GATES.map((gate) => {
      const row = make("div", { class: `lw-ex-equation lw-ex-${gate}` });
      this.equations.append(row);
      return [gate, row];
    }));
  }

  move(trace, t, unit) {
    const moment = momentOf(trace, t, unit);
    const halfLife = trace.half_life?.[unit];
    const lasts = halfLife === undefined ? "" : ` · half of its memory lasts ${lasting(halfLife)}`;
    setText(this.heading, `Unit ${unit}, ${trace.labels[t]}${lasts}`);
    CELL.wires.forEach(({ carries }, k) => {
      const size = Math.min(Math.abs(moment[carries]), 1);
      const strength = size.toFixed(2);
      if (this.wires[k].dataset.strength === strength) return; // the eye would see no difference
      this.wires[k].dataset.strength = strength;
      this.wires[k].style.strokeWidth = `${1 + 3.6 * size}px`;
      this.wires[k].style.strokeOpacity = 0.3 + 0.7 * size; // an opacity would make a layer of each wire
    });
    CELL.numbers.forEach(({ name, shows }, k) => {
      const called = shows === "x" && trace.features > 1 ? "x[0]" : name; // of several, the first
      setText(this.numbers[k], `${called}${called ? " " : ""}${shown(moment[shows])}`);
    });
    for (const { gate, fromInput, fromHidden, bias } of gateSums(trace, t, unit)) {
      const curve = gate === "g" ? "tanh" : "σ";
      setText(this.rows[gate], `${gate} = ${curve}(${shown(fromInput)} ${signed(fromHidden)} ${signed(bias)}) = ${shown(moment[gate], 3)}`);
    }
    setText(this.rows.c, `c = f·c + i·g = ${shown(moment.f)}·${shown(moment.c_before)} ${signed(moment.added)} = ${shown(moment.c, 3)}`);
    setText(this.rows.h, `h = o·tanh(c) = ${shown(moment.o)}·${shown(moment.tanh_c)} = ${shown(moment.h, 3)}`);
    const said = GATES.map((gate) => `${GATE_NAMES[gate]} ${shown(moment[gate])}`).join(", ");
    this.words = `Unit ${unit} at ${trace.labels[t]}: ${said}`;
  }

  // For screen readers, once the step has settled.
  say() {
    this.picture.setAttribute("aria-label", `The cell. ${this.words}`);
  }
}

function signed(value) {
  return value < 0 ? `${MINUS} ${shown(-value)}` : `+ ${shown(value)}`;
}

function lasting(steps) {
  if (!Number.isFinite(steps)) return "for good";
  const count = steps < 10 ? Number(steps.toPrecision(2)) : Math.round(steps);
  return `${count} step${count === 1 ? "" : "s"}`;
}
