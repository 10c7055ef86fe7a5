// Not a module, because it must set the theme before the first paint.
try {
  const theme = localStorage.getItem("cavok.theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // The browser forbids the page to store anything, so no theme was chosen.
}
