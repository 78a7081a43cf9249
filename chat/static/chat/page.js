// The chat as a page: the whole height that the keyboard leaves.

import { Chat } from "./chat.js";

const screen = window.visualViewport;

function fit() {
  document.documentElement.style.setProperty("--visible-height", `${screen.height}px`);
  scrollTo(0, 0); // iOS pushes the page up when its keyboard opens
}

screen?.addEventListener("resize", fit);
new Chat(document.querySelector("[data-chat]")).start();
