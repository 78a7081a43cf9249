"""Help articles for those who write them: with a preview, and every version that ever was."""

from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib import admin, messages
from django.contrib.admin.widgets import AdminTextareaWidget
from django.core.exceptions import PermissionDenied
from django.db.models import TextField
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import render
from django.urls import URLPattern, path
from simple_history.admin import SimpleHistoryAdmin

from chat.help import markdown
from chat.help.models import BODY_CHARS, HelpArticle

if TYPE_CHECKING:  # the library has no types
    ArticlePages = admin.ModelAdmin[HelpArticle]
else:
    ArticlePages = SimpleHistoryAdmin


@admin.register(HelpArticle)
class HelpArticleAdmin(ArticlePages):
    """What customers read under /help/, and what the assistant quotes."""

    list_display = ("title", "slug", "language", "published", "updated_at")
    list_filter = ("published", "language")
    search_fields = ("title", "slug", "body")
    search_help_text = "Words of the title or the text, or a slug."
    prepopulated_fields: ClassVar = {"slug": ("title",)}
    formfield_overrides: ClassVar = {TextField: {"widget": AdminTextareaWidget({"rows": 24})}}
    fields = ("title", "slug", "language", "published", "body")

    def get_urls(self) -> list[URLPattern]:
        preview = self.admin_site.admin_view(self.preview)
        return [path("preview/", preview, name="help_helparticle_preview"), *super().get_urls()]

    def view_on_site(self, article: HelpArticle) -> str | None:
        """Only where there is something to be seen."""
        return article.get_absolute_url() if article.published else None

    def preview(self, request: HttpRequest) -> HttpResponse:
        """The article in the form as customers will see it; nothing is stored."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not (self.has_add_permission(request) or self.has_change_permission(request)):
            raise PermissionDenied
        article = HelpArticle(
            title=request.POST.get("title", ""), body=request.POST.get("body", "")[:BODY_CHARS]
        )
        context = {"article": article, "body": markdown.html(article.body), "preview": True}
        return render(request, "help/article.html", context)

    def save_model(self, request: HttpRequest, obj: HelpArticle, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        slugs = HelpArticle.objects.filter(published=True).values_list("slug", flat=True)
        if broken := sorted(markdown.own_links(obj.body) - set(slugs)):
            links = ", ".join(f"/help/{slug}/" for slug in broken)
            messages.warning(request, f"Saved, but it links to what is not there: {links}")
        if foreign := markdown.foreign_images(obj.body):
            shown = ", ".join(foreign)
            messages.warning(
                request,
                f"Saved, but images from elsewhere are not shown: {shown}. Put them on"
                " this site and write their path, such as /static/…",
            )
