"""The one page: a player's inventory. It looks for changes twice a second."""

from collections.abc import Mapping
from datetime import datetime
from html import escape
from typing import Any

STYLE = """
:root { color-scheme: light dark; --ink: #1d1a2b; --paper: #f4f1fb; --card: #fff; --line: #d9d2ea;
  --quiet: #5f5876; --accent: #5b3df5; --good: #1c6e4a; }
@media (prefers-color-scheme: dark) { :root { --ink: #efeafc; --paper: #14111f; --card: #1f1a2f;
  --line: #3b3355; --quiet: #b3a9cf; --accent: #a996ff; --good: #6fd3a5; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 60rem; margin: 0 auto; padding: 2rem 1rem 4rem; }
h1 { font-size: 1.6rem; line-height: 1.2; margin: 0 0 .25rem; }
h2 { font-size: 1.1rem; margin: 2.5rem 0 .75rem; }
p { margin: .25rem 0; } .quiet { color: var(--quiet); }
form { display: flex; flex-wrap: wrap; gap: .5rem; align-items: end; margin: 1rem 0; }
label { display: grid; gap: .25rem; font-size: .9rem; color: var(--quiet); }
input, select, button { font: inherit; min-height: 2.75rem; padding: .4rem .8rem; color: inherit;
  background: var(--card); border: 1px solid var(--line); border-radius: .5rem; max-width: 100%; }
button { cursor: pointer; border-color: var(--accent); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.items { display: grid; grid-template-columns: repeat(auto-fill, minmax(9rem, 1fr)); gap: .75rem;
  list-style: none; padding: 0; margin: 0; }
.items li { background: var(--card); border: 1px solid var(--line); border-radius: .75rem;
  padding: .75rem; }
.items svg { display: block; width: 100%; aspect-ratio: 1; border-radius: .5rem; }
.items strong { display: block; margin-top: .5rem; overflow-wrap: anywhere; }
.new { animation: arrive 1.2s ease-out; }
@keyframes arrive { from { transform: scale(.85); box-shadow: 0 0 0 6px var(--accent); } }
@media (prefers-reduced-motion: reduce) { .new { animation: none; } }
ol { padding: 0; margin: 0; list-style: none; }
ol li { border-top: 1px solid var(--line); padding: .5rem 0; overflow-wrap: anywhere; }
time, .took { color: var(--quiet); } .took b { color: var(--good); }
"""

SCRIPT = """
let seen = document.getElementById("state").outerHTML;
async function look() {
  try {
    const answer = await fetch(location.href, {headers: {Accept: "text/html"}});
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const state = page.getElementById("state");
    if (state.outerHTML !== seen) {
      const had = new Set([...document.querySelectorAll("[data-sku]")].map(
        one => one.dataset.sku + one.dataset.quantity));
      seen = state.outerHTML;
      document.getElementById("state").replaceWith(document.adoptNode(state));
      for (const one of document.querySelectorAll("[data-sku]"))
        if (!had.has(one.dataset.sku + one.dataset.quantity)) one.classList.add("new");
    }
  } catch { /* the server is away: look again */ }
  setTimeout(look, 500);
}
look();
"""


def render_page(shown: Mapping[str, Any], modes: Mapping[str, str]) -> str:
    """`shown` is what `GameServer.inventory_of` returns."""
    player = escape(shown["player"])
    options = "".join(
        f'<option value="{key}"{" selected" * (key == shown["mode"])}>{escape(text)}</option>'
        for key, text in modes.items()
    )
    known = "".join(f'<option value="{escape(name)}">' for name in shown["players"])
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Game server</title><link rel="icon" href="data:,"><style>{STYLE}</style></head>
<body><main>
<h1>The game’s inventory</h1>
<p class="quiet">A stand-in for your game server. It receives webhooks and delivers items.</p>
<form action="/" method="get">
<label>Player <input name="player" value="{player}" list="players" autocomplete="off"></label>
<datalist id="players">{known}</datalist><button>Show</button></form>
{_state(shown)}
<h2>Try it</h2>
<form method="post" action="/login"><input type="hidden" name="player" value="{player}">
<button>Log in as this player</button>
<span class="quiet">The game asks for undelivered items.</span></form>
<form method="post" action="/sync"><input type="hidden" name="player" value="{player}">
<button>Check for missing drops</button>
<span class="quiet">The game asks for a sync with the platforms.</span></form>
<form method="post" action="/mode"><input type="hidden" name="player" value="{player}">
<label>This server <select name="mode">{options}</select></label><button>Change</button></form>
</main><script>{SCRIPT}</script></body></html>"""


def _state(shown: Mapping[str, Any]) -> str:
    items = "".join(_item(**one) for one in shown["items"])
    deliveries = "".join(_delivery(**one) for one in shown["deliveries"])
    messages = "".join(
        f"<li><code>{escape(one['type'])}</code> {escape(one['player'])}</li>"
        for one in shown["messages"]
    )
    nothing = f"<p class='quiet'>{escape(shown['player'] or 'No player')} has no items yet.</p>"
    return f"""<div id="state" aria-live="polite">
<h2>{escape(shown["player"] or "Inventory")}</h2>
{f'<ul class="items">{items}</ul>' if items else nothing}
{f"<h2>Delivered</h2><ol>{deliveries}</ol>" if deliveries else ""}
<h2>Messages received</h2>
{f"<ol>{messages}</ol>" if messages else '<p class="quiet">None since this server started.</p>'}
</div>"""


def _item(sku: str, quantity: int) -> str:
    hue = sum(sku.encode()) * 47 % 360
    initials = escape("".join(part[:1] for part in sku.split("-")).upper()[:2])
    return f"""<li data-sku="{escape(sku)}" data-quantity="{quantity}">
<svg viewBox="0 0 100 100" aria-hidden="true"><rect width="100" height="100"
 fill="hsl({hue} 60% 32%)"/><path d="M50 12 84 50 50 88 16 50z" fill="hsl({hue} 75% 60%)"/>
<text x="50" y="60" text-anchor="middle" font-size="28" font-weight="700"
 fill="hsl({hue} 60% 14%)">{initials}</text></svg>
<strong>{escape(sku)}</strong><span class="quiet">× {quantity:,}</span></li>"""


def _delivery(sku: str, quantity: int, granted_at: str, delivered_at: float) -> str:
    took = delivered_at - datetime.fromisoformat(granted_at).timestamp()
    return (
        f"<li>{quantity:,} × {escape(sku)} "
        f'<span class="took">in the game <b>{took:.1f} s</b> after the grant</span></li>'
    )
