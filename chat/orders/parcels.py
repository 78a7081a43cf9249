"""Parcels, what is in them, and their scans. Import them from :mod:`chat.orders.models`."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NoReturn

from django.db import models, transaction
from django.db.models import F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from chat.orders.keys import key_field


class ShipmentQuerySet(models.QuerySet["Shipment"]):
    def refresh_status(self) -> None:
        """Give these parcels the status of their newest scan; those without scans keep theirs.

        The one place where a parcel's status comes from its scans. Newest means when it happened
        (``occurred_at``), not when we heard of it; of two at the same moment the later recorded
        counts.
        """
        newest = TrackingEvent.objects.filter(shipment=OuterRef("pk")).order_by(
            "-occurred_at", "-pk"
        )
        with transaction.atomic():
            # The locks come first: whoever waits for one then also sees the other's scans.
            parcels = self.order_by("pk").select_for_update(no_key=True)
            Shipment.objects.filter(pk__in=list(parcels.values_list("pk", flat=True))).update(
                status=Coalesce(Subquery(newest.values("status")[:1]), F("status"))
            )


class Shipment(models.Model):
    """One parcel of an order."""

    class Status(models.TextChoices):
        """EasyPost's tracker statuses, with attempted_delivery and delayed added."""

        UNKNOWN = "unknown"
        PRE_TRANSIT = "pre_transit"
        IN_TRANSIT = "in_transit"
        DELAYED = "delayed"
        OUT_FOR_DELIVERY = "out_for_delivery"
        ATTEMPTED_DELIVERY = "attempted_delivery"
        AVAILABLE_FOR_PICKUP = "available_for_pickup"
        DELIVERED = "delivered"
        RETURN_TO_SENDER = "return_to_sender"
        FAILURE = "failure"
        CANCELLED = "cancelled"
        ERROR = "error"

    #: Nothing more is to be expected of a parcel in one of these.
    SETTLED = frozenset({Status.DELIVERED, Status.RETURN_TO_SENDER, Status.CANCELLED})

    order = models.ForeignKey("orders.Order", on_delete=models.CASCADE, related_name="shipments")
    carrier = models.CharField(max_length=80, blank=True)
    service = models.CharField(max_length=80, blank=True)
    tracking_number = models.CharField(max_length=80, blank=True, db_index=True)
    tracking_key = key_field("tracking_number", 80)
    tracking_url = models.URLField(max_length=500, blank=True)
    status = models.CharField(
        max_length=24,
        choices=Status.choices,
        default=Status.UNKNOWN,
        help_text="That of the newest scan.",
    )
    shipped_at = models.DateTimeField(null=True, blank=True)
    delivered_at = models.DateTimeField(null=True, blank=True)
    estimated_delivery_from = models.DateTimeField(null=True, blank=True)
    estimated_delivery_to = models.DateTimeField(null=True, blank=True)
    external_id = models.CharField(
        max_length=64,
        blank=True,
        help_text="The id of the fulfilment where the order came from; its parcels share it.",
    )

    objects = ShipmentQuerySet.as_manager()

    class Meta:
        ordering = ("pk",)
        constraints = (
            models.UniqueConstraint(
                fields=["order", "external_id", "tracking_number"],
                condition=~Q(external_id=""),
                name="shipment_once_for_each_external_id",
            ),
            models.CheckConstraint(
                condition=Q(estimated_delivery_to__gte=F("estimated_delivery_from"))
                | Q(estimated_delivery_from=None)
                | Q(estimated_delivery_to=None),
                name="shipment_estimate_in_order",
            ),
        )

    def __str__(self) -> str:
        return self.tracking_number or f"parcel {self.pk}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        # Whoever saves may have read the parcel before its newest scan came in.
        with transaction.atomic():
            super().save(*args, **kwargs)
            Shipment.objects.filter(pk=self.pk).refresh_status()
            self.refresh_from_db(fields=["status"])

    @property
    def is_open(self) -> bool:
        """Whether something is still to be expected of this parcel."""
        return self.status not in self.SETTLED

    @property
    def last_event(self) -> "TrackingEvent | None":
        """The newest scan, by the time when it happened."""
        return next(iter(self.events.all()), None)

    def is_late(self, now: datetime) -> bool:
        """Whether the last moment that was promised has passed; never where none was promised."""
        promised = self.estimated_delivery_to or self.estimated_delivery_from
        return self.is_open and promised is not None and promised < now


class ShipmentLine(models.Model):
    """How many pieces of an order's line are in a parcel.

    Where a source names several parcels for one fulfilment, it does not say what is in which: then
    each of them holds all of the fulfilment's pieces, read as "in one of these".
    """

    shipment = models.ForeignKey(Shipment, on_delete=models.CASCADE, related_name="contents")
    order_line = models.ForeignKey(
        "orders.OrderLine", on_delete=models.CASCADE, related_name="shipped"
    )
    quantity = models.PositiveIntegerField()

    class Meta:
        constraints = (
            models.CheckConstraint(condition=Q(quantity__gt=0), name="shipped_quantity_positive"),
            models.UniqueConstraint(
                fields=["shipment", "order_line"], name="line_once_in_a_parcel"
            ),
        )

    def __str__(self) -> str:
        return f"{self.quantity} × {self.order_line.title}"


class AppendOnly(TypeError):
    """Scans are only ever added: one that was wrong is followed by another, never changed."""

    def __init__(self) -> None:
        super().__init__("tracking events are append-only: record another one instead")


class TrackingEventQuerySet(models.QuerySet["TrackingEvent"]):
    def record(self, events: Iterable["TrackingEvent"]) -> None:
        """Add scans, leave out those known already, and let their parcels' statuses follow."""
        new = list(events)
        with transaction.atomic():
            self.bulk_create(new, ignore_conflicts=True)
            Shipment.objects.filter(pk__in={event.shipment_id for event in new}).refresh_status()

    def update(self, **kwargs: Any) -> NoReturn:
        raise AppendOnly

    def delete(self) -> NoReturn:
        raise AppendOnly


class TrackingEvent(models.Model):
    """One scan of a parcel. Only ever added; scans arrive out of order and more than once."""

    shipment = models.ForeignKey(Shipment, on_delete=models.CASCADE, related_name="events")
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField(auto_now_add=True)
    status = models.CharField(max_length=24, choices=Shipment.Status.choices)
    message = models.CharField(max_length=500, blank=True)
    city = models.CharField(max_length=120, blank=True)
    country = models.CharField(max_length=100, blank=True)
    source = models.CharField(max_length=64, help_text="Who said so: a carrier, an importer.")
    external_id = models.CharField(max_length=120, help_text="The scan's id at its source.")

    objects = TrackingEventQuerySet.as_manager()

    class Meta:
        ordering = ("-occurred_at", "-pk")
        constraints = (
            models.UniqueConstraint(
                fields=["shipment", "source", "external_id"], name="event_once_for_each_source"
            ),
        )

    def __str__(self) -> str:
        return f"{self.occurred_at:%Y-%m-%d %H:%M} {self.status}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise AppendOnly
        with transaction.atomic():
            super().save(*args, **kwargs)
            Shipment.objects.filter(pk=self.shipment_id).refresh_status()

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise AppendOnly
