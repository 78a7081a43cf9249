"""The site's addresses."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("", include("chat.urls")),
    path("help/", include("chat.help.urls")),
    path(settings.ADMIN_PATH, admin.site.urls),
    path("api/v1/", include("chat.api")),
]
