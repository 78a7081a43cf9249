"""The help pages: all articles, what a search finds, and one article. Nobody needs to log in."""

from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.utils.translation.trans_real import parse_accept_lang_header
from django.views.decorators.http import require_safe

from chat.help import markdown
from chat.help.languages import place
from chat.help.models import HelpArticle
from chat.help.search import search

# Seconds for which a visitor's browser, or a cache before the shop, may show a page again.
VISITORS_MAX_AGE = 60


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """All published articles; with ``?q=`` those that answer the question."""
    question = request.GET.get("q", "").strip()
    wanted = languages(request)
    context: dict[str, Any] = {"question": question}
    if question:
        context["hits"] = search.find(question, *wanted)
    if not context.get("hits"):
        articles = HelpArticle.objects.filter(published=True).defer("body")
        context["articles"] = _one_for_each_slug(articles, wanted)
    return _cached(request, render(request, "help/index.html", context))


@require_safe
def article(request: HttpRequest, slug: str) -> HttpResponse:
    """One article, in the reader's language where there is such a translation."""
    translations = list(HelpArticle.objects.filter(published=True, slug=slug))
    if not translations:
        raise Http404
    [shown] = _one_for_each_slug(translations, languages(request))
    context = {
        "article": shown,
        "body": markdown.html(shown.body),
        "translations": [other for other in translations if other != shown],
    }
    response = _cached(request, render(request, "help/article.html", context))
    response["Content-Language"] = shown.language
    return response


def languages(request: HttpRequest) -> list[str]:
    """What the reader wants, best first: the one asked for, the browser's, the site's."""
    accepted = parse_accept_lang_header(request.headers.get("Accept-Language", ""))
    asked = request.GET.get("language", "")
    return [*filter(None, [asked]), *(code for code, _ in accepted), settings.LANGUAGE_CODE]


def _one_for_each_slug(articles: Any, wanted: list[str]) -> list[HelpArticle]:
    chosen: dict[str, HelpArticle] = {}
    for each in articles:
        other = chosen.get(each.slug)
        if other is None or place(each.language, wanted) < place(other.language, wanted):
            chosen[each.slug] = each
    return list(chosen.values())


def _cached(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Visitors all see the same; a customer's page has their name in its header."""
    if request.user.is_authenticated:
        patch_cache_control(response, private=True, no_cache=True)
    else:
        patch_cache_control(response, public=True, max_age=VISITORS_MAX_AGE)
    # Sessions add Cookie, so that nobody's page outlives their logging in or out.
    patch_vary_headers(response, ["Accept-Language"])
    return response
