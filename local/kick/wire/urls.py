from django.urls import path

from . import claims_api, oauth, public_api

urlpatterns = [
    path("oauth/token", oauth.token),
    path("oauth/token/introspect", oauth.introspect),
    path("oauth/revoke", oauth.revoke_token),
    path("public/v1/public-key", public_api.public_key),
    path("public/v1/users", public_api.users),
    path("public/v1/drops/claims", claims_api.claims),
]
