// What somebody typed and the server has not acknowledged, kept in the browser by person, report and figure, so that
// neither a closed tab nor another person at the same machine can take it. The page of a closed report lists them.
"use strict";

const draftsOf = ({ person, report }) => {
  const prefix = `draft:${person}:${report}:`;
  let shelf;
  try {
    shelf = window.localStorage;
    shelf.setItem(`${prefix}?`, "");
    shelf.removeItem(`${prefix}?`);
  } catch {
    shelf = null; // Switched off or full: the page then warns before it is left.
  }

  const read = (name) => {
    try {
      return JSON.parse(shelf.getItem(name));
    } catch {
      return null; // Not ours, or cut short.
    }
  };

  return {
    isKept: shelf !== null,
    // [code, draft] of every figure that waits.
    all: () => Object.keys(shelf ?? {})
      .filter((name) => name.startsWith(prefix))
      .map((name) => [name.slice(prefix.length), read(name)])
      .filter(([, draft]) => draft),
    keep(code, draft) {
      try {
        shelf?.setItem(prefix + code, JSON.stringify(draft));
      } catch {
        this.isKept = false;
      }
    },
    drop: (code) => shelf?.removeItem(prefix + code),
  };
};

(() => {
  const section = document.getElementById("kept");
  if (!section) return;
  const drafts = draftsOf(section.dataset);
  const list = section.querySelector("dl");
  for (const [code, { now }] of drafts.all()) {
    const label = document.createElement("dt");
    const said = document.createElement("dd");
    label.textContent = document.querySelector(`tr[data-code="${CSS.escape(code)}"] th`)?.textContent ?? code;
    said.textContent = [now.text, now.text && now.unit, now.note].filter(Boolean).join(" · ") || "–";
    list.append(label, said);
    section.hidden = false;
  }
  section.querySelector("button").addEventListener("click", () => {
    for (const [code] of drafts.all()) drafts.drop(code);
    section.remove();
  });
})();
