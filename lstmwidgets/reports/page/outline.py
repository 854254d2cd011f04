"""What makes a report's page easy to find one's way in: contents, headings in order, tables with heads."""

from __future__ import annotations

import html
import re

from bs4 import BeautifulSoup, Tag

_NUMBER = re.compile(r"[−+-]?[\d.,]+(e[−+-]?\d+)?( ?%)?|NaN|nan|–|")


def contents_of(soup: BeautifulSoup) -> str:
    """Name each section by its heading; a list of links to them, and the one switch for all code."""
    links, taken = [], {"report"}
    for section in soup.select("main > section"):
        heading = section.find("h2")
        if heading is None:
            continue
        words = heading.get_text().strip()
        name = wanted = "-".join(re.findall(r"\w+", words.lower())) or "section"
        number = 1
        while name in taken:
            number += 1
            name = f"{wanted}-{number}"
        taken.add(name)
        heading["id"] = section["aria-labelledby"] = name
        links.append(f'<li><a href="#{name}">{html.escape(words)}</a></li>')
    if not links:
        return ""
    return (
        f'<nav class="lw-contents" aria-label="Contents"><ol>{"".join(links)}</ol>'
        '<button type="button" class="lw-every" hidden></button></nav>'
    )


def name_page(soup: BeautifulSoup) -> None:
    """Leave one heading of first level, the headline's where there is one, and call the page by it."""
    headings = soup.find_all("h1")
    chief = soup.select_one(".lw-headline h1") or (headings[0] if headings else None)
    for heading in headings:
        if heading is not chief:
            heading.name, heading["class"] = "p", "lw-kicker"
    title = soup.find("title")
    if title is not None:
        title.string = chief.get_text().strip() if chief else "Report"


def dress_tables(soup: BeautifulSoup) -> None:
    """Give each head its scope, and the look of the table to the style sheet alone."""
    for table in soup.find_all("table"):
        for node in [table, *table.find_all(True)]:
            for name in ("style", "border", "align", "valign"):
                del node[name]
        _lift_row_names(table)
        for cell in table.select("thead th"):
            _head(cell, "col")
        for cell in table.select("tbody th"):
            _head(cell, "row")
        if "lw-table" not in table.get_attribute_list("class"):
            _set_sides(table)
        sheet = table.find_previous_sibling("style")
        if sheet is not None:  # pandas puts one before each frame
            sheet.decompose()
        table.wrap(soup.new_tag("div", attrs={"class": "lw-rows"}))


def _lift_row_names(table: Tag) -> None:
    """One row of heads where pandas makes two: the names of columns, and below them that of the rows."""
    heads = table.select("thead tr")
    rows = [row.find_all(["th", "td"]) for row in heads]
    if len(rows) != 2 or len(rows[0]) != len(rows[1]):
        return
    if all(
        not upper.get_text().strip() or not lower.get_text().strip()
        for upper, lower in zip(*rows, strict=True)
    ):
        for upper, lower in zip(*rows, strict=True):
            if lower.get_text().strip():
                upper.string = lower.get_text()
        heads[1].decompose()


def _head(cell: Tag, scope: str) -> None:
    if cell.get_text().strip():
        cell["scope"] = scope
    else:  # over the names of rows
        cell.name = "td"


def _set_sides(table: Tag) -> None:
    """Words to the left; numbers stay on the right, below one another."""
    rows = [row.find_all(["th", "td"]) for row in table.find_all("tr")]
    body = [row.find_all(["th", "td"]) for row in table.select("tbody tr")]
    for place in range(max(map(len, rows), default=0)):
        cells = [row[place] for row in body if place < len(row)]
        if all(_NUMBER.fullmatch(cell.get_text().strip()) for cell in cells):
            continue
        for row in rows:
            if place < len(row):
                row[place]["class"] = "lw-left"
