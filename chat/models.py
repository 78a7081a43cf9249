"""The durable side of a chat: sessions, transcripts, ratings, hand-offs."""

import secrets

from django.conf import settings
from django.db import models
from django.db.models import Q


def new_session_id() -> str:
    """128 random bits: nobody guesses somebody else's session."""
    return secrets.token_hex(16)


class ChatSession(models.Model):
    """One conversation of one login session. At most one is open for each login."""

    class ClosedBecause(models.TextChoices):
        LOGOUT = "logout", "logged out"
        RESET = "reset", "new conversation"
        EXPIRED = "expired", "Redis no longer knew it"

    session_id = models.CharField(max_length=32, primary_key=True, default=new_session_id)
    customer = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="chat_sessions"
    )
    login = models.CharField(
        max_length=64, editable=False, help_text="A keyed hash of the login session's key."
    )
    started_at = models.DateTimeField(auto_now_add=True, db_index=True)
    last_activity_at = models.DateTimeField(auto_now_add=True, db_index=True)
    message_count = models.PositiveIntegerField("messages", default=0)
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_because = models.CharField(max_length=16, choices=ClosedBecause.choices, blank=True)

    class Meta:
        ordering = ("-last_activity_at",)
        constraints = (
            models.UniqueConstraint(
                fields=["login"], condition=Q(closed_at=None), name="one_open_session_for_a_login"
            ),
        )

    def __str__(self) -> str:
        return self.session_id


class TranscriptMessage(models.Model):
    """The durable copy of one message of a conversation, at the position it has in Redis."""

    session = models.ForeignKey(ChatSession, on_delete=models.CASCADE, related_name="transcript")
    position = models.PositiveIntegerField()
    message_id = models.CharField(max_length=128, blank=True)
    role = models.CharField(max_length=16, help_text="LangChain's type: human, ai or tool.")
    text = models.TextField(blank=True)
    payload = models.JSONField(help_text="The whole message, as LangChain's message_to_dict.")
    created_at = models.DateTimeField()

    class Meta:
        ordering = ("session", "position")
        constraints = (
            models.UniqueConstraint(fields=["session", "position"], name="one_message_a_position"),
        )
        indexes = (
            models.Index(fields=["created_at"], condition=Q(role="ai"), name="answers_by_time"),
        )

    def __str__(self) -> str:
        return f"{self.session_id}[{self.position}]"


class Answer(TranscriptMessage):
    """The assistant's messages among those of the transcripts, for what they took."""

    class Meta:
        proxy = True
        verbose_name_plural = "assistant: state and costs"


def same_message(one: str, other: str) -> bool:
    """Whether two ids name the same message; what could not be stored or read has none."""
    return not one or not other or one == other


class Feedback(models.Model):
    """What a customer thought of one of the assistant's messages; the newest rating counts."""

    class Rating(models.TextChoices):
        UP = "up"
        DOWN = "down"

    session = models.ForeignKey(ChatSession, on_delete=models.CASCADE, related_name="feedback")
    message_id = models.CharField(max_length=128)
    rating = models.CharField(max_length=4, choices=Rating.choices)
    comment = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name_plural = "feedback"
        constraints = (
            models.UniqueConstraint(
                fields=["session", "message_id"], name="one_rating_for_a_message"
            ),
        )

    def __str__(self) -> str:
        return f"{self.message_id}: {self.rating}"


class HandoffRequest(models.Model):
    """A customer, or the assistant for them, asked for a person."""

    session = models.ForeignKey(ChatSession, on_delete=models.CASCADE, related_name="handoffs")
    reason = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return f"{self.session_id} at {self.created_at:%Y-%m-%d %H:%M}"


class Withheld(models.Model):
    """An answer that the guard did not let go, for it held what may not be its customer's."""

    session = models.ForeignKey(ChatSession, on_delete=models.CASCADE, related_name="withheld")
    run_id = models.CharField(max_length=64)
    kind = models.CharField(max_length=64, help_text="What it held, such as an order number.")
    text = models.TextField(help_text="The answer as far as the model had said it. Nobody saw it.")
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        ordering = ("-created_at",)
        verbose_name_plural = "withheld answers"

    def __str__(self) -> str:
        return f"{self.kind} at {self.created_at:%Y-%m-%d %H:%M}"
