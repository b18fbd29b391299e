import type { Plugin } from 'vite';

/** The addresses below a page's own while developing, as the coordinator serves them: `/results/…` is one page. */
export function pageAddresses(): Plugin {
  return {
    name: 'page-addresses',
    configureServer({ middlewares }) {
      middlewares.use((request, _response, next) => {
        if (request.url?.startsWith('/results/') === true) request.url = '/results.html';
        next();
      });
    },
  };
}
