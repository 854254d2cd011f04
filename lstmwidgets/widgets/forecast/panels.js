// Three small charts of all cutoffs together: errors by step ahead, residuals, and their echo.

const PANEL_HEIGHT = 150;
const INSET = { top: 8, bottom: 20, left: 46, right: 8 };

class Panel {
  constructor(parent, onPick) {
    this.heading = make("h4");
    this.box = make("div", { class: "lw-fc-chart", role: "img" });
    this.caption = make("p", { class: "lw-caption" });
    parent.append(make("div", { class: "lw-fc-panel" }, this.heading, this.box, this.caption));
    this.sheet = new Sheet(this.box, "lw-ui-canvas");
    if (!onPick) return;
    this.box.classList.add("lw-fc-picked");
    const pick = (event) => onPick(this.x?.back(event.clientX - this.box.getBoundingClientRect().left));
    this.box.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      this.box.setPointerCapture(event.pointerId);
      this.box.addEventListener("pointermove", pick);
      pick(event);
    });
    this.box.addEventListener("lostpointercapture", () => this.box.removeEventListener("pointermove", pick));
  }

  // A clean sheet with its axes; the pen, and where numbers stand.
  axes(palette, [left, right], [low, high], ticks, { most = 4, written = tickText } = {}) {
    const width = this.box.clientWidth;
    this.sheet.fit(width, PANEL_HEIGHT);
    this.sheet.clear();
    const { context: pen } = this.sheet;
    const x = scale(left, right, INSET.left, width - INSET.right);
    x.back = (place) => left + ((place - INSET.left) / (width - INSET.right - INSET.left)) * (right - left);
    const y = scale(low, high, PANEL_HEIGHT - INSET.bottom, INSET.top);
    drawGrid(pen, palette, y, [low, high], { left: INSET.left, right: width - INSET.right, most, written });
    pen.textBaseline = "top";
    pen.fillStyle = palette.names.quiet;
    for (const tick of ticks) {
      const words = tickText(tick);
      const half = pen.measureText(words).width / 2;
      pen.textAlign = x(tick) + half > width ? "right" : "center";
      pen.fillText(words, x(tick) + half > width ? width : x(tick), PANEL_HEIGHT - INSET.bottom + 5);
    }
    this.x = x;
    return { pen, x, y, width };
  }

  says(heading, caption) {
    setText(this.heading, heading);
    setText(this.caption, caption);
    this.box.setAttribute("aria-label", `${heading}. ${caption}`);
  }

  // For what cannot be drawn.
  leave(palette, words) {
    this.sheet.fit(this.box.clientWidth, PANEL_HEIGHT);
    this.sheet.clear();
    const { context: pen } = this.sheet;
    pen.font = "12px system-ui, sans-serif";
    pen.textAlign = "center";
    pen.fillStyle = palette.names.quiet;
    pen.fillText(words, this.box.clientWidth / 2, PANEL_HEIGHT / 2);
  }
}

// Whole numbers for an axis that begins at 1: steps ahead, or lags, by whole cycles where there are any.
function wholeTicks(last, width, season = 1) {
  const most = Math.max(2, Math.floor(width / 44));
  if (season > 1 && season <= last) {
    const parts = [6, 4, 3, 2, 1].find((count) => season % count === 0 && (last / season) * count <= most);
    const every = parts ? season / parts : season * Math.ceil(last / season / most);
    return Array.from({ length: Math.floor(last / every) }, (_, k) => (k + 1) * every);
  }
  const every = [1, 2, 4, 6, 8, 12, 16, 24, 48, 96].find((size) => last / size <= most) ?? Math.ceil(last / most);
  const ticks = Array.from({ length: Math.floor(last / every) }, (_, k) => (k + 1) * every);
  return every > 1 ? [1, ...ticks] : ticks;
}

function showErrors(panel, backtest, palette, models, step) {
  const { horizon } = backtest;
  const rows = models.map((name) => [name, backtest.numbers(`by step ${name}`)]);
  const most = Math.max(0, ...rows.flatMap(([, row]) => Array.from(row).filter(Number.isFinite))) || 1;
  const ticks = wholeTicks(horizon, panel.box.clientWidth - INSET.left);
  const { pen, x, y } = panel.axes(palette, [horizon > 1 ? 1 : 0.5, Math.max(horizon, 1.5)], [0, most * 1.05], ticks);
  if (step) {
    pen.fillStyle = palette.text;
    pen.fillRect(Math.round(x(step)), INSET.top, 1, PANEL_HEIGHT - INSET.bottom - INSET.top);
  }
  for (const [name, row] of [...rows].reverse()) {
    const main = name === backtest.model;
    pen.strokeStyle = palette.names[backtest.hues[name]];
    pen.lineWidth = main ? 2.2 : 1.3;
    pen.setLineDash(main ? [] : [4, 3]);
    path(pen, Array.from(row, (_, k) => x(k + 1)), Array.from(row, y));
    pen.setLineDash([]);
    for (const k of horizon === 1 ? [0] : step ? [step - 1] : []) dot(pen, x(k + 1), y(row[k]), 3, palette.names[backtest.hues[name]]);
  }
  const where = step ?? horizon;
  const said = rows.map(([name, row]) => `${name} ${amount(row[where - 1])}`).join(", ");
  panel.says("Error by step ahead", rows.length
    ? `Mean absolute error${backtest.unit ? `, ${backtest.unit}` : ""}. ${counted(where, "step")} ahead: ${said}.`
    : "No model is shown.");
}

function showResiduals(panel, backtest, palette, step) {
  const edges = backtest.numbers("edges");
  const bins = edges.length - 1;
  const shares = backtest.numbers("shares").subarray((step ?? 0) * bins, ((step ?? 0) + 1) * bins);
  const most = extent(shares)[1] || 1;
  const reach = edges[bins];
  const { pen, x, y } = panel.axes(palette, [-reach, reach], [0, most * 1.05], niceTicks(-reach, reach, 5),
    { most: 3, written: (share) => `${tickText(100 * share)} %` });
  pen.fillStyle = palette.names[backtest.hues[backtest.model]];
  pen.globalAlpha = 0.75;
  shares.forEach((share, k) => {
    if (share > 0) pen.fillRect(x(edges[k]) + 0.5, y(share), x(edges[k + 1]) - x(edges[k]) - 1, y(0) - y(share));
  });
  pen.globalAlpha = 1;
  pen.fillStyle = palette.text;
  pen.fillRect(Math.round(x(0)), INSET.top, 1, y(0) - INSET.top);
  const [mean, spread] = backtest.spread[step ?? 0];
  const where = step ? `${counted(step, "step")} ahead` : "all steps ahead";
  panel.says(`Residuals, ${where}`, mean === null ? "Nothing came that could be compared."
    : `What came less ${backtest.model}: ${backtest.amount(mean)} on average, standard deviation ${backtest.amount(spread)}. The outermost bars hold all beyond.`);
}

function showEcho(panel, backtest, palette) {
  const heading = "Do one-step residuals repeat?";
  const lags = backtest.numbers("lags");
  if (!lags) {
    panel.leave(palette, "too few residuals to tell");
    panel.says(heading, "Autocorrelation needs ten one-step residuals that differ, from cutoffs evenly apart.");
    return;
  }
  const values = backtest.numbers("echo");
  const band = backtest.numbers("band");
  const most = Math.min(1, Math.max(...values.map(Math.abs), ...band) * 1.15);
  const last = lags.at(-1);
  const ticks = wholeTicks(last, panel.box.clientWidth - INSET.left, backtest.season);
  const { pen, x, y } = panel.axes(palette, [0, last + lags[0] / 2], [-most, most], ticks);
  pen.fillStyle = palette.names.quiet;
  pen.globalAlpha = 0.2;
  pen.beginPath();
  lags.forEach((lag, k) => (k ? pen.lineTo(x(lag), y(band[k])) : pen.moveTo(x(lag), y(band[k]))));
  for (let k = lags.length - 1; k >= 0; k--) pen.lineTo(x(lags[k]), y(-band[k]));
  pen.fill();
  pen.globalAlpha = 1;
  const wide = Math.max(1, Math.min(4, Math.floor((x(lags[0]) - x(0)) * 0.5)));
  let outside = 0;
  lags.forEach((lag, k) => {
    const beyond = Math.abs(values[k]) > band[k];
    outside += beyond;
    pen.fillStyle = beyond ? palette.names.warning : palette.names[backtest.hues[backtest.model]];
    pen.fillRect(x(lag) - wide / 2, Math.min(y(0), y(values[k])), wide, Math.max(1, Math.abs(y(values[k]) - y(0))));
  });
  panel.says(heading, `Autocorrelation by lag in steps: ${outside} of ${lags.length} lie outside the grey band, `
    + `where noise would leave ${Math.max(1, Math.round(lags.length * 0.05))}. `
    + "The band is wide at a lag where large errors follow large ones.");
}
