// Shows new drops without a reload, for two minutes after the page was opened or came back into view.

const PERIOD = 5_000;
const TIMES = 24;

const section = document.querySelector("[data-live]");
let shown = null;
let left = TIMES;

async function update() {
  const response = await fetch(section.dataset.live, { redirect: "error" });
  if (response.status !== 200) return;
  const html = await response.text();
  if (shown !== null && html !== shown) {
    section.innerHTML = html;
    section.dispatchEvent(new Event("contentchanged", { bubbles: true })); // see local-time.js
  }
  shown = html;
}

function tick() {
  if (document.hidden || left === 0) return;
  left -= 1;
  update().catch(() => {}); // offline, or the server restarts: the next turn tries again
}

if (section) {
  tick();
  setInterval(tick, PERIOD);
  document.addEventListener("visibilitychange", () => {
    left = TIMES;
    tick();
  });
}
