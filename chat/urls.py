"""The shop's pages."""

from django.contrib.auth.views import LogoutView
from django.urls import path

from chat import views

urlpatterns = [
    path("", views.landing, name="landing"),
    path("chat/", views.chat, name="chat"),
    path("orders/", views.orders, name="orders"),
    path("accounts/login/", views.ShopLoginView.as_view(), name="login"),
    path("accounts/logout/", LogoutView.as_view(), name="logout"),
    path("accounts/signup/", views.signup, name="signup"),
]
