// Heat strips, units by time, with the memory ledger and attention below: drawn once, scrubbed over for nothing.

const STRIP_GAP = 5;
const MOST_STRIPS = 8;
const KEY_WORDS = { [LEDGER]: "left at the end", [ATTENTION]: "by each head" };
const STRIP_LABELS = { [LEDGER]: "memory", [ATTENTION]: "attention" };

class Strips {
  constructor(parent, onPick) {
    this.box = make("div", { class: "lw-ex-strips" });
    parent.append(this.box);
    this.still = new Sheet(this.box, "lw-ui-canvas");
    // What moves are small boxes: a canvas over all the strips would be painted anew at each step.
    this.cursor = make("div", { class: "lw-ui-cursor" });
    this.rows = Array.from({ length: MOST_STRIPS }, () => make("div", { class: "lw-ex-row" }));
    this.box.append(...this.rows, this.cursor);
    this.onPick = onPick;
    const pick = (event) => this.pick(event);
    this.box.addEventListener("pointerdown", (event) => {
      this.box.setPointerCapture(event.pointerId);
      pick(event);
      this.box.addEventListener("pointermove", pick);
    });
    for (const ending of ["pointerup", "pointercancel"]) {
      this.box.addEventListener(ending, () => this.box.removeEventListener("pointermove", pick));
    }
  }

  // Where everything stands: `tops` by name, all strips of one height.
  layout(trace) {
    const beside = trace.heads ? [ATTENTION] : [];
    const names = [...trace.letters, ...(trace[LEDGER] ? [LEDGER] : []), ...beside];
    const height = Math.round(Math.min(76, Math.max(34, (trace.cell === "attention" ? 12 : 2) * trace.units)));
    const tops = Object.fromEntries(names.map((name, k) => [name, 3 + k * (height + STRIP_GAP)]));
    const share = trace.share ? 44 : 0;
    const shareTop = 3 + names.length * (height + STRIP_GAP) + 4;
    return { height, names, tops, share, shareTop, total: shareTop + share + 18 };
  }

  // The rows of a strip from top to bottom; heads beside the units of a layer have an order of their own.
  rowsOf(name) {
    const { trace } = this;
    return name === ATTENTION && trace.heads ? Array.from({ length: trace.heads }, (_, head) => head) : this.order;
  }

  show(trace, axis, palette, order, threshold, ahead) {
    Object.assign(this, { trace, axis, palette, order });
    this.places = this.layout(trace);
    this.still.fit(axis.width, this.places.total);
    this.box.style.height = `${this.places.total}px`;
    const { context } = this.still;
    this.still.clear();
    this.rowOf = new Int32Array(trace.units);
    order.forEach((unit, row) => { this.rowOf[unit] = row; });
    for (const name of this.places.names) this.drawStrip(context, name, threshold);
    if (this.places.share) this.drawShare(context, ahead);
    drawTimes(context, trace, axis, palette, this.places.total - 14);
  }

  drawStrip(context, name, threshold) {
    const { trace, axis, palette } = this;
    const { height, tops } = this.places;
    const values = trace[name];
    const rows = this.rowsOf(name);
    const { signed, most, bend } = trace.scales[name];
    const hue = palette.names[`gate-${name === LEDGER ? memoryOf(trace) : name}`];
    const table = palette.ramp(hue, signed);
    const solid = new Uint32Array(table.buffer);
    const faded = solid.map((pixel) => (pixel & 0x00ffffff) | 0x28000000); // alpha comes last, in the high byte
    const data = new Uint8ClampedArray(4 * trace.timesteps * rows.length);
    const cells = new Uint32Array(data.buffer);
    const far = bend ? Math.asinh(most / bend) : most; // bent, shades follow the order of magnitude
    const [steps, offset] = signed ? [127.5 / far, 127.5] : [255 / far, 0];
    const least = threshold * most;
    for (let row = 0, cell = 0; row < rows.length; row++) {
      for (let t = 0, at = rows[row]; t < trace.timesteps; t++, at += rows.length, cell++) {
        const value = values[at];
        if (value !== value) continue; // no number: the ground shows through
        const step = (bend ? Math.asinh(value / bend) : value) * steps + offset + 0.5;
        const shades = (value < 0 ? -value : value) < least ? faded : solid;
        cells[cell] = shades[step <= 0 ? 0 : step >= 255 ? 255 : step | 0];
      }
    }
    context.imageSmoothingEnabled = false;
    const right = axis.edge(trace.timesteps);
    context.drawImage(pixels(data, trace.timesteps, rows.length), axis.left, tops[name], right - axis.left, height);
    context.strokeStyle = palette.line;
    context.strokeRect(axis.left - 0.5, tops[name] - 0.5, right - axis.left + 1, height + 1);
    const label = STRIP_LABELS[name] ?? name;
    context.fillStyle = hue;
    context.font = "bold 13px system-ui, sans-serif";
    const tooWide = context.measureText(label).width / (axis.left - 10); // fonts differ from system to system
    if (tooWide > 1) context.font = `bold ${13 / tooWide}px system-ui, sans-serif`;
    context.textAlign = "right";
    context.textBaseline = "middle";
    context.fillText(label, axis.left - 8, tops[name] + height / 2);
    this.drawKey(context, name, table, signed, most);
  }

  // Right of a strip: its colours and what their ends mean.
  drawKey(context, name, table, signed, most) {
    const { axis, palette } = this;
    const { height, tops } = this.places;
    const left = axis.edge(this.trace.timesteps) + 8;
    const ends = [signed ? -most : 0, most];
    context.save();
    context.translate(left, tops[name] + height);
    context.scale(1, -1); // from the least at the bottom to the most at the top
    context.drawImage(pixels(table, 1, 256), 0, 0, 7, height);
    context.restore();
    context.strokeStyle = palette.line;
    context.strokeRect(left - 0.5, tops[name] - 0.5, 8, height + 1);
    context.fillStyle = palette.names.quiet;
    context.font = "10px system-ui, sans-serif";
    context.textAlign = "left";
    context.textBaseline = "top";
    context.fillText(tickText(Number(ends[1].toPrecision(2))), left + 11, tops[name] - 1);
    context.textBaseline = "bottom";
    context.fillText(tickText(Number(ends[0].toPrecision(2))), left + 11, tops[name] + height + 1);
    const named = KEY_WORDS[name] ?? this.trace.names[name];
    context.font = "11px system-ui, sans-serif";
    if (left + 40 + context.measureText("left at the end").width > axis.width) return; // all of them, or none
    context.textBaseline = "middle";
    context.fillText(named, left + 40, tops[name] + height / 2);
  }

  // What each step brings to the forecast of one step ahead, in the unit of the series.
  drawShare(context, ahead) {
    const { trace, axis, palette } = this;
    const { shareTop, share: height } = this.places;
    const horizon = trace.share.length / trace.timesteps;
    const share = (t) => trace.share[t * horizon + ahead];
    const [low, high] = extent(Array.from({ length: trace.timesteps }, (_, t) => share(t)));
    const most = Math.max(Math.abs(low), Math.abs(high)) || 1;
    const y = scale(-most, most, shareTop + height, shareTop);
    context.fillStyle = palette.names.forecast;
    for (let t = 0; t < trace.timesteps; t++) {
      const from = y(0);
      const to = y(share(t));
      const left = axis.edge(t);
      context.fillRect(left, Math.min(from, to), Math.max(axis.edge(t + 1) - left - 0.5, 1), Math.max(Math.abs(to - from), 0.5));
    }
    context.fillStyle = palette.names.quiet;
    context.font = "10px system-ui, sans-serif";
    context.textAlign = "right";
    context.textBaseline = "top";
    context.fillText("share of the", axis.left - 8, shareTop + 8);
    context.fillText("forecast", axis.left - 8, shareTop + 20);
    const text = `±${tickText(Number(most.toPrecision(2)))}`;
    context.textAlign = "left";
    context.fillText(text, axis.edge(trace.timesteps) + 8, shareTop + height / 2 - 5);
  }

  move(t, unit) {
    const { axis, trace } = this;
    const { height, tops, names, total } = this.places;
    this.cursor.style.height = `${total - 18}px`;
    this.cursor.style.transform = `translateX(${axis.middle(t)}px)`;
    if (unit === this.unit && this.drawn === this.places) return;
    Object.assign(this, { unit, drawn: this.places });
    const tall = height / trace.units;
    const left = axis.edge(0) - 2;
    this.rows.forEach((row, k) => {
      row.hidden = k >= names.length || (names[k] === ATTENTION && trace.heads > 0); // no unit has a row there
      if (row.hidden) return;
      const top = Math.round(tops[names[k]] + this.rowOf[unit] * tall) - 1;
      row.style.transform = `translate(${left}px, ${top}px)`;
      row.style.width = `${axis.edge(trace.timesteps) - left + 2}px`;
      row.style.height = `${Math.max(Math.round(tall), 2) + 2}px`;
    });
  }

  pick(event) {
    const bounds = this.box.getBoundingClientRect();
    const across = event.clientX - bounds.left;
    const down = event.clientY - bounds.top;
    const t = Math.min(Math.max(this.axis.step(across), 0), this.trace.timesteps - 1);
    const { height, tops, names } = this.places;
    const hit = names.find((each) => down >= tops[each] && down < tops[each] + height);
    const name = hit === ATTENTION && this.trace.heads ? undefined : hit;
    const row = name && Math.floor(((down - tops[name]) / height) * this.trace.units);
    this.onPick(t, name ? this.order[Math.min(row, this.trace.units - 1)] : undefined);
  }
}
