// Before the first paint: the theme that this browser chose, and what the server can't know by itself.
(() => {
  const root = document.documentElement;
  root.classList.add("js");
  try {
    const theme = localStorage.getItem("theme");
    if (theme === "light" || theme === "dark") root.dataset.theme = theme;
    if (theme === "auto") delete root.dataset.theme;
  } catch {
    // Storage may be forbidden; the theme of the settings holds then.
  }
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  // biome-ignore lint/suspicious/noDocumentCookie: must be written before the page goes on loading
  document.cookie = `lb_time_zone=${encodeURIComponent(zone)}; path=/; max-age=31536000; samesite=lax`;
})();
