"""The three groups of staff. Each has what the one before it has, and more.

A group that is there already is given what it lacks and loses nothing: whoever runs this deployment
may have changed it on purpose.
"""

from django.db import migrations

LOOK_AT = {
    "accounts": [
        "player", "kickuser", "linkevent", "kickgrant", "grantrevocation",
    ],
    "claims": [
        "claim", "entitlement", "delivery", "reconcilerun", "lease", "campaign", "reward", "item",
        "campaignreward", "rewarditem", "auditevent",
    ],
}
SUPPORT = [
    *((app, model, "view") for app, models in LOOK_AT.items() for model in models),
    ("claims", "auditevent", "retry_claims"),
    ("claims", "auditevent", "ask_kick"),
]
OPS = [
    *SUPPORT,
    *(
        ("claims", model, action)
        for model in ("campaign", "reward", "item", "campaignreward", "rewarditem")
        for action in ("add", "change", "delete")
    ),
    ("claims", "entitlement", "change"),
    ("claims", "auditevent", "grant_by_hand"),
    ("claims", "auditevent", "unlink_player"),
    ("claims", "auditevent", "move_catalogue"),
]
OWNERS = [
    *OPS,
    *(("claims", "apikey", action) for action in ("view", "add", "change")),
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


class Migration(migrations.Migration):
    dependencies = [
        ("claims", "0002_desk"),
        ("accounts", "0002_desk"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [migrations.RunPython(make_groups, migrations.RunPython.noop)]
