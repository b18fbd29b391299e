// `chorale.js`: a page includes it as a module, in its head or wherever it likes.

/** Loads the element once the page has a `<chorale-survey>`, now or later; pages without one fetch nothing more. */
function load(): void {
  import('./index.ts').catch((error: unknown) => {
    console.warn('chorale-survey: the element cannot be loaded, and will be tried again in 5 s', error);
    setTimeout(load, 5000);
  });
}

if (customElements.get('chorale-survey') === undefined) {
  const wanted = document.getElementsByTagName('chorale-survey');
  if (wanted.length > 0) load();
  else {
    const observer = new MutationObserver(() => {
      if (wanted.length === 0) return;
      observer.disconnect();
      load();
    });
    observer.observe(document, { childList: true, subtree: true });
  }
}
