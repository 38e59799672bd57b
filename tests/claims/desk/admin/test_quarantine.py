import pytest
from django.urls import reverse

from tests.claims.desk.admin.rows import make_delivery

pytestmark = pytest.mark.django_db


def page_of(client, delivery):
    return client.get(
        reverse("admin:claims_quarantineddelivery_change", args=[delivery.pk])
    ).content.decode()


def download(client, delivery_id):
    return client.get(reverse("admin:claims_delivery_body", args=[delivery_id]))


def test_body_that_is_text_is_shown_escaped(admin_client):
    delivery = make_delivery(body='{"claim_id": "<script>alert(1)</script> é"}'.encode())

    page = page_of(admin_client, delivery)

    assert "&lt;script&gt;alert(1)&lt;/script&gt; é" in page
    assert "<script>alert" not in page


def test_body_that_is_no_text_is_shown_as_hexdump(admin_client):
    page = page_of(admin_client, make_delivery(body=b"\xff\x00{<b>}" + bytes(range(10))))

    assert "00000000  ff 00 7b 3c 62 3e 7d 00 01 02 03 04 05 06 07 08  ..{&lt;b&gt;}....." in page
    assert "00000010  09                                               ." in page


def test_body_is_downloaded_as_it_came(admin_client):
    body = b"\xff\x00<html>"

    answer = download(admin_client, make_delivery(body=body).pk)

    assert answer.content == body
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["Content-Disposition"].startswith("attachment;")
    assert answer["X-Content-Type-Options"] == "nosniff"


def test_body_of_a_delivery_that_is_gone(admin_client):
    assert download(admin_client, 404).status_code == 404


def test_body_is_refused_without_permission(client, make_staff):
    delivery = make_delivery()
    client.force_login(make_staff("claims.view_claim"))

    assert download(client, delivery.pk).status_code == 403
