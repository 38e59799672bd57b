// Every <time> is written in UTC by the server; here it becomes the reader's own time.
const format = new Intl.DateTimeFormat(document.documentElement.lang || undefined, {
  dateStyle: "medium",
  timeStyle: "short",
});

for (const element of document.querySelectorAll("time[datetime]")) {
  const instant = new Date(element.dateTime);
  if (Number.isNaN(instant.getTime())) continue;
  element.title = element.textContent.trim();
  element.textContent = format.format(instant);
}
