"""The look of the report: few inks, light and dark, paper and phones."""

CSS = """
:root {
  color-scheme: light dark;
  --paper: #fffefb; --ink: #22242a; --quiet: #62666f; --faint: #e6e4dd;
  --hue0: #1f5f8b; --hue1: #b4521e; --hue2: #3f7345; --hue3: #7b4b94; --hue4: #7d6608; --hue5: #9b2f4e;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #17181b; --ink: #e4e3df; --quiet: #a2a5ab; --faint: #303238;
    --hue0: #7db7e0; --hue1: #eb9c6b; --hue2: #8cc392; --hue3: #c6a0dc; --hue4: #d3bb55; --hue5: #ea93ac;
  }
}
@media print {
  :root {
    --paper: #fff; --ink: #000; --quiet: #444; --faint: #ddd;
    --hue0: #1f5f8b; --hue1: #b4521e; --hue2: #3f7345; --hue3: #7b4b94; --hue4: #7d6608; --hue5: #9b2f4e;
  }
  figure, tr { break-inside: avoid; }
  h2 { break-after: avoid; }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 2.5rem 1.25rem 4rem; max-width: 82rem;
  background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; overflow-wrap: anywhere;
}
h1 { font-size: 1.7rem; font-weight: 600; line-height: 1.2; margin: 0 0 1rem; }
h2 { font-size: 1.15rem; font-weight: 600; margin: 3rem 0 .25rem; }
p, li { max-width: 68ch; }
p { margin: .25rem 0; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem; margin: 0; font-size: .875rem; }
dt, .text, .note { color: var(--quiet); }
dd { margin: 0; }
.fault { border-left: 3px solid var(--hue1); padding-left: .75rem; margin-top: 1rem; }
.pair { display: flex; flex-wrap: wrap; gap: 1rem 2rem; align-items: flex-start; margin-top: 1rem; }
figure { margin: 0; max-width: 500px; }
.numbers { flex: 1 1 30rem; min-width: 0; }
.scroll { overflow-x: auto; }
.chart + .chart { margin-top: 1.25rem; }
.scroll:focus-visible { outline: 2px solid var(--hue0); outline-offset: 4px; }
table { border-collapse: collapse; font-size: .8125rem; line-height: 1.35; font-variant-numeric: tabular-nums; }
th { font-weight: 400; color: var(--quiet); text-align: right; vertical-align: bottom; }
th, td { padding: .2rem 0 .2rem .75rem; overflow-wrap: normal; }
td { text-align: right; vertical-align: baseline; white-space: nowrap; }
thead tr { border-bottom: 1px solid var(--quiet); }
tbody tr + tr { border-top: 1px solid var(--faint); }
tbody th { color: var(--ink); vertical-align: baseline; }
.name { text-align: left; padding-left: 0; padding-right: .6rem; }
tbody .name { white-space: nowrap; }
tbody .long { white-space: normal; min-width: 8.5rem; max-width: 18rem; overflow-wrap: anywhere; }
.note { font-size: .8125rem; margin-top: .5rem; }
pre {
  font-size: .8125rem; white-space: pre-wrap; margin: .25rem 0 1rem; max-width: 68ch;
  padding-left: .75rem; border-left: 1px solid var(--faint);
}
h3 { font-size: 1rem; font-weight: 600; margin: 1.75rem 0 .25rem; }
h4 { font-size: .875rem; font-weight: 600; margin: 0; }
.beside { display: grid; grid-template-columns: repeat(auto-fit, minmax(15rem, 1fr)); gap: 1rem 2rem; }
.answer { white-space: pre-wrap; }
svg { display: block; max-width: 100%; height: auto; overflow: visible; font: 11.5px system-ui, sans-serif; }
svg text { fill: var(--ink); font-variant-numeric: tabular-nums; }
svg .tick, svg .axis { fill: var(--quiet); font-size: 11px; }
svg .group { font-weight: 600; }
svg g .name, svg g .value { fill: currentColor; }
svg path { fill: none; }
.rule { stroke: var(--faint); stroke-width: 1; }
.dot { fill: currentColor; opacity: .32; }
.point { fill: currentColor; }
.line { stroke: currentColor; stroke-width: 1.5; }
.interval { stroke: currentColor; stroke-width: 2; }
.median { stroke: currentColor; stroke-width: 2.5; }
svg .bar { fill: currentColor; opacity: .45; }
.whisker { stroke: currentColor; stroke-width: 2; }
.hue0 { color: var(--hue0); } .hue1 { color: var(--hue1); } .hue2 { color: var(--hue2); }
.hue3 { color: var(--hue3); } .hue4 { color: var(--hue4); } .hue5 { color: var(--hue5); }
.narrow { display: none; }
@media (max-width: 40rem) {
  body { padding: 1.5rem 1rem 3rem; }
  dl { grid-template-columns: 1fr; }
  dd { margin-bottom: .4rem; }
  .wide { display: none; }
  .narrow { display: block; }
}
"""
