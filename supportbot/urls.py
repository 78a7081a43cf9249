"""The site's addresses."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("", include("chat.urls")),
    path("help/", include("chat.help.urls")),
    path("admin/", admin.site.urls),
    path("api/v1/", include("chat.api")),
]
