// The chat as a panel on the landing page; on a phone its links lead to the chat's own page.

import { Chat } from "./chat.js";

const panel = document.getElementById("chat-panel");
const launcher = document.querySelector(".launcher");
const roomy = matchMedia("(min-width: 761px) and (min-height: 520px)");
let chat;
let opener;

function open(event) {
  if (!roomy.matches || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  opener = event.currentTarget;
  panel.hidden = false;
  launcher.setAttribute("aria-expanded", "true");
  if (!chat) {
    chat = new Chat(panel.querySelector("[data-chat]"));
    chat.start();
  }
  chat.composer.focus();
}

function close() {
  panel.hidden = true;
  launcher.setAttribute("aria-expanded", "false");
  opener?.focus();
}

for (const link of document.querySelectorAll("[data-open-chat]")) link.addEventListener("click", open);
panel.querySelector("[data-close]").addEventListener("click", close);
panel.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !event.isComposing && !event.target.closest("dialog")) close();
});
