// A new conversation, by the HTTP interface.

/** Ends this conversation and begins another; throws when the server does not. */
export async function beginAnew(url) {
  const answer = await fetch(url, { method: "POST", headers: { "X-CSRFToken": csrfToken() } });
  if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
}

/** From the cookie, which is right also after logging in anew in another tab. */
function csrfToken() {
  return document.cookie.match(/(?:^|; )csrftoken=([^;]*)/)?.[1] ?? "";
}
