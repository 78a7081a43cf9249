"""The shop's facts: orders, what is in them, the parcels they left in, and the parcels' scans.

Three traps that every reader of these tables meets: shipped is not delivered; one order can leave
in several parcels; where no date is known, none may be made up.
"""

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q

from chat.orders.keys import key_field
from chat.orders.parcels import AppendOnly, Shipment, ShipmentLine, TrackingEvent

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser, AnonymousUser

__all__ = (
    "AppendOnly",
    "Order",
    "OrderLine",
    "Shipment",
    "ShipmentLine",
    "TrackingEvent",
    "normalize_number",
)


def normalize_number(number: str) -> str:
    """The form in which order numbers are stored: ``"# 1018 "`` → ``"1018"``, upper case.

    Without U+0000, which PostgreSQL does not even take in a query.
    """
    return number.replace("\x00", "").strip().lstrip("#").strip().upper()


class OrderQuerySet(models.QuerySet["Order"]):
    def for_customer(self, user: "AbstractBaseUser | AnonymousUser") -> Self:
        """The orders that this user may see: their own. The one place where that is decided."""
        if not user.is_authenticated:
            return self.none()
        return self.filter(customer_id=user.pk)

    def with_details(self) -> Self:
        """Lines, parcels, their quantities and scans along with the orders, without N+1 queries."""
        return self.prefetch_related(
            "lines__shipped__shipment", "shipments__contents__order_line", "shipments__events"
        )


class Order(models.Model):
    """One order of one customer. Its number is unique in the shop and stored without the ``#``."""

    class Status(models.TextChoices):
        PENDING = "pending"
        CONFIRMED = "confirmed"
        ON_HOLD = "on_hold"
        CANCELLED = "cancelled"
        COMPLETED = "completed"

    class PaymentStatus(models.TextChoices):
        """Shopify's ``financial_status``."""

        PENDING = "pending"
        AUTHORIZED = "authorized"
        PARTIALLY_PAID = "partially_paid"
        PAID = "paid"
        PARTIALLY_REFUNDED = "partially_refunded"
        REFUNDED = "refunded"
        VOIDED = "voided"

    class FulfillmentStatus(models.TextChoices):
        """Derived from the quantities that left in parcels; says nothing about their arrival."""

        UNFULFILLED = "unfulfilled"
        PARTIALLY_FULFILLED = "partially_fulfilled"
        FULFILLED = "fulfilled"

    number = models.CharField(max_length=64, unique=True)
    number_key = key_field("number", 64)
    customer = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="orders",
        help_text="Empty where the shop knows no e-mail address for the order.",
    )
    placed_at = models.DateTimeField()
    currency = models.CharField(max_length=3, help_text="ISO 4217, such as EUR.")
    total = models.DecimalField(
        max_digits=14, decimal_places=3, validators=[MinValueValidator(Decimal(0))]
    )
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.CONFIRMED)
    payment_status = models.CharField(
        max_length=24, choices=PaymentStatus.choices, default=PaymentStatus.PENDING
    )
    note = models.TextField(blank=True, help_text="What the shop noted, such as why it is on hold.")
    cancelled_at = models.DateTimeField(null=True, blank=True)
    shipping_name = models.CharField(max_length=255, blank=True)
    shipping_street = models.CharField(max_length=520, blank=True)
    shipping_city = models.CharField(max_length=255, blank=True)
    shipping_postal_code = models.CharField(max_length=64, blank=True)
    shipping_country = models.CharField(max_length=255, blank=True)
    source = models.CharField(
        max_length=32,
        blank=True,
        editable=False,
        help_text="Which importer brought the order; empty where it was typed in.",
    )
    source_updated_at = models.DateTimeField(
        null=True,
        blank=True,
        editable=False,
        help_text="How new the data is at its source: older data never replaces newer.",
    )

    objects = OrderQuerySet.as_manager()

    class Meta:
        ordering = ("-placed_at", "-pk")
        indexes = (
            models.Index(fields=["customer", "-placed_at"], name="order_newest_of_customer"),
        )
        constraints = (
            models.CheckConstraint(condition=Q(total__gte=0), name="order_total_not_negative"),
            models.CheckConstraint(
                condition=~Q(number="") & ~Q(number__startswith="#"),
                name="order_number_without_hash",
            ),
        )

    def __str__(self) -> str:
        return f"#{self.number}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.number = normalize_number(self.number)
        super().save(*args, **kwargs)

    def clean(self) -> None:
        self.number = normalize_number(self.number)

    @property
    def fulfillment_status(self) -> FulfillmentStatus:
        """How much of the order has left in parcels (cancelled parcels do not count)."""
        lines = list(self.lines.all())
        shipped = sum(min(line.shipped_quantity, line.open_quantity) for line in lines)
        if not shipped:
            return self.FulfillmentStatus.UNFULFILLED
        if shipped < sum(line.open_quantity for line in lines):
            return self.FulfillmentStatus.PARTIALLY_FULFILLED
        return self.FulfillmentStatus.FULFILLED

    @property
    def is_open(self) -> bool:
        """Whether the customer still waits for something of this order."""
        if self.status == self.Status.CANCELLED:
            return False
        parcels = [parcel for parcel in self.shipments.all() if parcel.is_open]
        if self.status == self.Status.COMPLETED:
            # The shop is done with it: only a parcel known to be still under way says otherwise.
            return any(parcel.status != Shipment.Status.UNKNOWN for parcel in parcels)
        return bool(parcels) or self.fulfillment_status != self.FulfillmentStatus.FULFILLED


class OrderLine(models.Model):
    """One article of an order, with the price of one piece in the order's currency."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="lines")
    sku = models.CharField(max_length=120, blank=True)
    title = models.CharField(max_length=520)
    quantity = models.PositiveIntegerField(help_text="Pieces ordered.")
    cancelled_quantity = models.PositiveIntegerField(
        default=0, help_text="Pieces taken out of the order before they were sent."
    )
    price = models.DecimalField(
        max_digits=14, decimal_places=3, validators=[MinValueValidator(Decimal(0))]
    )
    external_id = models.CharField(
        max_length=64, blank=True, help_text="The line's id where the order came from."
    )

    class Meta:
        ordering = ("pk",)
        constraints = (
            models.CheckConstraint(condition=Q(price__gte=0), name="line_price_not_negative"),
            models.CheckConstraint(condition=Q(quantity__gte=0), name="line_quantity_not_negative"),
            models.CheckConstraint(
                condition=Q(cancelled_quantity__gte=0, cancelled_quantity__lte=F("quantity")),
                name="line_cancels_at_most_its_quantity",
            ),
            models.UniqueConstraint(
                fields=["order", "external_id"],
                condition=~Q(external_id=""),
                name="line_once_for_each_external_id",
            ),
        )

    def __str__(self) -> str:
        return f"{self.quantity} × {self.title}"

    @property
    def open_quantity(self) -> int:
        """Pieces that are to be sent: ordered and not cancelled."""
        return self.quantity - self.cancelled_quantity

    @property
    def shipped_quantity(self) -> int:
        """Pieces that left in parcels; those of cancelled parcels do not count.

        Parcels with the same ``external_id`` left together and share what is in them (see
        :class:`ShipmentLine`), so their pieces count once.
        """
        shipped: dict[str, int] = {}
        for content in self.shipped.all():
            parcel = content.shipment
            if parcel.status != Shipment.Status.CANCELLED:
                key = parcel.external_id or f"parcel {parcel.pk}"
                shipped[key] = max(shipped.get(key, 0), content.quantity)
        return sum(shipped.values())
