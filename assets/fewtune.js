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

  /* Where the tab is stands in #ft-place as "step run"; the address follows it, and the back button leads back. */
  const read = () => {
    const place = document.querySelector("#ft-place .ft-place");
    const [step, run] = place ? place.textContent.trim().split(" ") : [];
    return step ? { step, run: run || "" } : null;
  };
  let current = null, going = false;
  const follow = () => {
    const place = read();
    if (!place || (current && current.step === place.step && current.run === place.run)) return;
    const query = new URLSearchParams(location.search);
    query.set("step", place.step);
    if (place.run) query.set("run", place.run); else query.delete("run");
    const address = location.pathname + "?" + query.toString();
    if (!current || going || current.step === place.step) history.replaceState(place, "", address);
    else history.pushState(place, "", address);
    going = false;
    current = place;
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

  const begin = () => {
    apply();
    let quiet = 0;
    const settle = new MutationObserver(() => { if (quiet++ < 20 && stored()) apply(); });
    settle.observe(document.body, { attributes: true, attributeFilter: ["class"] });
    setTimeout(() => settle.disconnect(), 8000);
    new MutationObserver(follow).observe(document.body, { childList: true, subtree: true, characterData: true });
    follow();
  };
  /* Gradio may put its head in after the page was read. */
  if (document.readyState === "loading") addEventListener("DOMContentLoaded", begin); else begin();
})();
