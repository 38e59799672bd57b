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

// Times are typed in UTC. The browser's own time is shown below.
for (const input of document.querySelectorAll("input[data-utc]")) {
  const here = document.createElement("p");
  here.className = "utc-here";
  const show = () => {
    const instant = new Date(`${input.value}Z`);
    here.textContent = Number.isNaN(instant.getTime())
      ? ""
      : new Intl.DateTimeFormat(undefined, {
          dateStyle: "full",
          timeStyle: "long",
        }).format(instant);
  };
  input.after(here);
  input.addEventListener("input", show);
  show();
}

// The platform's categories are suggested while one is typed. Without them, any name can be typed.
for (const input of document.querySelectorAll("input[data-suggestions]")) {
  let timer;
  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(async () => {
      const query = new URLSearchParams({
        name: input.value,
        source: input.form.elements.source?.value ?? "",
      });
      const answer = await fetch(`${input.dataset.suggestions}?${query}`);
      if (!answer.ok) return;
      const { categories } = await answer.json();
      for (const name of categories) {
        const known = [...input.list.options].some((option) => option.value === name);
        if (!known) input.list.append(new Option(name, name));
      }
    }, 300);
  });
}
