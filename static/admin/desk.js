// Copies the reply that support pastes to a player. Without clipboard access the button stays hidden.
for (const button of document.querySelectorAll("button[data-copies]")) {
  if (!navigator.clipboard) continue;
  button.hidden = false;
  button.addEventListener("click", async () => {
    const sentence = document.getElementById(button.dataset.copies).textContent.trim();
    await navigator.clipboard.writeText(sentence);
    button.textContent = button.dataset.copied;
  });
}

// A job's page reloads until the job has ended, but not while the tab is hidden.
const job = document.querySelector("[data-reloads-after]");
if (job) {
  setInterval(() => {
    if (!document.hidden) location.reload();
  }, Number(job.dataset.reloadsAfter));
}
