// Canvases: sharp on every screen, and in the colours of the page's present theme.

// The hues that a view names, as the page has them now.
class Palette {
  constructor(element, names) {
    this.element = element;
    this.wanted = names;
    this.ramps = new Map();
    this.read();
  }

  read() {
    const style = getComputedStyle(this.element);
    const colour = (name, otherwise) => style.getPropertyValue(`--lw-${name}`).trim() || otherwise;
    this.names = Object.fromEntries(this.wanted.map((name) => [name, colour(name, "#555")]));
    this.text = colour("text", "#212121");
    this.ground = colour("ground", "#ffffff");
    this.sunken = colour("sunken", "#f2f2f2");
    this.line = colour("line", "#ddd");
  }

  // 256 colours from the ground to a hue, for values from 0 to 1; or from grey through the ground to the hue.
  ramp(hue, signed) {
    const name = [hue, signed, this.ground, this.names.actual].join();
    if (!this.ramps.has(name)) this.ramps.set(name, this.makeRamp(hue, signed));
    return this.ramps.get(name);
  }

  makeRamp(hue, signed) {
    const [ground, full, other] = [this.ground, hue, this.names.actual].map(rgb);
    const table = new Uint8ClampedArray(256 * 4);
    for (let step = 0; step < 256; step++) {
      const value = signed ? step / 127.5 - 1 : step / 255;
      const end = value < 0 ? other : full;
      const share = Math.abs(value);
      for (let channel = 0; channel < 3; channel++) {
        table[step * 4 + channel] = ground[channel] + (end[channel] - ground[channel]) * share;
      }
      table[step * 4 + 3] = 255;
    }
    return table;
  }
}

const COLOURS = new Map();
let probe;

// Red, green and blue of any CSS colour: painted once, and read back.
function rgb(colour) {
  if (!COLOURS.has(colour)) {
    probe ??= document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    probe.clearRect(0, 0, 1, 1);
    probe.fillStyle = colour;
    probe.fillRect(0, 0, 1, 1);
    COLOURS.set(colour, Array.from(probe.getImageData(0, 0, 1, 1).data.slice(0, 3)));
  }
  return COLOURS.get(colour);
}

// A canvas that fills its place; `fit` says whether its size has changed.
class Sheet {
  constructor(parent, className) {
    this.canvas = document.createElement("canvas");
    this.canvas.className = className;
    this.canvas.setAttribute("aria-hidden", "true");
    parent.append(this.canvas);
    this.context = this.canvas.getContext("2d");
    this.width = this.height = 0;
  }

  fit(width, height) {
    const ratio = window.devicePixelRatio || 1;
    if (width === this.width && height === this.height && ratio === this.ratio) return false;
    Object.assign(this, { width, height, ratio });
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(height * ratio);
    this.canvas.style.width = `${width}px`;
    this.canvas.style.height = `${height}px`;
    this.context.setTransform(ratio, 0, 0, ratio, 0, 0);
    return true;
  }

  clear() {
    this.context.clearRect(0, 0, this.width, this.height);
  }
}

// A picture of one pixel a number, to be drawn at any size.
function pixels(data, width, height) {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  canvas.getContext("2d").putImageData(new ImageData(data, width, height), 0, 0);
  return canvas;
}

function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "text") node.textContent = value;
    else if (name === "class") node.className = value;
    else if (value !== null && value !== undefined) node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

function draw(tag, attributes = {}, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "text") node.textContent = value;
    else node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}
