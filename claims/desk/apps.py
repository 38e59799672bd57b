from django.apps import AppConfig


class DeskConfig(AppConfig):
    name = "claims.desk"
    label = "desk"
    verbose_name = "Desk"
