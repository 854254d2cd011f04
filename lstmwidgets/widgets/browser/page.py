"""A view drawn by JavaScript as one file, which works where no kernel and no network is."""

from __future__ import annotations

import base64
import html
import json
from typing import Any

import anywidget
import traitlets

from lstmwidgets.widgets import theme

_ENTRY = "export default { render };"

_HOST = """
const held = JSON.parse(document.getElementById("lw-state").textContent);
for (const [name, text] of Object.entries(JSON.parse(document.getElementById("lw-blocks").textContent))) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  held[name] = new DataView(bytes.buffer);
}
const listeners = {};
const model = {
  get: (name) => held[name],
  set(name, value) {
    if (held[name] === value) return;
    held[name] = value;
    for (const heard of listeners[`change:${name}`] ?? []) heard();
  },
  save_changes() {},
  send() {},
  on(event, heard) { (listeners[event] ??= []).push(heard); },
  off(event, heard) { listeners[event] = (listeners[event] ?? []).filter((each) => each !== heard); },
};
const dark = matchMedia("(prefers-color-scheme: dark)");
const dress = () => { document.body.dataset.jpThemeLight = String(!dark.matches); };
dress();
dark.addEventListener("change", dress);
render({ model, el: document.getElementById("lw-place") });
"""

_PAGE_STYLE = """
body { margin: 24px auto; max-width: 1280px; padding: 0 20px; background: #ffffff; }
body[data-jp-theme-light='false'] {
  background: #111111; --jp-layout-color0: #111111; --jp-layout-color1: #1c1c1c; --jp-layout-color2: #262626;
  --jp-border-color2: #454545; --jp-ui-font-color1: #e6e6e6;
}
#lw-place { container-type: inline-size; }
"""


def standalone(module: anywidget.AnyWidget, title: str, words: str, **changed: Any) -> str:
    """HTML with a view's module, its numbers and its style inside.

    Parameters
    ----------
    module : anywidget.AnyWidget
        Its own synchronised traits are what the page holds: bytes as blocks, all else as JSON. Its
        script ends in ``export default { render };``.
    title, words : str
        Of the page, and what it shows, for those who cannot run it.
    **changed
        Traits that differ in the page.
    """
    every_widget_has = anywidget.AnyWidget.class_traits()
    traits = {
        name: trait
        for name, trait in module.traits(sync=True).items()
        if name not in every_widget_has and not name.startswith("_")
    }
    held = {name: getattr(module, name) for name in traits}
    held |= {"playing": False, "message": "", **changed}
    blocks = {
        name: base64.b64encode(held.pop(name)).decode()
        for name, trait in traits.items()
        if isinstance(trait, traitlets.Bytes)
    }
    script = str(module._esm).replace(_ENTRY, _HOST)
    return (
        '<!doctype html>\n<html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{html.escape(title)}</title>\n"
        f"<style>{_PAGE_STYLE}{theme.STYLE_SHEET}{module._css}</style>\n"
        f'<body><main class="lw-view lw-panel"><div id="lw-place"></div>'
        f"<noscript>{html.escape(words)}</noscript></main>\n"
        f'<script type="application/json" id="lw-state">{_inside_script(held)}</script>\n'
        f'<script type="application/json" id="lw-blocks">{_inside_script(blocks)}</script>\n'
        f'<script type="module">{script}</script></body></html>\n'
    )


def _inside_script(value: Any) -> str:
    """JSON that cannot end the element that holds it, whatever a series is called."""
    return json.dumps(value, allow_nan=False).replace("<", "\\u003c")
