// The conversation on the screen: one element for each item, changed only where the item changed.

import { formatted } from "./text.js";

const AT_THE_END = 60; // pixels from the bottom within which a reader counts as following

const LOOKUPS = {
  get_order: ({ order_number: number }) => {
    const which = number ? `order #${String(number).replace(/^#/, "")}` : "your order";
    return [`Looking up ${which}…`, `Looked up ${which}`];
  },
  list_orders: () => ["Looking up your orders…", "Looked up your orders"],
  search_help: () => ["Looking in our help pages…", "Looked in our help pages"],
  request_human: () => ["Asking for a person…", "Asked for a person"],
};

// Refused for now, and sent again without the customer's doing.
const HELD = {
  rate_limited: "That was a lot at once.",
  queue_full: "Several of your messages still wait for their answer.",
  history_unavailable: "We cannot reach your conversation right now.",
  session_closed: "This conversation has ended.",
};

export class Transcript {
  #log;
  #list;
  #jump;
  #pieces;
  #cards;
  #actions;
  #shown = new Map(); // id → {element, item, hint}
  #following = true;
  #clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
  #calendar = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });

  /** actions: {retry(item), edit(item), remove(item), rate(item, rating, comment)}. */
  constructor({ root, pieces, cards, actions }) {
    this.#log = root.querySelector("[data-log]");
    this.#list = root.querySelector("[data-messages]");
    this.#jump = root.querySelector("[data-jump]");
    this.#pieces = pieces;
    this.#cards = cards;
    this.#actions = actions;
    this.#log.addEventListener("scroll", () => this.#noticeReader(), { passive: true });
    this.#jump.addEventListener("click", () => {
      this.follow();
      this.#log.focus({ preventScroll: true });
    });
    // A keyboard that opens, or a composer that grows, must not hide the newest words.
    new ResizeObserver(() => this.#following && this.#toEnd()).observe(this.#log);
  }

  /** hintFor(item) → what to say at a message that is under way. */
  render(items, hintFor) {
    const before = this.#list.scrollHeight;
    const ids = new Set(items.map(({ id }) => id));
    for (const [id, { element }] of this.#shown) {
      if (!ids.has(id)) {
        element.remove();
        this.#shown.delete(id);
      }
    }
    items.forEach((item, place) => {
      const hint = hintFor(item);
      let shown = this.#shown.get(item.id);
      if (shown?.item.kind !== item.kind) {
        shown?.element.remove();
        shown = { element: this.#make(item) };
        this.#shown.set(item.id, shown);
      }
      if (shown.item !== item || shown.hint !== hint) {
        Object.assign(shown, { item, hint });
        this.#fill(shown.element, item, hint);
      }
      if (this.#list.children[place] !== shown.element) {
        this.#list.insertBefore(shown.element, this.#list.children[place] ?? null);
      }
    });
    if (this.#following) this.#toEnd();
    else if (this.#list.scrollHeight > before) this.#jump.hidden = false;
  }

  /** Goes to the newest words and stays with them. */
  follow() {
    this.#following = true;
    this.#toEnd();
  }

  #toEnd() {
    this.#jump.hidden = true;
    this.#log.scrollTop = this.#log.scrollHeight;
  }

  #noticeReader() {
    const { scrollHeight, scrollTop, clientHeight } = this.#log;
    this.#following = scrollHeight - scrollTop - clientHeight < AT_THE_END;
    if (this.#following) this.#jump.hidden = true;
  }

  #make(item) {
    const element = this.#pieces(item.kind);
    element.dataset.id = item.id;
    const current = () => this.#shown.get(item.id).item;
    for (const button of element.querySelectorAll("[data-rate]")) {
      button.addEventListener("click", () => this.#rate(element, current(), button.dataset.rate));
    }
    element.querySelector("[data-comment]")?.addEventListener("submit", (event) => {
      event.preventDefault();
      const comment = event.target.elements.comment.value.trim();
      event.target.hidden = true;
      if (comment) this.#actions.rate(current(), "down", comment);
    });
    return element;
  }

  #rate(element, item, rating) {
    if (!this.#actions.rate(item, rating, "")) return;
    const comment = element.querySelector("[data-comment]");
    comment.hidden = rating !== "down";
    if (rating === "down") {
      comment.elements.comment.focus({ preventScroll: true });
      if (this.#following) this.#toEnd();
    }
  }

  #fill(element, item, hint) {
    const part = (name) => element.querySelector(`[data-${name}]`) ?? element;
    if (item.kind === "note") element.textContent = item.text;
    if (item.kind === "order") this.#cards.fill(element, item.order);
    if (item.kind === "lookup") {
      part("body").textContent = lookupWords(item);
      element.classList.toggle("busy", !item.done);
    }
    if (item.kind === "assistant") {
      part("body").replaceChildren(formatted(item.text));
      element.classList.toggle("streaming", Boolean(item.streaming));
      part("cut").hidden = !item.cut || Boolean(item.replaced);
      part("replaced").hidden = !item.replaced;
      part("rating").hidden = Boolean(item.streaming || item.replaced);
      for (const button of element.querySelectorAll("[data-rate]")) {
        button.setAttribute("aria-pressed", String(item.rating === button.dataset.rate));
      }
    }
    if (item.kind === "user") {
      part("body").textContent = item.text;
      element.classList.toggle("unsent", item.state === "unsent");
      element.classList.toggle("failed", item.state === "failed" || item.state === "refused");
      part("state").textContent = hint;
      this.#fillHelp(part, item);
    }
    if (item.kind === "user" || item.kind === "assistant") this.#fillTime(part("time"), item.at);
  }

  #fillHelp(part, item) {
    const { edit, remove, retry } = this.#actions;
    const [words, actions] = {
      failed: [item.error ?? "The assistant could not answer this.", { "Try again": retry }],
      refused: [item.refusal?.message, { Edit: edit, Remove: remove }],
      unsent: [item.refusal && `${HELD[item.refusal.code] ?? item.refusal.message} Your message is kept.`, { "Don’t send": edit }],
    }[item.state] ?? [];
    part("help").hidden = !words;
    if (!words) return;
    part("help-text").textContent = words;
    part("help-actions").replaceChildren(...Object.entries(actions).map(([label, act]) => {
      const button = Object.assign(document.createElement("button"), { type: "button", className: "link", textContent: label });
      button.addEventListener("click", () => act(item));
      return button;
    }));
  }

  #fillTime(element, at) {
    element.hidden = !at;
    if (!at) return;
    const date = new Date(at);
    const today = date.toDateString() === new Date().toDateString();
    element.dateTime = date.toISOString();
    element.textContent = (today ? this.#clock : this.#calendar).format(date);
  }
}

function lookupWords({ name, args, done }) {
  let known = {};
  try {
    known = JSON.parse(args) ?? {};
  } catch {
    // The arguments are still on their way.
  }
  const [busy, over] = LOOKUPS[name]?.(known) ?? ["Looking that up…", "Looked that up"];
  return done ? over : busy;
}
