"""The explorer as one file that scrubs and plays where no kernel and no network is."""

from __future__ import annotations

import base64
import html
import json
from typing import Any

from lstmwidgets.widgets import theme
from lstmwidgets.widgets.explorer.module import SCRIPT, STYLE, Module

_STATE = (
    *(
        "facts",
        "other_facts",
        "answered",
        "t",
        "unit",
        "ahead",
        "order",
        "layer",
        "threshold",
        "speed",
        "playing",
    ),
    "message",
)
_BLOCKS = ("block", "other_block", "weights", "known", "other_known", "overview")

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


def standalone(module: Module, title: str, words: str) -> str:
    """HTML with the module, its numbers and its style inside."""
    state: dict[str, Any] = {name: getattr(module, name) for name in _STATE}
    state["facts"] = {**module.facts, "movable": False, "live": False}
    state |= {"playing": False, "message": ""}
    blocks = {name: base64.b64encode(getattr(module, name)).decode() for name in _BLOCKS}
    script = SCRIPT.replace("export default { render };", _HOST)
    return (
        '<!doctype html>\n<html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{html.escape(title)}</title>\n"
        f"<style>{_PAGE_STYLE}{theme.STYLE_SHEET}{STYLE}</style>\n"
        f'<body><main class="lw-view lw-panel"><div id="lw-place"></div>'
        f"<noscript>{html.escape(words)}</noscript></main>\n"
        f'<script type="application/json" id="lw-state">{_inside_script(state)}</script>\n'
        f'<script type="application/json" id="lw-blocks">{_inside_script(blocks)}</script>\n'
        f'<script type="module">{script}</script></body></html>\n'
    )


def _inside_script(value: Any) -> str:
    """JSON that cannot end the element that holds it, whatever a series is called."""
    return json.dumps(value, allow_nan=False).replace("<", "\\u003c")
