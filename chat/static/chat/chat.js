// The chat: brings socket, outbox, conversation and screen together.

import { OrderCards } from "./card.js";
import { Composer } from "./composer.js";
import { Connection } from "./connection.js";
import { HANDOFF, cannotBeSent, emptyConversation, reduce, settledBy } from "./conversation.js";
import { Notice } from "./notice.js";
import { Outbox } from "./outbox.js";
import { Ratings } from "./ratings.js";
import { beginAnew } from "./session.js";
import { Transcript } from "./transcript.js";

const AWAY = 15_000; // milliseconds in the background after which we ask what we have missed

const MODES = {
  bot: "Our assistant knows your orders.",
  staff: "You are talking to a person from our team.",
  closed: "This conversation has ended.",
};

export class Chat {
  #root;
  #settings;
  #state = emptyConversation;
  #status = "connecting";
  #frame = 0;
  #stopping = false;

  constructor(root) {
    this.#root = root;
    this.#settings = JSON.parse(document.getElementById("chat-settings").textContent);
    const { customer, words, timeZone, maxChars, chatUrl } = this.#settings;
    const storage = ownStorage(customer);
    const pieces = (name) =>
      root.querySelector(`template[data-piece=${name}]`).content.firstElementChild.cloneNode(true);
    this.notice = new Notice(root);
    this.ratings = new Ratings({ storage, key: `chat:${customer}:ratings` });
    this.transcript = new Transcript({
      root, pieces,
      cards: new OrderCards({ pieces, words, timeZone }),
      actions: {
        retry: (item) => this.#queue(item.text, { id: item.id, retry: true }),
        edit: (item) => this.#takeBack(item, true),
        remove: (item) => this.#takeBack(item, false),
        rate: (item, rating, comment) => this.#rate(item, rating, comment),
      },
    });
    this.composer = new Composer({
      root, maxChars, storage, key: `chat:${customer}:draft`, onSend: (text) => this.#queue(text),
    });
    this.connection = new Connection({
      url: new URL("/ws/chat/", location.href.replace(/^http/, "ws")).href,
      loginCheck: chatUrl,
      on: {
        event: (event) => this.#receive(event),
        status: (status) => this.#connectionIs(status),
        loggedOut: (byChoice) => this.#loggedOut(byChoice),
      },
    });
    this.outbox = new Outbox({
      storage, key: `chat:${customer}:outbox`,
      send: (frame) => this.connection.send(frame),
      mistrust: () => this.connection.restart(),
    });
    for (const entry of this.outbox.entries) this.#dispatch({ type: "local/message", ...entry });
    this.#listen();
    // Counts down what is held back.
    setInterval(() => this.outbox.heldUntil && this.#draw(), 1000);
  }

  start() {
    this.connection.open();
    this.#askPreparedQuestion();
    if (matchMedia("(pointer: fine)").matches) this.composer.focus();
    this.transcript.follow();
  }

  #listen() {
    const on = (name, act) => this.#part(name).addEventListener("click", act);
    on("stop", () => this.#stop());
    on("handoff", () => this.#askForAPerson());
    on("new", () => this.#confirmNew());
    this.#part("confirm").addEventListener("close", (event) => {
      if (event.target.returnValue === "new") this.#beginAnew();
    });
    for (const button of this.#root.querySelectorAll("[data-suggestion]")) {
      button.addEventListener("click", () => {
        this.#queue(button.textContent);
        this.composer.focus();
      });
    }
    // This tab leaves by its own form: hearing of the logout must not take it elsewhere first.
    document.querySelector("form.logout")?.addEventListener("submit", () => this.connection.close());
    let leftAt = 0;
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) leftAt = Date.now();
      else if (Date.now() - leftAt > AWAY) this.connection.send({ type: "resume", after: this.#state.seq });
    });
  }

  #part(name) {
    return this.#root.querySelector(`[data-${name}]`);
  }

  #dispatch(event) {
    this.#state = reduce(this.#state, event);
    this.#draw();
  }

  #receive(event) {
    const head = this.outbox.entries[0];
    const before = this.#state;
    if (event.type === "MESSAGES_SNAPSHOT") {
      for (const id of settledBy(event.messages, this.outbox.entries)) this.outbox.remove(id);
    }
    this.#dispatch(event);
    switch (event.type) {
      case "MESSAGES_SNAPSHOT":
        for (const [id, rating] of this.ratings.entries) this.#dispatch({ type: "local/rated", id, rating });
        this.connection.settled();
        this.outbox.connected();
        break;
      case "TEXT_MESSAGE_START":
        if (event.role === "user") this.outbox.remove(event.messageId);
        break;
      case "TEXT_MESSAGE_END":
        this.#announceAnswer(event.messageId);
        break;
      case "CUSTOM":
        if (event.name === "refused") this.#refused(event.value);
        break;
      case "RUN_FINISHED":
      case "RUN_ERROR": {
        const waits = this.#state.items.find(({ id }) => id === head?.id);
        if (waits?.refusal?.code === "queue_full") this.outbox.tryNow();
        if (event.type === "RUN_ERROR" && event.code !== "stale_turn") {
          this.#announce(event.message);
          if (!before.run?.messageId) this.notice.flash(event.message);
        }
      }
    }
  }

  #refused({ id, code, message, retryAfterMs }) {
    this.#announce(message);
    this.ratings.forget(id); // nobody sends the assistant's messages: it was the rating
    if (!this.outbox.entries.some((entry) => entry.id === id)) this.notice.flash(message);
    else if (cannotBeSent(code)) this.outbox.remove(id);
    else this.outbox.refused(id, retryAfterMs);
    if (code === "session_closed") this.connection.restart();
  }

  #connectionIs(status) {
    this.#status = status;
    if (status !== "open") this.outbox.disconnected();
    this.#draw();
  }

  #loggedOut(byChoice) {
    if (byChoice) sessionStorage.clear();
    const here = encodeURIComponent(location.pathname);
    location.replace(`${this.#settings.loginUrl}?next=${here}`);
  }

  #queue(text, options) {
    const entry = this.outbox.add(text, options);
    this.#dispatch({ type: "local/message", ...entry });
    this.transcript.follow();
  }

  #takeBack(item, edit) {
    this.outbox.remove(item.id);
    this.#dispatch({ type: "local/removed", id: item.id });
    if (edit) this.composer.text = [item.text, this.composer.text].filter(Boolean).join("\n");
    this.composer.focus();
  }

  #rate(item, rating, comment) {
    const sent = this.#sendNow({ type: "feedback", id: item.id, messageId: item.id, rating, comment });
    if (sent) {
      this.ratings.keep(item.id, rating);
      this.#dispatch({ type: "local/rated", id: item.id, rating });
    }
    if (sent && comment) this.notice.flash("Thank you. It helps us to answer better.");
    return sent;
  }

  #stop() {
    this.#stopping = this.#sendNow({ type: "run.cancel" });
    this.#draw();
    this.composer.focus();
  }

  #askForAPerson() {
    if (!this.#sendNow({ type: "handoff.request", id: HANDOFF })) return;
    this.#dispatch({ type: "local/handoff" });
    this.notice.flash("We have noted that you would like to talk to a person. Our team can read this conversation.");
  }

  #sendNow(frame) {
    const sent = this.connection.send(frame);
    if (!sent) this.notice.flash("There is no connection right now. Please try again in a moment.");
    return sent;
  }

  #confirmNew() {
    if (!this.#state.items.length) return this.composer.focus();
    const dialog = this.#part("confirm");
    dialog.returnValue = "";
    return dialog.showModal();
  }

  async #beginAnew() {
    try {
      await beginAnew(this.#settings.resetUrl);
    } catch {
      this.notice.flash("A new conversation could not be begun. Please try again in a moment.");
      return;
    }
    this.outbox.clear();
    this.ratings.clear();
    this.#dispatch({ type: "local/reset" });
    this.connection.restart();
    this.composer.focus();
  }

  /** From the orders page: written into the composer, sent by the customer; not again on reload. */
  #askPreparedQuestion() {
    const { question } = this.#settings;
    if (!question) return;
    if (!this.composer.text.includes(question)) {
      this.composer.text = [this.composer.text, question].filter(Boolean).join("\n");
    }
    this.composer.focus();
    history.replaceState(null, "", location.pathname);
  }

  #announce(words) {
    this.#part("announcer").textContent = words;
  }

  #announceAnswer(id) {
    const item = this.#state.items.find((known) => known.id === id);
    if (item?.kind === "assistant" && item.text) this.#announce(item.text);
  }

  #draw() {
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      this.#render();
    });
  }

  #render() {
    const { items, run, mode, loaded, handoff } = this.#state;
    const head = this.outbox.entries[0]?.id;
    const waiting = items.filter((item) => item.state === "waiting");
    this.transcript.render(items, (item) => this.#hint(item, head, run, waiting));
    this.#part("welcome").hidden = !loaded || items.some((item) => item.kind !== "note");
    this.#part("mode").textContent = MODES[mode] ?? MODES.bot;
    this.#part("handoff").disabled = handoff || mode === "staff";
    this.#stopping &&= Boolean(run);
    this.#part("stop").hidden = !run;
    this.#part("stop").disabled = this.#stopping;
    const speaking = items.some((item) => (item.streaming && item.text) || (item.kind === "lookup" && !item.done));
    this.#part("thinking").hidden = !(run || (waiting.length && mode === "bot")) || speaking;
    this.#part("thinking-text").textContent = this.#stopping ? "Stopping…" : "";
    this.composer.enabled = mode !== "closed";
    this.#root.classList.toggle("lost", this.#status === "lost");
    this.notice.show(this.#status, mode, {
      reconnect: () => this.connection.open(),
      beginAnew: () => this.#beginAnew(),
    });
  }

  #hint(item, head, run, waiting) {
    if (item.state === "waiting") return run || item !== waiting[0] ? "Waits for its turn" : "";
    if (item.stopped) return "Stopped";
    if (item.state !== "unsent") return "";
    if (this.#status !== "open") return "Waits for the connection";
    if (item.id !== head) return "Waits for its turn";
    const seconds = Math.ceil((this.outbox.heldUntil - Date.now()) / 1000);
    return seconds > 0 ? `Sent again in ${seconds} s` : "Sending…";
  }
}

/** The tab's storage, without what another customer left in it. */
function ownStorage(customer) {
  for (const key of Object.keys(sessionStorage)) {
    if (key.startsWith("chat:") && !key.startsWith(`chat:${customer}:`)) sessionStorage.removeItem(key);
  }
  return sessionStorage;
}
