// The LSTM cell as textbooks draw it, with one unit's numbers on its wires, and its equations with the numbers in.

// Wires: from where to where, whose colour, and the number that decides width and strength.
const WIRES = {
  cIn: { d: "M 8 52 H 104", gate: "c", value: (m) => m.cBefore },
  kept: { d: "M 120 52 H 206", gate: "c", value: (m) => m.f * m.cBefore },
  cOut: { d: "M 222 52 H 372", gate: "c", value: (m) => m.c },
  f: { d: "M 112 136 V 60", gate: "f", value: (m) => m.f },
  i: { d: "M 168 136 V 98 H 206", gate: "i", value: (m) => m.i },
  g: { d: "M 214 136 V 106", gate: "g", value: (m) => m.g },
  added: { d: "M 214 90 V 60", gate: "i", value: (m) => m.i * m.g },
  squash: { d: "M 314 52 V 78", gate: "c", value: (m) => m.c },
  squashed: { d: "M 314 98 V 140", gate: "c", value: (m) => Math.tanh(m.c) },
  o: { d: "M 275 148 H 306", gate: "o", value: (m) => m.o },
  hOut: { d: "M 314 156 V 184 H 372", gate: "h", value: (m) => m.h },
  hIn: { d: "M 8 184 H 260 V 159", gate: "h", value: (m) => m.hBefore },
  hInF: { d: "M 112 184 V 159", gate: "h", value: (m) => m.hBefore },
  hInI: { d: "M 168 184 V 159", gate: "h", value: (m) => m.hBefore },
  hInG: { d: "M 214 184 V 159", gate: "h", value: (m) => m.hBefore },
  xIn: { d: "M 52 222 V 184", gate: null, value: (m) => m.x[0] },
};

const NODES = [
  { x: 112, y: 52, sign: "×" }, { x: 214, y: 52, sign: "+" }, { x: 214, y: 98, sign: "×" },
  { x: 314, y: 148, sign: "×" },
];
const BOXES = [
  { x: 112, gate: "f", text: "σ" }, { x: 168, gate: "i", text: "σ" }, { x: 214, gate: "g", text: "tanh" },
  { x: 260, gate: "o", text: "σ" },
];

// Where the numbers stand: what they are called, and how they are had.
const NUMBERS = [
  { x: 8, y: 42, anchor: "start", gate: "c", name: "c before", value: (m) => m.cBefore },
  { x: 163, y: 42, anchor: "middle", gate: "c", name: "f·c", value: (m) => m.f * m.cBefore },
  { x: 372, y: 42, anchor: "end", gate: "c", name: "c", value: (m) => m.c },
  { x: 106, y: 104, anchor: "end", gate: "f", name: "f", value: (m) => m.f },
  { x: 162, y: 116, anchor: "end", gate: "i", name: "i", value: (m) => m.i },
  { x: 221, y: 126, anchor: "start", gate: "g", name: "g", value: (m) => m.g },
  { x: 221, y: 79, anchor: "start", gate: "i", name: "i·g", value: (m) => m.i * m.g },
  { x: 320, y: 122, anchor: "start", gate: "c", name: "", value: (m) => Math.tanh(m.c) },
  { x: 280, y: 170, anchor: "start", gate: "o", name: "o", value: (m) => m.o },
  { x: 372, y: 176, anchor: "end", gate: "h", name: "h", value: (m) => m.h },
  { x: 8, y: 176, anchor: "start", gate: "h", name: "h before", value: (m) => m.hBefore },
  { x: 58, y: 216, anchor: "start", gate: null, name: "x", value: (m) => m.x[0] },
];

class Cell {
  constructor(parent) {
    this.heading = make("h4", { class: "lw-ex-unit" });
    this.picture = draw("svg", { viewBox: "0 0 380 228", class: "lw-ex-cell", role: "img" });
    this.equations = make("div", { class: "lw-ex-equations" });
    parent.append(this.heading, this.picture, this.equations);
    this.picture.append(draw("rect", { x: 72, y: 26, width: 262, height: 172, rx: 12, class: "lw-ex-body" }));
    this.wires = Object.fromEntries(Object.entries(WIRES).map(([name, { d, gate }]) => {
      const wire = draw("path", { d, class: `lw-ex-wire lw-ex-${gate ?? "x"}` });
      this.picture.append(wire);
      return [name, wire];
    }));
    for (const { x, gate, text } of BOXES) {
      this.picture.append(
        draw("rect", { x: x - 16, y: 136, width: 32, height: 23, rx: 3, class: `lw-ex-box lw-ex-${gate}` }),
        draw("text", { x, y: 151.5, "text-anchor": "middle", class: "lw-ex-sign", text }),
      );
    }
    this.picture.append(
      draw("rect", { x: 296, y: 78, width: 36, height: 20, rx: 10, class: "lw-ex-box lw-ex-c" }),
      draw("text", { x: 314, y: 92, "text-anchor": "middle", class: "lw-ex-sign", text: "tanh" }),
    );
    for (const { x, y, sign } of NODES) {
      this.picture.append(
        draw("circle", { cx: x, cy: y, r: 8, class: "lw-ex-node" }),
        draw("text", { x, y: y + 4.5, "text-anchor": "middle", class: "lw-ex-sign", text: sign }),
      );
    }
    this.numbers = NUMBERS.map(({ x, y, anchor, gate }) => {
      const number = draw("text", { x, y, "text-anchor": anchor, class: `lw-ex-number lw-ex-${gate ?? "x"}` });
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
    for (const [name, { value }] of Object.entries(WIRES)) {
      const size = Math.min(Math.abs(value(moment)), 1);
      const strength = size.toFixed(2);
      if (this.wires[name].dataset.strength === strength) continue; // the eye would see no difference
      this.wires[name].dataset.strength = strength;
      this.wires[name].style.strokeWidth = `${1 + 3.6 * size}px`;
      this.wires[name].style.opacity = 0.3 + 0.7 * size;
    }
    NUMBERS.forEach(({ name, value }, k) => {
      setText(this.numbers[k], `${name}${name ? " " : ""}${shown(value(moment))}`);
    });
    for (const { gate, fromInput, fromHidden, bias } of gateSums(trace, t, unit)) {
      const curve = gate === "g" ? "tanh" : "σ";
      setText(this.rows[gate], `${gate} = ${curve}(${shown(fromInput)} ${signed(fromHidden)} ${signed(bias)}) = ${shown(moment[gate], 3)}`);
    }
    setText(this.rows.c, `c = f·c + i·g = ${shown(moment.f)} · ${shown(moment.cBefore)} ${signed(moment.i * moment.g)} = ${shown(moment.c, 3)}`);
    setText(this.rows.h, `h = o·tanh(c) = ${shown(moment.o)} · ${shown(Math.tanh(moment.c))} = ${shown(moment.h, 3)}`);
    const said = GATES.map((gate) => `${GATE_NAMES[gate]} ${shown(moment[gate])}`).join(", ");
    this.words = `Unit ${unit} at ${trace.labels[t]}: ${said}`;
  }

  // For screen readers, once the step has settled.
  say() {
    this.picture.setAttribute("aria-label", `The cell. ${this.words}`);
  }
}

function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

function signed(value) {
  return value < 0 ? `${MINUS} ${shown(-value)}` : `+ ${shown(value)}`;
}

function lasting(steps) {
  if (!Number.isFinite(steps)) return "for good";
  const count = steps < 10 ? Number(steps.toPrecision(2)) : Math.round(steps);
  return `${count} step${count === 1 ? "" : "s"}`;
}
