// Whoever uses this tab next must not find what was typed before: unsent words go at logout.
document.querySelector("form.logout")?.addEventListener("submit", () => sessionStorage.clear());
