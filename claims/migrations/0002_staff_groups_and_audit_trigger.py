"""The three groups of staff, and an audit that PostgreSQL keeps append-only.

Each group has the permissions of the group before it, and more. An existing group gets the
permissions that it lacks and loses none: the studio may have changed it on purpose. On SQLite,
which is for development, only the admin keeps the audit append-only.
"""

from django.db import migrations

LOOK_AT = {
    "core": ["alert"],
    "accounts": [
        "player", "platformaccount", "linkevent",
    ],
    "claims": [
        "claim", "entitlement", "quarantineddelivery", "reconcilerun", "campaign", "reward", "item",
        "campaignreward", "rewarditem", "auditevent", "bulkjob",
        "grantrequest", "offer", "channel", "offeruse", "channelreward", "channelban",
        "redemption", "streamspan",
    ],
}
SUPPORT = [
    *((app, model, "view") for app, models in LOOK_AT.items() for model in models),
    ("claims", "auditevent", "retry_claims"),
    ("claims", "auditevent", "refetch"),
]
OPS = [
    *SUPPORT,
    *(
        ("claims", model, action)
        for model in ("campaign", "reward", "item", "campaignreward", "rewarditem")
        for action in ("add", "change", "delete")
    ),
    *(("claims", model, action) for model in ("offer", "channel") for action in ("add", "change")),
    ("claims", "channelban", "delete"),
    ("claims", "channelban", "change"),
    ("claims", "entitlement", "change"),
    ("claims", "auditevent", "grant_by_hand"),
    ("claims", "auditevent", "unlink_player"),
    ("claims", "auditevent", "move_catalogue"),
]
# The machinery.
INTERNALS = [
    ("core", "lease"),
    ("core", "alertmessage"),
    ("core", "counter"),
    ("accounts", "authorization"),
    ("accounts", "deauthorization"),
    ("accounts", "linkattempt"),
    ("accounts", "linkticket"),
    ("accounts", "pendinglink"),
    ("accounts", "wrongcodes"),
    ("claims", "claimhour"),
    ("claims", "playersync"),
    ("claims", "rewardfunnel"),
    ("claims", "failedlogin"),
    ("claims", "webhookdelivery"),
    ("claims", "webhookmessage"),
]
OWNERS = [
    *OPS,
    *((app, model, "view") for app, model in INTERNALS),
    *(
        ("claims", model, action)
        for model in ("apikey", "webhookendpoint")
        for action in ("view", "add", "change")
    ),
    *(("auth", model, a) for model in ("user", "group") for a in ("view", "add", "change", "delete")),
]
GROUPS = {"support": SUPPORT, "ops": OPS, "owners": OWNERS}
PLAIN_ACTIONS = {"view", "add", "change", "delete"}


def make_groups(apps, _schema_editor):
    Group = apps.get_model("auth", "Group")
    for name, permissions in GROUPS.items():
        group, _ = Group.objects.get_or_create(name=name)
        group.permissions.add(*(_permission(apps, *one) for one in permissions))


def _permission(apps, app_label, model, action):
    """Made here where it is missing: Django makes permissions only after the last migration."""
    ContentType = apps.get_model("contenttypes", "ContentType")
    Permission = apps.get_model("auth", "Permission")
    content_type, _ = ContentType.objects.get_or_create(app_label=app_label, model=model)
    is_plain = action in PLAIN_ACTIONS
    permission, _ = Permission.objects.get_or_create(
        content_type=content_type,
        codename=f"{action}_{model}" if is_plain else action,
        defaults={"name": f"Can {action} {model}" if is_plain else f"Can {action}".replace("_", " ")},
    )
    return permission


FORBID = """
    CREATE FUNCTION claims_auditevent_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'Audit events are only ever added, never changed or deleted.';
    END $$;
    CREATE TRIGGER claims_auditevent_is_append_only
        BEFORE UPDATE OR DELETE ON claims_auditevent
        FOR EACH ROW EXECUTE FUNCTION claims_auditevent_is_append_only();
"""
ALLOW = """
    DROP TRIGGER claims_auditevent_is_append_only ON claims_auditevent;
    DROP FUNCTION claims_auditevent_is_append_only();
"""


def forbid(_apps, schema_editor):
    _on_postgresql(schema_editor, FORBID)


def allow(_apps, schema_editor):
    _on_postgresql(schema_editor, ALLOW)


def _on_postgresql(schema_editor, statements):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(statements)


class Migration(migrations.Migration):
    dependencies = [
        ("claims", "0001_initial"),
        ("accounts", "0001_initial"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [
        migrations.RunPython(make_groups, migrations.RunPython.noop),
        migrations.RunPython(forbid, allow),
    ]
