// One socket that mends itself. It knows close codes and waiting times, and nothing of conversations.

const FIRST_DELAY = 500; // milliseconds, doubled with each failure
const LONGEST_DELAY = 30_000;
const OPENING_TAKES_AT_MOST = 10_000;
const LOGGED_OUT = 4401;
const SESSION_GONE = 4404;
const TOO_MANY_SOCKETS = 4429;

export class Connection {
  #url;
  #loginCheck;
  #on;
  #socket = null;
  #timer = 0;
  #failures = 0;

  /**
   * url: the socket's; loginCheck: a page that redirects whoever is logged out;
   * on: {event(event), status("connecting" | "open" | "lost" | "too-many"), loggedOut(byChoice)}.
   */
  constructor({ url, loginCheck, on }) {
    this.#url = url;
    this.#loginCheck = loginCheck;
    this.#on = on;
    // The system may be wrong about being offline (a server on this machine): try, don't believe.
    addEventListener("offline", () => this.restart());
    addEventListener("online", () => this.#socket?.readyState === WebSocket.OPEN || this.restart());
    addEventListener("pageshow", (event) => event.persisted && this.restart());
  }

  get isOpen() {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  /** Opens the socket; does nothing while there is one. */
  open() {
    if (this.#socket) return;
    clearTimeout(this.#timer);
    const socket = new WebSocket(this.#url);
    const mine = (handle) => (event) => this.#socket === socket && handle(event);
    let opened = false;
    this.#socket = socket;
    this.#timer = setTimeout(() => this.#lost(opened), OPENING_TAKES_AT_MOST); // see settled()
    socket.addEventListener("open", mine(() => {
      opened = true;
      this.#on.status("open");
    }));
    socket.addEventListener("message", mine(({ data }) => this.#on.event(JSON.parse(data))));
    socket.addEventListener("close", mine(({ code }) => this.#closed(code, opened)));
  }

  /** The server has told what it knows: it is there, and the next loss begins with short waits. */
  settled() {
    clearTimeout(this.#timer);
    this.#failures = 0;
  }

  /** Sends a frame; false when there is no open socket. */
  send(frame) {
    if (!this.isOpen) return false;
    this.#socket.send(JSON.stringify(frame));
    return true;
  }

  /** Drops a socket that is no longer trusted and opens another at once. */
  restart() {
    this.#drop();
    this.#on.status("lost");
    this.open();
  }

  /** Ends it for good, or until the page is shown again. */
  close() {
    this.#drop();
  }

  #drop() {
    clearTimeout(this.#timer);
    const socket = this.#socket;
    this.#socket = null; // its events no longer concern us; closing a dead one can take minutes
    socket?.close();
  }

  #closed(code, opened) {
    clearTimeout(this.#timer);
    this.#socket = null;
    if (code === LOGGED_OUT) return this.#on.loggedOut(true);
    if (code === TOO_MANY_SOCKETS) return this.#on.status("too-many");
    if (code === SESSION_GONE && this.#failures === 0) {
      this.#failures = 1;
      this.#on.status("lost");
      return this.open();
    }
    return this.#lost(opened);
  }

  async #lost(opened) {
    this.#drop();
    this.#on.status("lost");
    // Half of the wait is chance: after a restart not everybody comes back in the same moment.
    const longest = Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** this.#failures);
    this.#failures += 1;
    this.#timer = setTimeout(() => this.open(), longest * (0.5 + Math.random() / 2));
    // A refused handshake looks like a server that is away, so ask a page now and then.
    if (!opened && (this.#failures === 1 || this.#failures % 5 === 0) && (await this.#isLoggedOut())) {
      this.#drop();
      this.#on.loggedOut(false);
    }
  }

  async #isLoggedOut() {
    try {
      const answer = await fetch(this.#loginCheck, { method: "HEAD", redirect: "manual", cache: "no-store" });
      return answer.type === "opaqueredirect";
    } catch {
      return false;
    }
  }
}
