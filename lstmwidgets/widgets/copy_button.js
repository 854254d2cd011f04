// Copies the settings to the clipboard, with no round trip to the kernel.

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

  return () => clearTimeout(calm);
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
