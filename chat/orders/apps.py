from django.apps import AppConfig


class OrdersConfig(AppConfig):
    name = "chat.orders"
    label = "orders"
    verbose_name = "Orders"
