// Names for screen readers, which sliders and charts lack: each selector's elements get the attributes beside it.

function render({ model, el }) {
  let observer;
  let frame;
  const name = () => {
    frame = undefined;
    const view = el.closest(".lw-view");
    if (!view) return;
    for (const [selector, attributes] of Object.entries(model.get("attributes"))) {
      for (const node of view.querySelectorAll(selector)) {
        for (const [key, value] of Object.entries(attributes)) {
          if (node.getAttribute(key) !== value) node.setAttribute(key, value);
        }
      }
    }
    // JupyterLab would take letters and arrows for its cells.
    for (const node of view.querySelectorAll("select, .noUi-handle")) node.dataset.lmSuppressShortcuts = "true";
    if (!observer) {
      model.send("shown");
      observer = new MutationObserver(soon);
      observer.observe(view, { childList: true, subtree: true, attributeFilter: ["aria-valuetext"] });
    }
  };
  const soon = () => { frame ??= requestAnimationFrame(name); };
  const waiting = setInterval(() => { if (observer) clearInterval(waiting); else soon(); }, 100);
  model.on("change:attributes", soon);
  return () => {
    observer?.disconnect();
    clearInterval(waiting);
    if (frame) cancelAnimationFrame(frame);
    model.off("change:attributes", soon);
  };
}

export default { render };
