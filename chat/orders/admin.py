"""Orders for staff: what was ordered, the parcels it left in, and their scans.

Whoever may only view sees the same pages without forms. Nobody, whatever their permissions, can
change or take back a scan: a wrong one is followed by another.
"""

import uuid
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db.models import ForeignKey, Model, QuerySet, URLField
from django.forms import ModelChoiceField, ModelForm
from django.http import HttpRequest
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.timezone import localtime

from chat.orders.models import Order, OrderLine, Shipment, ShipmentLine, TrackingEvent

if TYPE_CHECKING:  # Django's admin classes take no type arguments at run time
    LineRows = admin.TabularInline[OrderLine, Order]
    ParcelRows = admin.StackedInline[Shipment, Order]
    ContentRows = admin.TabularInline[ShipmentLine, Shipment]
    ScanRows = admin.TabularInline[TrackingEvent, Shipment]
    OrderPages = admin.ModelAdmin[Order]
    ParcelPages = admin.ModelAdmin[Shipment]
    ScanForm = ModelForm[TrackingEvent]
else:
    LineRows = ContentRows = ScanRows = admin.TabularInline
    ParcelRows = admin.StackedInline
    OrderPages = ParcelPages = admin.ModelAdmin
    ScanForm = ModelForm

NOTHING = "–"
#: An address typed without its scheme is one of a site with TLS.
HTTPS: Any = {URLField: {"assume_scheme": "https"}}


def _words(search_term: str) -> str:
    """What to search for: ``#1018`` finds the order that is stored as ``1018``."""
    return " ".join(word.lstrip("#") for word in search_term.split())


def _money(amount: Decimal, currency: str) -> str:
    """``59.800`` → ``59.80 EUR``; three decimals only where a currency uses them."""
    cents = amount.quantize(Decimal("0.01"))
    return f"{cents if cents == amount else amount} {currency}"


class ParcelStatusFilter(admin.ChoicesFieldListFilter):
    """By the status of any of an order's parcels, under a name of its own."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.title = "parcel status"


class OrderLineInline(LineRows):
    model = OrderLine
    extra = 0
    fields = ("sku", "title", "quantity", "cancelled_quantity", "price")


class ShipmentInline(ParcelRows):
    """A parcel with its contents and scans; its own page is where scans are added."""

    model = Shipment
    verbose_name = "parcel"
    verbose_name_plural = "parcels"
    extra = 0
    show_change_link = True
    formfield_overrides = HTTPS
    fields = (
        "status",
        ("carrier", "service"),
        ("tracking_number", "tracking_url"),
        ("shipped_at", "delivered_at"),
        ("estimated_delivery_from", "estimated_delivery_to"),
        "contains",
        "scans",
    )
    readonly_fields = ("status", "contains", "scans")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Shipment]:
        return super().get_queryset(request).prefetch_related("contents__order_line", "events")

    @admin.display(description="contains")
    def contains(self, parcel: Shipment) -> str:
        if parcel._state.adding:
            return NOTHING
        return ", ".join(str(content) for content in parcel.contents.all()) or NOTHING

    @admin.display(description="scans, newest first")
    def scans(self, parcel: Shipment) -> str | SafeString:
        if parcel._state.adding:
            return NOTHING
        rows = format_html_join(
            "",
            "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            (
                (
                    date_format(localtime(event.occurred_at), "DATETIME_FORMAT"),
                    event.get_status_display(),
                    event.message,
                    ", ".join(filter(None, (event.city, event.country))),
                    event.source,
                )
                for event in parcel.events.all()
            ),
        )
        return format_html("<table>{}</table>", rows) if rows else NOTHING


@admin.register(Order)
class OrderAdmin(OrderPages):
    list_display = (
        "__str__",
        "customer",
        "placed_at",
        "status",
        "payment_status",
        "shipped",
        "parcels",
        "amount",
    )
    list_filter = ("status", "payment_status", ("shipments__status", ParcelStatusFilter))
    list_per_page = 50
    date_hierarchy = "placed_at"
    search_fields = (
        "number",
        "customer__username",
        "customer__email",
        "customer__first_name",
        "customer__last_name",
        "shipments__tracking_number",
    )
    search_help_text = "Order number, customer (user name, name or e-mail), or tracking number"
    autocomplete_fields = ("customer",)
    inlines = (OrderLineInline, ShipmentInline)
    readonly_fields = ("shipped", "source", "source_updated_at")
    fieldsets = (
        (None, {"fields": ("number", "customer", "placed_at", ("total", "currency"))}),
        (
            "State",
            {"fields": (("status", "payment_status", "shipped"), "cancelled_at", "note")},
        ),
        (
            "Delivery address",
            {
                "fields": (
                    "shipping_name",
                    "shipping_street",
                    ("shipping_postal_code", "shipping_city"),
                    "shipping_country",
                )
            },
        ),
        ("Where it came from", {"fields": (("source", "source_updated_at"),)}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Order]:
        return (
            super()
            .get_queryset(request)
            .select_related("customer")
            .prefetch_related("lines__shipped__shipment", "shipments")
        )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Order], search_term: str
    ) -> tuple[QuerySet[Order], bool]:
        return super().get_search_results(request, queryset, _words(search_term))

    @admin.display(description="sent")
    def shipped(self, order: Order) -> str:
        return NOTHING if order._state.adding else order.fulfillment_status.label

    @admin.display(description="parcels")
    def parcels(self, order: Order) -> str:
        return ", ".join(p.get_status_display() for p in order.shipments.all()) or NOTHING

    @admin.display(description="total", ordering="total")
    def amount(self, order: Order) -> str:
        return _money(order.total, order.currency)


class ShipmentLineInline(ContentRows):
    model = ShipmentLine
    verbose_name = "article"
    verbose_name_plural = "contents"
    extra = 0

    def get_queryset(self, request: HttpRequest) -> QuerySet[ShipmentLine]:
        return super().get_queryset(request).select_related("order_line")

    def formfield_for_foreignkey(
        self, db_field: "ForeignKey[Any, Any]", request: HttpRequest, **kwargs: Any
    ) -> "ModelChoiceField[Model] | None":
        """Only this order's lines to choose from, fetched once for all rows of the form."""
        if db_field.name != "order_line":
            return super().formfield_for_foreignkey(db_field, request, **kwargs)
        page = request.resolver_match.kwargs if request.resolver_match else {}
        parcel = page.get("object_id", "0")
        lines = OrderLine.objects.filter(order__shipments__pk=parcel)
        field = super().formfield_for_foreignkey(db_field, request, queryset=lines, **kwargs)
        if field is not None:
            field.choices = [("", "---------"), *((line.pk, str(line)) for line in lines)]
        return field


class NewScanForm(ScanForm):
    """A scan that a member of staff reports, such as what the carrier said on the telephone."""

    def save(self, commit: bool = True) -> TrackingEvent:
        self.instance.source = "staff"
        self.instance.external_id = uuid.uuid4().hex
        return super().save(commit)


class TrackingEventInline(ScanRows):
    model = TrackingEvent
    form = NewScanForm
    verbose_name = "scan"
    verbose_name_plural = "scans"
    extra = 0
    fields = ("occurred_at", "status", "message", "city", "country", "source", "recorded_at")
    readonly_fields = ("source", "recorded_at")

    def has_change_permission(self, request: HttpRequest, obj: Shipment | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Shipment | None = None) -> bool:
        return False


@admin.register(Shipment)
class ShipmentAdmin(ParcelPages):
    list_display = ("__str__", "order", "carrier", "status", "shipped_at", "tracking")
    list_filter = ("status", "carrier")
    list_per_page = 50
    list_select_related = ("order",)
    date_hierarchy = "shipped_at"
    search_fields = ("tracking_number", "order__number")
    search_help_text = "Tracking number or order number"
    autocomplete_fields = ("order",)
    inlines = (ShipmentLineInline, TrackingEventInline)
    fields = (
        "order",
        "status",
        ("carrier", "service"),
        ("tracking_number", "tracking_url"),
        ("shipped_at", "delivered_at"),
        ("estimated_delivery_from", "estimated_delivery_to"),
    )
    readonly_fields = ("status",)
    formfield_overrides = HTTPS

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Shipment], search_term: str
    ) -> tuple[QuerySet[Shipment], bool]:
        return super().get_search_results(request, queryset, _words(search_term))

    @admin.display(description="at the carrier")
    def tracking(self, parcel: Shipment) -> str:
        if not parcel.tracking_url.startswith(("https://", "http://")):
            return parcel.tracking_number or NOTHING
        return format_html(
            '<a href="{}" target="_blank" rel="noopener noreferrer">{}</a>',
            parcel.tracking_url,
            parcel.tracking_number or "tracking page",
        )
