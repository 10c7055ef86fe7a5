// Not a module, because it must set the theme before the first paint.
(() => {
  const theme = localStorage.getItem("cavok.theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
})();
