"""The page of a player's story, and of a Kick user's who has no player."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.models import KickUser, Player
from claims.admin.desk.gate import LOOK, show, staff_page
from claims.desk.search import story_url
from claims.desk.story import Story, tell_story_of_kick_user, tell_story_of_player


@require_safe
@staff_page(*LOOK)
def player_story(request: HttpRequest, *, player_id: int) -> HttpResponse:
    player = get_object_or_404(Player, pk=player_id)
    story = tell_story_of_player(player, claim_id=request.GET.get("claim", ""))
    return _show(request, story, title=str(player))


@require_safe
@staff_page(*LOOK)
def kick_user_story(request: HttpRequest, *, kick_user_id: str) -> HttpResponse:
    kick_user = get_object_or_404(KickUser.objects.select_related("player"), pk=kick_user_id)
    claim_id = request.GET.get("claim", "")
    if kick_user.player:
        return redirect(story_url(player=kick_user.player, kick_user=None, claim_id=claim_id))
    story = tell_story_of_kick_user(kick_user, claim_id=claim_id)
    return _show(request, story, title=_("%(name)s on Kick") % {"name": kick_user})


def _show(request: HttpRequest, story: Story, *, title: str) -> HttpResponse:
    return show(request, "story.html", title=title, story=story, facts=story.facts)
