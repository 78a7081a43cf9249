// The line above the conversation: what is wrong with the connection, or what was just done.

const FLASH_FOR = 8000; // milliseconds

export class Notice {
  #box;
  #text;
  #action;
  #act = null;
  #flash = "";
  #timer = 0;
  #wasOpen = false;
  #last = null;

  constructor(root) {
    this.#box = root.querySelector("[data-notice]");
    this.#text = root.querySelector("[data-notice-text]");
    this.#action = root.querySelector("[data-notice-action]");
    this.#action.addEventListener("click", () => this.#act?.());
  }

  /** Says something for a few seconds. */
  flash(words) {
    clearTimeout(this.#timer);
    this.#flash = words;
    this.#timer = setTimeout(() => {
      this.#flash = "";
      this.#show();
    }, FLASH_FOR);
    this.#show();
  }

  /** The connection's status and the conversation's mode; offers what helps. */
  show(status, mode, { reconnect, beginAnew }) {
    this.#wasOpen ||= status === "open";
    this.#last = this.#trouble(status, mode, reconnect, beginAnew);
    this.#show();
  }

  #trouble(status, mode, reconnect, beginAnew) {
    if (status === "too-many") {
      return ["The chat is open in too many tabs or windows. Close some of them.", "Try again", reconnect];
    }
    if (status === "lost" && !this.#wasOpen) return ["We cannot reach the chat right now. We keep trying."];
    if (status === "lost" && !navigator.onLine) {
      return ["You are offline. What you write is sent as soon as you are back."];
    }
    if (status === "lost") return ["The connection was lost. Reconnecting…"];
    if (mode === "closed") return ["This conversation has ended.", "Begin a new one", beginAnew];
    return null;
  }

  #show() {
    const [words = "", label = "", act = null] = this.#flash ? [this.#flash] : (this.#last ?? []);
    this.#act = act;
    this.#box.classList.toggle("trouble", !this.#flash && Boolean(words));
    // Written only when it changes: a screen reader would say it again.
    if (this.#text.textContent !== words) this.#text.textContent = words;
    this.#action.textContent = label;
    this.#action.hidden = !label;
    this.#box.hidden = !words;
  }
}
