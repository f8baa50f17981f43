/* Theme, address and keys. Gradio compiles handlers' own scripts in the browser, which our policy forbids: these stand in the head. */
(() => {
  const KEY = "fewtune-theme";
  const stored = () => { try { return localStorage.getItem(KEY); } catch { return null; } };
  const wanted = () => stored() || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  const apply = () => {
    const dark = wanted() === "dark";
    if (document.body && document.body.classList.contains("dark") !== dark) document.body.classList.toggle("dark", dark);
    document.documentElement.style.colorScheme = dark ? "dark" : "light";
  };
  document.documentElement.style.background = wanted() === "dark" ? "#121519" : "#f6f6f3";

  /* Where the tab is stands in #ft-place as "step run study", "-" for none; the address follows it, and the back button leads back. */
  const read = () => {
    const place = document.querySelector("#ft-place .ft-place");
    const [step, ...rest] = place ? place.textContent.trim().split(" ") : [];
    const [run, study] = rest.map((name) => (name === "-" ? "" : name));
    return step ? { step, run: run || "", study: study || "" } : null;
  };
  let current = null, going = false;
  const follow = () => {
    const place = read();
    if (!place || (current && ["step", "run", "study"].every((name) => current[name] === place[name]))) return;
    const query = new URLSearchParams(location.search);
    query.set("step", place.step);
    for (const name of ["run", "study"]) if (place[name]) query.set(name, place[name]); else query.delete(name);
    const address = location.pathname + "?" + query.toString();
    if (!current || going || current.step === place.step) history.replaceState(place, "", address);
    else history.pushState(place, "", address);
    const moved = !current || current.step !== place.step || current.run !== place.run;
    going = false;
    current = place;
    if (!moved) return;
    window.scrollTo({ top: 0 });
    const here = document.querySelector("#ft-step-" + place.step);
    if (here) here.parentElement.scrollTo({ left: here.offsetLeft - 60 });
  };
  addEventListener("popstate", (event) => {
    if (!event.state || !event.state.step) return;
    const button = document.querySelector("#ft-step-" + event.state.step);
    if (button) { going = true; button.click(); }
  });

  addEventListener("click", (event) => {
    if (!event.target.closest || !event.target.closest("#ft-theme")) return;
    const next = document.body.classList.contains("dark") ? "light" : "dark";
    try { localStorage.setItem(KEY, next); } catch { /* a browser that keeps nothing still switches */ }
    document.body.classList.toggle("dark", next === "dark");
    document.documentElement.style.background = "";
    document.documentElement.style.colorScheme = next;
  });

  /* Enter in a one-line field keeps what was typed, as leaving it does; it never starts a run by itself. */
  addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.target instanceof HTMLInputElement) || !event.target.closest("#ft-walk")) return;
    if (event.target.getAttribute("role") === "listbox" || event.target.closest(".ft-own-enter")) return;
    event.target.blur();
  });

  /* Among the rows of the results: n and p go on and back, 1 to 4 give a verdict, 0 takes it back. */
  addEventListener("keydown", (event) => {
    const here = event.target instanceof Element && event.target.closest("#ft-rowwise");
    if (!here || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("textarea, select, input:not([type=radio])")) return;
    const step = { n: "#ft-next-row", p: "#ft-previous-row" }[event.key];
    const verdict = /^[0-4]$/.test(event.key) && document.querySelectorAll("#ft-verdict input[type=radio]")[Number(event.key)];
    const aim = step ? document.querySelector(step) : verdict;
    if (!aim) return;
    event.preventDefault();
    aim.click();
  });

  /* While new rows are looked at: a accepts, r rejects, e edits, left and right go on; never while somebody types. */
  const REVIEW = { a: "accept", r: "reject", e: "edit", ArrowLeft: "back", ArrowRight: "next" };
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !REVIEW[event.key] || !(event.target instanceof Element)) return;
    if (event.target.closest("textarea, input, select, [contenteditable]")) return;
    const button = document.querySelector("#ft-review-" + REVIEW[event.key]);
    if (!button || button.offsetParent === null || button.disabled) return;
    event.preventDefault();
    button.click();
  });

  /* A figure can be saved for a slide: on white, whatever the theme; the library that drew it writes it, nobody is asked. */
  const save = async (plot, format) => {
    const { data, layout } = plot, ink = "#1c2127";
    const title = layout.title && typeof layout.title === "object" ? layout.title : { text: layout.title || "" };
    const wide = plot.clientWidth || 900, high = plot.clientHeight || 400;
    const look = { paper_bgcolor: "#fff", plot_bgcolor: "#fff", autosize: false, width: wide, height: high };
    const font = { ...layout.font, color: ink };
    const figure = { data, layout: { ...layout, ...look, font, title: { ...title, font: { ...title.font, color: ink } } } };
    const image = await window.Plotly.toImage(figure, { format, width: wide, height: high, scale: format === "png" ? 3 : 1 });
    const words = String(title.text).replace(/<[^>]*>/g, " ").replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-+|-+$/g, "");
    const link = document.createElement("a");
    link.href = image;
    link.download = (words.slice(0, 60) || "figure") + "." + format;
    link.click();
  };
  const offer = () => {
    for (const plot of document.querySelectorAll(".ft-plot")) {
      const drawn = plot.querySelector(".js-plotly-plot .main-svg"), there = plot.querySelector(".ft-save");
      if (!drawn && there) there.remove();
      if (!drawn || there || !window.Plotly) continue;
      const bar = document.createElement("div");
      bar.className = "ft-save";
      for (const format of ["PNG", "SVG"]) {
        const button = document.createElement("button");
        button.type = "button";
        button.textContent = format;
        button.setAttribute("aria-label", "Save this figure as " + format);
        button.addEventListener("click", () => save(plot.querySelector(".js-plotly-plot"), format.toLowerCase()));
        bar.append(button);
      }
      plot.append(bar);
    }
  };
  /* Each new figure of a live run is a new element: what was zoomed in on is put back, until a double click. */
  const zoom = () => {
    for (const plot of document.querySelectorAll(".ft-plot")) {
      const figure = plot.querySelector(".js-plotly-plot");
      if (!figure || !figure.on || !figure._fullLayout || !figure._fullLayout.xaxis || figure.ftHeard || !window.Plotly) continue;
      figure.ftHeard = true;
      const of = [new URLSearchParams(location.search).get("run"), figure._fullLayout.title.text].join(" ");
      const ends = () => figure._fullLayout.xaxis.range.map(Number), whole = String(ends());
      figure.on("plotly_relayout", changed => {
        if (!Object.keys(changed).some(name => name.startsWith("xaxis."))) return;
        const all = figure._fullLayout.xaxis.autorange || String(ends()) === whole;
        plot.ftZoom = all ? null : { of, range: ends() };
      });
      if (plot.ftZoom && plot.ftZoom.of === of) window.Plotly.relayout(figure, { "xaxis.range": plot.ftZoom.range });
    }
  };
  let offering = 0;
  const soon = () => { if (!offering) offering = setTimeout(() => { offering = 0; offer(); }, 400); };

  const begin = () => {
    apply();
    let quiet = 0;
    const settle = new MutationObserver(() => { if (quiet++ < 20 && stored()) apply(); });
    settle.observe(document.body, { attributes: true, attributeFilter: ["class"] });
    setTimeout(() => settle.disconnect(), 8000);
    new MutationObserver(() => { follow(); zoom(); soon(); }).observe(document.body, { childList: true, subtree: true, characterData: true });
    follow();
  };
  /* Gradio may put its head in after the page was read. */
  if (document.readyState === "loading") addEventListener("DOMContentLoaded", begin); else begin();
})();
