// The keys of the reviewer's desk: between waiting reports, between odd rows, to the decision. All of it can be
// reached by Tab as well; nothing here sends anything.
(() => {
  "use strict";
  const card = document.querySelector("[data-keys]");
  if (!card) return;
  const isQueue = card.dataset.keys === "queue";
  const rows = [...document.querySelectorAll("tr[data-stop]")];
  const focused = () => document.activeElement ?? document.body;
  const currentRow = () => focused().closest("table tbody tr");

  // Single letters get in the way of speech input, so they can be switched off, for good.
  const toggle = card.querySelector("input");
  const remembered = "review-keys";
  try { toggle.checked = localStorage.getItem(remembered) !== "off"; } catch { /* private window: on */ }
  toggle.addEventListener("change", () => {
    try { localStorage.setItem(remembered, toggle.checked ? "on" : "off"); } catch { /* for this page only */ }
  });
  card.hidden = false;

  const go = (element) => {
    if (!element) return;
    element.focus({ preventScroll: true });
    element.scrollIntoView({ block: "nearest" });
  };
  const focusRow = (row) => go(isQueue ? row?.querySelector("th a") : row);

  // The next stop from where the focus is, also from a row that is none; at either end it stays.
  const step = (by) => {
    const here = currentRow();
    if (!here) return focusRow(by > 0 ? rows[0] : rows.at(-1));
    const follows = (row) => here.compareDocumentPosition(row) & Node.DOCUMENT_POSITION_FOLLOWING;
    const ahead = rows.filter((row) => row !== here && Boolean(follows(row)) === by > 0);
    focusRow(by > 0 ? ahead[0] : ahead.at(-1));
  };
  const ask = () => {
    const box = currentRow()?.querySelector("details.ask");
    if (!box) return;
    box.open = true;
    go(box.querySelector("textarea, input:not([type=hidden])"));
  };
  const help = () => {
    card.open = !card.open;
    go(card.querySelector("summary"));
  };
  const follow = (key) => document.querySelector(`a[data-key="${key}"]`)?.click();

  const keys = isQueue
    ? { j: () => step(1), k: () => step(-1), x: () => currentRow()?.querySelector("input[type=checkbox]")?.click() }
    : {
        n: () => step(1), p: () => step(-1), a: ask,
        v: () => go(document.querySelector("form.decision button[value=verify]")),
        s: () => go(document.querySelector("form.decision textarea")),
        j: () => follow("j"), k: () => follow("k"), u: () => follow("u"),
      };
  keys["?"] = help;
  if (isQueue) {
    keys.ArrowDown = () => currentRow() && step(1);
    keys.ArrowUp = () => currentRow() && step(-1);
  }

  // On a keyboard of another script the letter is told by its place.
  const pressed = (event) => {
    if (event.key.length > 1 || event.key === "?") return event.key;
    if (event.shiftKey) return event.code === "Slash" ? "?" : "";
    if (event.key.charCodeAt(0) < 128) return event.key.toLowerCase();
    return /^Key[A-Z]$/.test(event.code) ? event.code.slice(3).toLowerCase() : "";
  };
  const isTyping = (element) => element.closest("input:not([type=checkbox]), textarea, select, [contenteditable]");

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing || event.defaultPrevented) return;
    if (event.key === "Escape" && isTyping(event.target)) {
      const row = event.target.closest("details.ask")?.closest("tr");
      if (row) go(row);
      return;
    }
    if (!toggle.checked || isTyping(event.target)) return;
    const act = keys[pressed(event)];
    if (!act || (event.key.startsWith("Arrow") && !currentRow())) return;
    event.preventDefault();
    act();
  });

  for (const button of document.querySelectorAll("[data-tick-all]")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      for (const box of document.querySelectorAll("input[name=seen]")) box.checked = true;
    });
  }
})();
