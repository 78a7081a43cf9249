"""The help pages' addresses."""

from django.urls import path

from chat.help import views

urlpatterns = [
    path("", views.index, name="help"),
    path("<slug:slug>/", views.article, name="help-article"),
]
