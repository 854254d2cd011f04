// The equations of each kind of cell with the numbers of one unit at one step in them, by letter.

const EQUATIONS = {
  lstm(trace, t, unit, moment) {
    const { gate, squash } = trace.signs;
    const lines = ["i", "f", "g", "o"].map((letter, number) => {
      const sums = sumsOf(trace, number, 4, t, unit);
      return [letter, curved(letter, letter === "g" ? squash : gate, plain(sums), moment)];
    });
    return [
      ...lines,
      ["c", `c = f·c + i·g = ${shown(moment.f)}·${shown(moment.c_before)} ${signed(moment.added)} = ${shown(moment.c, 3)}`],
      ["h", `h = o·${squash}(c) = ${shown(moment.o)}·${shown(moment.shown)} = ${shown(moment.h, 3)}`],
    ];
  },

  gru(trace, t, unit, moment) {
    const { gate, squash } = trace.signs;
    const [z, r] = [0, 1].map((number) => sumsOf(trace, number, 3, t, unit));
    const g = sumsOf(trace, 2, 3, t, unit, trace.reset_after ? undefined : trace.r);
    const heard = trace.reset_after
      ? `${sign(g.fromHidden + g.recurrentBias)} ${shown(moment.r)}·${shown(Math.abs(g.fromHidden + g.recurrentBias))}`
      : signed(g.fromHidden);
    return [
      ["z", curved("z", gate, plain(z), moment)],
      ["r", curved("r", gate, plain(r), moment)],
      ["g", curved("g", squash, `${shown(g.fromInput)} ${heard} ${signed(g.bias)}`, moment)],
      ["h", `h = z·h + (1${MINUS}z)·g = ${shown(moment.kept)} ${signed(moment.added)} = ${shown(moment.h, 3)}`],
    ];
  },

  rnn(trace, t, unit, moment) {
    return [["h", curved("h", trace.signs.squash, plain(sumsOf(trace, 0, 1, t, unit)), moment)]];
  },

  attention(trace, t, unit, moment) {
    return [["a", `a = ${shown(moment.a, 3)}; were all steps alike, ${shown(1 / trace.timesteps, 3)}`]];
  },
};

// What the numbers in brackets are.
const BRACKETS = {
  lstm: "In brackets: from x, from h, bias",
  gru: "In brackets: from x, from h, bias; for g what comes from h goes through r",
  rnn: "In brackets: from x, from h, bias",
  attention: "What share of its weight the head gives to the step, at the window's end",
};

function plain({ fromInput, fromHidden, bias, recurrentBias }) {
  return `${shown(fromInput)} ${signed(fromHidden)} ${signed(bias + recurrentBias)}`;
}

function curved(letter, curve, inside, moment) {
  return `${letter} = ${curve}(${inside}) = ${shown(moment[letter], 3)}`;
}

function sign(value) {
  return value < 0 ? MINUS : "+";
}

function signed(value) {
  return `${sign(value)} ${shown(Math.abs(value))}`;
}
