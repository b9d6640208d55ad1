// Draws the tables of webapp.design.plots with Plotly, in the tokens' colours. Plotly is fetched when a plot comes near.
(() => {
  "use strict";
  const PIXELS = { width: 1000, height: 480, scale: 2 };
  // The bundle writes its maps' styles into the page unless an element of this id is there (plotly 7.1.0's wheel; a test
  // compares). We draw no maps and the policy forbids the style, so a stand-in takes its place.
  const MAP_STYLES = "9f215cf04c5486422605d13261cb87401f4e7763b6296af81e98efbc0130da53";
  let fetching = null;
  let printing = false;

  function plotly(address) {
    if (window.Plotly) return Promise.resolve(window.Plotly);
    fetching ||= new Promise((resolve, reject) => {
      document.head.append(Object.assign(document.createElement("meta"), { id: MAP_STYLES, name: "map-styles" }));
      const script = Object.assign(document.createElement("script"), { src: address });
      script.onload = () => resolve(window.Plotly);
      script.onerror = () => reject(new Error("Plotly did not load"));
      document.head.append(script);
    });
    return fetching;
  }

  // A token as the browser resolves it for the light that is on now.
  function token(name) {
    const probe = document.createElement("i");
    probe.style.color = `var(--${name})`;
    document.body.append(probe);
    const colour = getComputedStyle(probe).color;
    probe.remove();
    return colour;
  }
  function faded(colour, share) {
    const [r, g, b] = colour.match(/[\d.]+/g);
    return `rgba(${r}, ${g}, ${b}, ${share})`;
  }
  function palette() {
    const names = ["ink", "ink-2", "ink-3", "hairline", "edge", "surface", "raised", "near-dot", "repaired-dot", "broken-dot"];
    const colours = Object.fromEntries(names.map((name) => [name, token(name)]));
    colours.series = [1, 2, 3, 4, 5].map((number) => token(`series-${number}`));
    return colours;
  }

  // The colours of the lit table, whatever light is on: for files and for paper.
  function litPalette() {
    const root = document.documentElement;
    const before = root.dataset.theme;
    root.dataset.theme = "light";
    const colours = palette();
    if (before) root.dataset.theme = before;
    else delete root.dataset.theme;
    return colours;
  }

  const read = (figure) => JSON.parse(document.getElementById(figure.dataset.plot).textContent);
  const tick = (format) => ({ percent: ".0%", points: "+.1%", fraction: ".2f", integer: ",.0f" })[format] || "~g";
  const hover = (format) => ({ percent: ".1%", points: "+.1%", fraction: ".3f", integer: ",.0f" })[format] || ",.4~g";
  const numeric = (table) => table.xScale !== "category" && table.x.every((x) => typeof x === "number");
  const colourOf = (series, index, colours) => (series.tone ? colours[`${series.tone}-dot`] : colours.series[index % colours.series.length]);

  function said(table, series) {
    const d3 = window.Plotly.d3;
    const text = (value) => (value === null || value === undefined ? "–" : d3 ? d3.format(hover(table.format))(value) : value.toPrecision(3));
    return series.values.map((value, at) => {
      const parts = [`<b>${text(value)}</b>`];
      if (series.low.length) parts.push(`${text(series.low[at])} to ${text(series.high[at])}`);
      if (series.n.length && series.n[at] !== null) parts.push(`n ${series.n[at].toLocaleString("en")}`);
      return parts.join("  ");
    });
  }

  function curve(table, series, index, colours, x) {
    const colour = colourOf(series, index, colours);
    const line = { x, y: series.values, name: series.name, mode: x.length > 40 ? "lines" : "lines+markers", type: "scatter",
      line: { color: colour, width: 2, dash: index % 2 ? "dash" : "solid" }, marker: { color: colour, size: 6, symbol: ["circle", "square", "diamond", "triangle-up", "cross"][index % 5] },
      hovertemplate: `${table.series.length > 1 ? `${series.name}: ` : ""}%{text}<extra></extra>`, text: said(table, series) };
    if (!series.low.length) return [line];
    const edge = { x, mode: "lines", type: "scatter", line: { width: 0 }, hoverinfo: "skip", showlegend: false };
    return [
      { ...edge, y: series.low },
      { ...edge, y: series.high, fill: "tonexty", fillcolor: faded(colour, 0.16) },
      line,
    ];
  }

  function bars(table, series, index, colours, x) {
    const colour = colourOf(series, index, colours);
    const trace = { x, y: series.values, name: series.name, type: "bar", marker: { color: faded(colour, table.kind === "histogram" ? 0.72 : 0.82), line: { width: 0 } },
      text: said(table, series), textposition: "none", hovertemplate: `${table.series.length > 1 ? `${series.name}: ` : ""}%{text}<extra></extra>` };
    if (series.low.length) {
      const off = (ends, sign) => ends.map((end, at) => (end === null ? 0 : Math.max(0, sign * (end - series.values[at]))));
      trace.error_y = { type: "data", symmetric: false, array: off(series.high, 1), arrayminus: off(series.low, -1), color: colours.ink, thickness: 1.25, width: 4 };
    }
    return [trace];
  }

  // Cells as bars, shaded from the ground to the ink: Plotly's own heat maps write styles into the page, which the
  // policy forbids. Places that have a name are ringed.
  function heat(table, colours) {
    const all = table.values.flat().filter((value) => value !== null);
    const [low, high] = table.ends || [Math.min(...all), Math.max(...all)];
    const share = (value) => (value === null || high <= low ? 0 : (value - low) / (high - low));
    const short = (value) => (value === null ? "" : table.format === "percent" ? (100 * value).toFixed(1) : value.toPrecision(3));
    const cells = table.y.map((y, row) => ({ type: "bar", orientation: "v", x: table.x, y: table.x.map(() => 0.96), base: table.x.map(() => row - 0.48), showlegend: false, cliponaxis: false,
      marker: { color: table.values[row].map((value) => blended(colours.surface, colours.series[0], 0.04 + 0.86 * share(value))), line: { width: 0 } },
      text: table.values[row].map(short), textposition: "inside", insidetextanchor: "middle", textangle: 0, constraintext: "none", customdata: table.values[row].map((value) => [y, short(value)]),
      insidetextfont: { size: table.x.length > 9 ? 9 : 11, color: table.values[row].map((value) => (share(value) > 0.45 ? colours.surface : colours.ink)) },
      hovertemplate: `${table.xLabel}: %{x}<br>${table.yLabel}: %{customdata[0]}<br><b>%{customdata[1]}${table.format === "percent" ? " %" : ""}</b><extra></extra>` }));
    const rings = table.marks.map((mark) => ({ type: "scatter", mode: "markers", x: [mark.x], y: [table.y.indexOf(mark.y)], name: mark.name, hoverinfo: "skip", showlegend: true,
      marker: { size: mark.chosen ? 30 : 22, symbol: mark.chosen ? "square-open" : "circle-open", color: colours[mark.chosen ? "near-dot" : "edge"], line: { width: 3 } } }));
    return [...cells, ...rings];
  }
  function blended(from, to, share) {
    const [a, b] = [from, to].map((colour) => colour.match(/[\d.]+/g).map(Number));
    return `rgb(${[0, 1, 2].map((at) => Math.round(a[at] + (b[at] - a[at]) * share)).join(", ")})`;
  }

  // Points on a sheet: colour is the class, shape what it is. SVG, for the policy forbids what WebGL would need.
  const SHAPES = ["circle", "diamond-open", "circle-open", "star", "triangle-up-open", "square-open"];
  const SIZES = [7, 9, 12, 12, 9, 10];  // what is enriched is a ring around what it was
  function scatter(table, colours) {
    const hues = 1 + Math.max(0, ...table.groups.map((group) => group.colour));
    const dark = matchDark(colours);
    const colour = (at) => (hues <= colours.series.length ? colours.series[at] : `hsl(${Math.round((360 * at) / hues)} 55% ${dark ? 66 : 42}%)`);
    const marker = (shape, of, size = SIZES[shape % SIZES.length]) => ({ color: of, symbol: SHAPES[shape % SHAPES.length], size, opacity: 0.85 });
    // No tag in what the pointer tells: it would be drawn by an inline style, which the policy forbids.
    const dots = table.groups.map((group) => ({ type: "scatter", mode: "markers", x: group.x, y: group.y, name: group.name, customdata: group.pictures,
      legendgroup: `${group.colour}`, showlegend: false, marker: marker(group.shape, colour(group.colour)), text: group.texts.map(plain), hovertemplate: `${plain(group.name)}<br>%{text}<extra></extra>` }));
    const told = (name, of, more) => ({ type: "scatter", mode: "markers", x: [null], y: [null], name: plain(short(name)), hoverinfo: "skip", marker: of, ...more });
    return [...dots,
      ...(hues > MOST_HUES ? [] : table.colours.map((name, at) => told(name, marker(0, colour(at), 10), { legendgroup: `${at}`, legend: "legend2" }))),
      ...table.shapes.map((name, at) => told(name, marker(at, colours["ink-2"]), {}))];
  }
  const MOST_HUES = 24;
  const short = (text) => (text.length > 32 ? `${text.slice(0, 31)}…` : text);
  const plain = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll("%{", "% {");
  const matchDark = (colours) => {
    const [r, g, b] = colours.surface.match(/[\d.]+/g).map(Number);
    return r + g + b < 384 * (Math.max(r, g, b) <= 1 ? 1 / 255 : 1);
  };

  // The picture of the point that the pointer is on, beside the sheet.
  function thumbnails(figure, canvas) {
    const shown = figure.querySelector(".plot-thumb") || figure.insertBefore(Object.assign(document.createElement("img"), { className: "plot-thumb", alt: "", hidden: true }), canvas.nextSibling);
    canvas.on("plotly_hover", (event) => {
      const address = event.points[0].customdata;
      shown.hidden = !address;
      if (address) shown.src = address;
    });
    canvas.on("plotly_unhover", () => { shown.hidden = true; });
  }

  function layout(table, colours, width) {
    if (table.kind === "heat" || table.kind === "scatter") return sheet(table, colours, width);
    const axis = (label) => ({ title: { text: label, font: { size: 12, color: colours["ink-2"] }, standoff: 8 }, automargin: true, gridcolor: colours.hairline, linecolor: colours.edge,
      zeroline: false, tickfont: { size: 12, color: colours["ink-2"] }, fixedrange: false });
    const font = getComputedStyle(document.body).fontFamily;
    return {
      margin: { l: 12, r: 16, t: 14, b: 12 }, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", bargap: table.kind === "histogram" ? 0.04 : 0.4,
      font: { family: font, size: 12, color: colours.ink }, hovermode: "x unified", dragmode: width < 560 ? false : "zoom",
      hoverlabel: { bgcolor: colours.raised, bordercolor: colours.edge, font: { family: font, size: 12, color: colours.ink } },
      xaxis: { ...axis(table.xLabel), ...(numeric(table) && table.x.length < 4 ? { tickmode: "array", tickvals: table.x } : {}), type: numeric(table) ? table.xScale : "category", showgrid: false, ticks: "outside", ticklen: 4, tickcolor: colours.edge },
      yaxis: { ...axis(table.yLabel), type: table.yScale, tickformat: tick(table.format), showline: false, range: table.yRange || undefined,
        rangemode: table.yScale === "linear" && !table.yRange ? "tozero" : "normal" },
      showlegend: table.series.length > 1, legend: { orientation: "h", x: 0, y: 1.02, yanchor: "bottom", font: { size: 12, color: colours.ink } },
    };
  }

  function sheet(table, colours, width) {
    const font = getComputedStyle(document.body).fontFamily;
    const axis = (label) => ({ title: { text: label || "", font: { size: 12, color: colours["ink-2"] }, standoff: 8 }, automargin: true, showgrid: false, zeroline: false,
      tickfont: { size: 12, color: colours["ink-2"] }, type: table.kind === "heat" ? "category" : "linear", showticklabels: table.kind === "heat", fixedrange: width < 560 });
    return { margin: { l: 12, r: 16, t: 14, b: 12 }, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", font: { family: font, size: 12, color: colours.ink },
      hovermode: "closest", dragmode: width < 560 ? false : "zoom", hoverlabel: { bgcolor: colours.raised, bordercolor: colours.edge, font: { family: font, size: 12, color: colours.ink } },
      xaxis: axis(table.xLabel), ...(table.kind === "heat" ? rowsOf(table, axis(table.yLabel), colours) : dotsOf(table, axis(""), colours, width)) };
  }

  const rowsOf = (table, axis, colours) => ({ yaxis: { ...axis, type: "linear", tickmode: "array", tickvals: table.y.map((_, row) => row), ticktext: table.y, range: [-0.5, table.y.length - 0.5] },
    barmode: "overlay", bargap: 0.04, showlegend: table.marks.length > 0, legend: { orientation: "h", x: 0, y: 1.02, yanchor: "bottom", font: { size: 12, color: colours.ink } } });
  // Shapes are told above the sheet, colours below it; a click on a class hides it.
  const dotsOf = (table, axis, colours, width) => {
    const flat = { orientation: "h", x: 0, traceorder: "normal", font: { size: width < 560 ? 10 : 12, color: colours.ink } };
    return { yaxis: axis, showlegend: true, legend: { ...flat, y: 1.01, yanchor: "bottom", itemclick: false, itemdoubleclick: false }, legend2: { ...flat, y: -0.01, yanchor: "top" } };
  };

  function traces(table, colours) {
    if (table.kind === "heat") return heat(table, colours);
    if (table.kind === "scatter") return scatter(table, colours);
    const x = numeric(table) ? table.x : table.x.map(String);
    const draw = table.kind === "curve" ? curve : bars;
    return table.series.flatMap((series, index) => draw(table, series, index, colours, x));
  }

  async function draw(figure) {
    const canvas = figure.querySelector(".plot-canvas");
    let Plotly;
    try {
      Plotly = await plotly(figure.dataset.plotly);
    } catch {
      canvas.textContent = document.body.dataset.saidUndrawn;
      return;
    }
    if (!figure.isConnected) return;
    const table = read(figure);
    const colours = printing ? litPalette() : palette();
    canvas.querySelector(".plot-wait")?.remove();
    canvas.classList.toggle("plot-many", (table.series || []).length > 3); // a long legend takes no room from the curves
    await Plotly.react(canvas, traces(table, colours), layout(table, colours, canvas.clientWidth), { displayModeBar: false, responsive: true, scrollZoom: false, doubleClick: "reset" });
    if (table.kind === "scatter" && !figure.dataset.drawn) thumbnails(figure, canvas);
    figure.dataset.drawn = "yes";
  }

  // Files ---------------------------------------------------------------------------------------------------------
  function save(name, address) {
    Object.assign(document.createElement("a"), { href: address, download: name }).click();
    if (address.startsWith("blob:")) setTimeout(() => URL.revokeObjectURL(address), 1000);
  }
  function csv(table) {
    const cell = (value) => {
      const text = value === null || value === undefined ? "" : String(value);
      const safe = typeof value === "string" && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
      return /[",\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
    };
    const joined = (lines) => lines.map((line) => line.map(cell).join(",")).join("\r\n");
    if (table.kind === "heat") return joined([[table.yLabel, ...table.x], ...table.y.map((y, at) => [y, ...table.values[at]])]);
    if (table.kind === "scatter") return joined([["group", "x", "y", "text"], ...table.groups.flatMap((group) => group.x.map((x, at) => [group.name, x, group.y[at], group.texts[at]]))]);
    const columns = table.series.flatMap((series) => {
      const prefix = table.series.length > 1 ? `${series.name} ` : "";
      const ends = series.low.length ? [[`${prefix}low`, series.low], [`${prefix}high`, series.high]] : [];
      return [[series.name, series.values], ...ends, ...(series.n.length ? [[`${prefix}n`, series.n]] : [])];
    });
    const lines = [[table.xLabel, ...columns.map(([head]) => head)], ...table.x.map((x, at) => [x, ...columns.map(([, values]) => values[at])])];
    return joined(lines);
  }
  async function picture(figure, format) {
    const Plotly = await plotly(figure.dataset.plotly);
    const table = read(figure);
    // Files are for papers: always as on the lit table, on white.
    const colours = litPalette();
    const drawn = { ...layout(table, colours, PIXELS.width), paper_bgcolor: "#fff", plot_bgcolor: "#fff", width: PIXELS.width, height: PIXELS.height,
      title: { text: table.title, font: { size: 15, color: colours.ink }, x: 0.02 }, margin: { l: 12, r: 16, t: 56, b: 12 } };
    return Plotly.toImage({ data: traces(table, colours), layout: drawn }, { format, ...PIXELS, scale: format === "png" ? PIXELS.scale : 1 });
  }
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-plot-file]");
    if (!button) return;
    const figure = button.closest("[data-plot]");
    const format = button.dataset.plotFile;
    const name = `${figure.id}.${format}`;
    if (format === "csv") save(name, URL.createObjectURL(new Blob([csv(read(figure))], { type: "text/csv;charset=utf-8" })));
    else save(name, await picture(figure, format));
  });

  // When ----------------------------------------------------------------------------------------------------------
  const watcher = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      watcher.unobserve(entry.target);
      draw(entry.target);
    }
  }, { rootMargin: "300px" });
  const watch = (within) => within.querySelectorAll("[data-plot]:not([data-drawn])").forEach((figure) => watcher.observe(figure));
  watch(document);
  document.addEventListener("htmx:afterSettle", () => watch(document));
  const redraw = () => document.querySelectorAll("[data-plot][data-drawn]").forEach(draw);
  document.addEventListener("nearmiss:theme", redraw);
  addEventListener("beforeprint", () => {
    printing = true;
    document.querySelectorAll("[data-plot]").forEach(draw);
  });
  addEventListener("afterprint", () => {
    printing = false;
    redraw();
  });
})();
