// What the pages do by themselves. Everything here is a convenience: without it every page reads and every form works.
(() => {
  const TOAST_MS = 6_000;
  const TOAST_WITH_UNDO_MS = 10_000;
  const MAX_TOASTS = 4;
  const SCROLL_REST_MS = 300;
  const THEMES = ["auto", "light", "dark"];
  const root = document.documentElement;
  const byId = (id) => document.getElementById(id);

  // --- Countdowns run on the server's clock, which each living part tells.

  const offsets = new WeakMap();

  function serverNow(element) {
    const part = element.closest("[data-now]");
    const told = part.dataset.now;
    if (offsets.get(part)?.told !== told) offsets.set(part, { told, offset: Number(told) - Date.now() });
    return Date.now() + offsets.get(part).offset;
  }

  function countdown(ms) {
    const seconds = Math.max(0, Math.ceil(ms / 1000));
    const two = (value) => String(value).padStart(2, "0");
    const minutes = Math.floor(seconds / 60);
    if (minutes < 60) return `${minutes}:${two(seconds % 60)}`;
    return `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(seconds % 60)}`;
  }

  function tick() {
    for (const element of document.querySelectorAll("[data-now] [data-until]")) {
      const text = countdown(Number(element.dataset.until) - serverNow(element));
      if (element.textContent !== text) element.textContent = text;
    }
    if (document.querySelector("[data-plot*='movingS']")) drawCharts();
  }
  setInterval(() => document.hidden || tick(), 500);

  // --- Theme: auto, light, dark, and round again.

  const themeNow = () => root.dataset.theme ?? "auto";

  function showTheme() {
    for (const name of document.querySelectorAll("[data-theme-name]")) name.textContent = themeNow();
  }

  function switchTheme() {
    const next = THEMES[(THEMES.indexOf(themeNow()) + 1) % THEMES.length];
    if (next === "auto") delete root.dataset.theme;
    else root.dataset.theme = next;
    try {
      localStorage.setItem("theme", next);
    } catch {
      // It holds for this page then.
    }
    showTheme();
    toast(`Theme: ${next}`);
  }

  // --- Toasts leave by themselves, but not while they are looked at.

  function toast(text, bad = false) {
    const box = document.createElement("div");
    box.className = `notice toast ${bad ? "is-invalid" : "is-available"}`;
    box.textContent = text;
    byId("toasts")?.append(box);
  }

  function watchToasts(list) {
    new MutationObserver(() => {
      while (list.children.length > MAX_TOASTS) list.firstElementChild.remove();
      for (const box of list.children) {
        if (box.dataset.leaves) continue;
        box.dataset.leaves = "soon";
        leaveLater(box, box.querySelector("form") ? TOAST_WITH_UNDO_MS : TOAST_MS);
      }
    }).observe(list, { childList: true });
  }

  function leaveLater(box, ms) {
    setTimeout(() => (box.matches(":hover, :focus-within") ? leaveLater(box, 1_000) : box.remove()), ms);
  }

  // --- The one dialog: what htmx puts into it opens it.

  function openDialog() {
    const dialog = byId("dialog");
    if (dialog?.childElementCount && !dialog.open) dialog.showModal();
  }

  const closeDialog = () => byId("dialog")?.close();

  // --- Living parts: they rest in hidden tabs and under a scrolling hand, catch up, and say when the server is gone.

  const isLive = (context) => context?.sourceElement?.id === "live";

  function setLost(lost) {
    if (!lost && byId("lost")?.hidden === false) toast("The server answers again.");
    byId("lost")?.toggleAttribute("hidden", !lost);
    byId("pulse")?.classList.toggle("lost", lost);
  }

  const watched = new Map();
  let scrolledAt = 0;
  document.addEventListener("scroll", () => (scrolledAt = Date.now()), { capture: true, passive: true });
  document.addEventListener("htmx:config:request", (event) => {
    const isTold = root.classList.contains("told") && document.querySelector("[data-tail]");
    const rests = document.hidden || isTold || Date.now() - scrolledAt < SCROLL_REST_MS;
    if (rests && event.detail.ctx.sourceEvent?.type === "every") event.preventDefault();
  });
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) window.htmx?.trigger(document.body, "refresh-live");
  });
  document.addEventListener("htmx:after:request", (event) => {
    const { ctx } = event.detail;
    const failed = ctx.response.status >= 500;
    for (const note of document.querySelectorAll(".session-ended")) note.hidden = ctx.response.status !== 401;
    if (isLive(ctx) || !failed) setLost(failed);
    else toast(`The server could not do that (${ctx.response.status}); its log says why.`, true);
  });
  document.addEventListener("htmx:error", (event) => {
    const { ctx } = event.detail;
    if (!ctx) return;
    setLost(true);
    if (!isLive(ctx)) toast("The server did not answer. Look whether it was done, then try again.", true);
  });
  document.addEventListener("htmx:before:swap", () => {
    watched.clear();
    for (const cell of document.querySelectorAll("[data-watch]")) watched.set(cell, cell.dataset.watch);
  });
  document.addEventListener("htmx:after:swap", () => {
    openDialog();
    drawCharts();
    countPicks();
    const field = document.querySelector("[data-drop]");
    if (field && dropped) [field.files, dropped] = [dropped, null];
    tick();
    for (const [cell, before] of watched) if (cell.isConnected && cell.dataset.watch !== before) glow(cell);
  });
  document.addEventListener("close-dialog", closeDialog);

  function glow(cell) {
    cell.classList.add("glow");
    cell.addEventListener("animationend", () => cell.classList.remove("glow"), { once: true });
  }

  // --- Charts: each is drawn from the table beneath it, which is all there is without scripts. One cursor for all.

  const charts = new WeakMap();
  const hiddenSeries = new Set();
  const seriesName = (button) => `${button.closest("figure").id} ${button.dataset.series}`;
  /** Of a line's points those that stand alone between two gaps. */
  const alone = ({ data }, at) =>
    data[at].flatMap((value, i, all) => (value != null && all[i - 1] == null && all[i + 1] == null ? i : []));

  /** A series for each button of the legend, which names a column. The highest of a stack is drawn first. */
  function readSeries(figure, rows, ground) {
    const below = rows.map(() => 0);
    const series = [...figure.querySelectorAll(":scope > .legend button")].map((button, column) => {
      const { look } = button.dataset;
      const isStacked = look === "stack";
      const show = !hiddenSeries.has(seriesName(button));
      button.setAttribute("aria-pressed", String(show));
      const heights = rows.map(({ cells }, at) => {
        const { value } = cells[column + 1].dataset;
        if (value === undefined) return null;
        const height = Number(value) + (isStacked ? below[at] : 0);
        if (isStacked && show) below[at] = height;
        return height;
      });
      const { fill: colour } = getComputedStyle(button.querySelector("rect"));
      const fill = { stack: colour, area: `color-mix(in srgb, ${colour} 12%, transparent)` }[look];
      const line = {
        stroke: isStacked ? ground : colour,
        width: isStacked ? 0.75 : 1.5,
        dash: look === "dashed" ? [4, 4] : [],
      };
      const points = { filter: alone, show: true, size: 5, fill: colour };
      return { label: seriesName(button), look, show, heights, fill, ...line, points };
    });
    return series.reverse().sort((a, b) => (a.look === "dashed") - (b.look === "dashed"));
  }

  /** The page gives all options that are no functions and no colours. */
  function makePlot(figure, area, style, series, data) {
    const { prefix, units, timeZone, movingS, ...options } = JSON.parse(figure.dataset.plot);
    const amount = (value) => {
      const level = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, value)) / 3));
      return `${prefix}${Number((value / 1000 ** level).toPrecision(6))}${units[level]}`;
    };
    for (const axis of options.axes) Object.assign(axis, { stroke: style.color, font: style.font });
    Object.assign(options.axes[1], {
      grid: { stroke: style.borderTopColor, width: 1 },
      values: (_, at) => at.map(amount),
    });
    const range = () => [serverNow(figure) / 1000 - movingS, serverNow(figure) / 1000];
    if (movingS) options.scales.x = { range };
    const tzDate = (seconds) => window.uPlot.tzDate(new Date(seconds * 1000), timeZone);
    const size = { width: area.clientWidth, height: area.clientHeight };
    const hooks = { setCursor: [() => showTip(figure, area)] };
    return new window.uPlot({ ...options, ...size, tzDate, hooks, series: [{}, ...series] }, data, area);
  }

  /** The legend again, with what the table says of the place that is pointed at. */
  function showTip(figure, area) {
    const { plot, rows } = charts.get(figure);
    const { idx, left } = plot.cursor;
    const tip = area.querySelector(".tip");
    tip.hidden = left < 0 || !rows[idx] || !plot.over.matches(":hover");
    if (tip.hidden) return;
    const [time, ...cells] = rows[idx].cells;
    tip.replaceChildren(time.textContent, figure.querySelector(":scope > .legend").cloneNode(true));
    for (const [at, value] of [...tip.querySelectorAll("b")].entries())
      value.textContent = cells[at].textContent;
    const isLeft = left < plot.over.clientWidth / 2;
    tip.style.translate = isLeft ? `${left + 12}px` : `calc(${left - 12}px - 100%)`;
  }

  /** Draws what is new or looks different, and shows the numbers of now in what is there; a zoom stays. */
  function drawCharts() {
    for (const figure of window.uPlot ? document.querySelectorAll("[data-plot]") : []) {
      const { plot, shape } = charts.get(figure) ?? {};
      const area = figure.querySelector(".drawing");
      const style = getComputedStyle(area);
      const rows = [...figure.querySelectorAll("tbody tr")];
      const series = readSeries(figure, rows, style.backgroundColor);
      const times = rows.map((row) => Number(row.dataset.at));
      const data = [times, ...series.map(({ heights }) => heights)];
      const { min, max } = plot?.scales.x ?? {};
      const isZoomed = !figure.dataset.plot.includes("movingS") && (min > times[0] || max < times.at(-1));
      const looks = series.map(({ heights, ...look }) => look);
      const chart = { plot, rows, shape: JSON.stringify([area.clientWidth, area.clientHeight, looks]) };
      charts.set(figure, chart);
      if (shape === chart.shape) plot.setData(data, !isZoomed);
      else {
        plot?.destroy();
        chart.plot = makePlot(figure, area, style, series, data);
      }
      if (isZoomed) chart.plot.setScale("x", { min, max });
    }
  }

  function toggleSeries(button) {
    const name = seriesName(button);
    if (!hiddenSeries.delete(name)) hiddenSeries.add(name);
    drawCharts();
  }

  new ResizeObserver(drawCharts).observe(root);
  new MutationObserver(drawCharts).observe(root, { attributeFilter: ["data-theme"] });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawCharts);

  // --- Keys: ticked rows, and files that are dropped.

  /** @param all tick or untick every row first. */
  function countPicks(all) {
    const boxes = [...document.querySelectorAll("[data-pick]")];
    if (all !== undefined) for (const box of boxes) box.checked = all;
    const picked = boxes.filter((box) => box.checked).length;
    for (const place of document.querySelectorAll("[data-picked]")) place.textContent = picked;
    if (byId("pick-all")) byId("pick-all").checked = picked > 0 && picked === boxes.length;
  }

  let dropped = null;
  document.addEventListener("clear-picked", () => countPicks(false));
  document.addEventListener("dragover", (event) => byId("pick-all") && event.preventDefault());
  document.addEventListener("drop", (event) => {
    dropped = event.dataTransfer.files;
    if (byId("pick-all")) event.preventDefault();
    document.querySelector("[data-import]")?.click();
  });

  // --- Clicks and keys.

  async function copy(button) {
    await navigator.clipboard.writeText(document.querySelector(button.dataset.copy).textContent);
    const label = button.querySelector("span");
    label.textContent = "Copied";
    setTimeout(() => (label.textContent = "Copy"), 2_000);
  }

  const clicks = {
    "[data-theme-switch]": switchTheme,
    "[data-plot] .legend button": toggleSeries,
    "[data-dismiss]": (button) => button.closest(".notice").remove(),
    "[data-copy]": copy,
    "[data-pick], [data-pick-none]": ({ type }) => countPicks(type === "button" ? false : undefined),
    "#pick-all": ({ checked }) => countPicks(checked),
    "#dialog [data-close]": (_, event) => {
      event.preventDefault();
      closeDialog();
    },
    // From a request's story to that of the row before or after it.
    "[data-step]": ({ dataset: { of, step } }) => byId(of)?.[step]?.querySelector(".when").click(),
    "[popover] button": (button) => button.closest("[popover]").hidePopover(),
  };

  document.addEventListener("click", (event) => {
    for (const [selector, act] of Object.entries(clicks)) {
      const element = event.target.closest(selector);
      if (element) act(element, event);
    }
  });
  // What has a shortcut is clicked by it, a field gets the focus. In a field the keys are the field's own.
  let keyBefore = "";
  document.addEventListener("keydown", (event) => {
    const { key, target, ctrlKey, metaKey, altKey } = event;
    if (key === "Escape") target.closest("form")?.querySelector("[data-escape]")?.click();
    if (key === "Enter" && (ctrlKey || metaKey)) target.closest("[data-send]")?.form.requestSubmit();
    if (ctrlKey || metaKey || altKey || ["Shift", "Tab"].includes(key)) return;
    if (target.closest("input, textarea, select, dialog")) return key === "Escape" && target.blur();
    const keys = keyBefore === "g" ? `g ${key}` : key;
    keyBefore = key;
    const found = document.querySelector(`[data-shortcut="${CSS.escape(keys)}"]`);
    if (!found) return;
    event.preventDefault();
    found.matches("input") ? found.focus() : found.click();
  });

  // A page that is told by a stream what is new asks by itself only while there is none.
  for (const [moment, isTold] of Object.entries({ before: false, after: true }))
    document.addEventListener(`htmx:sse:${moment}:connection`, () => root.classList.toggle("told", isTold));

  // What was sent from the playground leaves the field once the server has it.
  document.addEventListener("htmx:sse:after:connection", ({ target }) => {
    for (const field of target.querySelectorAll("[data-send]")) field.value = "";
  });

  // A key that is dragged to a pool's other list goes there by the hidden button of its row.
  let dragged = null;
  const fits = ({ target }) => dragged && target.closest("[data-drag-list]")?.contains(dragged) === false;
  document.addEventListener("dragstart", ({ target }) => (dragged = target.querySelector?.("[data-drag]")));
  document.addEventListener("dragover", (event) => fits(event) && event.preventDefault());
  document.addEventListener("drop", (event) => fits(event) && dragged.form.requestSubmit(dragged));

  // --- Forms that tell more as one types.

  document.addEventListener("alpine:init", () => {
    const { Alpine } = window;

    /** Settings: marks what differs from what is in force, and takes it back. */
    Alpine.data("settings", () => ({
      changed: 0,
      init() {
        this.look();
      },
      get summary() {
        return `${this.changed || "No"} unsaved ${this.changed === 1 ? "change" : "changes"}.`;
      },
      rows() {
        const fieldOf = (row) => row.querySelector("input, select, textarea");
        return [...this.$root.querySelectorAll("[data-saved]")].map((row) => [row, fieldOf(row)]);
      },
      look() {
        this.changed = 0;
        for (const [row, field] of this.rows()) {
          const differs = field.value.trim() !== row.dataset.saved;
          row.classList.toggle("changed", differs);
          if (differs) this.changed += 1;
        }
        for (const chip of this.$root.querySelectorAll("[data-fill]")) {
          const chosen = document.querySelector(chip.dataset.fill).value === chip.dataset.value;
          chip.setAttribute("aria-pressed", String(chosen));
        }
      },
      discard() {
        for (const [row, field] of this.rows()) field.value = row.dataset.saved;
        this.look();
      },
      fill(event) {
        const { fill, value } = event.currentTarget.dataset;
        document.querySelector(fill).value = value;
        this.look();
      },
    }));

    /** Pasting keys: says what is there before anything is sent. */
    Alpine.data("paste", () => ({
      verdict: "",
      look(event) {
        const lines = event.target.value.split("\n").map((line) => line.trim());
        const kept = lines.filter((line) => line && !line.startsWith("#"));
        const twice = kept.length - new Set(kept).size;
        const json = /^[[{]/.test(kept[0] ?? "");
        if (kept.length === 0 || json) this.verdict = json ? "A JSON list." : "";
        else
          this.verdict = `${kept.length} ${kept.length === 1 ? "line" : "lines"}${twice ? `, ${twice} of them twice` : ""}.`;
      },
    }));
  });

  document.addEventListener("DOMContentLoaded", () => {
    byId("dialog")?.addEventListener("close", (event) => event.currentTarget.replaceChildren());
    const toasts = byId("toasts");
    if (toasts) watchToasts(toasts);
    showTheme();
    tick();
  });
})();
