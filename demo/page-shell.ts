import type { Plugin } from 'vite';

const head = `<meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <meta name="color-scheme" content="light dark" />
    <link rel="icon" href="/src/icon.svg" type="image/svg+xml" />
    <link rel="stylesheet" href="/src/theme.css" />
    <link rel="stylesheet" href="/src/layout.css" />
    <link rel="stylesheet" href="/src/controls.css" />`;

const header = `<header class="site-header">
      <div class="wrap">
        <a class="brand" href="/">
          <svg viewBox="0 0 32 32" aria-hidden="true">
            <path class="chord" d="M10 8C18 8 18 16 26 16M10 16H26M10 24C18 24 18 16 26 16" />
            <circle class="voice" cx="6" cy="8" r="3" />
            <circle class="voice" cx="6" cy="16" r="3" />
            <circle class="voice" cx="6" cy="24" r="3" />
          </svg>
          Chorale
        </a>
        <nav aria-label="Pages">
          <ul>
            <li><a href="/">Overview</a></li>
            <li><a href="/survey">Survey</a></li>
            <li><a href="/site">Site</a></li>
            <li><a href="/results">Results</a></li>
            <li><a href="/model">Model</a></li>
            <li><a href="/studio">Studio</a></li>
            <li><a href="/officer">Officer</a></li>
          </ul>
        </nav>
      </div>
    </header>`;

const footer = `<footer class="site-footer">
      <div class="wrap">
        <p>
          Chorale: raw answers and records stay in the browser; only randomized reports and noised updates leave it.
        </p>
      </div>
    </footer>`;

/**
 * Puts a page's own part, what belongs in its head and its `<main>`, between what all pages have in common; the link to
 * the page itself is marked.
 */
export function pageShell(): Plugin {
  return {
    name: 'page-shell',
    transformIndexHtml: {
      order: 'pre',
      handler: (html, { path }) => {
        const address = path === '/index.html' ? '/' : path.replace('.html', '');
        const marked = header.replace(`<li><a href="${address}">`, `<li><a href="${address}" aria-current="page">`);
        const [ownHead, main] = html.replace('<!doctype html>', '').split(/(?=<main)/);
        return `<!doctype html>
<html lang="en">
  <head>
    ${head}
    ${ownHead?.trim()}
  </head>
  <body>
    <a class="skip" href="#main">Skip to content</a>
    ${marked}
    ${main?.trim()}
    ${footer}
  </body>
</html>
`;
      },
    },
  };
}
