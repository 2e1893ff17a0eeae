// Evaluated in a world of our own beside the page: which header cells head which cells,
// by the HTML standard's algorithm (4.9.12), over tables that are read out as tables.
globalThis.agentflowTables = (() => {
  "use strict";
  const { selector: path, described: said } = agentflow;
  const role = (element) => (element.getAttribute("role") || "").trim().split(/\s+/)[0];
  const exposed = (element) => element.checkVisibility({ visibilityProperty: true })
    && !element.closest("[aria-hidden=true]");
  const NONE = ["presentation", "none"];

  const grid = (table) => {
    const slots = [];
    [...table.rows].forEach((row, y) => {
      slots[y] ||= [];
      let x = 0;
      for (const cell of row.cells) {
        while (slots[y][x]) x += 1;
        const tall = cell.rowSpan === 0 ? table.rows.length - y : cell.rowSpan;
        const high = Math.min(tall, table.rows.length - y);
        for (let down = 0; down < high; down += 1) {
          slots[y + down] ||= [];
          for (let over = 0; over < Math.min(cell.colSpan, 1000); over += 1) {
            slots[y + down][x + over] = cell;
          }
        }
        x += cell.colSpan;
      }
    });
    return slots;
  };
  const isHeader = (cell) => {
    const given = role(cell);
    if (["columnheader", "rowheader"].includes(given)) return true;
    return !given && cell.localName === "th";
  };
  const isData = (cell) => {
    const given = role(cell);
    if (["cell", "gridcell"].includes(given)) return true;
    return !given && cell.localName === "td";
  };

  const headed = (table, header) => {
    const slots = grid(table);
    const id = header.getAttribute("id");
    const cells = new Set(slots.flat().filter(Boolean));
    for (const cell of cells) {
      const named = (cell.getAttribute("headers") || "").split(/\s+/);
      if (id && cell !== header && named.includes(id)) return true;
    }
    const rows = slots.flatMap((row, y) => (row.includes(header) ? [y] : []));
    const columns = new Set();
    for (const y of rows) slots[y].forEach((cell, x) => cell === header && columns.add(x));
    const scope = (header.getAttribute("scope") || "").toLowerCase();
    const given = role(header);
    const dataIn = (list) => list.some((cell) => cell && cell !== header && isData(cell));
    const inRows = rows.flatMap((y) => slots[y] || []);
    const inColumns = slots.flatMap((row) => [...columns].map((x) => row[x]));
    const column = given === "columnheader" || ["col", "colgroup"].includes(scope)
      || (!scope && given !== "rowheader" && !dataIn(inRows));
    const row = given === "rowheader" || ["row", "rowgroup"].includes(scope)
      || (!scope && given !== "columnheader" && !column && !dataIn(inColumns));
    // A header that is neither by the rules still heads what is plainly beside it.
    const free = (cell) => !cell?.hasAttribute("headers");
    const reaches = (list) => list.some(
      (cell) => cell && cell !== header && isData(cell) && free(cell));
    // The header of the column in which the rows have their names heads those.
    const names = slots.some((cells, y) => !rows.includes(y) && dataIn(cells)
      && [...columns].some((x) => cells[x] && isHeader(cells[x])));
    if (column) return names || reaches(inColumns);
    if (row) return reaches(inRows);
    return reaches(inRows) || reaches(inColumns);
  };

  const headers = () => {
    const found = [];
    for (const table of document.querySelectorAll("table")) {
      const given = role(table);
      if (!exposed(table) || (given && !["table", "grid", "treegrid"].includes(given))) {
        continue;
      }
      if (NONE.includes(given) || table.rows.length * table.rows.length > 250000) continue;
      for (const row of table.rows) {
        for (const cell of row.cells) {
          if (found.length >= 500 || !isHeader(cell) || !exposed(cell)) continue;
          found.push({ ...said(cell), heads: headed(table, cell) });
        }
      }
    }
    return JSON.stringify(found);
  };
  return { headers };
})();
