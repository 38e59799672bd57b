"""The text that the demo prints when it's ready: URLs, and steps to click through."""

from local.demo import catalogue
from local.demo.demo_file import DemoFile

GREEN, BOLD, DIM, PLAIN = "\033[32m", "\033[1m", "\033[2m", "\033[0m"
COLOURS = {"<g>": GREEN, "<b>": BOLD, "<d>": DIM, "</g>": PLAIN, "</b>": PLAIN, "</d>": PLAIN}


def banner(facts: DemoFile, *, seconds: float, file: str, is_colourful: bool) -> str:
    told = facts.as_json()
    web, kick = told["web"], told["local_kick"]
    first = catalogue.OFFERS[0]
    steps = (
        (
            "Watch",
            kick["inventory_url"],
            f"choose “{catalogue.VIEWER}” and press Watch; you can't claim yet",
        ),
        (
            "Connect",
            "",
            f"press Connect, log in to the game as “{catalogue.PLAYER}”, continue to Kick",
        ),
        ("Allow", "", "allow access, and confirm that both accounts are yours"),
        ("Claim", kick["inventory_url"], f"claim the “{first.name}”"),
        ("See it", web["link_url"], "the player's page"),
        ("Support it", web["admin_url"], f"log in as {catalogue.STAFF} / {facts.staff_password}"),
        (
            "Stream",
            web["channel_url"],
            f"connect the channel of “{catalogue.STREAMER}”; then redeem its points on Kick",
        ),
        ("Play", told["game_server"]["url"], "the game's inventory has it a second later"),
        ("Look behind", web["api_docs_url"], "call the API as the game server does:"),
    )
    numbered = []
    for number, (name, url, what) in enumerate(steps, start=1):
        place = f"<g>{url:<34}</g>" if url else " " * 34
        numbered.append(f"  {number}  <b>{name:<12}</b>  {place}  {what}")
    authorization = '-H "Authorization: Bearer $KEY"'
    body = (
        f"""-H "Content-Type: application/json" -d '{{"game_account_id": "{catalogue.PLAYER}"}}'"""
    )
    api_url = web["api_url"]
    commands = (
        f"KEY={facts.api_key}",
        f'curl {authorization} "{api_url}/entitlements?game_account_id={catalogue.PLAYER}"',
        f"curl {authorization} {body} {api_url}/players/sync",
    )
    lines = [
        "",
        f"  The <b>{catalogue.GAME}</b> demo is running, with a local stand-in for Kick."
        f"  <d>Ready in {seconds:.0f} s.</d>",
        "",
        *numbered,
        "",
        *(f"     <d>{line}</d>" for line in commands),
        "",
        f"  Kick dashboard    <g>{kick['dashboard_url']}</g>",
        f"  For scripts       {file}",
        "  To stop           Ctrl-C; the data is kept",
        "",
    ]
    text = "\n".join(lines)
    for mark, code in COLOURS.items():
        text = text.replace(mark, code if is_colourful else "")
    return text
