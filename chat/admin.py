"""Conversations for support staff: to be found, and to be read, not changed."""

import json
from datetime import date
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone

from chat import marks, reports
from chat.models import (
    Answer,
    ChatSession,
    Feedback,
    HandoffRequest,
    TranscriptMessage,
    Withheld,
)

if TYPE_CHECKING:  # Django's admin classes take no type arguments at run time
    SessionPages = admin.ModelAdmin[ChatSession]
    AnswerPages = admin.ModelAdmin[Answer]
    RatingRows = admin.TabularInline[Feedback, ChatSession]
    HandoffRows = admin.TabularInline[HandoffRequest, ChatSession]
    WithheldRows = admin.TabularInline[Withheld, ChatSession]
    WithheldPages = admin.ModelAdmin[Withheld]
else:
    SessionPages = AnswerPages = WithheldPages = admin.ModelAdmin
    RatingRows = HandoffRows = WithheldRows = admin.TabularInline

# What the search goes through besides what was said.
SEARCHED = (
    *("session_id", "customer__username", "customer__email"),
    *("customer__first_name", "customer__last_name"),
)
# The newest messages that a page shows; the ones before are a link away.
MESSAGES_A_PAGE = 300
# No day before it can be asked for: there is none before the first in a calendar.
BEGINNING = date(2000, 1, 1)


class ReadOnly:
    """Shows, and neither adds, changes nor deletes, whatever the permissions."""

    def has_add_permission(self, *_: Any) -> bool:
        return False

    def has_change_permission(self, *_: Any) -> bool:
        return False

    def has_delete_permission(self, *_: Any) -> bool:
        return False


class StateFilter(admin.SimpleListFilter):
    """Open, or why it was closed."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("open", "open"), *ChatSession.ClosedBecause.choices]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        match self.value():
            case None:
                return queryset
            case "open":
                return queryset.filter(closed_at=None)
            case because:
                return queryset.filter(closed_because=because)


class HandoffFilter(admin.SimpleListFilter):
    """Whose customer asked for a person, by the button or through the assistant."""

    title = "person asked for"
    parameter_name = "person"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "Yes"), ("no", "No")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        asked = Exists(HandoffRequest.objects.filter(session=OuterRef("pk")))
        match self.value():
            case "yes":
                return queryset.filter(asked)
            case "no":
                return queryset.filter(~asked)
        return queryset


class Ratings(ReadOnly, RatingRows):
    model = Feedback
    fields = ("created_at", "rating", "comment", "message_id")
    readonly_fields = fields
    extra = 0


class Handoffs(ReadOnly, HandoffRows):
    model = HandoffRequest
    fields = ("created_at", "reason")
    readonly_fields = fields
    extra = 0


class WithheldAnswers(ReadOnly, WithheldRows):
    model = Withheld
    fields = ("created_at", "kind", "text")
    readonly_fields = fields
    extra = 0


@admin.register(Withheld)
class WithheldAdmin(ReadOnly, WithheldPages):
    """Each is an alarm: a model said what is not its customer's, or the guard was too strict."""

    list_display = ("created_at", "kind", "customer", "session")
    list_filter = ("kind",)
    list_select_related = ("session__customer",)
    date_hierarchy = "created_at"
    fields = ("created_at", "kind", "customer", "session", "run_id", "text")
    readonly_fields = fields

    @admin.display(ordering="session__customer__username")
    def customer(self, withheld: Withheld) -> str:
        return withheld.session.customer.get_username()


@admin.register(Answer)
class AnswerAdmin(ReadOnly, AnswerPages):
    """One page: how the provider is, and what the answers of a day took and cost."""

    def has_view_permission(self, request: HttpRequest, obj: Answer | None = None) -> bool:
        """Whoever may read the conversations may know what they cost."""
        return request.user.has_perm("chat.view_chatsession")

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """``?day=2026-11-22``; without it, today."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        today = timezone.localdate()
        try:
            day = min(max(date.fromisoformat(request.GET.get("day", "")), BEGINNING), today)
        except ValueError:
            day = today
        context = {
            **self.admin_site.each_context(request),
            "title": "Assistant: state and costs",
            "opts": self.opts,
            "now": reports.now(),
            "day": day,
            "today": today,
            "by_model": reports.by_model(day),
            "by_customer": reports.by_customer(day),
            "by_day": reports.by_day(day),
        }
        return TemplateResponse(request, "admin/chat/answer/change_list.html", context)

    def change_view(self, request: HttpRequest, *_: Any, **__: Any) -> HttpResponse:
        """There is no page of one answer; it stands in its conversation."""
        raise Http404

    history_view = change_view


@admin.register(ChatSession)
class ChatSessionAdmin(ReadOnly, SessionPages):
    list_display = (
        *("customer_name", "started_at", "last_activity_at", "message_count", "state"),
        "session_id",
    )
    list_filter = (HandoffFilter, StateFilter, "last_activity_at", "started_at")
    list_select_related = ("customer",)
    date_hierarchy = "last_activity_at"
    search_fields = SEARCHED
    search_help_text = "What was said, a customer's name or e-mail address, or a session id."
    show_full_result_count = False
    fields = (
        *("customer_name", "email", "state", "started_at", "last_activity_at", "message_count"),
        "session_id",
    )
    readonly_fields = fields

    class Media:
        css: ClassVar = {"all": ("chat/admin.css",)}

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[ChatSession], search_term: str
    ) -> tuple[QuerySet[ChatSession], bool]:
        """Sessions in which every word is found, be it in one message or in several."""
        for word in search_term.split():
            said = TranscriptMessage.objects.filter(session=OuterRef("pk"), text__icontains=word)
            about = [Q((f"{field}__icontains", word)) for field in SEARCHED]
            queryset = queryset.filter(reduce(or_, about, Q(Exists(said))))
        return queryset, False

    def get_inlines(self, request: HttpRequest, obj: ChatSession | None) -> list[Any]:
        """Only what there is."""
        if obj is None:
            return []
        return [
            rows
            for rows in (WithheldAnswers, Handoffs, Ratings)
            if rows.model.objects.filter(session=obj)
        ]

    @admin.display(description="customer", ordering="customer__username")
    def customer_name(self, session: ChatSession) -> str:
        name, username = session.customer.get_full_name(), session.customer.get_username()
        return f"{name} ({username})" if name else username

    @admin.display(description="e-mail")
    def email(self, session: ChatSession) -> str:
        return session.customer.email or "–"

    @admin.display(description="state", ordering="closed_at")
    def state(self, session: ChatSession) -> str:
        if session.closed_at is None:
            return "open"
        return f"closed: {session.get_closed_because_display()}"

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """The session with its transcript; ``?before=N`` shows what came before position N."""
        messages = TranscriptMessage.objects.filter(session=object_id).order_by("-position")
        before = request.GET.get("before", "")
        if before.isdecimal() and len(before) < 10:
            messages = messages.filter(position__lt=int(before))
        newest = list(messages[:MESSAGES_A_PAGE])[::-1]
        context = {
            "conversation": [_shown(message) for message in newest],
            "earlier": newest[0].position if newest else 0,
        }
        return super().change_view(request, object_id, form_url, (extra_context or {}) | context)


def _shown(message: TranscriptMessage) -> dict[str, Any]:
    """One message as the template wants it."""
    data = message.payload.get("data", {})
    marked = data.get("additional_kwargs", {})
    figures = marked.get(marks.FIGURES)
    return {
        "role": message.role,
        "at": message.created_at,
        "text": _readable(message.text) if message.role == "tool" else message.text,
        "calls": [
            {"name": call["name"], "arguments": json.dumps(call["args"], ensure_ascii=False)}
            for call in data.get("tool_calls", ())
        ],
        "tool": data.get("name") or "",
        "cut": marked.get(marks.CUT),
        "replaced": marked.get(marks.REPLACED),
        "withheld": marked.get(marks.WITHHELD),
        "failed": marked.get(marks.FAILED),
        "took": reports.described(figures) if isinstance(figures, dict) else "",
    }


def _readable(result: str) -> str:
    """A tool's JSON with a line for each fact; anything else as it is."""
    try:
        return json.dumps(json.loads(result), ensure_ascii=False, indent=2)
    except ValueError:
        return result
