// All cutoffs at a glance: the stretch they walk through, and how wrong the model was from each.

const STRETCH_HEIGHT = 46;
const STRIP_HEIGHT = 44; // its first line is words

class Stretch {
  constructor(parent, onPick) {
    this.box = make("div", { class: "lw-fc-stretch", role: "img" });
    this.dates = make("div", { class: "lw-fc-dates lw-quiet" });
    parent.append(make("div", {}, this.box, this.dates));
    this.sheet = new Sheet(this.box, "lw-ui-canvas");
    this.ahead = make("div", { class: "lw-fc-ahead" });
    this.cursor = make("div", { class: "lw-ui-cursor" });
    this.box.append(this.ahead, this.cursor);
    const pick = (event) => onPick(this.nearest(event.clientX - this.box.getBoundingClientRect().left));
    this.box.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      this.box.setPointerCapture(event.pointerId);
      this.box.addEventListener("pointermove", pick);
      pick(event);
    });
    this.box.addEventListener("lostpointercapture", () => this.box.removeEventListener("pointermove", pick));
  }

  show(backtest, palette) {
    const width = this.box.clientWidth;
    if (!width) return;
    this.backtest = backtest;
    const { at, values, horizon } = backtest;
    this.sheet.fit(width, STRETCH_HEIGHT + STRIP_HEIGHT);
    this.sheet.clear();
    const { context: pen } = this.sheet;
    const first = at[0];
    const last = Math.min(at.at(-1) + horizon, values.length - 1);
    this.x = scale(first, last, 2, width - 2);
    const shown = values.subarray(first, last + 1);
    const y = scale(...extent(shown.some(Number.isFinite) ? shown.filter(Number.isFinite) : [0, 1]), STRETCH_HEIGHT - 5, 5);
    pen.strokeStyle = palette.names.train;
    pen.lineWidth = 1;
    path(pen, Array.from(shown, (_, k) => this.x(first + k)), Array.from(shown, y));
    this.dates.replaceChildren(...[first, last].map((position) => make("span", { text: backtest.moment(position) })));
    pen.fillStyle = palette.line;
    pen.fillRect(0, STRETCH_HEIGHT, width, 1);
    this.drawErrors(pen, palette, width);
    this.box.setAttribute("aria-label", `${backtest.model}'s mean error from each of ${counted(at.length, "cutoff")}, `
      + `${backtest.moment(first)} to ${backtest.moment(at.at(-1))}`);
  }

  // A column a pixel, as high as the largest error there: the worst cutoff is seen however many there are.
  drawErrors(pen, palette, width) {
    const { backtest } = this;
    const errors = backtest.numbers(`error ${backtest.model}`);
    const most = extent(errors.filter(Number.isFinite))[1];
    const columns = new Float32Array(Math.ceil(width)).fill(NaN);
    const wide = Math.max(1, Math.min(6, Math.floor((this.x(backtest.at[1] ?? backtest.at[0] + 1) - this.x(backtest.at[0])) * 0.7)));
    errors.forEach((error, cutoff) => {
      const place = Math.floor(this.x(backtest.at[cutoff]));
      if (Number.isFinite(error) && !(columns[place] >= error)) columns[place] = error;
    });
    const bottom = STRETCH_HEIGHT + STRIP_HEIGHT;
    pen.font = "11px system-ui, sans-serif";
    pen.textBaseline = "top";
    pen.fillStyle = palette.names.quiet;
    if (Number.isFinite(most)) pen.fillText(`mean error of ${backtest.model} from each cutoff, up to ${backtest.amount(most)}`, 4, STRETCH_HEIGHT + 4);
    pen.fillStyle = palette.names[backtest.hues[backtest.model]];
    pen.globalAlpha = 0.75;
    columns.forEach((error, place) => {
      if (!Number.isFinite(error)) return;
      const height = Math.max(1, (error / (most || 1)) * (STRIP_HEIGHT - 18));
      pen.fillRect(place - Math.floor(wide / 2), bottom - height, wide, height);
    });
    pen.globalAlpha = 1;
  }

  move(cutoff) {
    if (!this.x) return;
    const { at, horizon } = this.backtest;
    const left = this.x(at[cutoff]);
    this.cursor.style.transform = `translateX(${left}px)`;
    this.ahead.style.transform = `translateX(${left}px)`;
    this.ahead.style.width = `${Math.max(this.x(at[cutoff] + horizon) - left, 2)}px`;
  }

  nearest(across) {
    const { at } = this.backtest;
    let [low, high] = [0, at.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.x((at[middle] + at[middle + 1]) / 2) < across) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
