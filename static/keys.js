// The keys of the sheet: Enter and the arrows go from figure to figure without wrapping, n says "not available".
"use strict";

const keysOf = (sheet, { rows, leave, mark, paste }) => {
  const inputOf = (row) => row.querySelector("td.value input");
  const noteOf = (row) => row.querySelector("td.note input");

  const go = (row, steps) => {
    const next = rows[rows.indexOf(row) + steps];
    if (next) {
      inputOf(next).focus();
      inputOf(next).select();
    } else if (steps > 0) {
      sheet.querySelector("#declaration, [value=check]").focus();
    }
  };

  const isAtEdge = (input, isEnd) => input.selectionStart === input.selectionEnd
    && input.selectionStart === (isEnd ? input.value.length : 0);

  // Which figure a key leads to: 1 the next, -1 the one before, 0 none.
  const steps = (event, isText) => {
    if (event.key === "Enter") return event.shiftKey ? -1 : 1;
    if (!isText || event.shiftKey) return 0;
    return { ArrowDown: 1, ArrowUp: -1 }[event.key] ?? 0;
  };

  // On a keyboard of another script the key of the letter n gives another letter.
  const isN = (event) => event.key.toLowerCase() === "n" || (event.code === "KeyN" && !/^[ -~]$/.test(event.key));

  sheet.addEventListener("keydown", (event) => {
    const { target } = event;
    const row = target.closest("tr[data-code]");
    if (!row || event.isComposing || event.ctrlKey || event.altKey || event.metaKey) return;
    const isText = target.type === "text";
    if (target.matches("input, select") && steps(event, isText)) {
      event.preventDefault();
      leave(row);
      go(row, steps(event, isText));
    } else if (target === inputOf(row) && event.key === "ArrowRight" && isAtEdge(target, true)) {
      event.preventDefault();
      (row.querySelector("details").open ? noteOf(row) : row.querySelector("summary")).focus();
    } else if (event.key === "ArrowLeft" && (target.matches("summary") || (target === noteOf(row) && isAtEdge(target, false)))) {
      event.preventDefault();
      inputOf(row).focus();
    } else if (target === inputOf(row) && !target.value && isN(event)) {
      event.preventDefault();
      mark(row);
    }
  });

  // One value pastes as ever, also with the line's end that a spreadsheet adds; more than one is a block.
  sheet.addEventListener("paste", (event) => {
    const row = event.target.closest?.("tr[data-code]");
    const text = event.clipboardData.getData("text/plain").replace(/[\r\n]+$/, "");
    if (!row || event.target !== inputOf(row) || !/[\t\r\n]/.test(text) || !sheet.dataset.pasteUrl) return;
    event.preventDefault();
    paste(row, event.clipboardData.getData("text/plain"));
  });
};
