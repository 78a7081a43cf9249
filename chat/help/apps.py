from django.apps import AppConfig


class HelpConfig(AppConfig):
    name = "chat.help"
    label = "help"
    verbose_name = "Help"

    def ready(self) -> None:
        from chat.help import checks  # noqa: F401 - registers them
