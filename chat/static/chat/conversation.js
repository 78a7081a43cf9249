// A conversation as data: reduce(state, event) → state. Pure, so that every corner can be tested.
//
// Events are AG-UI's, as they come from the socket, and the page's own, named "local/…".
// Items: user · assistant · lookup (a tool call) · order (a card) · note. A user item's `state`:
// unsent (not yet acknowledged) · waiting (stored, not begun) · answering · answered ·
// failed (stored, its answer failed) · refused (never stored, and sending it again cannot help).

export const emptyConversation = Object.freeze({
  threadId: "", mode: "bot", seq: 0, run: null, items: [], loaded: false, handoff: false,
});

const BEGINNING = "beginning";

export function reduce(state, event) {
  const handler = handlers[event.type];
  if (!handler) return state;
  const seq = event.metadata?.seq;
  const snapshot = event.type.endsWith("_SNAPSHOT") && event.type !== "ACTIVITY_SNAPSHOT";
  if (seq === undefined || snapshot) return handler(state, event);
  if (seq <= state.seq) {
    // Seen already. An acknowledgement said again carries its first number, and still counts.
    return event.role === "user" ? acknowledged(state, event) : state;
  }
  return { ...handler(state, event), seq };
}

const handlers = {
  STATE_SNAPSHOT(state, { snapshot, metadata }) {
    const { threadId, mode } = snapshot;
    const seq = metadata?.seq ?? 0;
    if (state.threadId === threadId) return { ...state, mode, seq: Math.max(state.seq, seq) };
    const items = state.items.filter(isLocal).map((item) => ({ ...item, retry: false }));
    if (state.threadId) {
      items.unshift({ kind: "note", id: BEGINNING, text: "This is a new conversation. The earlier one has ended." });
    }
    return { ...emptyConversation, threadId, mode, seq, items };
  },

  MESSAGES_SNAPSHOT(state, { messages, metadata }) {
    const items = fromMessages(messages);
    const stored = new Map(items.map((item, place) => [item.id, place]));
    const notes = state.items.filter((item) => item.id === BEGINNING);
    const local = [];
    for (const item of state.items.filter(isLocal)) {
      const place = stored.get(item.id);
      if (place === undefined) local.push(item);
      else if (items[place].state === "failed" && item.retry) items[place] = item;
    }
    const seq = metadata?.seq ?? state.seq;
    return { ...state, items: [...notes, ...items, ...local], run: null, loaded: true, seq };
  },

  RUN_STARTED(state, event) {
    const clean = state.run ? withoutRun(state, state.run.id) : state;
    const named = event.metadata?.messageId;
    const asked = clean.items.find((item) => (named ? item.id === named : item.state === "waiting"));
    const run = { id: event.runId, messageId: asked?.id };
    const next = { ...clean, run };
    return asked ? change(next, asked.id, { state: "answering", error: undefined }) : next;
  },

  RUN_FINISHED(state, event) {
    if (!state.run) return state;
    const cancelled = (event.outcome?.type ?? event.outcome) === "cancelled";
    const mine = (item) => item.runId === state.run.id;
    const spoken = state.items.filter((item) => mine(item) && item.kind === "assistant" && item.text);
    const last = spoken.at(-1);
    const items = state.items
      .filter((item) => !mine(item) || item.kind === "order" || (item.kind === "lookup" ? item.done : item.text))
      .map((item) => {
        if (item.id === state.run.messageId) return { ...item, state: "answered", stopped: cancelled && !last };
        if (mine(item) && item.streaming) return { ...item, streaming: false, cut: cancelled && item === last };
        return cancelled && item === last ? { ...item, cut: true, replaced: false } : item;
      });
    return { ...state, items, run: null };
  },

  RUN_ERROR(state, event) {
    const { run } = state;
    const next = { ...(run ? withoutRun(state, run.id) : state), run: null };
    if (!run?.messageId) return next;
    // A stale turn is begun again by the server; everything else is the customer's to try again.
    if (event.code === "stale_turn") return change(next, run.messageId, { state: "waiting" });
    return change(next, run.messageId, { state: "failed", error: event.message });
  },

  TEXT_MESSAGE_START(state, event) {
    if (event.role === "user") return acknowledged(state, event);
    if (find(state, event.messageId)) return change(state, event.messageId, { text: "", streaming: true });
    return insert(state, { kind: "assistant", id: event.messageId, text: "", at: time(event), streaming: true });
  },

  TEXT_MESSAGE_CONTENT(state, { messageId, delta }) {
    const item = find(state, messageId);
    if (!item) return state;
    if (item.kind === "user") return change(state, messageId, { incoming: (item.incoming ?? "") + delta });
    return change(state, messageId, { text: item.text + delta });
  },

  TEXT_MESSAGE_END(state, { messageId, metadata }) {
    const item = find(state, messageId);
    if (!item) return state;
    // The first text that came with an id counts, whatever this tab had in mind.
    if (item.kind === "user") return change(state, messageId, { text: item.incoming ?? item.text, incoming: undefined });
    return change(state, messageId, { streaming: false, cut: Boolean(metadata?.cut), replaced: Boolean(metadata?.replaced) });
  },

  TOOL_CALL_START(state, event) {
    const lookup = { kind: "lookup", id: event.toolCallId, name: event.toolCallName, args: "", done: false };
    return find(state, lookup.id) ? change(state, lookup.id, lookup) : insert(state, lookup);
  },

  TOOL_CALL_ARGS(state, { toolCallId, delta }) {
    const item = find(state, toolCallId);
    return item ? change(state, toolCallId, { args: item.args + delta }) : state;
  },

  TOOL_CALL_RESULT: (state, { toolCallId }) => change(state, toolCallId, { done: true }),

  ACTIVITY_SNAPSHOT(state, { messageId, activityType, content, replace }) {
    if (activityType !== "order") return state;
    if (!find(state, messageId)) {
      return shownLast(state.items, content) ? state : insert(state, { kind: "order", id: messageId, order: content });
    }
    return replace === false ? state : change(state, messageId, { order: content });
  },

  CUSTOM(state, { name, value }) {
    if (name !== "refused" || !value.id) return state;
    if (value.id === HANDOFF) return { ...state, handoff: false };
    // Nobody sends the assistant's messages: it is the rating that was not taken.
    if (find(state, value.id)?.kind === "assistant") return change(state, value.id, { rating: undefined });
    const { code, message, retryAfterMs } = value;
    const refusal = { code, message, retryAfterMs };
    return change(state, value.id, cannotBeSent(code) ? { refusal, state: "refused" } : { refusal });
  },

  "local/message"(state, { id, text, at, retry }) {
    if (!find(state, id)) return { ...state, items: [...state.items, { kind: "user", id, text, at, state: "unsent", retry }] };
    return change(state, id, { state: "unsent", retry: true, error: undefined, refusal: undefined });
  },
  "local/removed": (state, { id }) => ({ ...state, items: state.items.filter((item) => item.id !== id) }),
  "local/rated": (state, { id, rating }) => change(state, id, { rating }),
  "local/handoff": (state) => ({ ...state, handoff: true }),
  "local/reset": () => emptyConversation,
};

/** The id of the wish for a person, should it be refused. */
export const HANDOFF = "handoff";

/** A refusal that stays, however often the same words are sent. */
export const cannotBeSent = (code) => ["message_too_long", "message_empty", "invalid_frame"].includes(code);

/** Ids of unsent messages that a snapshot does not need sent again. */
export function settledBy(messages, entries) {
  const stored = new Map(messages.map((message) => [message.id, message]));
  return entries
    .filter(({ id, retry }) => stored.has(id) && !(retry && stored.get(id).metadata?.failed))
    .map(({ id }) => id);
}

const isLocal = (item) => item.state === "unsent" || item.state === "refused";
const isPending = (item) => isLocal(item) || item.state === "waiting";
const find = (state, id) => state.items.find((item) => item.id === id);
const time = ({ metadata }) => (metadata?.at ? Date.parse(metadata.at) : Date.now());

function change(state, id, changes) {
  return { ...state, items: state.items.map((item) => (item.id === id ? { ...item, ...changes } : item)) };
}

/** What a run says stands before the messages that still wait for theirs. */
function insert(state, item) {
  let place = state.items.length;
  while (place > 0 && isPending(state.items[place - 1])) place -= 1;
  return { ...state, items: state.items.toSpliced(place, 0, { ...item, runId: state.run?.id }) };
}

const withoutRun = (state, runId) => ({ ...state, items: state.items.filter((item) => item.runId !== runId) });

function acknowledged(state, event) {
  const { messageId: id } = event;
  const known = find(state, id);
  if (known && !isLocal(known) && known.state !== "failed") return state;
  if (known?.retry || known?.state === "failed") {
    return change(state, id, { state: "waiting", retry: false, refusal: undefined, error: undefined });
  }
  const rest = state.items.filter((item) => item.id !== id);
  let place = rest.length;
  while (place > 0 && isLocal(rest[place - 1])) place -= 1;
  const item = { kind: "user", id, text: known?.text ?? "", at: known?.at ?? time(event), state: "waiting" };
  return { ...state, items: rest.toSpliced(place, 0, item) };
}

function fromMessages(messages) {
  const finished = new Set(messages.filter(({ role }) => role === "tool").map(({ toolCallId }) => toolCallId));
  const items = [];
  let answered = 0; // items up to here have had their answer
  for (const { id, role, content, toolCalls, activityType, metadata } of messages) {
    const at = metadata?.at ? Date.parse(metadata.at) : undefined;
    if (role === "user") {
      items.push({ kind: "user", id, text: plain(content), at, state: metadata?.failed ? "failed" : "waiting" });
    } else if (role === "assistant") {
      for (; answered < items.length; answered += 1) {
        if (items[answered].state === "waiting") items[answered].state = "answered";
      }
      const cut = Boolean(metadata?.cut);
      const replaced = Boolean(metadata?.replaced);
      if (content) items.push({ kind: "assistant", id, text: plain(content), at, cut, replaced });
      else if (cut) markStopped(items);
      for (const call of toolCalls ?? []) {
        items.push({ kind: "lookup", id: call.id, name: call.function.name, args: call.function.arguments, done: finished.has(call.id) });
      }
    } else if (role === "activity" && activityType === "order") {
      if (!shownLast(items, content)) items.push({ kind: "order", id, order: content });
    } else if (role === "system") {
      items.push({ kind: "note", id: id || `unreadable-${items.length}`, text: plain(content) });
    }
  }
  return items;
}

/** Whether the newest card says just this: it need not be there twice. */
function shownLast(items, order) {
  const card = items.findLast((item) => item.kind === "order");
  return card !== undefined && JSON.stringify(card.order) === JSON.stringify(order);
}

/** Stopped before the first word: there is nothing but the question to say it at. */
function markStopped(items) {
  const question = items.findLast((item) => item.kind === "user");
  if (question) question.stopped = true;
}

/** AG-UI's content is a text or a list of parts. */
const plain = (content) => (typeof content === "string" ? content : content.map((part) => part.text ?? "").join(""));
