from django.urls import path, re_path

from . import claims_api, events_api, oauth, public_api, rewards_api
from .endpoint import endpoint

urlpatterns = [
    path("oauth/token", endpoint(POST=oauth.post_token)),
    path("oauth/token/introspect", endpoint(POST=oauth.post_introspect)),
    path("oauth/revoke", endpoint(POST=oauth.post_revoke)),
    path("public/v1/public-key", endpoint(GET=public_api.get_public_key)),
    path("public/v1/channels", endpoint(GET=public_api.get_channels)),
    path("public/v2/categories", endpoint(GET=public_api.get_categories)),
    path("public/v1/users/livestreams", endpoint(GET=public_api.get_livestreams)),
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
        "public/v1/channels/rewards",
        endpoint(GET=rewards_api.get_rewards, POST=rewards_api.post_rewards),
    ),
    path("public/v1/channels/rewards/redemptions", endpoint(GET=rewards_api.get_redemptions)),
    path("public/v1/channels/rewards/redemptions/accept", endpoint(POST=rewards_api.post_accept)),
    path("public/v1/channels/rewards/redemptions/reject", endpoint(POST=rewards_api.post_reject)),
    re_path(
        "^public/v1/channels/rewards/[^/]+$",
        endpoint(PATCH=rewards_api.patch_reward, DELETE=rewards_api.delete_one_reward),
    ),
    path(
        "public/v1/drops/claims",
        endpoint(GET=claims_api.get_claims, PATCH=claims_api.patch_claims),
    ),
]
