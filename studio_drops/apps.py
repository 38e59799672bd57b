from django.apps import AppConfig


class StudioDropsConfig(AppConfig):
    name = "studio_drops"

    def ready(self) -> None:
        from platforms.registry import register_platforms
        from studio_drops import celery  # noqa: F401 (makes it the current Celery application)
        from studio_drops.monitoring.checks import register_checks

        register_platforms()
        register_checks()
