"""The staff login. Too many failures lock it for a while."""

import math
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.forms import AdminAuthenticationForm
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy, ngettext

from claims.desk.admin.id_search import IdSearch
from claims.desk.audit import Subject, make_row
from claims.desk.staff_logins import locked_until, note_failure, note_success
from claims.models import AuditEvent, FailedLogin
from core.admin.base import ReadOnlyPage
from core.client_address import client_address, network_of
from core.slots import Busy, Slots

# A check takes a third of a second of processor time. Several at once would starve the webhook.
PASSWORD_CHECKS = Slots(1)


class StaffLoginForm(AdminAuthenticationForm):
    """While locked, the password isn't checked, so that guessing reveals nothing."""

    def clean(self) -> dict[str, Any]:
        user_name = self.cleaned_data.get("username") or ""
        if not user_name or not self.request:
            return super().clean()
        who = {"user_name": user_name, "address": network_of(client_address(self.request))}
        self._refuse_while_locked(**who)
        try:
            with PASSWORD_CHECKS.taken():
                cleaned: dict[str, Any] = super().clean()
        except Busy as error:
            said = gettext("Too many people are logging in. Try again in a few seconds.")
            raise forms.ValidationError(said, code="busy") from error
        except forms.ValidationError:
            note_failure(**who, now=timezone.now())
            self._refuse_while_locked(**who)
            raise
        note_success(**who)
        make_row(
            action=AuditEvent.Action.LOGIN,
            actor=user_name,
            subject=Subject("user", user_name),
            after={"address": who["address"]},
            now=timezone.now(),
        ).save()
        # The session may be a player's, which lasts longer than a staff session may.
        self.request.session.set_expiry(None)
        return cleaned

    def _refuse_while_locked(self, *, user_name: str, address: str) -> None:
        now = timezone.now()
        until = locked_until(user_name=user_name, address=address, now=now)
        if until is None:
            return
        minutes = math.ceil((until - now).total_seconds() / 60)
        said = ngettext(
            "Too many failed logins. Try again in %d minute.",
            "Too many failed logins. Try again in %d minutes.",
            minutes,
        )
        raise forms.ValidationError(said % minutes, code="locked")


admin.site.login_form = StaffLoginForm


@admin.register(FailedLogin)
class FailedLoginAdmin(IdSearch, ReadOnlyPage):
    list_display = ["user_name", "address", "failures", "last_failed_at"]
    ordering = ["-last_failed_at"]
    search_fields = ["user_name", "address"]
    search_help_text = gettext_lazy("Exact user name or IP address.")
    empty_state = gettext_lazy("No failed staff logins in the last day.")
