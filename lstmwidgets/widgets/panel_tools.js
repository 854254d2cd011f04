// What ipywidgets and bqplot leave out: names for sliders and figures, and the clipboard.

function render({ model, el }) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "jupyter-widgets jupyter-button widget-button lw-copy";
  button.textContent = "Copy settings";
  button.title = "Copy the settings as JSON, for LSTMConfig.model_validate_json";
  el.append(button);

  let calm;
  button.addEventListener("click", async () => {
    const copied = await copy(model.get("text"), el);
    button.textContent = copied ? "Copied" : "Copy it from the field";
    clearTimeout(calm);
    calm = setTimeout(() => { button.textContent = "Copy settings"; }, 1500);
    model.set("copies", model.get("copies") + 1);
    model.save_changes();
  });

  let observer;
  let frame;
  const name = () => {
    frame = undefined;
    const panel = el.closest(".lw-panel");
    if (!panel) return;
    for (const [selector, attributes] of Object.entries(model.get("attributes"))) {
      for (const node of panel.querySelectorAll(selector)) {
        for (const [key, value] of Object.entries(attributes)) {
          if (node.getAttribute(key) !== value) node.setAttribute(key, value);
        }
      }
    }
    if (!observer) {
      observer = new MutationObserver(soon);
      observer.observe(panel, { childList: true, subtree: true, attributeFilter: ["aria-valuetext"] });
    }
  };
  const soon = () => { frame ??= requestAnimationFrame(name); };

  model.on("change:attributes", soon);
  const waiting = setInterval(() => { if (observer) clearInterval(waiting); else soon(); }, 100);
  soon();
  return () => {
    observer?.disconnect();
    clearInterval(waiting);
    clearTimeout(calm);
    if (frame) cancelAnimationFrame(frame);
    model.off("change:attributes", soon);
  };
}

async function copy(text, el) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // No permission, or not a secure page: the older way, from a field that is gone again at once.
    const field = document.createElement("textarea");
    field.value = text;
    field.style.position = "fixed";
    field.style.opacity = "0";
    el.append(field);
    field.select();
    const copied = document.execCommand("copy");
    field.remove();
    return copied;
  }
}

export default { render };
