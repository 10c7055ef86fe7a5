// What goes before the modules. Not one itself, because it must set the theme before the first paint.
try {
  const theme = localStorage.getItem("cavok.theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // The browser forbids the page to store anything, so no theme was chosen.
}

// Where the modules do not come. The link alone would forget which view was asked for.
addEventListener("click", (event) => {
  if (/** @type {HTMLElement} */ (event.target).id !== "again") return;
  event.preventDefault();
  location.reload();
});
