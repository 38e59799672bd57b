from django.urls import path

from . import campaigns, claims, dump, faults, identities

urlpatterns = [
    path("healthz", identities.healthz),
    path("apps", identities.apps),
    path("viewers", identities.viewers),
    path("authorize", identities.authorize),
    path("disconnect", identities.disconnect),
    path("rotate-key", identities.key_rotation),
    path("clock", identities.clock_hands),
    path("reset", identities.reset),
    path("campaigns", campaigns.campaigns),
    path("watch", campaigns.watching),
    path("claims", claims.claims),
    path("deliver", claims.delivery),
    path("faults", faults.faults),
    path("dump", dump.everything),
    path("dump/claims", dump.claims),
    path("dump/deliveries", dump.deliveries),
]
