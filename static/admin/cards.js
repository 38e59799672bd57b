// On a phone, each row of a list is a card. Its cells get the names of their columns.
for (const table of document.querySelectorAll("#result_list")) {
  const names = [...table.tHead.rows[0].cells].map((cell) => cell.innerText.trim());
  for (const row of table.tBodies[0].rows) {
    for (const cell of row.cells) {
      cell.dataset.label = names[cell.cellIndex];
    }
  }
}
