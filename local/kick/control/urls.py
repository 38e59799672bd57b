from django.urls import path

from . import campaigns, claims, dump, events, identities, machinery, points
from .endpoint import control

urlpatterns = [
    path("healthz", control(GET=machinery.get_healthz)),
    path("apps", control(PUT=identities.put_app)),
    path("viewers", control(POST=identities.post_viewer)),
    path("authorize", control(POST=identities.post_authorize)),
    path("disconnect", control(POST=identities.post_disconnect)),
    path("rotate-key", control(POST=machinery.post_rotate_key)),
    path("clock", control(GET=machinery.get_clock, POST=machinery.post_clock)),
    path("reset", control(POST=machinery.post_reset)),
    path("campaigns", control(PUT=campaigns.put_campaign)),
    path("watch", control(POST=campaigns.post_watch)),
    path("claims", control(POST=claims.post_claims)),
    path("events", control(POST=events.post_event)),
    path(
        "subscriptions", control(GET=events.get_subscriptions, DELETE=events.delete_subscriptions)
    ),
    path("streams", control(POST=points.post_streams, DELETE=points.delete_streams)),
    path("rewards", control(GET=points.get_rewards, PATCH=points.patch_rewards)),
    path("redemptions", control(POST=points.post_redemptions, PATCH=points.patch_redemptions)),
    path("dump/redemptions", control(GET=points.get_redemptions)),
    path("dump/events", control(GET=events.get_event_deliveries)),
    path("deliver", control(POST=claims.post_deliver)),
    path(
        "faults",
        control(GET=machinery.get_faults, PUT=machinery.put_faults, DELETE=machinery.delete_faults),
    ),
    path("dump", control(GET=dump.get_dump)),
    path("dump/claims", control(GET=dump.get_claims)),
    path("dump/deliveries", control(GET=dump.get_deliveries)),
    path("dump/requests", control(GET=dump.get_requests)),
]
