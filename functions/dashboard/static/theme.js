// Runs before the modules. It is not a module, because it must set the theme before the first paint.
try {
  const theme = localStorage.getItem("cavok.theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // The browser forbids the page to store anything, so no theme was chosen.
}

// For a page whose modules do not load. Without this, the link would lose the view that was asked for.
addEventListener("click", (event) => {
  if (/** @type {HTMLElement} */ (event.target).id !== "again") return;
  event.preventDefault();
  location.reload();
});
