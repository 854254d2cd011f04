// What the page of a batch does beyond reading: its table is sorted by any column, and searched.
(() => {
  const table = document.querySelector(".lw-series");
  if (!table) return;
  const body = table.tBodies[0];
  const heads = [...table.tHead.rows[0].cells];
  const rows = [...body.rows];
  const names = new Map(rows.map((row) => [row, row.cells[0].textContent.toLowerCase()]));
  const { compare } = new Intl.Collator(undefined, { numeric: true });

  // What each row is sorted by: a name, or a number that may be missing.
  function keys(column) {
    if (column === 0) return new Map(rows.map((row) => [row, row.querySelector("a, b").textContent]));
    return new Map(rows.map((row) => [row, parseFloat(row.cells[column].dataset.v)]));
  }

  function sort(column, direction) {
    const key = keys(column);
    const sign = direction === "ascending" ? 1 : -1;
    const order = (one, other) => {
      const [a, b] = [key.get(one), key.get(other)];
      if (column === 0) return sign * compare(a, b);
      if (Number.isNaN(a) || Number.isNaN(b)) return Number.isNaN(a) - Number.isNaN(b); // not known: last, either way
      return sign * (a - b);
    };
    body.append(...rows.sort(order));
    for (const head of heads) head.removeAttribute("aria-sort");
    heads[column].setAttribute("aria-sort", direction);
  }

  heads.forEach((head, column) => {
    if (!head.dataset.first) return;
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    button.addEventListener("click", () => {
      const now = head.getAttribute("aria-sort");
      const turned = now === "ascending" ? "descending" : "ascending";
      sort(column, now ? turned : head.dataset.first);
    });
    head.append(button);
  });

  const field = document.querySelector("#lw-find");
  const found = document.querySelector("#lw-found");
  field.parentElement.hidden = false;
  field.addEventListener("input", () => {
    const words = field.value.toLowerCase().split(/\s+/);
    let count = 0;
    for (const row of rows) {
      const name = names.get(row);
      row.hidden = !words.every((word) => name.includes(word));
      count += !row.hidden;
    }
    found.textContent = field.value ? `${count} of ${rows.length}` : "";
  });
})();
