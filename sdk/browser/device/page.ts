import { choralePage } from './chorale-page.ts';
import { storePage } from './store-page.ts';

declare global {
  /** What tests call inside the page. */
  var device: { store: typeof storePage; chorale: typeof choralePage };
}
globalThis.device = { store: storePage, chorale: choralePage };
