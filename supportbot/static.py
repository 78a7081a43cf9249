"""Static files from the server itself: whitenoise, made to stand in an asynchronous chain.

whitenoise's own middleware is synchronous, so each request behind it would change threads, and
its file responses are synchronous streams, which Django reads whole, with a warning, under ASGI.
The files are small: read whole in a thread, they are plain responses.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import ManifestStaticFilesStorage, staticfiles_storage
from django.http import HttpRequest, HttpResponse
from whitenoise.middleware import WhiteNoiseMiddleware
from whitenoise.responders import StaticFile
from whitenoise.storage import CompressedManifestStaticFilesStorage


class HashedFiles(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # as below
    """File names with a hash of the content, in the imports of the page's modules too.

    Else a page just deployed would run on the modules that a browser still has from the last one.
    """

    support_js_module_import_aggregation = True


class StaticFiles(WhiteNoiseMiddleware):  # type: ignore[misc]  # whitenoise ships no types
    """Answers what is under ``STATIC_URL`` and passes on everything else."""

    sync_capable = async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        super().__init__(get_response)
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> Any:
        if not request.path_info.startswith(self.static_prefix):
            return self.get_response(request)
        if iscoroutinefunction(self):
            return self._from_a_thread(request)
        return self._look_up(request) or self.get_response(request)

    async def _from_a_thread(self, request: HttpRequest) -> HttpResponse:
        response: HttpResponse | None = await asyncio.to_thread(self._look_up, request)
        return response or await self.get_response(request)

    def _look_up(self, request: HttpRequest) -> HttpResponse | None:
        find = self.find_file if self.autorefresh else self.files.get
        file: StaticFile | None = find(request.path_info)
        return self.serve(file, request) if file else None

    @staticmethod
    def serve(static_file: StaticFile, request: HttpRequest) -> HttpResponse:
        found = static_file.get_response(request.method, request.META)
        content = b""
        if found.file is not None:
            with found.file:
                content = found.file.read()
        response = HttpResponse(content, status=int(found.status))
        del response["Content-Type"]
        for name, value in found.headers:
            response[name] = value
        return response


def not_collected() -> list[str]:
    """Static files of the apps that ``collectstatic`` has not put into its manifest yet."""
    if not isinstance(staticfiles_storage, ManifestStaticFilesStorage):
        return []
    collected = staticfiles_storage.hashed_files
    found = (path for finder in finders.get_finders() for path, _ in finder.list([]))
    return sorted({path for path in found if path not in collected})
