// An order as a card, in the words that the orders page uses too (chat/wording.py).

import { link } from "./text.js";

const NOT_EXPECTED = ["available_for_pickup", "return_to_sender", "failure", "cancelled"];
const BEFORE_PARCELS = ["pending", "on_hold", "cancelled"];

export class OrderCards {
  #pieces;
  #words;
  #day;
  #time;

  /** pieces: makes an element of a template; timeZone: the shop's, for its dates. */
  constructor({ pieces, words, timeZone }) {
    this.#pieces = pieces;
    this.#words = words;
    this.#day = new Intl.DateTimeFormat("en-GB", { weekday: "short", day: "numeric", month: "short", timeZone });
    this.#time = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", timeZone });
  }

  fill(element, order) {
    const part = (name) => element.querySelector(`[data-${name}]`);
    part("number").textContent = `Order #${order.number}`;
    element.querySelector("article").setAttribute("aria-label", `Order #${order.number}`);
    const { text, tone } = this.#headline(order);
    part("headline").textContent = text;
    part("headline").className = `badge tone-${tone}`;
    const paid = this.#words.payments[order.payment_status]?.text;
    part("facts").textContent = [`Placed ${this.#date(order.placed_at)}`, money(order), paid].filter(Boolean).join(" · ");
    part("lines").replaceChildren(...(order.lines ?? []).map(({ quantity, title }) => item(`${quantity} × ${title}`)));
    part("parcels").replaceChildren(...(order.shipments ?? []).map((parcel) => this.#parcel(parcel)));
  }

  #headline({ status, fulfillment_status: left, shipments = [] }) {
    const parcels = shipments.map((parcel) => parcel.status);
    const fallback = { text: "Order", tone: "waiting" };
    if (BEFORE_PARCELS.includes(status) || !parcels.length) return this.#words.orders[status] ?? fallback;
    const phrases = parcels.map((parcel) => this.#words.parcels[parcel] ?? fallback);
    if (left === "fulfilled" && new Set(parcels).size === 1) return phrases[0];
    const tone = phrases.some((phrase) => phrase.tone === "attention") ? "attention" : "going";
    const arrived = parcels.filter((parcel) => parcel === "delivered").length;
    if (!arrived) return { text: "Partly on its way", tone };
    return { text: parcels.length === 1 ? "Partly delivered" : `${arrived} of ${parcels.length} parcels delivered`, tone };
  }

  #parcel(parcel) {
    const element = this.#pieces("parcel");
    const part = (name) => element.querySelector(`[data-${name}]`);
    const { text, tone } = this.#words.parcels[parcel.status] ?? this.#words.parcels.unknown;
    part("dot").className = `dot tone-${tone}`;
    part("status").textContent = text;
    const when = this.#arrival(parcel);
    part("when").textContent = when && ` · ${when}`;
    const scan = parcel.last_event;
    if (scan) {
      const place = [scan.city, this.#date(scan.occurred_at)].filter(Boolean).join(", ");
      part("scan").textContent = `${place}: ${scan.message || text}`;
      part("scan").hidden = false;
    }
    part("tracking").append(`${parcel.carrier || "Parcel"} `);
    const number = parcel.tracking_number;
    part("tracking").append(number ? link(parcel.tracking_url ?? "", number) : "· no tracking number");
    return element;
  }

  /** As `wording.arrival`: no date known means saying so. */
  #arrival({ status, delivered_at: delivered, estimated_delivery_from: from, estimated_delivery_to: to }) {
    if (status === "delivered") return delivered ? `${this.#date(delivered)}, ${this.#time.format(new Date(delivered))}` : "";
    if (NOT_EXPECTED.includes(status)) return "";
    const [first, last] = [this.#date(from ?? to), this.#date(to ?? from)];
    if (!last) return "No delivery date known yet";
    if (new Date(to ?? from) < new Date() && last !== this.#date(new Date())) return `Was expected by ${last}`;
    return first === last ? `Expected ${first}` : `Expected ${first} to ${last}`;
  }

  #date(moment) {
    const date = new Date(moment ?? NaN);
    return Number.isNaN(date.getTime()) ? "" : this.#day.format(date).replace(",", "");
  }
}

function item(text) {
  return Object.assign(document.createElement("li"), { textContent: text });
}

function money({ total, currency }) {
  const amount = Number(total);
  if (total == null || Number.isNaN(amount)) return "";
  return `${currency} ${amount.toLocaleString("en", { minimumFractionDigits: 2, maximumFractionDigits: 3 })}`;
}
