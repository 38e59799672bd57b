"""Forms of the admin pages."""

from typing import Any

from django import forms
from django.contrib.admin.widgets import AdminTextareaWidget
from django.forms.models import BaseInlineFormSet
from django.utils.translation import gettext_lazy as _

from claims.api_keys import make_prefix
from claims.models import ApiKey


class RevocationForm(forms.Form):
    reason = forms.CharField(
        label=_("Reason"),
        max_length=1000,
        widget=AdminTextareaWidget(attrs={"rows": 3}),
        help_text=_("Stored with each entitlement and shown in the audit log."),
    )


class ApiKeyForm(forms.ModelForm):  # type: ignore[type-arg]
    # Made with the form, so that reloading the page with the secret can't create a second key.
    prefix = forms.RegexField(  # type: ignore[assignment]
        r"^[A-Za-z0-9]{8}\Z", widget=forms.HiddenInput, initial=make_prefix, required=False
    )

    def clean(self) -> dict[str, Any]:
        fields: dict[str, Any] = super().clean() or {}
        fields["prefix"] = fields.get("prefix") or make_prefix()
        if ApiKey.objects.filter(prefix=fields["prefix"]).exists():
            data: Any = self.data.copy()  # type: ignore[attr-defined]
            data["prefix"] = make_prefix()
            self.data = data
            raise forms.ValidationError(
                _(
                    "This API key has been created already, and its secret can't be shown again. "
                    "If you didn't copy it, revoke that key and create another."
                )
            )
        return fields

    def validate_unique(self) -> None:
        """`clean` has checked the prefix, and says more about it."""


class RevokeKeysForm(forms.Form):
    NOW, LATER = "now", "later"
    when = forms.ChoiceField(
        label=_("When"),
        choices=[(NOW, _("Now, permanently")), (LATER, _("In 24 hours"))],
        widget=forms.RadioSelect,
        help_text=_("With 24 hours left, the game server can be given a new key first."),
    )


class PairFormSet(BaseInlineFormSet):  # type: ignore[type-arg]
    default_error_messages = {
        **BaseInlineFormSet.default_error_messages,
        "too_many_forms": _("A Kick campaign can have at most %(num)d rewards."),
    }
