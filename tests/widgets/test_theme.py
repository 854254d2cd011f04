"""The palette can be told apart by everybody, on light pages and dark ones."""

import itertools

import numpy as np
import pytest

from lstmwidgets.errors import LSTMWidgetsError
from lstmwidgets.widgets import theme
from lstmwidgets.widgets.view import View

GROUPS = {
    "gates of an LSTM, and attention": ["actual", *(f"gate-{gate}" for gate in (*theme.GATES, "a"))],
    "gates of a GRU": ["actual", *(f"gate-{gate}" for gate in "zrgh")],
    "lines of the forecast": ["actual", *theme.MODELS.values()],
    "configs compared": ["actual", "repeat-last", "seasonal-naive", *theme.CONFIGS],
    "parts": ["train", "validation", "test"],
}
GROUNDS = {"light": "#ffffff", "dark": "#111111"}

# Machado, Oliveira and Fernandes (2009), doi:10.1109/TVCG.2009.113: full dichromacy, on linear RGB.
DEFICIENCIES = {
    "none": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
}


def _linear(colour):
    channels = np.array([int(colour[start : start + 2], 16) for start in (1, 3, 5)]) / 255
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def _luminance(colour):
    return float(_linear(colour) @ [0.2126, 0.7152, 0.0722])


def _lab(linear):
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    x, y, z = np.cbrt(to_xyz @ np.clip(linear, 0, 1) / [0.9505, 1.0, 1.089])
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("shade", GROUNDS)
@pytest.mark.parametrize("name", theme.PALETTE)
def test_every_colour_stands_out_from_its_page(name, shade):
    bright, dim = sorted(
        (_luminance(getattr(theme.PALETTE[name], shade)), _luminance(GROUNDS[shade])), reverse=True
    )
    assert (bright + 0.05) / (dim + 0.05) >= 3.0  # WCAG 2.2, 1.4.11


@pytest.mark.parametrize("shade", GROUNDS)
@pytest.mark.parametrize("deficiency", DEFICIENCIES)
@pytest.mark.parametrize("group", GROUPS)
def test_colours_of_one_picture_are_told_apart_by_colour_blind_eyes(group, deficiency, shade):
    seen = {
        name: _lab(DEFICIENCIES[deficiency] @ _linear(getattr(theme.PALETTE[name], shade)))
        for name in GROUPS[group]
    }
    nearest = min(
        (float(np.linalg.norm(seen[a] - seen[b])), a, b) for a, b in itertools.combinations(seen, 2)
    )
    assert nearest[0] > 10, nearest  # a difference of about 2 can just be seen


def test_the_style_sheet_sets_every_colour_for_both_themes():
    light, dark = theme.STYLE_SHEET.split("[data-jp-theme-light='false'] .lw-view {")[:2]
    for colour in theme.PALETTE.values():
        assert f"--lw-{colour.name}: {colour.light};" in light
        assert f"--lw-{colour.name}: {colour.dark};" in dark


def test_a_view_is_saved_as_a_picture_or_refuses_the_name(tmp_path):
    from matplotlib.figure import Figure

    class Line(View):
        def still(self):
            figure = Figure((2, 1))
            figure.add_subplot().plot([0, 1])
            return figure

        def summary(self):
            return "a line from 0 to 1 & no more"

    view = Line()
    assert view.save(tmp_path / "line.png").read_bytes().startswith(b"\x89PNG")
    assert "<svg" in view.save(tmp_path / "line.svg").read_text()
    page = view.save(tmp_path / "line.html").read_text()
    assert "<svg" in page and "a line from 0 to 1 &amp; no more" in page
    assert "src=" not in page and "<script" not in page
    assert '<svg aria-hidden="true"' in page and "prefers-color-scheme: dark" in page
    with pytest.raises(ValueError, match="'line.pdf'.*it must end in .png or .svg or .html"):
        view.save("line.pdf")
    for ending in ("html", "png"):
        with pytest.raises(LSTMWidgetsError, match=r"there is no folder '.*nowhere'; make it first"):
            view.save(tmp_path / "nowhere" / f"line.{ending}")


def test_a_view_shows_a_still_beside_the_live_widget():
    class Broken(View):
        def still(self):
            raise RuntimeError("cannot draw")

    bundle = Broken()._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in bundle and "image/png" not in bundle
