// What the explorer is given: a dictionary of facts, and one block of numbers cut into named arrays.

const LETTERS = ["i", "f", "g", "o", "c", "h", "z", "r", "a"];
const LEDGER = "ledger";
const ATTENTION = "a";
const HUES = [
  ...["actual", "forecast", "repeat-last", "seasonal-naive", "quiet", "train", "warning"],
  ...LETTERS.map((letter) => `gate-${letter}`),
];

// One window's arrays and its layer's weights by name, as views of their blocks.
function unpack(facts, block, weights) {
  const arrays = cutBlock(facts.arrays, block);
  return { ...facts, ...cutBlock(facts.weights, weights, arrays) };
}

// The letter of what goes from step to step: the ledger is of that.
function memoryOf(trace) {
  return trace.cell === "lstm" ? "c" : "h";
}

// What a packed gate of one unit gets at one step: from the input, from the hidden state, and the biases.
// `through` weighs each unit's hidden state: the reset gate of a GRU that resets before it multiplies.
function sumsOf(trace, gate, packed, t, unit, through) {
  const { units, features, x, h, initial_h, kernel, recurrent_kernel: recurrent, bias } = trace;
  const before = trace.backwards ? t + 1 : t - 1;
  const heard = before >= 0 && before < trace.timesteps;
  const column = gate * units + unit;
  let fromInput = 0;
  let fromHidden = 0;
  for (let k = 0; k < features; k++) fromInput += x[t * features + k] * kernel[k * packed * units + column];
  for (let k = 0; k < units; k++) {
    const state = heard ? h[before * units + k] : initial_h[k];
    fromHidden += (through ? through[t * units + k] : 1) * state * recurrent[k * packed * units + column];
  }
  return { fromInput, fromHidden, bias: bias[column], recurrentBias: trace.recurrent_bias?.[column] ?? 0 };
}

// Every number of one unit at one step, and those that the step before left.
function momentOf(trace, t, unit) {
  const at = (name, step) => trace[name][step * trace.units + unit];
  const moment = Object.fromEntries(trace.letters.map((letter) => [letter, at(letter, t)]));
  if (trace.cell === "attention") return moment;
  const before = trace.backwards ? t + 1 : t - 1;
  const known = before >= 0 && before < trace.timesteps;
  moment.h_before = known ? at("h", before) : trace.initial_h[unit];
  moment.x = trace.x[t * trace.features]; // of several features, or of a layer below with several units, the first
  if (trace.cell === "lstm") {
    moment.c_before = known ? at("c", before) : trace.initial_c[unit];
    moment.kept = moment.f * moment.c_before;
    moment.added = moment.i * moment.g;
    moment.shown = trace.shown ? at("shown", t) : Math.tanh(moment.c);
  }
  if (trace.cell === "gru") {
    moment.open = 1 - moment.z;
    moment.kept = moment.z * moment.h_before;
    moment.added = moment.open * moment.g;
    moment.heard = moment.r * moment.h_before;
  }
  return moment;
}
