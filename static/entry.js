// The sheet of one month: what is typed is read, added up, kept and saved while its officer goes on; without this file
// the form works by one POST. It never changes a text on the screen that its writer did not ask it to change.
"use strict";

(() => {
  const sheet = document.getElementById("sheet");
  if (!sheet || typeof numbers === "undefined") return;
  const said = wordsOf(sheet);
  const { words, separators, fill, counted, time, element } = said;
  const rows = [...sheet.querySelectorAll("tr[data-code]")];
  const by = (id) => document.getElementById(id);
  const announce = (text) => { by("said").textContent = text; };
  const { figureOf, place, show } = cellsOf(sheet, {
    said, announce,
    isClean: (figure) => saving.isClean(figure),
    isRefused: (figure) => saving.isRefused(figure),
    changed: () => showAll(),
  });

  // ------------------------------------------------------------------------------------------- all of them

  const showSums = () => {
    for (const row of sheet.querySelectorAll("tr[data-parts]")) {
      const parts = row.dataset.parts.split(" ").map((code) => figures.get(code));
      const values = parts.map((part) => part.current).filter((value) => value != null);
      const filled = parts.filter((part) => part.current != null || part.mark.value).length;
      const decimals = Number(row.dataset.decimals);
      const none = [element("span", { ariaHidden: "true", textContent: "–" }), element("span", { className: "visually-hidden", textContent: words.no_figure })];
      row.querySelector(".sum").replaceChildren(...(values.length ? [numbers.grouped(numbers.sum(values, decimals), decimals, separators)] : none));
      const isPartial = filled > 0 && filled < parts.length;
      place(row.querySelector("td.value"), "reading", isPartial ? element("p", { textContent: fill(words.partial, { filled, wanted: parts.length }) }) : null);
    }
  };

  let trouble = false;
  let isHeldBack = false; // A submission was asked for and could not go.
  let lastSaved = "";
  let toExplain = null; // as the server counts them; null before its first answer
  const showAll = () => {
    showSums();
    const all = saving.figures;
    const entered = all.filter((figure) => figure.current != null || figure.mark.value).length;
    const empty = all.filter((figure) => !figure.now().text && !figure.mark.value).length;
    const look = all.filter((figure) => figure.needsLook);
    by("entered").textContent = fill(words.entered, { entered, wanted: all.length });
    sheet.querySelector("progress").value = entered;
    count("still-empty", words.empty, empty);
    if (toExplain !== null) count("to-explain", words.to_explain, toExplain);
    by("open-points").hidden = !by("open-points").querySelector("li:not([hidden])");
    count("to-look-at", words.to_look_at, look.length);

    const waiting = saving.waiting().filter((figure) => figure.problem);
    if (!waiting.length && navigator.onLine) isHeldBack = false;
    const line = isHeldBack ? words.not_sent
      : waiting.length ? `${counted(words.waiting, waiting.length)} ${words[waiting[0].problem.kind === "out" ? "why_out" : "why_away"]}`
      : all.some((figure) => figure.isBusy) ? words.saving
      : saving.waiting().length || look.length ? ""
      : lastSaved ? fill(words.all_saved_at, { time: time(lastSaved) }) : words.all_saved;
    by("saving").textContent = line;
    by("saving").hidden = false;
    if (waiting.length && !trouble) announce(line);
    if (!waiting.length && trouble && line !== words.saving) announce(words.all_saved);
    trouble = waiting.length > 0 || (trouble && line === words.saving);
  };

  const count = (id, pair, number) => {
    by(id).hidden = number === 0;
    by(id).textContent = counted(pair, number);
  };

  // The version that a submission is about moves on with one's own saves only: what others changed must be seen first.
  const version = sheet.elements.version;
  const mine = new Set();
  const answered = (figure, answer) => {
    mine.add(answer.revision.version);
    while (mine.has(Number(version.value) + 1)) version.value = Number(version.value) + 1;
    sheet.elements.number.value = answer.revision.number;
    lastSaved = answer.saved_at > lastSaved ? answer.saved_at : lastSaved;
    toExplain = answer.to_explain;
    for (const one of saving.figures) showFindings(one, answer.findings.filter(({ indicator }) => indicator === one.code));
    if (figure.saved.means && !sheet.dataset.habit) {
      sheet.dataset.habit = figure.saved.means; // It was asked once and holds for all.
      saving.flush();
    }
  };

  const showFindings = (figure, findings) => {
    const isOdd = findings.some(({ open }) => open);
    const told = findings.map(({ message }) => element("p", { className: "warning" }, element("span", { ariaHidden: "true", textContent: "▲" }), ` ${message}`));
    const old = by(`${figure.code}.findings`);
    const made = element("div", { id: `${figure.code}.findings` }, ...told);
    if (old?.outerHTML !== made.outerHTML && (old || findings.length)) {
      old?.remove();
      if (findings.length) figure.cells.note.prepend(made);
    }
    if (isOdd && !figure.isOdd) figure.details.open = true;
    if (!isOdd && figure.isOdd && !figure.remark.value && !figure.details.contains(document.activeElement)) figure.details.open = false;
    const isNew = isOdd !== figure.isOdd || old?.outerHTML !== made.outerHTML;
    figure.isOdd = isOdd;
    if (isNew && !figure.isTyping) show(figure);
  };

  // --------------------------------------------------------------------------------------------- together

  const drafts = draftsOf(sheet.dataset);
  const session = sessionOf(sheet, { announce, words });
  const saving = savingOf({ address: sheet.getAttribute("action"), session, drafts, show, answered });
  saving.figures.push(...rows.map(figureOf));
  const figures = new Map(saving.figures.map((figure) => [figure.code, figure]));
  const figureAt = (target) => figures.get(target.closest?.("tr[data-code]")?.dataset.code);

  sheet.addEventListener("input", ({ target }) => {
    const figure = figureAt(target);
    if (!figure) return;
    if (target === figure.input && target.value && figure.mark.value) figure.mark.value = ""; // A figure takes the mark's place.
    if (target === figure.input) figure.means = "";
    if (target === figure.remark) saving.keep(figure);
    else saving.typed(figure);
    showAll();
  });
  sheet.addEventListener("change", ({ target }) => {
    if (target === figureAt(target)?.mark) saving.save(figureAt(target));
  });
  sheet.addEventListener("focusout", ({ target, relatedTarget }) => {
    const figure = figureAt(target);
    if (figure && !target.closest("td").contains(relatedTarget)) saving.save(figure);
  });
  sheet.addEventListener("click", ({ target }) => {
    const { whose, means } = target.closest("button")?.dataset ?? {};
    const figure = figureAt(target);
    if (whose) saving.choose(figure, whose);
    else if (means) {
      figure.means = means;
      saving.save(figure);
    } else return;
    show(figure);
  });
  // Leaving a field moves what stands beside the sheet: a button must not slip away under the pointer that presses it.
  sheet.querySelector("aside").addEventListener("mousedown", (event) => {
    if (event.target.closest("button")) event.preventDefault();
  });
  by("to-look-at").addEventListener("click", () => {
    const first = saving.figures.find((figure) => figure.needsLook);
    (first?.cells.value.querySelector(".ask button") ?? first?.input)?.focus();
  });

  // Saves what waits before the page is left for an answer; false where it cannot be, and why is said.
  const settle = async () => {
    await saving.flush();
    const disputed = saving.figures.find(({ problem }) => problem?.kind === "conflict");
    if (disputed) {
      disputed.cells.value.querySelector("[data-whose]").focus();
      announce(words.choose_first);
      return false;
    }
    isHeldBack = saving.waiting().length > 0 || !navigator.onLine;
    showAll();
    if (isHeldBack) announce(words.not_sent);
    return !isHeldBack && !session.isForeign;
  };

  let isSettled = false;
  const first = async (event) => {
    if (isSettled) return;
    event.preventDefault();
    const { target, submitter } = event;
    isSettled = await settle();
    if (isSettled) setTimeout(() => target.requestSubmit(submitter)); // A form that is still being submitted would not hear.
  };
  addEventListener("pageshow", () => { isSettled = false; });
  for (const form of [sheet, ...document.querySelectorAll(".page-head form")]) form.addEventListener("submit", first);
  // What is saved already is not sent again: the server would compare it letter by letter with its own writing.
  sheet.addEventListener("formdata", ({ formData }) => {
    for (const figure of saving.figures.filter(saving.isClean)) {
      for (const name of ["", ".unit", ".mark", ".note", ".means"]) formData.delete(figure.code + name);
    }
  });

  keysOf(sheet, {
    rows,
    leave: (row) => saving.save(figureAt(row)),
    mark(row) {
      const { mark, details, remark } = figureAt(row);
      mark.selectedIndex = (mark.selectedIndex + 1) % mark.length;
      details.open = true;
      saving.save(figureAt(row));
      if (mark.value) remark.focus();
    },
    async paste(row, block) {
      if (!(await settle())) return;
      const field = (name, value) => element("textarea", { name, value });
      const form = element("form", { method: "post", action: sheet.dataset.pasteUrl, hidden: true },
        field("csrfmiddlewaretoken", session.token), field("block", block), field("at", row.dataset.code));
      document.body.append(form);
      form.submit();
    },
  });

  // What a POST brought back unsaved keeps the server's word about it; then come the drafts of an earlier visit.
  for (const figure of saving.figures) {
    const told = figure.cells.value.querySelector(".error");
    if (told && !saving.isClean(figure)) figure.problem = { kind: "refused", message: told.textContent, of: figure.now() };
    for (const old of figure.cells.value.querySelectorAll("fieldset, .reading")) old.remove();
  }
  const kept = drafts.all().filter(([code]) => figures.has(code));
  for (const [code, draft] of kept) saving.restore(figures.get(code), draft);
  sheet.classList.add("is-live");
  saving.figures.forEach(show);
  if (kept.length) announce(counted(words.restored, kept.length));
  saving.flush();
})();
