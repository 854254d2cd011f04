// Buttons and fields, what a view listens to, and playing: the same in every view.

const TOLD_AFTER = 150; // milliseconds from the last change of the step to its being told to the kernel

function button(text, label, act) {
  const node = make("button", { type: "button", class: "lw-ui-button", text, "aria-label": label, title: label });
  node.addEventListener("click", act);
  return node;
}

function labelled(text, field) {
  return make("label", { class: "lw-ui-field" }, make("span", { text }), field);
}

function fill(select, options, chosen) {
  if (select.childElementCount !== options.length || [...select.options].some((o, k) => o.value !== options[k])) {
    select.replaceChildren(...options.map((name) => make("option", { value: name, text: name })));
  }
  select.value = chosen;
}

// A named array as a view of its block: nothing is copied, unless the block lies askew in its message.
function cutBlock(cuts, bytes, into = {}) {
  for (const { name, shape, offset } of cuts) {
    const count = shape.reduce((product, size) => product * size, 1);
    into[name] = numbersOf(bytes, Float32Array, offset, count);
  }
  return into;
}

function numbersOf(bytes, Kind, offset = 0, count = bytes.byteLength / Kind.BYTES_PER_ELEMENT) {
  const start = bytes.byteOffset + offset;
  if (start % Kind.BYTES_PER_ELEMENT === 0) return new Kind(bytes.buffer, start, count);
  return new Kind(bytes.buffer.slice(start, start + count * Kind.BYTES_PER_ELEMENT));
}

// Whether a key belongs to the field that has the focus, and not to the view.
function isTyping(event, except) {
  const inField = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName) && event.target !== except;
  return inField || event.ctrlKey || event.metaKey || event.altKey;
}

// Do what a key is for, unless it presses the button that has the focus.
function pressed(event, moves) {
  if (!(event.key in moves) || (event.key === " " && /^(BUTTON|SUMMARY)$/.test(event.target.tagName))) return;
  event.preventDefault();
  event.stopPropagation();
  moves[event.key]();
}

// Hear the model, and draw anew when the width or the theme changes; returns what ends it.
function watch(model, root, heard, redraw) {
  for (const [event, act] of Object.entries(heard)) model.on(event, act);
  let width = 0;
  const sizes = new ResizeObserver(() => {
    if (root.clientWidth === width) return;
    width = root.clientWidth;
    redraw();
  });
  sizes.observe(root);
  const themes = new MutationObserver(() => requestAnimationFrame(redraw));
  themes.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-light", "data-jp-theme-name", "class"] });
  return () => {
    for (const [event, act] of Object.entries(heard)) model.off(event, act);
    sizes.disconnect();
    themes.disconnect();
  };
}

// Walks from step to step to the last. What walks has at(), last(), rate() in steps a second, go(t) and toggle().
class Player {
  constructor(walk) {
    this.walk = walk;
    this.button = button("▶", "Play", () => walk.toggle());
  }

  follow(playing) {
    const { walk } = this;
    setText(this.button, playing ? "❚❚" : "▶");
    this.button.setAttribute("aria-label", playing ? "Pause" : "Play");
    this.button.title = playing ? "Pause" : "Play";
    this.stop();
    if (!playing) return;
    if (walk.at() >= walk.last()) walk.go(0);
    let last;
    let due = 0;
    const tick = (now) => {
      due += ((now - (last ?? now)) / 1000) * walk.rate();
      last = now;
      if (due >= 1) {
        walk.go(walk.at() + Math.floor(due));
        due %= 1;
      }
      if (walk.at() >= walk.last()) walk.toggle();
      else this.frame = requestAnimationFrame(tick);
    };
    this.frame = requestAnimationFrame(tick);
  }

  stop() {
    cancelAnimationFrame(this.frame);
  }
}
