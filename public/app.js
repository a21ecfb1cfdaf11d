// What the pages do by themselves. Everything here is a convenience: without it every page reads and every form works.
(() => {
  const TOAST_MS = 6_000;
  const TOAST_WITH_UNDO_MS = 10_000;
  const MAX_TOASTS = 4;
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
    moveCharts();
  }
  setInterval(() => document.hidden || tick(), 500);

  // --- Theme: auto, light, dark, and round again.

  function storedTheme() {
    try {
      return localStorage.getItem("theme") ?? root.dataset.theme ?? "auto";
    } catch {
      return root.dataset.theme ?? "auto";
    }
  }

  function showTheme() {
    for (const name of document.querySelectorAll("[data-theme-name]")) name.textContent = storedTheme();
  }

  function switchTheme() {
    const next = THEMES[(THEMES.indexOf(storedTheme()) + 1) % THEMES.length];
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

  // --- Living parts: they rest in hidden tabs, catch up on return, and say when the server is gone.

  function isLive(context) {
    return context?.sourceElement?.id === "live";
  }

  function setLost(lost) {
    byId("lost")?.toggleAttribute("hidden", !lost);
    byId("pulse")?.classList.toggle("lost", lost);
  }

  function refresh() {
    window.htmx?.trigger(document.body, "refresh-live");
  }

  const watched = new Map();

  document.addEventListener("htmx:config:request", (event) => {
    if (document.hidden && event.detail.ctx.sourceEvent?.type === "every") event.preventDefault();
  });
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) refresh();
  });
  document.addEventListener("htmx:after:request", (event) => {
    const { ctx } = event.detail;
    const failed = ctx.response.status >= 500;
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
    tick();
    for (const [cell, before] of watched) if (cell.isConnected && cell.dataset.watch !== before) glow(cell);
  });
  document.addEventListener("close-dialog", closeDialog);

  function glow(cell) {
    cell.classList.add("glow");
    cell.addEventListener("animationend", () => cell.classList.remove("glow"), { once: true });
  }

  // --- Charts: each is drawn from the table beneath it, which is all there is without scripts. One cursor for all.

  const charts = new Map();

  /** The legend's buttons name the table's columns; what is stacked stands on what is shown below it. */
  function readChart(figure, hidden) {
    const rows = [...figure.querySelectorAll("tbody tr")];
    const below = rows.map(() => 0);
    const series = [...figure.querySelectorAll(":scope > .legend button")].map((button, column) => {
      const { series: name, look } = button.dataset;
      const isShown = !hidden.has(name);
      button.setAttribute("aria-pressed", String(isShown));
      const values = rows.map(({ cells }, at) => {
        const { value } = cells[column + 1].dataset;
        if (value === undefined) return null;
        if (look !== "stack" || !isShown) return Number(value);
        below[at] += Number(value);
        return below[at];
      });
      return { name, look, isShown, values, rect: button.querySelector("rect") };
    });
    // The highest of a stack is drawn first, a line over it.
    const isStacked = ({ look }) => look === "stack";
    const drawn = [...series.filter(isStacked).reverse(), ...series.filter((one) => !isStacked(one))];
    const times = rows.map((row) => Number(row.dataset.at));
    return { rows, series: drawn, data: [times, ...drawn.map(({ values }) => values)] };
  }

  function makeChart(figure, chart) {
    const { prefix, units, top, timeZone, movingS } = JSON.parse(figure.dataset.plot);
    const area = figure.querySelector(".drawing");
    const { color, borderTopColor, backgroundColor, font } = getComputedStyle(area);
    const axis = { stroke: color, font, ticks: { show: false } };
    const written = (value) => {
      const level = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, value)) / 3));
      return `${prefix}${Number((value / 1000 ** level).toPrecision(6))}${units[level]}`;
    };
    const day = { day: "numeric", month: "short" };
    const hour = { hour: "2-digit", minute: "2-digit" };
    const times = (_, ticks, __, ___, step) => {
      const format = new Intl.DateTimeFormat("en-GB", { ...(step < 86_400 ? hour : day), timeZone });
      return ticks.map((at) => format.format(at * 1000));
    };
    // Of a line's points only those are marked that stand alone between two gaps.
    const alone = (plot, at) =>
      plot.data[at].flatMap((value, i, all) =>
        value != null && all[i - 1] == null && all[i + 1] == null ? i : [],
      );
    const lines = chart.series.map(({ look, rect }) => {
      const { fill } = getComputedStyle(rect);
      const stroke = look === "stack" ? backgroundColor : fill;
      const fills = { stack: fill, area: `color-mix(in srgb, ${fill} 12%, transparent)` };
      const dash = look === "dashed" ? [4, 4] : [];
      return {
        stroke,
        fill: fills[look],
        dash,
        width: 1.5,
        points: { show: true, filter: alone, size: 5, fill },
      };
    });
    const options = {
      width: area.clientWidth,
      height: area.clientHeight,
      legend: { show: false },
      tzDate: (seconds) => window.uPlot.tzDate(new Date(seconds * 1000), timeZone),
      cursor: { y: false, sync: { key: "page" }, drag: { x: !movingS, y: false } },
      scales: { y: { range: (_, __, most) => [0, Math.max(top, (most ?? 0) * 1.05)] } },
      axes: [
        { ...axis, grid: { show: false }, values: times, size: 28 },
        { ...axis, grid: { stroke: borderTopColor }, values: (_, ticks) => ticks.map(written), size: 56 },
      ],
      series: [{}, ...lines],
      hooks: { setCursor: [() => showTip(figure, chart)] },
    };
    chart.plot?.destroy();
    chart.tip = Object.assign(document.createElement("div"), { className: "tip", hidden: true, inert: true });
    chart.plot = new window.uPlot(options, chart.data, area);
    chart.plot.over.append(chart.tip);
    chart.movingS = movingS;
    sizes.observe(area);
  }

  /** The legend again, with what the table says of the place that is pointed at. */
  function showTip(figure, { plot, tip, rows }) {
    const { idx, left } = plot.cursor;
    tip.hidden = left < 0 || !rows[idx] || !plot.over.matches(":hover");
    if (tip.hidden) return;
    const [time, ...cells] = rows[idx].cells;
    const legend = figure.querySelector(".legend").cloneNode(true);
    for (const [at, button] of [...legend.children].entries())
      button.querySelector("b").textContent = cells[at].textContent;
    tip.replaceChildren(time.textContent, legend);
    const isLeft = left < plot.over.clientWidth / 2;
    tip.style.translate = isLeft ? `${left + 12}px` : `calc(${left - 12}px - 100%)`;
  }

  /** Draws what is new, and shows the numbers of now in what is there; a zoom stays. */
  function drawCharts(anew) {
    for (const figure of window.uPlot ? document.querySelectorAll("[data-plot]") : []) {
      const chart = charts.get(figure) ?? { hidden: new Set() };
      charts.set(figure, Object.assign(chart, readChart(figure, chart.hidden)));
      const shape = chart.series.map(({ look, name }) => look + name).join();
      if (anew === true || chart.shape !== shape) makeChart(figure, chart);
      chart.shape = shape;
      const { plot, data } = chart;
      const { min, max } = plot.scales.x;
      const isZoomed = min > data[0][0] || (max && max < data[0].at(-1));
      plot.batch(() => {
        for (const [at, { isShown }] of chart.series.entries()) plot.setSeries(at + 1, { show: isShown });
        plot.setData(data, !isZoomed);
        if (isZoomed) plot.setScale("x", { min, max });
      });
    }
    moveCharts();
  }

  /** The last hour goes on by the second, on the server's clock. */
  function moveCharts() {
    for (const [figure, { plot, movingS }] of charts) {
      if (!movingS || !figure.isConnected) continue;
      const max = serverNow(figure) / 1000;
      plot.setScale("x", { min: max - movingS, max });
    }
  }

  function toggleSeries(button) {
    const { hidden } = charts.get(button.closest("[data-plot]"));
    if (!hidden.delete(button.dataset.series)) hidden.add(button.dataset.series);
    drawCharts();
  }

  const sizes = new ResizeObserver((entries) => {
    for (const { target, contentRect } of entries)
      charts.get(target.parentElement)?.plot.setSize(contentRect);
  });
  const redraw = () => drawCharts(true);
  new MutationObserver(redraw).observe(root, { attributeFilter: ["data-theme"] });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);

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
    "#dialog [data-close]": (_, event) => {
      event.preventDefault();
      closeDialog();
    },
    "[popover] button": (button) => button.closest("[popover]").hidePopover(),
  };

  document.addEventListener("click", (event) => {
    for (const [selector, act] of Object.entries(clicks)) {
      const element = event.target.closest(selector);
      if (element) act(element, event);
    }
  });
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, textarea, select, dialog");
    if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
    const search = byId("search");
    if (!search) return;
    event.preventDefault();
    search.focus();
  });

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
        if (this.changed === 0) return "No unsaved changes.";
        return this.changed === 1 ? "1 unsaved change." : `${this.changed} unsaved changes.`;
      },
      rows() {
        return [...this.$root.querySelectorAll("[data-saved]")].map((row) => ({
          row,
          field: row.querySelector("input, select, textarea"),
        }));
      },
      look() {
        this.changed = 0;
        for (const { row, field } of this.rows()) {
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
        for (const { row, field } of this.rows()) field.value = row.dataset.saved;
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
    drawCharts();
    tick();
  });
})();
