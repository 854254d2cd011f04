"""The settings of a search as a table: what was chosen, what it began with, and how much each explains."""

from __future__ import annotations

import html
import math

from lstmwidgets.widgets.charts.rows import UNKNOWN, Bar, bars, heads, table
from lstmwidgets.widgets.searching.scene import Scene, Setting

_HEADS = [
    ("setting", "What was searched"),
    (
        "explains of the ranking, alone",
        "How much of the order of the trials by their error this setting explains when looked at alone. What "
        "two settings share counts for both, so these may add up to more than 100 %. Pale where a setting "
        "that does not matter would often explain as much",
    ),
    ("share", "The same in numbers"),
    ("chosen", "In the best trial"),
    ("begun with", "In the config that the search began with"),
    ("tried", "Range or list; 'by ratio' where 8 is as far from 16 as 64 from 128"),
]


def settings_html(scene: Scene) -> str:
    """The table; empty before there is a search."""
    if not scene.settings:
        return ""
    rows = [_row(each) for each in scene.settings]
    return table(
        "Settings chosen, and how much of the trials' ranking each alone explains",
        heads(_HEADS),
        rows,
        "lw-searched",
    )


def _row(setting: Setting) -> str:
    bar = Bar(setting.share, hue="validation", faint=not setting.sure)
    drawn = bars([bar], 1.0) if math.isfinite(setting.share) else ""
    chosen, begun, tried = (html.escape(text) for text in (setting.chosen, setting.begun, setting.tried))
    return (
        f'<tr><th scope="row" style="padding-left: 0" title="{setting.name}">{setting.label}</th>'
        f'<td class="lw-row-drawn">{drawn}</td><td>{setting.share_in_words or UNKNOWN}</td>'
        f"<td><strong>{chosen}</strong></td>"
        f'<td class="lw-quiet">{begun}</td><td class="lw-quiet">{tried}</td></tr>'
    )
