from django.urls import path

from . import claims_api, events_api, oauth, public_api
from .endpoint import endpoint

urlpatterns = [
    path("oauth/token", endpoint(POST=oauth.post_token)),
    path("oauth/token/introspect", endpoint(POST=oauth.post_introspect)),
    path("oauth/revoke", endpoint(POST=oauth.post_revoke)),
    path("public/v1/public-key", endpoint(GET=public_api.get_public_key)),
    path("public/v1/channels", endpoint(GET=public_api.get_channels)),
    path("public/v1/users", endpoint(GET=public_api.get_users)),
    path(
        "public/v1/events/subscriptions",
        endpoint(
            GET=events_api.get_subscriptions,
            POST=events_api.post_subscriptions,
            DELETE=events_api.delete_subscriptions,
        ),
    ),
    path(
        "public/v1/drops/claims",
        endpoint(GET=claims_api.get_claims, PATCH=claims_api.patch_claims),
    ),
]
