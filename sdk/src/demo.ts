// For demonstrations only: several made-up employees in one browser.
export { openDemoProfile } from './chorale.ts';
export { useDemoProfile } from './elements/demo-profile.ts';
