// Draws the figures of a page from their JSON in the colours of the stylesheet. plotly is fetched when the first
// chart comes near the screen; where anything fails, the table beside the chart stands open instead.
(() => {
  "use strict";
  const { plotly: address, pictures, separators } = document.currentScript.dataset;
  const boxes = [...document.querySelectorAll(".chart[data-figure]")];
  const card = (box) => box.closest(".figure");
  const table = (box) => card(box).querySelector("details.figure-table");
  const rows = (box) => [...table(box).querySelectorAll("tbody tr")];
  const drawn = () => boxes.filter((box) => card(box).dataset.chart === "drawn");

  let library;
  const load = () => library ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = address;
    script.onload = () => resolve(window.Plotly);
    script.onerror = () => reject(new Error("plotly could not be loaded"));
    document.head.append(script);
  });

  const token = (name, fallback = "--accent") => {
    const style = getComputedStyle(document.documentElement);
    return style.getPropertyValue(name).trim() || style.getPropertyValue(fallback).trim();
  };
  const country = (code) => token(`--country-${code.toLowerCase()}`, "--muted");

  const coloured = (trace) => {
    const { country: code, countries, area, beside } = trace.meta ?? {};
    if (beside) return { ...trace, textfont: { color: token("--ink"), size: 12 }, marker: { size: 7, color: token("--ink") } };
    const color = countries ? countries.map(country) : code ? country(code) : token(`--area-${area}`);
    const gap = { color: token("--card"), width: 1 };
    if (trace.type === "bar") return { hovertemplate: "%{y}", ...trace, marker: { ...trace.marker, color, line: gap } };
    return { ...trace, line: { width: 2, ...trace.line, color }, marker: { size: 7, ...trace.marker, color } };
  };

  // On a phone the countries stand in two columns: plotly would give each a line of its own, and the bars what is left.
  // Nor is there room for a number at the end of a stack; the sentence above says it.
  const isNarrow = (box) => box.clientWidth < 400;
  const paired = (box, data) => isNarrow(box) && data.some((trace) => trace.meta?.country)
    ? { x: 1, xanchor: "right", entrywidth: box.clientWidth / 2 - 70 } : {};
  const fitting = (box, { data, layout = {} }) => {
    if (!isNarrow(box) || layout.xaxis?.type !== "linear") return { data, layout };
    const [, end] = layout.xaxis.range;
    const stacked = data.some((trace) => trace.meta?.country);
    const xaxis = { type: "linear", nticks: 4, ...(stacked ? {} : { range: [0, end * 1.25] }) };
    return { data: data.filter((trace) => !trace.meta?.beside), layout: { ...layout, xaxis } };
  };

  const house = (layout, entries) => {
    const muted = token("--muted");
    const font = { family: getComputedStyle(document.body).fontFamily, size: 13, color: token("--ink") };
    const axis = { fixedrange: true, automargin: true, tickfont: { color: muted }, ticklabelstandoff: 4, ticks: "", title: { text: "" } };
    const numbers = { ...axis, rangemode: "tozero", nticks: 6, separatethousands: true, exponentformat: "none", gridcolor: token("--line"), zerolinecolor: token("--edge") };
    const names = { ...axis, type: "category", showgrid: false, autotickangles: [0, -45, -90] };
    const sideways = layout.xaxis?.type === "linear"; // Horizontal bars: the numbers run along x.
    return {
      barmode: "stack", bargap: 0.28, hovermode: sideways ? "y unified" : "x unified", dragmode: false,
      paper_bgcolor: token("--card"), plot_bgcolor: token("--card"), separators, font,
      margin: { l: 4, r: 4, t: 8, b: 4 },
      legend: { orientation: "h", x: 0, xanchor: "left", y: 1.02, yanchor: "bottom", traceorder: "normal", itemclick: "toggle", font, ...entries },
      hoverlabel: { bgcolor: token("--card"), bordercolor: token("--edge"), font, namelength: -1 },
      ...layout,
      xaxis: { ...(sideways ? numbers : names), ...layout.xaxis },
      yaxis: { ...(sideways ? { ...names, autorange: "reversed" } : numbers), ...layout.yaxis },
    };
  };

  const config = { displaylogo: false, showSendToCloud: false, plotlyServerURL: "", displayModeBar: false };
  const draw = (box, plotly, size = {}) => {
    const { data, layout } = fitting(box, JSON.parse(document.getElementById(box.dataset.figure).textContent));
    return plotly.react(box, data.map(coloured), { ...house(layout, paired(box, data)), ...size }, config);
  };

  // Where a click on a part of a chart leads: to the receipt behind the cell of its table that says the same.
  const share = (box, { clientX, clientY }) => {
    const area = box.querySelector(".nsewdrag").getBoundingClientRect();
    const { xaxis, yaxis } = box.layout;
    const along = (range, part) => range[0] + part * (range[1] - range[0]);
    return xaxis.type === "linear"
      ? along(xaxis.range, (clientX - area.left) / area.width)
      : along(yaxis.range, (area.bottom - clientY) / area.height);
  };
  const partAt = (points, value) => {
    const sized = points.map((point) => ({ point, size: point.data.orientation === "h" ? point.x : point.y }));
    if (points[0].data.type === "scatter") {
      return sized.sort((one, other) => Math.abs(one.size - value) - Math.abs(other.size - value))[0].point;
    }
    let reached = 0;
    return sized.find(({ size }) => (reached += size) >= value)?.point;
  };
  const cell = (box, points, value) => {
    const row = rows(box)[points[0].pointNumber];
    const part = partAt(points, value);
    const { country: code, column } = part?.data.meta ?? {};
    const heads = [...table(box).querySelectorAll("thead th:not(:first-child)")];
    if (points[0].data.meta.countries) return row.cells[1];
    if (column !== undefined) return row.cells[column + 1];
    const at = heads.findIndex((head) => head.dataset.country === code);
    return row.cells[(code && at >= 0 ? at : heads.length - 1) + 1]; // above a column: its total
  };
  const openPart = (box) => box.on("plotly_click", ({ event, points }) => {
    const own = points.filter((point) => !point.data.meta?.beside).sort((one, other) => one.curveNumber - other.curveNumber);
    if (own.length) cell(box, own, share(box, event)).querySelector("a")?.click();
  });

  // A picture travels without its page, so it carries its heading, its source and the note that it is a demonstration.
  const offerPicture = (box, plotly, format) => {
    const button = document.createElement("button");
    const label = format.toUpperCase();
    const heading = card(box).querySelector("h3").textContent;
    const origin = [...document.querySelectorAll(".banner, .foot span")].map((line) => line.textContent.trim()).join("<br>");
    Object.assign(button, { type: "button", className: "linkish", textContent: label, ariaLabel: `${label}: ${heading}` });
    button.addEventListener("click", () => {
      const below = { text: origin, xref: "paper", x: 0, xanchor: "left", yref: "paper", y: 0, yanchor: "top", yshift: -40, align: "left", showarrow: false, font: { size: 11 } };
      const title = { text: heading, x: 0, xref: "paper", y: 0.98, yref: "container", yanchor: "top" };
      const layout = { ...box.layout, title, annotations: [below], width: 960, height: 560, margin: { l: 16, r: 16, t: 88, b: 110 } };
      plotly.downloadImage({ data: box.data, layout, config }, { format, scale: format === "png" ? 2 : 1, width: 960, height: 560, filename: box.dataset.figure });
    });
    card(box).querySelector(".figure-links").append(button);
  };

  const show = async (box) => {
    try {
      const [plotly] = await Promise.all([load(), document.fonts.ready]);
      await draw(box, plotly);
      card(box).dataset.chart = "drawn";
      openPart(box);
      for (const format of pictures.split(" ")) offerPicture(box, plotly, format);
    } catch (error) {
      card(box).dataset.chart = "failed";
      table(box).open = true;
      console.warn(error);
    }
  };

  const near = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      near.unobserve(target);
      show(target);
    }
  }, { rootMargin: "600px" });

  for (const box of boxes) {
    card(box).dataset.chart = "waiting";
    table(box).open = false;
    near.observe(box);
  }

  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawn().forEach((box) => draw(box, window.Plotly)));

  // From the start: a relayout keeps the old place of the legend, which then covers the bars.
  const again = (box, size) => {
    window.Plotly.purge(box);
    draw(box, window.Plotly, size);
    openPart(box);
  };

  let width = innerWidth, waiting;
  addEventListener("resize", () => {
    if (innerWidth === width) return;
    width = innerWidth;
    clearTimeout(waiting);
    waiting = setTimeout(() => drawn().forEach((box) => again(box)), 150);
  });

  // On paper both chart and table are wanted, and the sheet is narrower than the screen.
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = boxes.map(table).filter((details) => !details.open);
    for (const details of opened) details.open = true;
    for (const box of drawn()) again(box, { width: 640, height: 304 });
  });
  addEventListener("afterprint", () => {
    for (const details of opened) details.open = false;
    for (const box of drawn()) again(box);
  });
})();
