/** How a report looks: one column, tables that scroll by themselves, light or dark as the reader's system. */
export const STYLE = `
:root{color-scheme:light dark;--ink:#1b1f24;--dim:#5f6873;--line:#dfe3e8;--back:#fff;--panel:#f6f8fa;--accent:#2f7ed8;--good:#2ca05a;--fair:#d99a1c;--fair-text:#8a5a00;--poor:#d0433b}
@media (prefers-color-scheme:dark){:root{--ink:#e6e9ed;--dim:#9aa3ae;--line:#333a43;--back:#14171b;--panel:#1c2127;--accent:#6aa9f0;--fair-text:#e5b04a}}
*{box-sizing:border-box}
body{margin:0;background:var(--back);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",sans-serif}
header,main{max-width:1080px;margin:0 auto;padding:0 20px}
header{padding-top:32px}
h1{font-size:26px;line-height:1.2;margin:0;overflow-wrap:anywhere}
h2{font-size:18px;margin:0 0 10px}
.arrow{color:var(--dim)}
.lead{color:var(--dim);margin:6px 0 20px;overflow-wrap:anywhere}
section{margin:34px 0}
p{margin:0 0 12px;max-width:75ch}
.tiles{display:grid;grid-template-columns:repeat(4,1fr);gap:12px}
.tile{background:var(--panel);border:1px solid var(--line);border-radius:8px;padding:14px}
.tile b{display:block;font-size:22px;line-height:1.2;margin-bottom:4px}
.tile span{color:var(--dim);font-size:13px;overflow-wrap:anywhere}
.advice,.warnings{margin:0;padding-left:22px;overflow-wrap:anywhere}
.advice li{margin-bottom:4px}
.warnings li{color:var(--fair-text)}
.safe,.unsafe{border-left:4px solid var(--good);background:var(--panel);padding:8px 12px;border-radius:4px}
.unsafe{border-color:var(--poor)}
.scroll{overflow-x:auto;border:1px solid var(--line);border-radius:8px}
table{border-collapse:collapse;width:100%;font-size:13.5px}
th,td{text-align:left;padding:6px 12px;white-space:nowrap;border-bottom:1px solid var(--line)}
tbody tr:last-child td{border-bottom:0}
th{background:var(--panel);color:var(--dim);font-weight:600}
.number{text-align:right;font-variant-numeric:tabular-nums}
.bars{margin-bottom:8px}
.bar{display:grid;grid-template-columns:84px 1fr 76px;gap:10px;align-items:center;margin-bottom:8px}
.bar div{display:flex;height:22px;background:var(--panel);border-radius:4px;overflow:hidden}
.bar b{text-align:right;font-variant-numeric:tabular-nums}
.bar i{display:block;height:100%}
.legend{display:flex;flex-wrap:wrap;gap:4px 16px;color:var(--dim);font-size:13px}
.legend i{display:inline-block;width:10px;height:10px;border-radius:2px;margin-right:6px}
.chart{width:100%;height:auto;display:block;margin-bottom:10px}
svg text{font-size:11px;fill:var(--dim)}
.chart line{stroke:var(--line)}
.good{fill:var(--good)}.fair{fill:var(--fair)}.poor{fill:var(--poor)}
.figures{display:grid;grid-template-columns:repeat(3,1fr);gap:16px}
figure{margin:0;background:var(--panel);border:1px solid var(--line);border-radius:8px;padding:12px}
figure svg{width:100%;height:auto;display:block}
figure rect{fill:var(--dim)}
.bound{stroke:var(--poor);stroke-width:1.5;stroke-dasharray:4 3}
figcaption{font-size:13px;color:var(--dim);margin-top:6px;overflow-wrap:anywhere}
figcaption b{color:var(--ink);display:block}
details{margin-top:10px}
summary{cursor:pointer;color:var(--accent);margin-bottom:8px}
pre{background:var(--panel);border:1px solid var(--line);border-radius:8px;padding:12px;overflow-x:auto;font-size:12.5px}
@media (max-width:760px){.tiles{grid-template-columns:repeat(2,1fr)}.figures{grid-template-columns:1fr}h1{font-size:21px}.chart text{font-size:20px}header,main{padding:0 14px}.bar{grid-template-columns:72px 1fr 68px}}
@media print{.scroll{overflow:visible}details{display:none}}
`
