// Where the customer writes: enter sends, shift-enter breaks the line, drafts outlive a reload.

const ALMOST_FULL = 0.9;

export class Composer {
  #form;
  #field;
  #button;
  #hint;
  #usualHint;
  #maxChars;
  #storage;
  #key;
  #enabled = true;

  /** maxChars: code points in a message; onSend(text). */
  constructor({ root, maxChars, storage, key, onSend }) {
    this.#form = root.querySelector("[data-composer]");
    this.#field = root.querySelector("[data-text]");
    this.#button = root.querySelector("[data-send]");
    this.#hint = root.querySelector("[data-hint]");
    this.#usualHint = this.#hint.textContent;
    this.#maxChars = maxChars;
    this.#storage = storage;
    this.#key = key;
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (!this.#sendable) return;
      const text = this.#field.value.trim();
      this.text = "";
      onSend(text);
      this.focus();
    });
    this.#field.addEventListener("keydown", (event) => {
      // While an input method composes, enter chooses a word (229: Safari says so only this way).
      if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
      event.preventDefault();
      this.#form.requestSubmit();
    });
    this.#field.addEventListener("input", () => this.#changed());
    this.text = storage.getItem(key) ?? "";
  }

  get text() {
    return this.#field.value;
  }

  set text(text) {
    this.#field.value = text;
    this.#changed();
  }

  set enabled(enabled) {
    this.#enabled = enabled;
    this.#button.disabled = !this.#sendable;
  }

  focus() {
    this.#field.focus({ preventScroll: true });
    this.#field.setSelectionRange(this.text.length, this.text.length);
  }

  get #sendable() {
    return this.#enabled && this.text.trim() !== "" && [...this.text.trim()].length <= this.#maxChars;
  }

  #changed() {
    const length = [...this.text.trim()].length;
    const over = length - this.#maxChars;
    this.#hint.textContent = this.#usualHint;
    if (length > this.#maxChars * ALMOST_FULL) {
      this.#hint.textContent = over > 0
        ? `${over.toLocaleString("en")} ${over === 1 ? "character" : "characters"} too many. Please shorten it, or send it in two messages.`
        : `${(this.#maxChars - length).toLocaleString("en")} characters left`;
    }
    this.#hint.classList.toggle("over", over > 0);
    this.#field.setAttribute("aria-invalid", String(over > 0));
    this.#button.disabled = !this.#sendable;
    this.#field.style.height = "auto";
    this.#field.style.height = `${this.#field.scrollHeight}px`;
    try {
      if (this.text) this.#storage.setItem(this.#key, this.text);
      else this.#storage.removeItem(this.#key);
    } catch {
      // Storage is full or forbidden: the draft lives as long as the page.
    }
  }
}
