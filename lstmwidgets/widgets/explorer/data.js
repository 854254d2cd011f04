// What the explorer is given: a dictionary of facts, and one block of numbers cut into named arrays.

const GATES = ["i", "f", "g", "o", "c", "h"];
const GATE_NAMES = {
  i: "input gate", f: "forget gate", g: "candidate", o: "output gate", c: "cell state", h: "hidden state",
};
const HUES = [
  ...["actual", "forecast", "repeat-last", "seasonal-naive", "quiet", "train", "warning"],
  ...GATES.map((gate) => `gate-${gate}`),
];
const SIGNED = new Set(["g", "c", "h"]);

// One window's arrays and its layer's weights by name, as views of their blocks.
function unpack(facts, block, weights) {
  const arrays = cutBlock(facts.arrays, block);
  return { ...facts, ...cutBlock(facts.weights, weights, arrays) };
}

// What goes into the four gates of one unit at one step: from the input, from the hidden state, and the bias.
function gateSums(trace, t, unit) {
  const { units, features, x, h, initial_h, kernel, recurrent_kernel: recurrent, bias } = trace;
  const before = trace.backwards ? t + 1 : t - 1;
  const heard = before >= 0 && before < trace.timesteps;
  return ["i", "f", "g", "o"].map((gate, number) => {
    const column = number * units + unit;
    let fromInput = 0;
    let fromHidden = 0;
    for (let k = 0; k < features; k++) fromInput += x[t * features + k] * kernel[k * 4 * units + column];
    for (let k = 0; k < units; k++) {
      fromHidden += (heard ? h[before * units + k] : initial_h[k]) * recurrent[k * 4 * units + column];
    }
    return { gate, fromInput, fromHidden, bias: bias[column] };
  });
}

// Every number of one unit at one step, and those that the step before left.
function momentOf(trace, t, unit) {
  const at = (name, step) => trace[name][step * trace.units + unit];
  const before = trace.backwards ? t + 1 : t - 1;
  const known = before >= 0 && before < trace.timesteps;
  const moment = Object.fromEntries(GATES.map((gate) => [gate, at(gate, t)]));
  moment.c_before = known ? at("c", before) : trace.initial_c[unit];
  moment.h_before = known ? at("h", before) : trace.initial_h[unit];
  moment.kept = moment.f * moment.c_before;
  moment.added = moment.i * moment.g;
  moment.tanh_c = Math.tanh(moment.c);
  moment.x = trace.x[t * trace.features]; // of several features, or of a layer below with several units, the first
  return moment;
}
