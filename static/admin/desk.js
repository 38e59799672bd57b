// Copies the sentence that support pastes to a player. Where it cannot, the button stays hidden.
for (const button of document.querySelectorAll("button[data-copies]")) {
  if (!navigator.clipboard) continue;
  button.hidden = false;
  button.addEventListener("click", async () => {
    const sentence = document.getElementById(button.dataset.copies).textContent.trim();
    await navigator.clipboard.writeText(sentence);
    button.textContent = button.dataset.copied;
  });
}

// A job's page shows how far it is until the job has ended; not while it is out of sight.
const job = document.querySelector("[data-reloads-after]");
if (job) {
  setInterval(() => {
    if (!document.hidden) location.reload();
  }, Number(job.dataset.reloadsAfter));
}
