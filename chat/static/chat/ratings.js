// How the customer rated the assistant's messages: the server keeps it for the shop and does not
// tell it again, so that it is kept here over reloads and lost connections.

import { store, stored } from "./stored.js";

const AT_MOST = 100;

export class Ratings {
  #storage;
  #key;
  #known;

  constructor({ storage, key }) {
    this.#storage = storage;
    this.#key = key;
    this.#known = new Map(stored(storage, key));
  }

  get entries() {
    return [...this.#known];
  }

  keep(id, rating) {
    this.#known.delete(id);
    this.#known.set(id, rating);
    this.#write();
  }

  forget(id) {
    if (this.#known.delete(id)) this.#write();
  }

  clear() {
    this.#known.clear();
    this.#write();
  }

  #write() {
    store(this.#storage, this.#key, this.entries.slice(-AT_MOST));
  }
}
