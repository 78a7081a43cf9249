// Messages that the server has not acknowledged. Kept over reloads, sent one at a time, in order.

import { store, stored } from "./stored.js";

const ACKNOWLEDGED_WITHIN = 10_000; // milliseconds; then the socket is not trusted any more
const LONGEST_HOLD = 30_000;

export class Outbox {
  #storage;
  #key;
  #send;
  #mistrust;
  #ready = false;
  #inFlight = null;
  #timer = 0;
  #refusals = 0;

  /** send(frame) → was it sent; mistrust(): no acknowledgement came in time. */
  constructor({ storage, key, send, mistrust }) {
    this.#storage = storage;
    this.#key = key;
    this.#send = send;
    this.#mistrust = mistrust;
    this.entries = stored(storage, key);
    this.heldUntil = 0;
  }

  add(text, { id = crypto.randomUUID(), retry = false } = {}) {
    const entry = { id, text, at: Date.now(), retry };
    this.entries.push(entry);
    this.#write();
    this.#deliver();
    return entry;
  }

  /** Acknowledged, settled by a snapshot, refused for good or given up. */
  remove(id) {
    if (!this.entries.some((entry) => entry.id === id)) return;
    this.entries = this.entries.filter((entry) => entry.id !== id);
    this.#write();
    if (this.#inFlight === id || !this.entries.length) {
      this.#inFlight = null;
      this.#refusals = 0;
      this.#hold(0);
    }
  }

  clear() {
    this.entries = [];
    this.#write();
    this.#inFlight = null;
    this.#refusals = 0;
    this.heldUntil = 0;
    clearTimeout(this.#timer);
  }

  /** The server is there and has told what it knows. */
  connected() {
    this.#ready = true;
    if (this.heldUntil <= Date.now()) this.#deliver();
  }

  disconnected() {
    this.#ready = false;
    this.#inFlight = null;
    if (this.heldUntil <= Date.now()) clearTimeout(this.#timer);
  }

  /** Refused for now: again after so many milliseconds, or after longer and longer waits. */
  refused(id, milliseconds) {
    if (this.#inFlight !== id) return;
    this.#inFlight = null;
    this.#hold(milliseconds ?? Math.min(LONGEST_HOLD, 2000 * 2 ** this.#refusals));
    this.#refusals += 1;
  }

  /** Whatever it waited for may be over. */
  tryNow() {
    if (this.heldUntil > Date.now()) this.#hold(0);
  }

  #hold(milliseconds) {
    clearTimeout(this.#timer);
    this.heldUntil = milliseconds ? Date.now() + milliseconds : 0;
    if (milliseconds) this.#timer = setTimeout(() => this.#hold(0), milliseconds);
    else this.#deliver();
  }

  #deliver() {
    if (!this.#ready || this.#inFlight || this.heldUntil > Date.now() || !this.entries.length) return;
    const { id, text } = this.entries[0];
    if (!this.#send({ type: "run.start", id, text })) return;
    this.#inFlight = id;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#mistrust(), ACKNOWLEDGED_WITHIN);
  }

  #write() {
    store(this.#storage, this.#key, this.entries);
  }
}
