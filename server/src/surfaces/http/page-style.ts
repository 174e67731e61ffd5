/** The colours of all pages, by scheme. page.test.ts holds the pairs that are read to a contrast of 4.5 to 1. */
export const colours = {
  light: {
    ground: '#f5f6f7',
    panel: '#ffffff',
    ink: '#16191d',
    quiet: '#5a616b',
    line: '#d5d9df',
    edge: '#7d848e',
    accent: '#0b6e4f',
    'on-accent': '#ffffff',
    good: '#0b6e4f',
    warn: '#6e4600',
    'warn-ground': '#fdf1d6',
    bad: '#a3211a',
    'bad-ground': '#fcebea',
  },
  dark: {
    ground: '#101215',
    panel: '#181a1e',
    ink: '#eceef1',
    quiet: '#a6aeb9',
    line: '#353b44',
    edge: '#7b8491',
    accent: '#5fd0a5',
    'on-accent': '#06251a',
    good: '#5fd0a5',
    warn: '#f4c76f',
    'warn-ground': '#33280f',
    bad: '#ff9d95',
    'bad-ground': '#3b1b19',
  },
} as const

function tokens(scheme: keyof typeof colours): string {
  return Object.entries(colours[scheme])
    .map(([name, value]) => `--${name}:${value};`)
    .join('')
}

/**
 * The one style of all pages. Type is 13, 15, 18, 24 and 32 pixels at the browser's own size, and space goes in steps of 4.
 * Fields are 16 pixels: a phone zooms into smaller ones. Paper has the light colours, whatever the screen has.
 */
export const style = `
:root{${tokens('light')}--radius:6px}
@media screen{:root{color-scheme:light dark}}
@media screen and (prefers-color-scheme:dark){:root{${tokens('dark')}}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;text-size-adjust:100%}
body{margin:0;background:var(--panel);color:var(--ink);font:.9375rem/1.5 system-ui,sans-serif}
main{max-width:28rem;margin:0 auto;padding:24px 16px 32px;background:var(--panel);overflow-wrap:anywhere}
main.wide{max-width:60rem}
h1{font-size:1.5rem;line-height:1.25;margin:0 0 8px}
h2{font-size:1.125rem;line-height:1.35;margin:32px 0 8px}
p{margin:0 0 12px}
ul{margin:0 0 16px;padding-left:20px}
a{color:var(--accent)}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
.strip{margin:0;padding:8px 16px;background:var(--warn-ground);color:var(--warn);text-align:center;font-size:.8125rem;overflow-wrap:anywhere}
.amount{font-variant-numeric:tabular-nums;white-space:nowrap}
h1 .amount{display:block;font-size:2rem;white-space:normal}
dd.amount{white-space:normal}
.quiet,.hint{color:var(--quiet);font-size:.8125rem}
.problem{padding:12px;border-left:4px solid var(--bad);background:var(--bad-ground);border-radius:0 var(--radius) var(--radius) 0}
.done{color:var(--good)}
.field{margin:0 0 16px}
.field label{display:block;font-weight:600;margin:0 0 4px}
.hint{margin:0 0 4px}
.wrong{margin:0 0 4px;color:var(--bad);font-weight:600}
input,select{display:block;width:100%;min-height:44px;padding:8px 12px;font:inherit;font-size:1rem;color:inherit;background:var(--panel);border:1px solid var(--edge);border-radius:var(--radius)}
[aria-invalid]{border:2px solid var(--bad)}
.pair{display:grid;grid-template-columns:minmax(0,1fr) minmax(0,1fr);gap:16px;align-items:end}
button,.button{display:block;width:100%;min-height:44px;margin:0 0 12px;padding:10px 16px;font:inherit;font-weight:600;text-align:center;text-decoration:none;color:var(--on-accent);background:var(--accent);border:1px solid var(--accent);border-radius:var(--radius);overflow-wrap:anywhere}
button{cursor:pointer}
.second{color:var(--ink);background:none;border-color:var(--edge)}
.items{list-style:none;margin:0 0 12px;padding:0;border-top:1px solid var(--line)}
.items li{display:flex;justify-content:space-between;gap:16px;padding:8px 0;border-bottom:1px solid var(--line)}
dl{display:grid;grid-template-columns:max-content minmax(0,1fr);gap:4px 16px;margin:0 0 16px}
dt{color:var(--quiet)}
dd{margin:0}
details{margin:32px 0 0;padding-top:12px;border-top:1px solid var(--line)}
summary{cursor:pointer}
table{width:100%;border-collapse:collapse}
th,td{padding:8px 16px 8px 0;text-align:left;vertical-align:top;border-bottom:1px solid var(--line);font-weight:inherit}
th:last-child,td:last-child{padding-right:0}
thead th{color:var(--quiet);font-size:.8125rem}
td.amount,th.amount{text-align:right}
.in{color:var(--good)}
.time{white-space:nowrap}
tr.total{font-weight:600}
code,pre{font:.8125rem/1.5 ui-monospace,monospace}
pre{margin:0 0 12px;padding:12px;border:1px solid var(--line);border-radius:var(--radius);white-space:pre-wrap;overflow-wrap:anywhere}
@media screen and (min-width:30rem){body{background:var(--ground)}main{margin:32px auto;padding:32px;border:1px solid var(--line);border-radius:var(--radius)}}
@media screen and (max-width:35rem){
.places{grid-template-columns:minmax(0,1fr)}
.places dd{margin:0 0 8px}
.entries thead{position:absolute;clip-path:inset(50%);width:1px;height:1px;overflow:hidden}
.entries tr{display:grid;grid-template-columns:minmax(0,1fr) auto;gap:0 16px;padding:8px 0;border-bottom:1px solid var(--line)}
.entries td{padding:0;border:0}
.entries .what{order:1}
.entries .change{order:2}
.entries .time{order:3;color:var(--quiet);font-size:.8125rem}
.entries .balance{order:4}
.entries tr:not(.total) .balance{color:var(--quiet);font-size:.8125rem}
.entries .total .time,.entries .total .change{display:none}
.entries .total .balance{order:2}
}
@page{size:A4;margin:16mm}
@media print{
body{background:none;font-size:10pt}
main,main.wide{max-width:none;margin:0;padding:0;border:0}
.entries thead{display:table-header-group}
.entries tr{break-inside:avoid}
.entries th,.entries td{padding-top:4px;padding-bottom:4px}
h1,h2{break-after:avoid}
}
`
