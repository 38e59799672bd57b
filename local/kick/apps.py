from django.apps import AppConfig


class LocalKickConfig(AppConfig):
    name = "local.kick"
    label = "local_kick"
    default_auto_field = "django.db.models.BigAutoField"
