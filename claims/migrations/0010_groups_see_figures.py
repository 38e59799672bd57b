"""The groups see the lists that the desk links to: bulk jobs, and the figures behind its charts."""

from django.db import migrations

SEEN = ("bulkjob", "claimhour", "rewardfunnel")
GROUPS = ("support", "ops", "owners")


def let_see(apps, _schema_editor):
    """A group that is gone was taken away on purpose, and stays away."""
    Group = apps.get_model("auth", "Group")
    permissions = [_permission_to_see(apps, model) for model in SEEN]
    for group in Group.objects.filter(name__in=GROUPS):
        group.permissions.add(*permissions)


def _permission_to_see(apps, model):
    """Made here where it is missing: Django makes permissions only after the last migration."""
    ContentType = apps.get_model("contenttypes", "ContentType")
    Permission = apps.get_model("auth", "Permission")
    content_type, _ = ContentType.objects.get_or_create(app_label="claims", model=model)
    permission, _ = Permission.objects.get_or_create(
        content_type=content_type,
        codename=f"view_{model}",
        defaults={"name": f"Can view {model}"},
    )
    return permission


class Migration(migrations.Migration):
    dependencies = [
        ("claims", "0009_lists_of_millions"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [migrations.RunPython(let_see, migrations.RunPython.noop)]
