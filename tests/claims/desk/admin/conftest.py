import pytest
from django.contrib.auth.models import Permission, User

from tests.claims.desk.admin.rows import one_of_each  # noqa: F401
from tests.claims.staff_browser import browser, page  # noqa: F401


@pytest.fixture
def admin_client(client, db):
    """Logged in without a password: hashing one takes longer than most tests."""
    client.force_login(User.objects.create(username="root", is_staff=True, is_superuser=True))
    return client


@pytest.fixture
def make_staff(db):
    """A member of staff who may do just this, `claims.view_claim` and the like."""

    def make(*permissions):
        user = User.objects.create(username="ada", is_staff=True)
        for permission in permissions:
            app_label, codename = permission.split(".")
            user.user_permissions.add(
                Permission.objects.get(content_type__app_label=app_label, codename=codename)
            )
        return user

    return make
