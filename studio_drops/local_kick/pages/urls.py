from django.urls import path

from . import consent, viewer

urlpatterns = [
    path("oauth/authorize", consent.authorize, name="authorize"),
    path("sign-in", viewer.sign_in, name="sign-in"),
    path("sign-out", viewer.sign_out, name="sign-out"),
]
