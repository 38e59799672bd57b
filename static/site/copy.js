// Buttons that copy a text: `data-copy`. Afterwards they say `data-copied`. Without the clipboard,
// they stay hidden, and the text beside them can be selected.

function show() {
  for (const button of document.querySelectorAll("[data-copy]")) button.hidden = false;
}

async function copy(event) {
  const button = event.target.closest?.("[data-copy]");
  if (!button) return;
  await navigator.clipboard.writeText(button.dataset.copy);
  button.textContent = button.dataset.copied;
}

if (navigator.clipboard) {
  show();
  document.addEventListener("contentchanged", show); // see live.js
  document.addEventListener("click", copy);
}
