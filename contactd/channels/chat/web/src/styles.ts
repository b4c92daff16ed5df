/** The widget's looks: inside a shadow root, so that neither page nor widget can change the other. */

export const styles = `
:host{all:initial;--accent:#0b6e5f;--on-accent:#fff;--paper:#fff;--ground:#f5f7f6;--ink:#16211f;--soft:#5c6b68;--line:#e2e8e6;
--bubble:#fff;--mine:var(--accent);--on-mine:var(--on-accent);--bad:#b3261e;--good:#1b8a5a;--shade:0 12px 40px rgba(10,30,26,.18),0 2px 8px rgba(10,30,26,.08);
position:fixed;right:20px;bottom:20px;z-index:2147483000;font:15px/1.5 system-ui,-apple-system,"Segoe UI","PingFang SC","Microsoft YaHei","Noto Sans CJK SC","Noto Sans SC",sans-serif;color:var(--ink);-webkit-text-size-adjust:100%}
:host([data-side=left]){right:auto;left:20px}
:host([data-theme=dark]){--paper:#18211f;--ground:#111817;--ink:#e8efed;--soft:#9aaba7;--line:#2a3634;--bubble:#202b29;--shade:0 12px 40px rgba(0,0,0,.5)}
@media (prefers-color-scheme:dark){:host([data-theme=auto]){--paper:#18211f;--ground:#111817;--ink:#e8efed;--soft:#9aaba7;--line:#2a3634;--bubble:#202b29;--shade:0 12px 40px rgba(0,0,0,.5)}}
*{box-sizing:border-box;margin:0}
[hidden]{display:none!important}
button{font:inherit;color:inherit;background:none;border:0;padding:0;cursor:pointer;-webkit-tap-highlight-color:transparent}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
svg{display:block;fill:none;stroke:currentColor;stroke-width:1.8;stroke-linecap:round;stroke-linejoin:round}
.launch{position:relative;display:grid;place-items:center;width:58px;height:58px;border-radius:50%;background:var(--accent);color:var(--on-accent);box-shadow:var(--shade);transition:transform .16s,box-shadow .16s;margin-left:auto}
.launch:hover{transform:translateY(-2px)}
.launch:active{transform:scale(.96)}
.launch svg{width:27px;height:27px}
.badge{position:absolute;top:-3px;right:-3px;min-width:21px;height:21px;padding:0 6px;border-radius:11px;background:#d92d20;color:#fff;font-size:12px;font-weight:600;line-height:21px;text-align:center;box-shadow:0 0 0 2px var(--paper)}
.panel{position:absolute;right:0;bottom:74px;display:flex;flex-direction:column;width:384px;height:min(640px,calc(100vh - 116px));background:var(--ground);border-radius:18px;overflow:hidden;box-shadow:var(--shade);animation:rise .18s ease-out}
:host([data-side=left]) .panel{right:auto;left:0}
@keyframes rise{from{opacity:0;transform:translateY(10px)}}
.head{display:flex;align-items:center;gap:12px;padding:15px 12px 15px 18px;background:var(--accent);color:var(--on-accent)}
.face{position:relative;flex:none;display:grid;place-items:center;width:40px;height:40px;border-radius:50%;background:rgba(255,255,255,.18);font-weight:600;font-size:16px}
.face svg{width:22px;height:22px}
.face i{position:absolute;right:0;bottom:0;width:11px;height:11px;border-radius:50%;background:#56d18f;box-shadow:0 0 0 2px var(--accent)}
.face.away i{background:transparent;border:2.5px solid #ffd27a}
.who{flex:1;min-width:0}
.who b{display:block;font-size:16px;font-weight:600;line-height:1.35;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.who span{display:block;font-size:13px;line-height:1.4;opacity:.88;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.tool{display:grid;place-items:center;flex:none;height:36px;min-width:36px;border-radius:10px;font-size:13px;transition:background .12s}
.tool.word{padding:0 11px}
.tool:hover,.tool.sure{background:rgba(255,255,255,.17)}
.tool:focus-visible{outline-color:var(--on-accent);outline-offset:-2px}
.tool svg{width:20px;height:20px}
.bar{padding:11px 18px;background:var(--paper);border-bottom:1px solid var(--line);font-size:14px;display:flex;gap:12px;align-items:center}
.bar.bad{color:var(--bad)}
.bar .n{flex:none;min-width:32px;height:32px;padding:0 8px;border-radius:16px;background:color-mix(in srgb,var(--accent) 12%,transparent);color:var(--accent);font-weight:650;text-align:center;line-height:32px;font-variant-numeric:tabular-nums}
.bar .n.dots{display:flex;align-items:center;justify-content:center;gap:3px}
.bar div{min-width:0}
.bar small{display:block;color:var(--soft);font-size:13px;font-variant-numeric:tabular-nums}
.log{flex:1;overflow-y:auto;overscroll-behavior:contain;padding:18px 16px 8px;scroll-behavior:smooth}
.hello{background:var(--paper);border-radius:14px;padding:15px 16px;margin-bottom:16px;box-shadow:0 1px 2px rgba(10,30,26,.06)}
.hello b{display:block;font-size:16px;font-weight:600}
.hello p{color:var(--soft);font-size:14px;margin-top:2px}
.hello input{display:block;width:100%;margin-top:10px;padding:9px 12px;border:1px solid var(--line);border-radius:10px;background:var(--ground);color:inherit;font:inherit;font-size:14px}
.hello input:focus{outline:2px solid var(--accent);outline-offset:-1px}
.line{display:flex;flex-direction:column;align-items:flex-start;margin-top:3px;max-width:84%}
.line.first{margin-top:14px}
.line.mine{align-items:flex-end;margin-left:auto}
.line .name{font-size:12px;color:var(--soft);margin:0 4px 3px}
.say{padding:9px 13px;border-radius:16px;background:var(--bubble);box-shadow:0 1px 2px rgba(10,30,26,.07);white-space:pre-wrap;overflow-wrap:anywhere}
.line.first:not(.mine) .say{border-top-left-radius:5px}
.mine .say{background:var(--mine);color:var(--on-mine);box-shadow:none}
.mine.first .say{border-top-right-radius:5px}
.mine.sending .say{opacity:.72}
.mine.failed .say{background:color-mix(in srgb,var(--bad) 12%,var(--paper));color:var(--ink)}
.say a{color:inherit;text-decoration:underline;text-underline-offset:2px}
.meta{display:flex;align-items:center;gap:4px;margin:3px 4px 0;font-size:12px;color:var(--soft);font-variant-numeric:tabular-nums}
.meta svg{width:15px;height:15px;stroke-width:2}
.seen .meta svg{color:var(--good)}
.failed .meta{color:var(--bad)}
.rule{display:flex;align-items:center;gap:10px;margin:20px 0 6px;color:var(--soft);font-size:13px;text-align:center}
.rule:before,.rule:after{content:"";flex:1;height:1px;background:var(--line)}
.rate{margin:6px 0 10px;padding:15px 16px;border-radius:14px;background:var(--paper);box-shadow:0 1px 2px rgba(10,30,26,.06)}
.rate fieldset{border:0;padding:0;margin-top:10px}
.rate legend,.rate .q{display:block;padding:0;font-size:14px;color:var(--soft)}
.marks{display:flex;flex-wrap:wrap;gap:4px;margin-top:4px}
.marks label{position:relative;display:block;cursor:pointer}
.marks input{position:absolute;inset:0;width:100%;height:100%;opacity:0;cursor:pointer}
.star span{display:block;width:40px;font-size:30px;line-height:40px;text-align:center;color:var(--line)}
.star.on span{color:#f0a92b}
.score span{display:grid;place-items:center;min-width:36px;height:36px;border:1px solid var(--line);border-radius:9px;font-variant-numeric:tabular-nums}
.score.on span{background:var(--accent);border-color:var(--accent);color:var(--on-accent)}
.marks input:focus-visible+span{outline:2px solid var(--accent);outline-offset:2px;border-radius:9px}
.rate .q{margin-top:10px}
.rate textarea{display:block;width:100%;margin-top:4px;padding:8px 12px;border:1px solid var(--line);border-radius:10px;background:var(--ground);font-size:14px}
.rate .do{display:flex;gap:14px;align-items:center;margin-top:12px}
.rate .go{padding:7px 16px;border-radius:10px;background:var(--accent);color:var(--on-accent)}
.rate .go:disabled{opacity:.4;cursor:default}
.rate .no{color:var(--soft);font-size:14px;text-decoration:underline;text-underline-offset:3px}
.types{display:inline-flex;gap:4px;align-items:center;padding:13px 14px;border-radius:16px;background:var(--bubble);box-shadow:0 1px 2px rgba(10,30,26,.07);margin-top:14px}
.dot{width:6px;height:6px;border-radius:50%;background:currentColor;opacity:.4;animation:dot 1.2s infinite}
.dot:nth-child(2){animation-delay:.2s}
.dot:nth-child(3){animation-delay:.4s}
@keyframes dot{30%{opacity:1;transform:translateY(-2px)}60%{opacity:.4;transform:none}}
.write{display:flex;align-items:flex-end;gap:8px;margin:8px 12px 12px;padding:6px 6px 6px 14px;background:var(--paper);border:1px solid var(--line);border-radius:22px;transition:border-color .12s,box-shadow .12s}
.write:focus-within{border-color:var(--accent);box-shadow:0 0 0 3px color-mix(in srgb,var(--accent) 16%,transparent)}
textarea{flex:1;min-width:0;max-height:132px;padding:6px 0;border:0;background:none;color:inherit;font:inherit;line-height:22px;resize:none;outline:0}
textarea:focus-visible{outline:0}
textarea::placeholder,input::placeholder{color:var(--soft);opacity:1}
.over{align-self:center;font-size:12px;color:var(--bad);white-space:nowrap}
.send{display:grid;place-items:center;flex:none;width:34px;height:34px;border-radius:50%;background:var(--accent);color:var(--on-accent);transition:opacity .12s,transform .12s}
.send:disabled{opacity:.35;cursor:default}
.send:not(:disabled):active{transform:scale(.92)}
.send svg{width:18px;height:18px}
.quiet{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
@media (max-width:520px){
:host([data-open]){inset:0;right:0;bottom:0;left:0}
:host([data-open]) .launch{display:none}
.panel{position:fixed;inset:0;right:0;bottom:0;width:100%;height:var(--height,100%);border-radius:0;box-shadow:none}
.head{padding-top:calc(13px + env(safe-area-inset-top))}
.write{margin-bottom:calc(12px + env(safe-area-inset-bottom))}
textarea,.hello input{font-size:16px}
}
@media (prefers-reduced-motion:reduce){*{animation:none!important;transition:none!important;scroll-behavior:auto!important}}
@media (forced-colors:active){.say,.launch,.send{border:1px solid}}
@media print{:host{display:none!important}}
`;
