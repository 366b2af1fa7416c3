// One figure of the sheet: its row as an object, and what stands on the screen for it.
"use strict";

// The reader's words and signs, from the form, and how they are put together.
const wordsOf = (sheet) => {
  const fill = (text, values) => text.replace(/%\((\w+)\)s/g, (_, name) => values[name]);
  const language = document.documentElement.lang.replace(/^en$/, "en-GB"); // The day before the month, as elsewhere here.
  const moment = (iso, style) => new Intl.DateTimeFormat(`${language}-u-ca-gregory-nu-latn`, style).format(new Date(iso));
  return {
    words: JSON.parse(sheet.dataset.words),
    sentences: JSON.parse(sheet.dataset.sentences),
    separators: sheet.dataset.separators,
    fill,
    counted: ([one, several], number) => fill(number === 1 ? one : several, { number }),
    time: (iso) => moment(iso, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }),
    dayAndTime: (iso) => (iso ? moment(iso, { dateStyle: "medium", timeStyle: "short" }) : "–"),
    element(tag, properties = {}, ...children) {
      const made = Object.assign(document.createElement(tag), properties);
      made.append(...children);
      return made;
    },
  };
};

// `isClean` and `isRefused` ask the saving of a figure; `changed` is called when one has been shown anew.
const cellsOf = (sheet, { said: { words, sentences, separators, fill, time, dayAndTime, element }, isClean, isRefused, announce, changed }) => {
  const figureOf = (row) => {
    const [value, note] = [row.querySelector("td.value"), row.querySelector("td.note")];
    const page = JSON.parse(row.dataset.saved);
    const input = value.querySelector("input");
    const unit = value.querySelector("select");
    const [remark, mark] = [note.querySelector("input"), note.querySelector("select")];
    const own = unit?.options[0].value ?? page.unit;
    const decimals = Number(row.dataset.decimals);
    const choice = (code) => [...(unit?.options ?? [])].find((option) => option.value === code);
    const cells = { value, note, saved: row.querySelector("td.saved") };

    // The value in the figure's own unit, as a plain decimal, or null for none; numbers.Unreadable.
    const valueOf = ({ text, unit: code, means }) => {
      const option = choice(code);
      const quantity = numbers.read(text, { decimals: Number(option?.dataset.decimals ?? decimals), habit: means || sheet.dataset.habit });
      return quantity === null || !option?.dataset.factor ? quantity : numbers.convert(quantity, option.dataset.factor, decimals);
    };

    return {
      row, cells, input, unit, remark, mark, details: note.querySelector("details"), page, decimals, valueOf,
      code: row.dataset.code,
      label: row.querySelector("th").textContent.trim(),
      unitLabel: row.querySelector("td.unit").textContent.trim(),
      saved: page, seen: page.version, value: page.value, at: "", sent: null, problem: null,
      isOdd: row.classList.contains("is-warn"),
      means: value.querySelector("[type=radio]:checked")?.value ?? "",
      now() {
        const { means } = this;
        return { text: input.value.trim(), unit: unit?.value ?? own, mark: mark.value, note: remark.value.trim(), means };
      },
      put(content) {
        [input.value, mark.value, remark.value] = [content.text, content.mark, content.note];
        if (unit) unit.value = choice(content.unit) ? content.unit : own;
        this.means = content.means ?? "";
      },
      choice,
      // Of a text that the server wrote, in the separators of this page.
      shownValue: (content) => valueOf({ ...content, means: separators[0] }),
      unreadable() {
        try {
          valueOf(this.now());
          return null;
        } catch (problem) {
          return problem;
        }
      },
      // null: none; undefined: what is typed cannot be read.
      get current() {
        if (isClean(this)) return this.value;
        return this.unreadable() ? undefined : valueOf(this.now());
      },
      get needsLook() {
        return !this.isTyping && !isClean(this)
          && (this.problem?.kind === "conflict" || isRefused(this) || this.unreadable() !== null);
      },
    };
  };

  const inWords = (figure, { text, unit, mark, note }, hasNote) => {
    const quantity = text ? `${text} ${figure.choice(unit)?.textContent ?? figure.unitLabel}` : words.marks[mark] ?? words.nothing;
    return [quantity, hasNote && note].filter(Boolean).join(" · ");
  };

  // Puts an element in its place, or takes it away; one that is as it was stays, and with it the focus.
  const ORDER = ["error", "ask", "echo", "waits"];
  const place = (parent, name, made) => {
    const old = parent.querySelector(`:scope > .${name}`);
    if (made) made.classList.add(name);
    if (old && made && old.outerHTML === made.outerHTML) return;
    const below = ORDER.slice(ORDER.indexOf(name) + 1).map((other) => parent.querySelector(`:scope > .${other}`));
    if (made) parent.insertBefore(made, old ?? below.find(Boolean) ?? null);
    old?.remove();
  };

  const show = (figure) => {
    const { input, mark, remark, details, cells, problem, isBusy, isTyping } = figure;
    const isSaved = isClean(figure);
    const unread = isSaved ? null : figure.unreadable();
    const wrong = isTyping ? "" : wrongness(figure, unread);
    const hint = isTyping || wrong || isSaved ? "" : { away: words.away, out: words.out }[problem?.kind] ?? "";

    place(cells.value, "error", wrong && element("p", { id: `${figure.code}.error`, textContent: wrong }));
    const question = isTyping ? null : choices(figure, unread);
    if (cells.value.querySelector(".ask")?.contains(document.activeElement) && !question) input.focus();
    place(cells.value, "ask", question);
    place(cells.value, "echo", isTyping ? null : echo(figure, unread));
    place(cells.value, "waits", hint && element("p", { className: "reading", textContent: hint }));
    cells.saved.replaceChildren(...state(figure, isSaved, wrong ? "✗" : hint ? "…" : "", isBusy));

    input.placeholder = mark.value ? words.not_available : "";
    if (wrong && problem?.kind !== "conflict") input.setAttribute("aria-invalid", "true");
    else input.removeAttribute("aria-invalid");
    const about = [wrong && `${figure.code}.error`, cells.note.querySelector(".warning") && `${figure.code}.findings`].filter(Boolean);
    if (about.length) input.setAttribute("aria-describedby", about.join(" "));
    else input.removeAttribute("aria-describedby");
    figure.row.classList.toggle("is-error", Boolean(wrong));
    figure.row.classList.toggle("is-warn", !wrong && figure.isOdd);
    figure.row.classList.toggle("is-mark", !wrong && !figure.isOdd && Boolean(mark.value));

    const said = remark.value.trim() || words.marks[mark.value];
    details.querySelector(".said").textContent = said || `+ ${words.add_note}`;
    details.querySelector("summary").classList.toggle("add", !said);
    if (wrong && wrong !== figure.told && !isTyping) announce(`${figure.label}: ${wrong}`);
    figure.told = wrong;
    changed();
  };

  const wrongness = (figure, unread) => {
    const { problem } = figure;
    if (problem?.kind === "conflict") return fill(words.conflict, { name: problem.theirs.by, time: dayAndTime(problem.theirs.at) });
    if (unread?.code === "ambiguous") return numbers.sentence(unread, sentences);
    const reason = unread ? numbers.sentence(unread, sentences) : isRefused(figure) && problem.message;
    return reason ? fill(words.refused, { reason }) : "";
  };

  const choices = (figure, unread) => {
    const { problem } = figure;
    const question = (text, ...buttons) => element("fieldset", {},
      element("legend", { className: "visually-hidden", textContent: `${figure.label}: ${text}` }), ...buttons);
    const button = (textContent, name, value) => {
      const made = element("button", { type: "button", className: "button", textContent });
      made.dataset[name] = value;
      return made;
    };
    if (problem?.kind === "conflict") {
      const [mine, theirs] = [figure.now(), problem.theirs];
      const hasNote = mine.note !== theirs.note;
      const side = (whose, content) => button(fill(words[whose], { figure: inWords(figure, content, hasNote) }), "whose", whose);
      return question(words.choose_first, side("mine", mine), side("theirs", theirs));
    }
    const readings = unread?.code === "ambiguous" ? Object.entries(unread.readings)
      : isRefused(figure) && problem.readings?.map(({ means, value }) => [means, value]);
    if (!readings) return null;
    const unit = figure.choice(figure.now().unit)?.textContent ?? figure.unitLabel;
    // Without groups, and with the decimal sign of the page: there is one way to read it.
    const shown = (value) => `${value.replace(".", separators[0])} ${unit}`;
    return question(words.asked, ...readings.map(([means, value]) => button(shown(value), "means", means)));
  };

  // What was understood, where that is not what stands in the field letter by letter.
  const echo = (figure, unread) => {
    if (unread || figure.current == null) return null;
    const shown = numbers.grouped(figure.current, figure.decimals, separators);
    const { text, unit } = figure.now();
    const { said, source = "" } = figure.choice(unit)?.dataset ?? {};
    if (!said && (text === shown || text === "0")) return null;
    return element("p", { className: "reading", title: source, textContent: `= ${shown} ${figure.unitLabel}${said ? ` (${said})` : ""}` });
  };

  const state = (figure, isSaved, sign, isBusy) => {
    if (isBusy) return [words.saving];
    if (sign) return [element("span", { ariaHidden: "true", textContent: sign })];
    if (!isSaved || (!figure.at && figure.current === null && !figure.mark.value)) return [];
    const saved = fill(words.saved, { time: figure.at ? time(figure.at) : "" }).trim();
    return [element("span", { ariaHidden: "true", textContent: "✓ " }), element("span", { className: figure.at ? "" : "visually-hidden", textContent: saved })];
  };

  return { figureOf, place, show };
};
