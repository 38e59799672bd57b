// Keeps a section up to date without a reload. `data-live` is the URL of its HTML. `data-live-for`
// is the number of seconds after which it stops, unless the page comes back into view.

const PERIOD = 5_000;

const section = document.querySelector("[data-live]");
let shown = null;
let endsAt = Infinity;

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
  if (document.hidden || Date.now() > endsAt) return;
  update().catch(() => {}); // offline, or the server restarts: the next turn tries again
}

function start() {
  endsAt = Date.now() + Number(section.dataset.liveFor ?? Infinity) * 1000;
  tick();
}

if (section) {
  start();
  setInterval(tick, PERIOD);
  document.addEventListener("visibilitychange", start);
}
