"""Forms of the admin pages."""

from ipaddress import ip_network
from typing import Any

from django import forms
from django.contrib.admin.widgets import AdminTextareaWidget, AdminURLFieldWidget
from django.forms.models import BaseInlineFormSet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.tokens import encrypt
from claims.api_keys import make_prefix
from claims.models import ApiKey, EventType, Scope, WebhookEndpoint
from claims.webhooks.addresses import BadUrl
from claims.webhooks.endpoints import check_url, make_secret


class RevocationForm(forms.Form):
    reason = forms.CharField(
        label=_("Reason"),
        max_length=1000,
        widget=AdminTextareaWidget(attrs={"rows": 3}),
        help_text=_("Stored with each entitlement and shown in the audit log."),
    )


def checked_networks(texts: list[str]) -> list[str]:
    """Networks in their usual form. Raises ValidationError."""
    try:
        return [str(ip_network(text)) for text in texts]
    except ValueError as error:
        said = _("Not a network: %(error)s. Enter for example 10.0.0.0/8.")
        raise forms.ValidationError(said % {"error": error}) from error


class KeyLimitsForm(forms.ModelForm):  # type: ignore[type-arg]
    """What a key may do, and from where. For a key that exists."""

    scopes = forms.MultipleChoiceField(
        label=_("Scopes"),
        choices=Scope.choices,
        widget=forms.CheckboxSelectMultiple,
        initial=Scope.values,
    )

    def clean_networks(self) -> list[str]:
        return checked_networks(self.cleaned_data["networks"])


class ApiKeyForm(KeyLimitsForm):
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


class EndpointForm(forms.ModelForm):  # type: ignore[type-arg]
    """A new endpoint gets a secret. The URL is resolved, so saving takes a moment."""

    url = forms.CharField(
        label=_("URL"),
        widget=AdminURLFieldWidget,
        help_text=_("Where to send messages. It must be https."),
    )
    event_types = forms.MultipleChoiceField(
        label=_("Events"),
        choices=[(one.value, one.value) for one in EventType if one != EventType.TEST],
        widget=forms.CheckboxSelectMultiple,
        initial=[one.value for one in EventType if one != EventType.TEST],
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk and not self.instance.event_types:
            self.initial["event_types"] = self.fields["event_types"].initial

    def clean_url(self) -> str:
        url: str = self.cleaned_data["url"].strip()
        try:
            check_url(url)
        except BadUrl as error:
            raise forms.ValidationError(str(error)) from error
        return url

    def clean_event_types(self) -> list[str]:
        """All of them are stored as none: so those of a later version are sent, too."""
        chosen: list[str] = self.cleaned_data["event_types"]
        return [] if set(chosen) >= set(EventType.values) - {EventType.TEST.value} else chosen

    def save(self, commit: bool = True) -> WebhookEndpoint:
        endpoint: Any = self.instance
        if endpoint.pk is None:
            endpoint.created_at = timezone.now()
            endpoint.encrypted_secret = encrypt(make_secret(endpoint.signing))
        return super().save(commit)  # type: ignore[no-any-return]


class PairFormSet(BaseInlineFormSet):  # type: ignore[type-arg]
    default_error_messages = {
        **BaseInlineFormSet.default_error_messages,
        "too_many_forms": _("A Kick campaign can have at most %(num)d rewards."),
    }
