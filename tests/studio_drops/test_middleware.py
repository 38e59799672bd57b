import pytest
from pytest_django.fixtures import Settings

from studio_drops.middleware import content_security_policy


@pytest.mark.parametrize(
    ("id_url", "origins"),
    [
        ("http://localhost:8100", "http://localhost:8100"),
        ("https://id.kick.com", "https://id.kick.com https://kick.com https://*.kick.com"),
    ],
)
def test_policy_allows_the_redirects_of_each_login(
    settings: Settings, id_url: str, origins: str
) -> None:
    settings.KICK_ID_URL = id_url
    settings.FORM_ACTION_ORIGINS = ["https://login.example.com"]

    policy = content_security_policy().split("; ")

    assert f"form-action 'self' {origins} https://login.example.com" in policy
