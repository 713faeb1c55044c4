namespace Microsoft.ML.Vit.Reporting;

/// <summary>How a report looks: in light and dark surroundings, on narrow screens, and on paper. No character that XML would escape may be in it.</summary>
internal static class StyleSheet
{
    /// <summary>The style sheet.</summary>
    public const string Text = """

        :root {
          color-scheme: light dark;
          --page: #f6f7f9; --card: #ffffff; --ink: #1b1f27; --soft: #58606e; --line: #dde1e8; --grid: #e9ecf1;
          --training: #2159c9; --validation: #b4530a; --hit: 33 89 201; --miss: 200 62 30; --right: #17692f; --wrong: #b3261e;
        }
        @media (prefers-color-scheme: dark) {
          :root {
            --page: #12151b; --card: #1b2028; --ink: #e8ebf0; --soft: #a3acba; --line: #333b48; --grid: #2a313c;
            --training: #7aa7ff; --validation: #f2a154; --hit: 52 108 220; --miss: 200 74 44; --right: #7fd497; --wrong: #ff9d92;
          }
        }
        * { box-sizing: border-box; }
        body { margin: 0; background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
        main { max-width: 1160px; margin: 0 auto; padding: 28px 20px 48px; }
        h1 { margin: 0; font-size: 28px; line-height: 1.25; overflow-wrap: anywhere; }
        h2 { margin: 0 0 12px; font-size: 20px; }
        h3 { margin: 20px 0 6px; font-size: 15px; }
        p { margin: 0 0 8px; }
        header p, .note { color: var(--soft); }
        .note { font-size: 13px; }
        .warning { border-left: 3px solid var(--validation); padding-left: 10px; }
        section { margin-top: 20px; padding: 20px; background: var(--card); border: 1px solid var(--line); border-radius: 10px; }
        .tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(138px, 1fr)); gap: 12px; margin-top: 18px; }
        .tile { padding: 12px 16px; background: var(--card); border: 1px solid var(--line); border-radius: 10px; }
        .tile span, .tile small { display: block; color: var(--soft); font-size: 13px; }
        .tile strong { display: block; font-size: 25px; line-height: 1.3; font-variant-numeric: tabular-nums; }
        .charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 430px), 1fr)); gap: 16px 28px; }
        .charts + .note { margin-top: 14px; }
        .calibration svg { max-width: 270px; }
        .pair { display: grid; grid-template-columns: minmax(240px, 340px) minmax(0, 1fr); gap: 28px; margin-top: 20px; }
        .pair h3 { margin-top: 0; }
        @media (max-width: 720px) { .pair { grid-template-columns: minmax(0, 1fr); } }
        figure { margin: 0; }
        figcaption { display: flex; flex-wrap: wrap; gap: 4px 16px; align-items: center; font-size: 14px; }
        .key { display: inline-flex; align-items: center; gap: 6px; color: var(--soft); font-size: 13px; }
        .key i { width: 22px; border-top: 3px solid; }
        i.training { color: var(--training); }
        i.validation { color: var(--validation); border-top-style: dashed; }
        svg { display: block; width: 100%; height: auto; }
        svg text { font-size: 12px; fill: var(--soft); }
        svg .end { text-anchor: end; }
        svg .middle { text-anchor: middle; }
        svg .grid { stroke: var(--grid); }
        svg .axis { stroke: var(--soft); }
        svg .kept, svg .ideal { stroke: var(--soft); stroke-dasharray: 3 3; }
        path.training, path.validation { fill: none; stroke-width: 2.2; stroke-linejoin: round; stroke-linecap: round; }
        path.training { stroke: var(--training); }
        path.validation { stroke: var(--validation); stroke-dasharray: 7 5; }
        circle.training { fill: var(--training); }
        circle.validation { fill: var(--validation); }
        svg .strip { fill: transparent; }
        svg .strip:hover { fill: rgb(128 128 128 / 0.16); }
        svg .bar { fill: rgb(var(--hit) / 0.75); }
        table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 14px; }
        th { font-weight: 600; text-align: left; }
        tbody th, td.name { min-width: 6.5em; overflow-wrap: anywhere; }
        thead th { color: var(--soft); font-weight: 500; font-size: 13px; white-space: nowrap; }
        td, thead th + th { text-align: right; }
        td.name { text-align: left; }
        th, td { padding: 4px 10px; border-bottom: 1px solid var(--grid); }
        details table, .pair table { width: 100%; }
        .pair thead th:nth-child(2) { text-align: left; }
        .wide { overflow-x: auto; }
        .scroll { overflow: auto; max-height: 460px; }
        .scroll thead th { position: sticky; top: 0; background: var(--card); }
        details { margin-top: 14px; }
        summary { cursor: pointer; font-weight: 600; font-size: 15px; padding: 4px 0; }
        tr.best th, tr.best td { background: rgb(var(--hit) / 0.14); }
        td.bar { width: 17%; background: linear-gradient(rgb(var(--tone) / 0.24), rgb(var(--tone) / 0.24)) no-repeat 0 50% / var(--width, 0) 70%; }
        td.hit { --tone: var(--hit); }
        td.miss { --tone: var(--miss); }
        table.confusion { border-collapse: separate; border-spacing: 2px; font-size: 13px; }
        .confusion th, .confusion td { border: 0; padding: 4px 6px; }
        .confusion tbody th { min-width: 0; max-width: 190px; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; font-weight: 500; }
        .confusion td { min-width: 34px; text-align: center; border-radius: 3px; background: var(--grid); }
        .confusion td.hit, .confusion td.miss { background: linear-gradient(rgb(var(--tone) / var(--share, 0)), rgb(var(--tone) / var(--share, 0))) var(--grid); }
        .confusion td.dark { color: #ffffff; }
        .confusion td.share { background: none; padding-left: 10px; text-align: right; }
        .confusion thead th { vertical-align: bottom; }
        .confusion .tilted span { display: inline-block; writing-mode: vertical-rl; transform: rotate(180deg); max-height: 130px; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
        .confusion .tilted { text-align: center; }
        .mistakes { display: grid; grid-template-columns: repeat(auto-fill, minmax(156px, 1fr)); gap: 14px; margin: 12px 0 0; padding: 0; list-style: none; }
        .mistakes li { border: 1px solid var(--line); border-radius: 8px; overflow: hidden; break-inside: avoid; }
        .mistakes img, .missing { display: block; width: 100%; height: auto; aspect-ratio: 1; object-fit: contain; background: var(--grid); }
        .mistakes img.small { image-rendering: pixelated; }
        .missing { display: grid; place-items: center; color: var(--soft); font-size: 13px; }
        dl { display: grid; grid-template-columns: max-content minmax(0, 1fr) max-content; gap: 0 7px; margin: 8px 10px; font-size: 13px; }
        dt.wrong { color: var(--wrong); }
        dt.right { color: var(--right); }
        dd { margin: 0; text-align: right; font-variant-numeric: tabular-nums; }
        dd.class, dd.where { overflow: hidden; text-align: left; text-overflow: ellipsis; white-space: nowrap; }
        dd.class { font-weight: 600; }
        dd.where { grid-column: 1 / -1; color: var(--soft); font-size: 12px; }
        .facts th { font-weight: 500; color: var(--soft); white-space: nowrap; }
        @media (max-width: 560px) {
          main { padding: 20px 12px 32px; }
          section { padding: 14px; }
          .tiles { gap: 10px; }
          .charts svg { overflow: visible; }
          .charts svg text { font-size: 17px; }
          th, td { padding: 4px 6px; }
          .confusion td { min-width: 28px; }
          .confusion th, .confusion td { padding: 4px; }
          .confusion tbody th { max-width: 96px; }
          .confusion thead th:first-child { white-space: normal; }
          .mistakes { grid-template-columns: repeat(auto-fill, minmax(136px, 1fr)); gap: 10px; }
        }
        @media print {
          :root { --page: #ffffff; --card: #ffffff; }
          body { font-size: 12px; }
          main { max-width: none; padding: 0; }
          section { border: 0; padding: 8px 0; }
          figure, tr, .tile, .confusion { break-inside: avoid; }
          h2, h3, .note { break-after: avoid; }
          .scroll, .wide { max-height: none; overflow: visible; }
          * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
        }

        """;
}
