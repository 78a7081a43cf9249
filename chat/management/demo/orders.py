"""The demo shop's orders: for each customer different ones, with dates that count from today.

Days count from today: 0 is today, -3 three days ago, 1 tomorrow; clock times are UTC. The numbers
stand far from 1001, where shops begin, so that an imported file does not meet them by accident.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from chat.orders.models import Order, Shipment

PARCEL = Shipment.Status
PAID = Order.PaymentStatus.PAID

#: What the delivery article says: from FREE_DELIVERY_FROM on the shop pays for the delivery.
DELIVERY_COST = Decimal("4.90")
FREE_DELIVERY_FROM = Decimal(50)

TRACKING_URLS = {
    "DHL": "https://www.dhl.de/de/privatkunden/dhl-sendungsverfolgung.html?piececode={}",
    "DPD": "https://tracking.dpd.de/status/en_US/parcel/{}",
    "GLS": "https://gls-group.eu/DE/en/parcel-tracking?match={}",
    "Hermes": "https://www.myhermes.de/empfangen/sendungsverfolgung/sendungsinformation/#{}",
    "UPS": "https://www.ups.com/track?tracknum={}",
}


@dataclass(frozen=True)
class Product:
    sku: str
    title: str
    price: Decimal


@dataclass(frozen=True)
class Scan:
    day: int
    time: str
    status: Shipment.Status
    message: str
    city: str = ""


@dataclass(frozen=True)
class Parcel:
    """``lines`` are the skus in it, all pieces of each; ``expected`` is (day, from, to)."""

    carrier: str
    tracking_number: str
    lines: tuple[str, ...]
    scans: tuple[Scan, ...] = ()
    expected: tuple[int, str, str] | None = None
    service: str = ""
    shipped: tuple[int, str] | None = None

    @property
    def tracking_url(self) -> str:
        pattern = TRACKING_URLS.get(self.carrier, "")
        return pattern.format(self.tracking_number) if self.tracking_number else ""


@dataclass(frozen=True)
class DemoOrder:
    number: str
    customer: str
    day: int
    time: str
    lines: tuple[tuple[Product, int], ...]
    parcels: tuple[Parcel, ...] = ()
    status: Order.Status = Order.Status.CONFIRMED
    payment_status: Order.PaymentStatus = PAID
    note: str = ""
    cancelled: tuple[int, str] | None = None
    street: str = ""  # where it is not the customer's

    @property
    def total(self) -> Decimal:
        goods = sum((product.price * quantity for product, quantity in self.lines), Decimal(0))
        return goods if goods >= FREE_DELIVERY_FROM else goods + DELIVERY_COST


def _product(sku: str, title: str, price: str) -> Product:
    return Product(sku, title, Decimal(price))


KETTLE = _product("KET-17-ST", "Electric kettle, brushed steel, 1.7 l", "49.90")
TEA = _product("TEA-ASS-250", "Assam tea, loose, 250 g", "9.80")
TOASTER = _product("TOA-2-CR", "Two-slice toaster, cream", "44.50")
RED_MUG = _product("MUG-RED", "Stoneware mug, red", "8.90")
BLUE_MUG = _product("MUG-BLU", "Stoneware mug, blue", "8.90")
WOK = _product("WOK-30", "Carbon steel wok, 30 cm", "39.00")
PAN = _product("PAN-28", "Cast iron frying pan, 28 cm", "54.00")
KNIVES = _product("KNI-SET-3", "Knife set, three pieces", "79.00")
JARS = _product("JAR-SET-6", "Storage jars, set of six", "32.50")
ESPRESSO = _product("ESP-6", "Espresso maker, six cups", "34.90")
VACUUM = _product("VAC-HAND", "Handheld vacuum cleaner", "89.00")
LAMP = _product("LAM-TAB-OAK", "Table lamp, oak and linen", "64.00")
BLENDER = _product("BLE-600", "Hand blender, 600 W", "37.90")
TOWELS = _product("TOW-LIN-4", "Linen tea towels, set of four", "24.00")
BOARD = _product("BRD-OAK", "Oak cutting board", "28.50")
TIMER = _product("TIM-MAG", "Magnetic kitchen timer", "12.90")
SCALE = _product("SCA-5", "Kitchen scale, up to 5 kg", "26.90")


def _label(day: int, time: str) -> Scan:
    return Scan(day, time, PARCEL.PRE_TRANSIT, "The shop has announced the parcel to the carrier.")


def _handed_over(day: int, time: str, city: str = "Leipzig") -> Scan:
    return Scan(day, time, PARCEL.IN_TRANSIT, "The carrier has taken over the parcel.", city)


def _sorted(day: int, time: str, city: str) -> Scan:
    return Scan(day, time, PARCEL.IN_TRANSIT, "The parcel was sorted in the parcel centre.", city)


def _loaded(day: int, time: str, city: str) -> Scan:
    message = "The parcel is in the delivery vehicle."
    return Scan(day, time, PARCEL.OUT_FOR_DELIVERY, message, city)


def _delivered(day: int, time: str, city: str, message: str) -> Scan:
    return Scan(day, time, PARCEL.DELIVERED, message, city)


def _alice() -> list[DemoOrder]:
    """One parcel on its way; everything else has come to its end."""
    return [
        DemoOrder(
            "48211", "alice", -2, "18:24", ((KETTLE, 1), (TEA, 2)),
            (
                Parcel(
                    "DHL", "00340434171209348211", (KETTLE.sku, TEA.sku),
                    (
                        _label(-1, "09:10"),
                        _handed_over(-1, "16:45"),
                        _sorted(0, "03:52", "Hamburg"),
                    ),
                    expected=(1, "09:00", "13:00"),
                ),
            ),
        ),
        DemoOrder(
            "48163", "alice", -13, "20:02", ((RED_MUG, 4), (BLUE_MUG, 2)),
            (
                Parcel(
                    "Hermes", "H1003480163000420163", (RED_MUG.sku, BLUE_MUG.sku),
                    (
                        _handed_over(-12, "17:20"),
                        _sorted(-11, "04:31", "Hamburg"),
                        _loaded(-10, "08:05", "Hamburg"),
                        _delivered(
                            -10, "13:48", "Hamburg",
                            "Delivered to a neighbour: Petersen, Lindenallee 12, second floor.",
                        ),
                    ),
                    expected=(-10, "10:00", "16:00"),
                ),
            ),
            Order.Status.COMPLETED,
        ),
        DemoOrder(
            "48090", "alice", -21, "07:55", ((WOK, 1),),
            status=Order.Status.CANCELLED, payment_status=Order.PaymentStatus.REFUNDED,
            note="Cancelled by the customer before it was packed.", cancelled=(-21, "10:12"),
        ),
        DemoOrder(
            "47955", "alice", -38, "12:40", ((TOASTER, 1), (BOARD, 1)),
            (
                Parcel(
                    "DHL", "00340434171209347955", (TOASTER.sku, BOARD.sku),
                    (
                        _handed_over(-37, "16:50"),
                        _sorted(-36, "03:20", "Hamburg"),
                        _loaded(-36, "08:31", "Hamburg"),
                        _delivered(-36, "12:16", "Hamburg", "Handed over in person."),
                    ),
                    expected=(-36, "09:00", "14:00"),
                ),
            ),
            Order.Status.COMPLETED, Order.PaymentStatus.PARTIALLY_REFUNDED,
            note="The cutting board came with a crack; its price was paid back.",
        ),
    ]  # fmt: skip


def _bob() -> list[DemoOrder]:
    """Several things at once: one out today, one half arrived, one that nobody was home for."""
    return [
        DemoOrder(
            "48207", "bob", -3, "21:17", ((ESPRESSO, 1), (TOWELS, 1)),
            (
                Parcel(
                    "DPD", "01505094048207", (ESPRESSO.sku, TOWELS.sku),
                    (
                        _handed_over(-2, "18:02"),
                        _sorted(-1, "02:47", "Cologne"),
                        _loaded(0, "06:58", "Cologne"),
                    ),
                    expected=(0, "10:00", "20:00"),
                ),
            ),
        ),
        DemoOrder(
            "48202", "bob", -5, "09:33", ((VACUUM, 1),),
            (
                Parcel(
                    "UPS", "1Z5R89390348202017", (VACUUM.sku,),
                    (
                        _handed_over(-4, "19:15"),
                        _loaded(-1, "07:40", "Cologne"),
                        Scan(
                            -1, "14:22", PARCEL.ATTEMPTED_DELIVERY,
                            "Nobody was at home. The driver tries again on the next working day.",
                            "Cologne",
                        ),
                    ),
                    service="Standard",
                ),
            ),
        ),
        DemoOrder(
            "48180", "bob", -9, "16:08", ((KNIVES, 1), (JARS, 2)),
            (
                Parcel(
                    "DHL", "00340434171209481801", (KNIVES.sku,),
                    (
                        _handed_over(-8, "16:40"),
                        _loaded(-6, "08:20", "Cologne"),
                        _delivered(-6, "11:05", "Cologne", "Put into the letterbox."),
                    ),
                    expected=(-6, "09:00", "13:00"),
                ),
                Parcel(
                    "GLS", "48018022174", (JARS.sku,),
                    (
                        _handed_over(-7, "17:30"),
                        _sorted(-6, "23:14", "Neuenstein"),
                        Scan(
                            -4, "10:09", PARCEL.DELAYED,
                            "The parcel was sent to the wrong depot and is being forwarded.",
                            "Kassel",
                        ),
                    ),
                    expected=(-4, "08:00", "18:00"),
                ),
            ),
        ),
        DemoOrder(
            "48224", "bob", -1, "15:41", ((LAMP, 1),),
            status=Order.Status.ON_HOLD, payment_status=Order.PaymentStatus.PENDING,
            note="We wait for the bank transfer; the lamp is set aside until it arrives.",
        ),
        DemoOrder(
            "47903", "bob", -46, "11:26", ((PAN, 1),),
            (
                Parcel(
                    "DHL", "00340434171209347903", (PAN.sku,),
                    (
                        _handed_over(-45, "16:12"),
                        _loaded(-44, "08:02", "Cologne"),
                        _delivered(-44, "10:37", "Cologne", "Handed over in person."),
                    ),
                ),
            ),
            Order.Status.COMPLETED,
        ),
    ]  # fmt: skip


def _carol(today: date) -> list[DemoOrder]:
    """Announced, waiting to be fetched, without tracking, sent back."""
    kept_until = today + timedelta(days=5)
    return [
        DemoOrder(
            "48226", "carol", -1, "19:50", ((BLENDER, 1), (SCALE, 1)),
            (
                Parcel(
                    "DHL", "00340434171209348226", (BLENDER.sku, SCALE.sku),
                    (_label(0, "07:30"),),
                ),
            ),
        ),
        DemoOrder(
            "48195", "carol", -6, "13:12", ((TOASTER, 1), (RED_MUG, 2)),
            (
                Parcel(
                    "DHL", "00340434171209348195", (TOASTER.sku, RED_MUG.sku),
                    (
                        _handed_over(-5, "16:33"),
                        _sorted(-4, "04:05", "Munich"),
                        _loaded(-3, "08:44", "Munich"),
                        Scan(
                            -2, "09:20", PARCEL.AVAILABLE_FOR_PICKUP,
                            "Ready to be collected at DHL Packstation 142, Rosenheimer Str. 30, "
                            f"until {kept_until.day} {kept_until:%B}.",
                            "Munich",
                        ),
                    ),
                ),
            ),
        ),
        DemoOrder(
            "48188", "carol", -7, "08:29", ((TIMER, 1),),
            (
                Parcel(
                    "Deutsche Post", "", (TIMER.sku,),
                    service="Letter without tracking", shipped=(-6, "15:00"),
                ),
            ),
        ),
        DemoOrder(
            "48071", "carol", -27, "17:45", ((LAMP, 1), (BLUE_MUG, 1)),
            (
                Parcel(
                    "DPD", "01505094048071", (LAMP.sku, BLUE_MUG.sku),
                    (
                        _handed_over(-26, "18:20"),
                        Scan(
                            -24, "12:01", PARCEL.AVAILABLE_FOR_PICKUP,
                            "Ready to be collected at the parcel shop.", "Munich",
                        ),
                        Scan(
                            -14, "09:00", PARCEL.RETURN_TO_SENDER,
                            "It was not collected and goes back to the shop.", "Munich",
                        ),
                    ),
                ),
            ),
            Order.Status.COMPLETED, Order.PaymentStatus.REFUNDED,
            note="The parcel came back to us; the price was paid back.",
        ),
        DemoOrder(
            "48229", "carol", 0, "06:05", ((KETTLE, 1),),
            status=Order.Status.ON_HOLD,
            note="The house number is missing in the delivery address.",
            street="Rosenheimer Straße",
        ),
    ]  # fmt: skip


def demo_orders(today: date) -> list[DemoOrder]:
    """All demo orders; ``today`` is needed where a scan's message names a date."""
    return [*_alice(), *_bob(), *_carol(today)]
