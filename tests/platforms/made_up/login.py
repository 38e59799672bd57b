"""How an account of the made-up platform is authorized."""

from collections.abc import Sequence

from accounts.platform_login import PlatformLogin, PlatformTokens, PlatformUser
from core.platform_errors import PlatformRefused
from tests.platforms.made_up.api import api

ORIGIN = "https://login.made-up.example"


class MadeUpLogin(PlatformLogin):
    platform = "made_up"
    label = "Made-up"

    def new_verifier(self) -> str:
        return "verifier"

    def authorize_url(self, *, state: str, verifier: str) -> str:
        return f"{ORIGIN}/allow?state={state}&verifier={verifier}"

    def origins(self) -> Sequence[str]:
        return [ORIGIN]

    def exchange_code(self, *, code: str, verifier: str) -> PlatformTokens:
        return _tokens(api.allow(viewer=code))

    def current_user(self, access_token: str) -> PlatformUser:
        viewer = api.viewers_by_token[access_token]
        return PlatformUser(user_id=viewer, name=viewer.title())

    def find_user(self, name: str) -> PlatformUser | None:
        api.answer()
        is_known = name.lower() in api.viewers_by_token.values()
        return PlatformUser(user_id=name.lower(), name=name.title()) if is_known else None

    def name_of(self, user_id: str) -> str:
        api.answer()
        return user_id.title()

    def is_active(self, access_token: str) -> bool:
        api.answer()
        return access_token in api.viewers_by_token

    def refresh(self, refresh_token: str) -> PlatformTokens:
        api.answer()
        viewer = api.viewers_by_token.pop(refresh_token, None)
        if viewer is None:
            raise PlatformRefused("Unknown token.", status=400, code="invalid_grant")
        return _tokens(api.allow(viewer))

    def revoke(self, refresh_token: str) -> None:
        api.answer()
        api.viewers_by_token.pop(refresh_token, None)

    def check_credentials(self) -> None:
        api.answer()


def _tokens(token: str) -> PlatformTokens:
    return PlatformTokens(access_token=token, refresh_token=token, scope="name")
