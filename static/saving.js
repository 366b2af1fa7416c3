// Saves figures one by one and never twice: one request at a time for each, the newest text wins, and a request without
// an answer is sent again under its own key before anything newer. What is not acknowledged stays among the drafts.
"use strict";

const savingOf = ({ address, session, drafts, show, answered }) => {
  const REST = 1500; // milliseconds without a key
  const PATIENCE = 30_000;
  const LONGEST_WAIT = 60; // seconds between two tries
  const figures = [];
  let wait = 1;
  let timer = null;

  const same = (a, b) => a.text === b.text && a.mark === b.mark && a.note === b.note && (a.unit === b.unit || !a.text);
  const isClean = (figure) => same(figure.now(), figure.saved);
  const isRefused = ({ problem }, now) => problem?.kind === "refused" && same(problem.of, now) && problem.of.means === now.means;
  // Whether there is something to send that may be sent as it stands.
  const isReady = (figure) => !isClean(figure) && figure.problem?.kind !== "conflict" && !figure.unreadable()
    && !isRefused(figure, figure.now());
  const newKey = () => crypto.randomUUID?.() ?? [...crypto.getRandomValues(new Uint8Array(16))].map((n) => n.toString(16)).join("");

  const keep = (figure) => {
    if (isClean(figure) && !figure.sent) drafts.drop(figure.code);
    else drafts.keep(figure.code, { now: figure.now(), seen: figure.seen, sent: figure.sent });
  };

  const save = (figure, isLeaving = false) => {
    clearTimeout(figure.rest);
    figure.isTyping = false;
    if (figure.going) figure.again = true;
    else figure.going = run(figure, isLeaving).finally(() => { figure.going = null; show(figure); });
    return figure.going;
  };

  const run = async (figure, isLeaving) => {
    do {
      figure.again = false;
      if (session.isForeign || (!figure.sent && !isReady(figure))) return;
      if (session.isOut) {
        figure.problem = { kind: "out" };
        return;
      }
      if (figure.sent) figure.again = true;
      else compose(figure);
      keep(figure);
      figure.isBusy = true;
      show(figure);
      const goesOn = await send(figure, isLeaving);
      figure.isBusy = false;
      keep(figure);
      if (!goesOn) return;
    } while (figure.again);
  };

  const compose = (figure) => {
    const { means, ...content } = figure.now();
    const body = JSON.stringify({ ...content, mark: content.mark || null, seen: figure.seen, means });
    figure.sent = { key: newKey(), content: { ...content, means }, body };
  };

  // Sends what the figure has in `sent`; whether the server has decided on it, so that something newer may follow.
  const send = async (figure, isLeaving, isSecond = false) => {
    let response, answer;
    try {
      response = await fetch(`${address}figures/${figure.code}/`, {
        method: "PUT",
        headers: { "Content-Type": "application/json", "X-CSRFToken": session.token, "Idempotency-Key": figure.sent.key },
        body: figure.sent.body,
        keepalive: isLeaving,
        signal: AbortSignal.timeout(PATIENCE),
      });
      answer = await response.json();
      if (response.status === 403 && !isSecond) {
        // The token is of an earlier session, or the person may not: a fresh page tells which.
        const whose = await session.renew();
        if (whose === "same") return send(figure, isLeaving, true);
        if (whose === "other") return false;
      }
    } catch {
      return tryAgain(figure);
    }
    if (response.ok) return accept(figure, answer);
    if (response.status >= 500 || response.status === 429) return tryAgain(figure);
    if (response.status === 401 || (response.status === 403 && !isSecond)) {
      figure.problem = { kind: "out" };
      session.signIn().then(flush);
      return false;
    }
    const of = figure.sent.content;
    figure.sent = null;
    if (response.status === 409 && answer.theirs) figure.problem = { kind: "conflict", theirs: answer.theirs };
    else figure.problem = { kind: "refused", message: answer.error.message, readings: answer.readings, of };
    return response.status !== 409;
  };

  const accept = (figure, answer) => {
    const { content } = figure.sent;
    figure.sent = null;
    figure.problem = null;
    if (answer.version < figure.page.version && same(figure.now(), content)) {
      // The answer to a request of long ago: it was saved, and then replaced by what this page opened with.
      figure.put(figure.page);
      Object.assign(figure, { seen: figure.page.version, saved: figure.page, value: figure.page.value });
    } else {
      Object.assign(figure, { seen: answer.version, saved: content, value: answer.value, at: answer.saved_at });
    }
    wait = 1;
    answered(figure, answer);
    if (timer) flush(); // The others wait for a connection, and there is one.
    return true;
  };

  const tryAgain = (figure) => {
    figure.problem = { kind: "away" };
    if (!timer) {
      wait = Math.min(wait * 2, LONGEST_WAIT);
      timer = setTimeout(flush, wait * 1000);
    }
    return false;
  };

  // Saves all that waits; one goes first where nobody knows whether there is a connection.
  const flush = async () => {
    clearTimeout(timer);
    timer = null;
    const [first, ...rest] = figures.filter((figure) => figure.going || figure.sent || isReady(figure));
    if (!first) return;
    await save(first);
    if (first.problem?.kind === "away" || session.isOut) {
      for (const figure of rest) figure.problem ??= { ...first.problem };
      rest.forEach(show);
    } else {
      await Promise.all(rest.map((figure) => save(figure)));
    }
  };

  addEventListener("online", flush);
  addEventListener("pagehide", () => figures.forEach((figure) => save(figure, true)));
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden") figures.forEach((figure) => save(figure, true));
    else if (timer) flush();
  });
  addEventListener("beforeunload", (event) => {
    if (!drafts.isKept && !session.isForeign && figures.some((figure) => !isClean(figure))) event.preventDefault();
  });

  return {
    figures,
    save,
    flush,
    isClean,
    isRefused: (figure) => isRefused(figure, figure.now()),
    keep,
    // Somebody typed: keep it at once, save it after a rest.
    typed(figure) {
      figure.isTyping = true;
      keep(figure);
      clearTimeout(figure.rest);
      figure.rest = setTimeout(save, REST, figure);
    },
    // The choice in a conflict. Nothing is sent for theirs: it is what is saved already.
    choose(figure, whose) {
      const { version, by, at, ...theirs } = figure.problem.theirs;
      const content = { ...theirs, mark: theirs.mark ?? "" };
      figure.problem = null;
      if (whose === "theirs") figure.put(content);
      Object.assign(figure, { seen: version, saved: content, value: figure.shownValue(content), at: "" });
      keep(figure);
      return save(figure);
    },
    // Takes up a draft of an earlier visit, with what its writer had seen then.
    restore(figure, { now, seen, sent }) {
      figure.put(now);
      Object.assign(figure, { seen, sent });
    },
    // What the server may not know yet, though nothing but the way there is wrong.
    waiting: () => figures.filter((figure) => figure.sent || isReady(figure)),
  };
};
