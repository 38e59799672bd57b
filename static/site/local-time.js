// The server writes every <time> in UTC. Show it in the reader's time zone.
const format = new Intl.DateTimeFormat(document.documentElement.lang || undefined, {
  dateStyle: "medium",
  timeStyle: "short",
});

function localizeTimes(root) {
  for (const element of root.querySelectorAll("time[datetime]")) {
    const instant = new Date(element.dateTime);
    if (Number.isNaN(instant.getTime())) continue;
    element.title = element.textContent.trim();
    element.textContent = format.format(instant);
  }
}

localizeTimes(document);
document.addEventListener("contentchanged", (event) => localizeTimes(event.target));
