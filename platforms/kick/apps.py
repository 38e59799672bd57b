from django.apps import AppConfig


class KickConfig(AppConfig):
    name = "platforms.kick"
    verbose_name = "Kick"
