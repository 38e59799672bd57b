"""Generated pictures of rewards and viewers. They depend on the id and name only."""

from collections.abc import Mapping
from hashlib import sha256

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from ..models import Reward, Viewer

# Each motif, and the words in a reward's name that select it.
MOTIFS = {
    "cape": ("cape", "cloak", "mantle", "robe", "coat", "skin", "outfit"),
    "blade": ("sword", "blade", "axe", "dagger", "spear", "weapon", "knife"),
    "crown": ("crown", "helm", "hat", "title", "hood", "mask"),
    "shield": ("shield", "armor", "armour", "plate", "guard", "banner"),
    "potion": ("potion", "elixir", "boost", "brew", "xp", "dye"),
    "gem": ("gem", "crystal", "shard", "ruby", "coin", "gold", "orb"),
    "chest": ("chest", "crate", "box", "pack", "bundle", "loot"),
    "wings": ("wings", "mount", "pet", "dragon", "griffin", "bird", "horse"),
}


@require_safe
@cache_control(max_age=3600, private=True)
def reward_art(request: HttpRequest, reward_id: str) -> HttpResponse:
    reward = get_object_or_404(Reward, pk=reward_id)
    words = reward.name.lower().split()
    named = (
        motif for motif, calls in MOTIFS.items() if any(word.startswith(calls) for word in words)
    )
    motif = next(named, list(MOTIFS)[_number(reward.reward_id) % len(MOTIFS)])
    hue = _number(reward.reward_id + reward.name) % 360
    context = {
        "motif": f"local_kick/art/{motif}.svg",
        "hue": hue,
        "second_hue": (hue + 40) % 360,
    }
    return _svg(request, "local_kick/art/reward.svg", context)


@require_safe
@cache_control(max_age=3600, private=True)
def viewer_art(request: HttpRequest, user_id: str) -> HttpResponse:
    viewer = get_object_or_404(Viewer, pk=user_id)
    context = {"hue": _number(viewer.name) % 360, "letter": viewer.name[:1].upper()}
    return _svg(request, "local_kick/art/viewer.svg", context)


def _number(text: str) -> int:
    return int.from_bytes(sha256(text.encode()).digest()[:4], "big")


def _svg(request: HttpRequest, template: str, context: Mapping[str, object]) -> HttpResponse:
    return render(request, template, context, content_type="image/svg+xml")
